//! Changes tried out: what they would do, without doing it.

use std::sync::Arc;

use haversack_core::Timestamp;
use haversack_replay::State;
use haversack_store::LogRecord;
use serde_json::Value as Json;

use crate::{
    EngineError, Environment, LineAnswer,
    group::Group,
    step::{run, steps},
};

/// What changes would do.
#[derive(Debug)]
pub struct Rehearsed {
    /// The answers to their lines.
    pub answers: Vec<LineAnswer>,
    /// The events that they would make.
    pub records: Vec<LogRecord>,
    /// The state after them.
    pub state: Arc<State>,
}

impl Environment {
    /// Judges changes as [`Environment::apply`] would at this time, and logs nothing.
    ///
    /// # Errors
    /// If the log can't be read. What is wrong with a line is in its answer.
    pub fn rehearse(
        &self,
        lines: Vec<(usize, Json)>,
        now: Timestamp,
    ) -> Result<Rehearsed, EngineError> {
        let state = self.state();
        let mut group = Group::new(self.log(), &state, now);
        let mut answers = Vec::new();
        for step in steps(lines) {
            answers.extend(run(&mut group, step)?);
        }
        let Group { ahead, records, failed, .. } = group;
        if let Some(error) = failed {
            return Err(error);
        }
        Ok(Rehearsed { answers, records, state: Arc::new(ahead) })
    }
}
