//! A device's side of the protocol against models that are meant to be read.

mod outbox;
mod replica;
