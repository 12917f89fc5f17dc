//! A device: what the world does to one, whatever it is made of.

use haversack_core::{Cursor, Name, RowId, event::RowKey};
use haversack_sync::{
    message::{Checkpoint, Complete, PullRequest, PushAnswer},
    mutation::Mutation,
};
use serde_json::{Map, Value as Json};

use crate::{oracle::Shown, violation::Checked};

/// What a device noticed in bytes of a stream.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It began.
    Checkpoint(Box<Checkpoint>),
    /// A row to hold.
    Put(RowKey),
    /// A row to drop. Whether the device had it.
    Del(RowKey, haversack_sync::message::Why, bool),
    /// What came is kept.
    Progress(String),
    /// It is over, and all of it is shown.
    Complete(Box<Complete>),
    /// It is over before its end.
    Error,
    /// The server is behind what the device has seen.
    WentBack,
    /// The device sees that another goes by its number.
    IsCopy,
}

/// An edit as its user makes it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is asked for.
    pub operation: haversack_core::event::Operation,
    /// The row.
    pub key: RowKey,
    /// Its values, or those to write.
    pub values: Map<String, Json>,
    /// By which the world knows the edit.
    pub serial: u64,
}

/// A device. Copies go on by themselves, as a clone of its disk does.
pub trait Device {
    /// A copy of what is on its disk.
    fn copied(&self) -> Box<dyn Device>;

    /// Loses what is not on its disk.
    fn crash(&mut self);

    /// Its name, by which it registers.
    fn name(&self) -> &str;

    /// Who it is for the server.
    fn id(&self) -> Option<RowId>;

    /// It is registered: this is its id, and the number of its next edit.
    fn registered(&mut self, id: RowId, next: u64);

    /// It is another device from now on, with this name, and not registered yet.
    fn become_another(&mut self, name: String);

    /// All that it holds came from a server that is no more: it begins anew with its next pull.
    fn begin_anew(&mut self);

    /// What it asks for: the rest of a stream under way, or what changed since, of some tables or all.
    fn pull(&mut self, tables: Option<Vec<Name>>, max_rows: Option<u64>) -> PullRequest;

    /// Whether the stream that it takes in begins with nothing.
    fn is_anew(&self) -> bool;

    /// Takes in bytes of the stream that it asked for.
    ///
    /// # Errors
    /// If the stream is not what it must be.
    fn receive(&mut self, bytes: &[u8]) -> Checked<Vec<Seen>>;

    /// The stream is over, or broke.
    fn hang_up(&mut self);

    /// What it shows.
    fn shown(&self) -> &Shown;

    /// Up to which event that is, or what it has come to on the way to the next.
    fn reached(&self) -> Cursor;

    /// The cursor that it would pull with.
    fn cursor(&self) -> Option<&str>;

    /// Takes an edit of its user, and keeps it until its outcome is known.
    fn edit(&mut self, wish: Wish);

    /// The edits to send, at most so many.
    fn push(&mut self, most: usize) -> Vec<Mutation>;

    /// What became of edits; gives back by what the world knows those that are done.
    fn judged(&mut self, answer: &PushAnswer) -> Vec<u64>;

    /// By what the world knows the edits that wait.
    fn waiting(&self) -> Vec<u64>;
}
