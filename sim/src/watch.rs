//! What the server writes of streams, looked at line by line.

use std::sync::Arc;

use haversack_core::{RowVersion, event::RowKey, json::row_object, profile::PublishedProfile};
use haversack_engine::{Live, PullAsk};
use haversack_sync::{
    cursor::{CursorKey, Holding},
    message::{Checkpoint, Line},
};
use serde_json::Value as Json;

use crate::{
    oracle::Oracle,
    server::SECRET,
    violation::{Checked, check, violated},
    wire::Stream,
    world::World,
};

impl World {
    /// The server writes the next piece of a stream: every line in it must be what the log says, and
    /// no row in it one that its user may not read by now.
    ///
    /// # Errors
    /// If a line is not as it must be.
    pub fn write_to(&mut self, stream: &mut Stream) -> Checked {
        let mut piece = Vec::new();
        stream.pull.write(&mut stream.ground, &mut piece);
        self.piece_was_sent(stream.slot, stream.device, &piece);
        stream.sent.extend_from_slice(&piece);
        stream.rest.extend_from_slice(&piece);
        while let Some(end) = stream.rest.iter().position(|byte| *byte == b'\n') {
            let text: Vec<u8> = stream.rest.drain(..=end).collect();
            let line = Line::read(&text[..end]).map_err(|error| violated("R14", error))?;
            self.check_line(stream, line)?;
        }
        check(stream.rest.is_empty(), "R14", || "a piece ends within a line".to_owned())?;
        if stream.pull.is_over() && stream.ended_with.is_none() {
            let is_full = stream.max_rows.is_some_and(|most| stream.rows >= most);
            check(is_full, "R17", || format!("stream {} ends without an end", stream.call))?;
            stream.ended_with = Some("max_rows");
            self.points.hit("max_rows reached");
        }
        Ok(())
    }

    fn check_line(&mut self, stream: &mut Stream, line: Line) -> Checked {
        check(stream.ended_with.is_none(), "R14", || format!("behind the end: {line:?}"))?;
        match line {
            Line::Checkpoint(first) => self.check_first(stream, &first),
            Line::Put { table, id, version, row } => {
                stream.rows += 1;
                let key = RowKey { table, id };
                self.trace.add(format!("call {}: put {} {id} v{version}", stream.call, key.table));
                check(self.oracle.may_be_told(stream.user, &key, stream.offset), "R21", || {
                    format!(
                        "{key:?} is sent to a user who may not read it at {}",
                        self.oracle.log().len()
                    )
                })?;
                self.check_ground(stream)?;
                self.check_put(stream, &key, version, &row)
            }
            Line::Del { table, id, why } => {
                stream.rows += 1;
                self.trace.add(format!("call {}: del {table} {id} {why:?}", stream.call));
                Ok(())
            }
            Line::Progress { cursor } => {
                self.note_moments(stream, &cursor);
                Ok(())
            }
            Line::Complete(_) => {
                stream.ended_with = Some("complete");
                if stream.rows == 0 {
                    self.points.hit("pull brought nothing");
                }
                if stream.max_rows == Some(stream.rows) {
                    self.points.hit("max_rows reached exactly at the end");
                }
                Ok(())
            }
            Line::Error(error) => {
                stream.ended_with = Some("error");
                self.trace.add(format!("call {}: error {}", stream.call, error.code));
                let point = match error.code.as_str() {
                    "revoked" => "revoked mid-stream",
                    "profile_changed" => "profile_changed mid-stream",
                    "schema_changed" => "schema_changed mid-stream",
                    other => return Err(violated("R14", format!("error {other}"))),
                };
                self.points.hit(point);
                check(self.state().cursor > stream.offset, "R17", || {
                    format!("{} though nothing has happened since", error.code)
                })
            }
        }?;
        check(stream.max_rows.is_none_or(|most| stream.rows <= most), "R28", || {
            format!("{} rows, {:?} were asked for", stream.rows, stream.max_rows)
        })
    }

