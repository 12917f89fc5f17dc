//! What devices and the server say to each other: requests, answers, and the lines of a stream.

mod line;
mod request;

pub use line::{Checkpoint, Complete, Line, LineError, Mode, StreamError, TableState, Why};
pub use request::{
    DeviceAnswer, DeviceLimits, DeviceRequest, OutcomeKind, PullRequest, PushAnswer, PushOutcome,
    PushRequest,
};
