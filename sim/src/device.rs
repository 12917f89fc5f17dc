//! A device: what the world sees of one and does to it, whatever it is made of.

use haversack_core::{RowId, event::RowKey};
use haversack_sync::message::{Checkpoint, Complete};
use serde_json::{Map, Value as Json};

use crate::{oracle::Shown, plain::Plain, real::Real, violation::Checked};

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
pub enum Device {
    /// One that is meant to be read, which does what the world says.
    Plain(Box<Plain>),
    /// One of the crate that apps embed, which does what it thinks right.
    Real(Box<Real>),
}

macro_rules! each {
    ($device:expr, $each:ident => $does:expr) => {
        match $device {
            Self::Plain($each) => $does,
            Self::Real($each) => $does,
        }
    };
}

impl Device {
    /// A copy of what is on its disk.
    ///
    /// # Errors
    /// If a device can't be opened there.
    pub fn copied(&self) -> Checked<Self> {
        Ok(match self {
            Self::Plain(plain) => Self::Plain(Box::new(plain.copied())),
            Self::Real(real) => Self::Real(Box::new(real.copied()?)),
        })
    }

    /// Who it is for the server.
    #[must_use]
    pub fn id(&self) -> Option<RowId> {
        each!(self, device => device.id())
    }

    /// What it shows.
    #[must_use]
    pub fn shown(&self) -> &Shown {
        each!(self, device => device.shown())
    }

    /// The cursor that it would pull with.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        each!(self, device => device.cursor())
    }

    /// Whether the stream that it takes in begins with nothing.
    #[must_use]
    pub fn is_anew(&self) -> bool {
        each!(self, device => device.is_anew())
    }

    /// What it waits for does not come.
    pub fn hang_up(&mut self) {
        each!(self, device => device.hang_up());
    }

    /// Whether it is in the middle of something.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Real(real) if real.is_busy())
    }

    /// By what the world knows the edits that wait.
    #[must_use]
    pub fn waiting(&self) -> Vec<u64> {
        each!(self, device => device.waiting())
    }

    /// The plain one that it is.
    pub fn plain(&mut self) -> Option<&mut Plain> {
        match self {
            Self::Plain(plain) => Some(plain),
            Self::Real(_) => None,
        }
    }

    /// The real one that it is.
    pub fn real(&mut self) -> Option<&mut Real> {
        match self {
            Self::Plain(_) => None,
            Self::Real(real) => Some(real),
        }
    }
}