    fn check_first(&mut self, stream: &Stream, first: &Checkpoint) -> Checked {
        let state = self.oracle.at(stream.offset).ok_or_else(|| violated("R1", "no such state"))?;
        check(first.offset == stream.offset, "R16", || {
            format!("a stream of {} while {} is durable", first.offset, stream.offset)
        })?;
        let profile = Oracle::offered(state, stream.device);
        let expected = profile.map(|profile| (profile.draft.name.clone(), profile.version));
        check(first.profile.clone().zip(first.profile_version) == expected, "R12", || {
            format!(
                "profile {:?} {:?}, expected {expected:?}",
                first.profile, first.profile_version
            )
        })?;
        let edits = state.devices[&stream.device].edits.len() as u64;
        check(first.last_mutation == edits, "R16", || {
            format!("last mutation {}, expected {edits}", first.last_mutation)
        })?;
        let metadata = Oracle::metadata(state, stream.device);
        check(first.metadata.as_ref() == Some(&metadata), "R12", || {
            format!("metadata {:?}, expected {metadata}", first.metadata)
        })
    }

    /// A row is sent as it is in the state that the stream brings.
    fn check_put(
        &self,
        stream: &Stream,
        key: &RowKey,
        version: RowVersion,
        row: &serde_json::Map<String, Json>,
    ) -> Checked {
        let state = self.oracle.at(stream.offset).ok_or_else(|| violated("R1", "no such state"))?;
        let told = state.current(key).zip(state.catalog.table(&key.table)).map(|(now, table)| {
            let object = row_object(&state.catalog, table, key.id, &now.values);
            (now.version, object)
        });
        let is_it = told.as_ref().is_some_and(|(now, object)| *now == version && object == row);
        check(is_it, "R14", || format!("{key:?} v{version} {row:?}, expected {told:?}"))
    }

    fn note_moments(&mut self, stream: &Stream, cursor: &str) {
        let key = CursorKey::from_secret(SECRET);
        let held = Holding::open(cursor, stream.device, &key);
        if held.is_ok_and(|held| held.moments().len() >= 3) {
            self.points.hit("cursor with three moments");
        }
    }

    /// Whether a pull from a cursor would bring something is what it then brings.
    ///
    /// # Errors
    /// If it is not.
    pub fn check_poke(&mut self, live: &Arc<Live>, ask: &PullAsk) -> Checked {
        live.wait_for(live.environment().state().cursor);
        let Ok(would) = live.would_bring(ask.device, ask.cursor.as_deref()) else { return Ok(()) };
        let Ok((mut pull, mut ground)) = live.pull(ask) else { return Ok(()) };
        let mut piece = Vec::new();
        while !pull.is_over() {
            pull.write(&mut ground, &mut piece);
        }
        check(would == (pull.written() > 0), "R17", || {
            format!("a pull would bring something: {would}; it brings {} rows", pull.written())
        })
    }

    /// Nothing is brought of a state whose profile or tables are others by now.
    fn check_ground(&self, stream: &Stream) -> Checked {
        let (then, now) = (self.oracle.at(stream.offset), self.state());
        let Some(then) = then.filter(|then| !Arc::ptr_eq(&then.catalog, &now.catalog)) else {
            return Ok(());
        };
        let (before, after) =
            (Oracle::offered(then, stream.device), Oracle::offered(now, stream.device));
        let named = |profile: Option<&PublishedProfile>| {
            profile.map(|profile| (profile.draft.name.clone(), profile.version))
        };
        check(named(before) == named(after), "R11", || {
            format!("stream {} goes on, whose profile is another by now", stream.call)
        })?;
        let mut items = before.into_iter().flat_map(|profile| &profile.draft.items);
        let is_same =
            items.all(|item| then.catalog.table(&item.table) == now.catalog.table(&item.table));
        check(is_same, "R11", || {
            format!("stream {} goes on, whose tables are others by now", stream.call)
        })
    }
}
