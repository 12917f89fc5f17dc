//! Damage that was found, and what became of it.

use std::fmt;

use haversack_core::Offset;

/// A place where a part of the log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// What is read.
    Sled,
    /// What was acknowledged.
    Journal,
    /// How far the log must reach.
    Head,
    /// The name of the format.
    Format,
    /// The signing key.
    Key,
    /// The signed checkpoint and the tree that it signs.
    Checkpoint,
    /// A state that was folded before.
    Snapshot,
}

impl Copy {
    /// The name, as in messages and output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sled => "sled",
            Self::Journal => "journal",
            Self::Head => "head",
            Self::Format => "format",
            Self::Key => "key",
            Self::Checkpoint => "checkpoint",
            Self::Snapshot => "snapshot",
        }
    }
}

/// Damage to one copy. No event is lost by it: another copy has what this one lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which copy.
    pub copy: Copy,
    /// The first and last events that it concerns; none: not single events.
    pub events: Option<(Offset, Offset)>,
    /// What was found.
    pub what: String,
    /// Whether it was mended.
    pub mended: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.copy.name())?;
        match self.events {
            Some((first, last)) if first == last => write!(f, ", event {first}")?,
            Some((first, last)) => write!(f, ", events {first} to {last}")?,
            None => {}
        }
        let end = if self.mended { "; mended, nothing is lost" } else { "; not mended yet" };
        write!(f, ": {}{end}", self.what)
    }
}

/// Findings that are kept until somebody asks. A copy that stays damaged is found at each reading.
const FINDINGS_MAX: usize = 1_000;

/// Findings in the order in which they were made; those about neighbouring events are one.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        let joined = self.0.last_mut().and_then(|last| {
            let same = last.copy == finding.copy
                && last.what == finding.what
                && last.mended == finding.mended;
            let ((_, end), (first, last_event)) = (last.events.as_mut()?, finding.events?);
            (same && end.next() == first).then(|| *end = last_event)
        });
        if joined.is_none() && self.0.len() < FINDINGS_MAX {
            self.0.push(finding);
        }
    }

    pub(crate) fn into_inner(self) -> Vec<Finding> {
        self.0
    }
}
