//! Rare points that the seeds of a long run must come by: what keeps a green simulation honest.

use std::collections::BTreeMap;

/// All of them. A point that no seed comes by says that the simulation has grown blind.
pub const POINTS: &[&str] = &[
    "app stopped offering the profile",
    "checkpoint of lost events held against the log",
    "column went while a device had the row",
    "conflict by column, rest of the edit applied",
    "conflict that the client won",
    "conflict that the server won",
    "cursor of another device refused",
    "cursor with three moments",
    "deleted row brought back by an edit",
    "device clone detected by its number",
    "device crashed in the middle of a stream",
    "device lost its registration and registered again",
    "device restored from a backup detected",
    "disk full, edit refused and sent again",
    "edit of a row that may not be read refused",
    "edit refused without the privilege",
    "edit with a base beyond the log refused",
    "edits of two devices judged in either order",
    "events of an unanswered request survived a crash",
    "failed sync ended writing",
    "late answer to a call given up",
    "log behind a device's cursor",
    "log grew beyond a cursor of another history",
    "max_rows reached",
    "max_rows reached exactly at the end",
    "metadata fetched",
    "mutation gap refused",
    "mutation reused refused",
    "old cursor evaluated from the log",
    "profile unpublished",
    "profile_changed mid-stream",
    "pull brought nothing",
    "pull of some tables",
    "pull of some tables after one of others",
    "push answer lost and sent again",
    "push of several edits, one refused, others applied",
    "real device crashed between two writes",
    "real device crashed while it took an edit",
    "real device found that another goes by its number",
    "real device has an edit whose taking it did not live to tell",
    "real device let go of an edit that was not sent",
    "real device made anew as its server went back",
    "real device refused an edit at once",
    "real device shows what came",
    "real device shows what its server has lost since",
    "real device took an edit",
    "real device tries an edit again",
    "real device went on with a stream that ended early",
    "real device's checks and the verdict compared",
    "real device's disk rots",
    "real device's rows were damaged and came again",
    "replay under the other policy differs",
    "request arrived twice",
    "revoked mid-stream",
    "rot mended",
    "row came by the clock",
    "row deleted",
    "row left",
    "row looks different without a write",
    "row revoked",
    "schema_changed mid-stream",
    "secret row in a filter of somebody who may not read it",
    "server crashed again while it recovered",
    "server crashed before the event was durable",
    "server crashed between sync and answer",
    "server restored from an old log",
    "snapshot resumed",
    "stream cut after progress and resumed at a newer offset",
    "stream cut within a line",
    "team's member got the profile by the team",
    "time went back",
    "user moved to another profile",
];

/// How often each point was come by.
#[derive(Clone, Debug, Default)]
pub struct Points(BTreeMap<&'static str, u64>);

impl Points {
    /// Comes by a point.
    ///
    /// # Panics
    /// If it is none of the list.
    pub fn hit(&mut self, point: &'static str) {
        assert!(POINTS.contains(&point), "{point:?} is not in the list of points");
        *self.0.entry(point).or_default() += 1;
    }

    /// Takes in those of another world.
    pub fn add(&mut self, other: &Self) {
        other.0.iter().for_each(|(point, count)| *self.0.entry(point).or_default() += count);
    }

    /// How often a point was come by.
    #[must_use]
    pub fn count(&self, point: &str) -> u64 {
        self.0.get(point).copied().unwrap_or_default()
    }

    /// How often each point of the list was come by, the rarest first.
    #[must_use]
    pub fn counts(&self) -> Vec<(u64, &'static str)> {
        let mut counts: Vec<_> = POINTS.iter().map(|point| (self.count(point), *point)).collect();
        counts.sort_unstable();
        counts
    }

    /// Points that nobody came by.
    #[must_use]
    pub fn missed(&self) -> Vec<&'static str> {
        POINTS.iter().filter(|point| self.count(point) == 0).copied().collect()
    }
}
