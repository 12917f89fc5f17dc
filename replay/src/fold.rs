//! The fold: one event more.

mod catalog;

use std::sync::Arc;

use haversack_core::{
    Offset, RowVersion,
    event::{Actor, DeviceEdit, Event, Operation, Record, RowWrite, Sequenced, Verdict},
    settings::Policy,
};

pub use catalog::apply as apply_to_catalog;

use crate::{
    Conflict, DeviceState, LoadProgress, Past, PastError, State, Touch,
    effect::{self, When},
    judge::{Judgement, judgement},
    rows::Written,
};

/// By which policy the fold judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judging {
    /// By the environment's, as it is at each event; every recorded verdict must be found again.
    InForce,
    /// By this one throughout: what would have happened.
    Under(Policy),
}

/// Why the fold stops.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The log has a hole.
    #[error("found event {found} where event {expected} was expected: the log is not dense")]
    Gap {
        /// What should have come.
        expected: Offset,
        /// What came.
        found: Offset,
    },
    /// A recorded verdict is not the one that follows from the events before it.
    #[error(
        "event {offset} records the verdict {recorded:?}, but the events before it give {found:?}"
    )]
    Diverged {
        /// The edit.
        offset: Offset,
        /// The verdict in the log.
        recorded: Verdict,
        /// The verdict that follows.
        found: Verdict,
    },
    /// An earlier event could not be read.
    #[error(transparent)]
    Past(#[from] PastError),
}

/// Folds one event into the state. No event that the engine logs can fail; an error means that the
/// log was damaged or can't be read. After an error the state is of no use.
///
/// # Errors
/// See [`FoldError`].
pub fn fold(
    state: &mut State,
    record: &Sequenced<Record>,
    judging: Judging,
    past: &(impl Past + ?Sized),
) -> Result<(), FoldError> {
    let expected = state.cursor.next();
    if record.offset != expected {
        return Err(FoldError::Gap { expected, found: record.offset });
    }
    let when = When { offset: record.offset, at: record.at };
    match &record.inner.event {
        Event::RowWritten(write) => row_written(state, write, when),
        Event::DeviceEdited(edit) => device_edited(state, edit, when, judging, past)?,
        Event::DeviceRegistered(device) => {
            let (device, edits) = (Arc::new(device.clone()), imbl::Vector::new());
            state.devices.insert(device.id, DeviceState { device, edits, app: None });
        }
        Event::DeviceAppChanged { device, app } => {
            if let Some(device) = state.devices.get_mut(device) {
                device.app = app.as_deref().map(Arc::from);
            }
        }
        Event::LoadStarted { digest, events } => {
            state.load = Some(LoadProgress { digest: *digest, total: *events, done: 0 });
        }
        change => catalog::apply(Arc::make_mut(&mut state.catalog), change),
    }
    if let (Actor::Load, Some(load)) = (&record.inner.actor, &mut state.load)
        && !matches!(record.inner.event, Event::LoadStarted { .. })
    {
        load.done += 1;
    }
    state.cursor.advance(record.offset);
    state.at = record.at;
    Ok(())
}

fn row_written(state: &mut State, write: &RowWrite, when: When) {
    let touch = |is_version| Touch {
        offset: when.offset,
        device: None,
        verdict: None,
        is_version,
        spared: None,
    };
    if write.operation == Operation::Create {
        // Most events of a log: packed as they are, whatever row there was.
        let times = effect::Times::at(when);
        let values = effect::made_values(&write.values, &times);
        let written = Written::Row(RowVersion(when.offset), values);
        return state.touch(&write.key, touch(true), written);
    }
    let now = state.current(&write.key);
    let written = effect::online(now.as_ref(), write, when);
    let touch = touch(written.is_some());
    state.touch(&write.key, touch, Written::from(written.as_ref()));
}

fn device_edited(
    state: &mut State,
    edit: &DeviceEdit,
    when: When,
    judging: Judging,
    past: &(impl Past + ?Sized),
) -> Result<(), FoldError> {
    let policy = match judging {
        Judging::InForce => state.catalog.settings.policy(),
        Judging::Under(policy) => policy,
    };
    let judged = judgement(state, edit, policy, past)?;
    if judging == Judging::InForce && judged.verdict != edit.verdict {
        let (recorded, found) = (edit.verdict, judged.verdict);
        return Err(FoldError::Diverged { offset: when.offset, recorded, found });
    }
    carry_out(state, edit, &judged, when);
    Ok(())
}

/// Does what the judgement says, and notes it: on the row, on the device, among the conflicts.
pub(crate) fn carry_out(state: &mut State, edit: &DeviceEdit, judged: &Judgement, when: When) {
    let now = state.current(&edit.key);
    let written = judged.is_version.then(|| {
        let (now, seen) = (now.as_ref(), judged.seen.as_ref());
        effect::applied(&state.catalog, now, seen, edit, &judged.spared, when)
    });
    if let Verdict::Conflict { .. } = judged.verdict {
        let conflict = Conflict {
            device: edit.device,
            number: edit.number,
            key: edit.key.clone(),
            base: edit.base,
            client: edit.request.clone(),
            server: now.map(Arc::new),
            verdict: judged.verdict,
        };
        state.conflicts.insert(when.offset, Arc::new(conflict));
    }
    if let Some(device) = state.devices.get_mut(&edit.device) {
        device.edits.push_back(when.offset);
    }
    let touch = Touch {
        offset: when.offset,
        device: Some(edit.device),
        verdict: Some(judged.verdict),
        is_version: judged.is_version,
        spared: (!judged.spared.is_empty()).then(|| Arc::new(judged.spared.clone())),
    };
    state.touch(&edit.key, touch, Written::from(written.as_ref()));
}
