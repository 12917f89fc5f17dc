//! The server's answers, below HTTP: bytes in, bytes and a status out.

use std::collections::BTreeMap;

use haversack_core::{
    Cursor, Offset, RowId,
    event::{EditRequest, Event, Refusal, Side, Verdict},
};
use haversack_engine::{EngineError, PullAsk, PullError, push::Pushed};
use haversack_sync::{
    cursor::{CursorKey, Holding},
    message::{DeviceRequest, PullRequest, PushRequest},
    mutation::Mutation,
    pull::Pull,
};
use serde_json::{Value as Json, json};

use crate::{
    oracle::Oracle,
    real::limits,
    server::SECRET,
    violation::{Checked, check, violated},
    wire::{Message, Stream, What},
    world::World,
};

impl World {
    /// A request has arrived.
    ///
    /// # Errors
    /// If something does not hold in the answer.
    pub fn serve(&mut self, request: Message) -> Checked {
        match request.what {
            What::Register => self.serve_register(&request),
            What::Push => self.serve_push(&request),
            What::Pull => self.serve_pull(&request),
            What::Metadata => self.serve_metadata(&request),
        }
    }

    fn refuse(&mut self, to: &Message, status: u16, code: &str, more: Json) -> Checked {
        let mut body = json!({"code": code});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().unwrap_or_default());
        self.trace.add(format!("call {}: {status} {code}", to.call));
        self.reply(to, status, body.to_string().into_bytes());
        Ok(())
    }

    fn serve_register(&mut self, request: &Message) -> Checked {
        let Ok(asked) = serde_json::from_slice::<DeviceRequest>(&request.body) else {
            return self.refuse(request, 400, "bad_request", json!({}));
        };
        let user = request.user;
        let register = |environment: &haversack_engine::Environment| {
            environment.register(user, &asked.name, &asked.platform, asked.app.as_deref())
        };
        let Some(device) = self.ask("register", register)? else {
            return self.refuse(request, 503, "unavailable", json!({}));
        };
        let device = device.map_err(|error| violated("R4", error))?;
        let known = self.state().devices.get(&device.id);
        let known =
            known.ok_or_else(|| violated("R1", "a device was answered and is not known"))?;
        let next = known.next_mutation().get();
        self.reply(
            request,
            201,
            json!({"device_id": device.id, "next_mutation": next, "limits": limits()})
                .to_string()
                .into(),
        );
        Ok(())
    }

    /// The device that a request names, if it is its sender's.
    fn is_senders(&self, request: &Message, device: RowId) -> Result<(), (u16, &'static str)> {
        match self.state().devices.get(&device) {
            None => Err((404, "unknown_device")),
            Some(known) if known.device.user != request.user => Err((403, "not_your_device")),
            Some(_) => Ok(()),
        }
    }

    fn serve_push(&mut self, request: &Message) -> Checked {
        let Ok(push) = PushRequest::read(&request.body) else {
            return self.refuse(request, 400, "bad_request", json!({}));
        };
        if let Err((status, code)) = self.is_senders(request, push.device_id) {
            return self.refuse(request, status, code, json!({}));
        }
        let (device, count) = (push.device_id, push.mutations.len());
        for mutation in &push.mutations {
            let sent = self.oracle.sent.entry((device, mutation.number.get())).or_default();
            if !sent.contains(mutation) {
                sent.push(mutation.clone());
            }
        }
        let mutations = push.mutations.clone();
        let asked = self.ask("push", |environment| environment.push(device, mutations))?;
        match asked {
            None if self.is_full => {
                self.points.hit("disk full, edit refused and sent again");
                self.refuse(request, 507, "storage_full", json!({}))
            }
            None => self.refuse(request, 503, "unavailable", json!({})),
            Some(Ok(pushed)) => {
                check(pushed.outcomes.len() == count, "R10", || {
                    format!("{count} edits, {pushed:?}")
                })?;
                self.check_pushed(device, &push, &pushed)?;
                let outcomes: Vec<Json> = pushed.outcomes.iter().map(|one| one.to_json()).collect();
                let offset = self.state().cursor;
                let body = json!({"offset": offset, "outcomes": outcomes}).to_string();
                self.reply(request, 200, body.into_bytes());
                Ok(())
            }
            Some(Err(EngineError::MutationGap { expected, .. })) => {
                self.points.hit("mutation gap refused");
                self.refuse(request, 409, "mutation_gap", json!({"expected": expected}))
            }
            Some(Err(EngineError::MutationReused { expected, .. })) => {
                self.points.hit("mutation reused refused");
                self.refuse(request, 409, "mutation_reused", json!({"expected": expected}))
            }
            Some(Err(error)) => Err(violated("R4", error)),
        }
    }

    /// Whether the outcomes are those of the log, and tell nothing that may not be told.
    fn check_pushed(&mut self, device: RowId, push: &PushRequest, pushed: &Pushed) -> Checked {
        let mut kinds = BTreeMap::new();
        for (mutation, outcome) in push.mutations.iter().zip(&pushed.outcomes) {
            check(mutation.number == outcome.number, "R10", || {
                format!("{mutation:?}: {outcome:?}")
            })?;
            self.trace.add(format!(
                "edit {} {} of {} {}: {:?} at {}{}",
                outcome.number,
                mutation.operation.name(),
                mutation.table,
                mutation.id,
                outcome.verdict,
                outcome.offset,
                if outcome.duplicate { ", a duplicate" } else { "" },
            ));
            self.oracle
                .answer((device, outcome.number.get()), (outcome.offset, outcome.verdict))?;
            self.check_content(mutation, outcome.offset)?;
            if outcome.duplicate {
                self.points.hit("push answer lost and sent again");
                check(outcome.server.is_none(), "R21", || {
                    format!("a duplicate tells a row: {outcome:?}")
                })?;
                continue;
            }
            *kinds.entry(outcome.verdict.outcome()).or_insert(0) += 1;
            self.note_verdict(outcome.verdict, outcome.offset);
            if let Some(server) = &outcome.server {
                self.check_server_row(device, outcome.offset, server)?;
            }
        }
        if kinds.contains_key("refused") && kinds.contains_key("applied") {
            self.points.hit("push of several edits, one refused, others applied");
        }
        Ok(())
    }

    /// A number answers for one content only.
    fn check_content(&self, mutation: &Mutation, offset: Offset) -> Checked {
        let at = usize::try_from(offset.get() - 1).unwrap_or(usize::MAX);
        let Some(Event::DeviceEdited(edit)) = self.oracle.log().get(at).map(|r| &r.inner.event)
        else {
            return Err(violated("R1", format!("event {offset} is no edit")));
        };
        let is_same = edit.key.table == mutation.table
            && edit.key.id == mutation.id
            && edit.base == mutation.base
            && edit.request.operation() == mutation.operation;
        let names = |request: &EditRequest| match request {
            EditRequest::Fits { values, .. } => {
                values.iter().all(|(name, _)| mutation.values.contains_key(name.as_str()))
            }
            EditRequest::Misfits { values, .. } => {
                let sent = Json::Object(mutation.values.clone());
                serde_json::from_str(values).is_ok_and(|kept: Json| kept == sent)
            }
        };
        check(is_same && names(&edit.request), "R2", || {
            format!("{mutation:?} is answered by event {offset}, which is {edit:?}")
        })
    }

    fn note_verdict(&mut self, verdict: Verdict, offset: Offset) {
        let point = match verdict {
            Verdict::Applied => return,
            Verdict::Conflict { winner: Side::Client } => "conflict that the client won",
            Verdict::Conflict { winner: Side::Server } => "conflict that the server won",
            Verdict::Refused(Refusal::NoPrivilege) => "edit refused without the privilege",
            Verdict::Refused(Refusal::UnknownBase) => "edit with a base beyond the log refused",
            Verdict::Refused(Refusal::UnknownRow) => "edit of a row that may not be read refused",
            Verdict::Refused(_) => return,
        };
        self.points.hit(point);
        let Some(state) = self.oracle.at(Cursor::at(offset)) else { return };
        let Some(conflict) = state.conflicts.get(&offset).cloned() else { return };
        let touches = state.touches(&conflict.key).oldest_first();
        let touch = touches.iter().find(|touch| touch.offset == offset);
        let is_part = touch.is_some_and(|touch| touch.is_version && touch.spared.is_some());
        let is_back = conflict.server.is_none() && state.current(&conflict.key).is_some();
        if is_part {
            self.points.hit("conflict by column, rest of the edit applied");
        }
        if is_back {
            self.points.hit("deleted row brought back by an edit");
        }
    }

    /// The server's side of a conflict is told to those only who may read the row.
    fn check_server_row(
        &self,
        device: RowId,
        offset: Offset,
        server: &serde_json::Map<String, Json>,
    ) -> Checked {
        use haversack_dataset::{Caller, Evaluator, Obvious};
        let gone = || violated("R1", format!("no event {offset}"));
        let state = self.oracle.at(Cursor::at(offset)).ok_or_else(gone)?;
        let conflict = state.conflicts.get(&offset).ok_or_else(gone)?;
        let user = state.devices[&device].device.user;
        let caller = Caller::user(&state.catalog, user, state.at);
        let key = &conflict.key;
        check(Obvious::new(state).readable(&caller, &key.table, key.id), "R21", || {
            format!("event {offset} tells the user of {key:?}, which they may not read")
        })?;
        let row = conflict.server.as_ref().ok_or_else(gone)?;
        let table = state.catalog.table(&key.table).ok_or_else(gone)?;
        let expected = haversack_core::json::row_object(&state.catalog, table, key.id, &row.values);
        check(*server == expected, "R19", || {
            format!("{server:?} is told, the row was {expected:?}")
        })
    }

    /// What a device must know besides rows, unless it knows.
    fn serve_metadata(&mut self, request: &Message) -> Checked {
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let device: RowId = serde_json::from_value(body["device_id"].clone()).unwrap_or_default();
        if let Err((status, code)) = self.is_senders(request, device) {
            return self.refuse(request, status, code, json!({}));
        }
        let metadata = self.server.live().metadata(device);
        let (metadata, fingerprint) = metadata.map_err(|error| violated("R17", error))?;
        let expected = Oracle::metadata(self.state(), device);
        check(fingerprint == expected, "R12", || {
            format!("metadata {fingerprint}, expected {expected}")
        })?;
        let is_known = body["known"] == json!(fingerprint);
        let metadata = (!is_known).then_some(metadata);
        self.points.hit("metadata fetched");
        self.reply(request, 200, json!(metadata).to_string().into_bytes());
        Ok(())
    }

    fn serve_pull(&mut self, request: &Message) -> Checked {
        let Ok(pull) = serde_json::from_slice::<PullRequest>(&request.body) else {
            return self.refuse(request, 400, "bad_request", json!({}));
        };
        if let Err((status, code)) = self.is_senders(request, pull.device_id) {
            return self.refuse(request, status, code, json!({}));
        }
        let PullRequest { device_id: device, cursor, max_rows, tables } = pull;
        let head = self.oracle.log().len() as u64;
        let cursor_given = cursor.clone();
        let ask = PullAsk { device, cursor, max_rows, tables };
        let (pull, ground) = match self.server.live().pull(&ask) {
            Ok(begun) => begun,
            Err(error) => return self.refuse_pull(request, &error),
        };
        self.check_history(device, cursor_given.as_deref())?;
        let user = self.state().devices[&device].device.user;
        let mut stream = Stream {
            slot: request.slot,
            call: request.call,
            device,
            user,
            pull: self.in_pieces(pull),
            ground,
            offset: Cursor::after(head),
            max_rows,
            rows: 0,
            sent: Vec::new(),
            rest: Vec::new(),
            ended_with: None,
        };
        self.trace.add(format!("call {} is answered by a stream at {head}", request.call));
        let waits = self.slots.get(request.slot).and_then(|slot| slot.call.as_ref());
        if request.is_double || waits.is_none_or(|call| call.number != request.call) {
            // Nobody listens: the server writes a piece before it notices.
            return self.write_to(&mut stream);
        }
        self.streams.push(stream);
        Ok(())
    }

    /// A stream goes on from moments only that this log has been at.
    fn check_history(&self, device: RowId, cursor: Option<&str>) -> Checked {
        let key = CursorKey::from_secret(SECRET);
        let held = cursor.map(|cursor| Holding::open(cursor, device, &key));
        for moment in held.and_then(Result::ok).iter().flat_map(Holding::moments) {
            let log = self.server.environment().log();
            let chain = log.chain_at(moment.offset).map_err(|error| violated("R4", error))?;
            let is_ours = chain.is_some_and(|chain| chain.starts_with(&moment.history));
            check(moment.offset <= log.head() && is_ours, "R26", || {
                format!("a stream goes on from {moment:?}, at which this log has not been")
            })?;
        }
        Ok(())
    }

    /// A stream in pieces of this world's size.
    #[must_use]
    pub fn in_pieces(&self, pull: Pull) -> Pull {
        pull.in_pieces(self.mix.piece, self.mix.progress)
    }

    fn refuse_pull(&mut self, request: &Message, error: &PullError) -> Checked {
        let head = self.oracle.log().len() as u64;
        match error {
            PullError::UnknownDevice(_) => self.refuse(request, 404, "unknown_device", json!({})),
            PullError::UnknownTable(_) => self.refuse(request, 400, "unknown_table", json!({})),
            PullError::BadCursor(_) => {
                self.points.hit("cursor of another device refused");
                self.refuse(request, 400, "bad_cursor", json!({}))
            }
            PullError::LogBehind { seen, .. } => {
                check(!self.puts_back.is_empty(), "R16", || format!("{seen} is ahead of {head}"))?;
                self.points.hit("log behind a device's cursor");
                if seen.count() <= head {
                    self.points.hit("log grew beyond a cursor of another history");
                }
                self.refuse(request, 409, "log_behind", json!({}))
            }
            PullError::Engine(error) => Err(violated("R4", error)),
        }
    }
}
