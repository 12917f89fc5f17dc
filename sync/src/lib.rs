//! The sync protocol, without a socket: messages in, messages out.
//!
//! A device asks for what changed since its cursor ([`Holding`](cursor::Holding)) and gets a stream of
//! [`Line`](message::Line)s: one consistent state at one offset, taken in whole at its end. It sends
//! its edits as numbered [`Mutation`](mutation::Mutation)s, each judged once however often it is sent.
//!
//! The server's side of a stream is [`pull`], a device's is [`replica`]. Neither knows who carries the
//! bytes, so tests drive both through every loss and doubling that a network can think of.

pub mod cursor;
pub mod digest;
pub mod message;
pub mod mutation;
pub mod outbox;
pub mod planted;
pub mod pull;
pub mod replica;
pub mod schedule;
