//! What must hold when it is over: of the log, and of devices.

use std::collections::BTreeMap;

use haversack_core::{
    MutationNumber, Name, Offset, RowId, Value,
    event::{DeviceEdit, EditRequest, Event, RowKey},
    json::row_object,
};
use haversack_dataset::{Caller, Evaluator, Obvious};
use haversack_device::Device;
use haversack_engine::Environment;
use haversack_replay::State;
use serde_json::{Map, Value as Json};

use super::world::Told;

/// What an edit is known by: the name that it gives its row, or the row that it deletes.
pub type Mark = String;

type Shown = Vec<(Name, RowId, Map<String, Json>)>;

/// The rows that a device shows, by table and id.
pub fn shown(device: &Device) -> Shown {
    let mut rows = Vec::new();
    for table in device.status().tables.into_iter().filter(|table| table.is_available) {
        let text = format!("fetch {name} {{ order {name}id }}", name = table.table);
        for answer in device.query(&text, None, &[]).expect("a query").answers.rows {
            let id = answer.id.expect("a row");
            let row = device.read(&table.table, id).expect("is whole").expect("was just found");
            rows.push((table.table.clone(), id, row));
        }
    }
    rows
}

/// The rows that belong on a user's device, by table and id: the slow way, row by row.
pub fn belongs(state: &State, user: RowId) -> Shown {
    let caller = Caller::user(&state.catalog, user, state.at);
    let row = |key: RowKey| {
        let table = state.catalog.table(&key.table).expect("its table");
        let row = state.current(&key).expect("it is there");
        (key.table, key.id, row_object(&state.catalog, table, key.id, &row.values))
    };
    Obvious::new(state).dataset(&caller).into_keys().map(row).collect()
}

/// What a log holds of edits.
#[derive(Clone, Default)]
pub struct Log {
    edits: Vec<(Offset, DeviceEdit)>,
    written: BTreeMap<Offset, RowId>,
}

impl Log {
    pub fn of(environment: &Environment) -> Self {
        let records = environment.log().read(Offset::FIRST, usize::MAX).expect("can be read");
        let mut log = Self::default();
        for (offset, record) in (1..).map(|n| Offset::new(n).expect("from one")).zip(records) {
            match record.inner.event {
                Event::DeviceEdited(edit) => log.edits.push((offset, edit)),
                Event::RowWritten(write) => drop(log.written.insert(offset, write.key.id)),
                _ => {}
            }
        }
        log
    }

    /// The log with one edit less, with one twice, and with one that was judged otherwise.
    pub fn spoilt(&self, offset: Offset) -> [Self; 3] {
        let at = self.edits.iter().position(|edit| edit.0 == offset).expect("it is there");
        let [mut less, mut twice, mut other] = [self.clone(), self.clone(), self.clone()];
        less.edits.remove(at);
        twice.edits.push(self.edits[at].clone());
        other.edits[at].1.verdict =
            haversack_core::event::Verdict::Refused(haversack_core::event::Refusal::UnknownTable);
        [less, twice, other]
    }

    /// What is wrong with it: outcomes that devices were told and it does not have, or has more than once;
    /// edits that devices took and it does not have once; online edits that were acknowledged and are not
    /// where they were said to be.
    pub fn complaints(
        &self,
        heard: &[Told],
        made: &[Mark],
        written: &[(Offset, RowId)],
    ) -> Vec<String> {
        let numbers = self.edits.iter().map(|(offset, edit)| ((edit.device, edit.number), *offset));
        let numbers = gathered(numbers);
        let mut marks = gathered(self.edits.iter().map(|(offset, edit)| (mark(edit), *offset)));
        let mut wrong: Vec<String> = heard
            .iter()
            .filter(|told| !self.has(told, &numbers))
            .map(|told| format!("{told:?}, and the log has another"))
            .collect();
        for mark in made {
            let found = marks.remove(mark).unwrap_or_default();
            if found.len() != 1 {
                wrong.push(format!("`{mark}` was taken by a device, and is at {found:?}"));
            }
        }
        wrong.extend(marks.into_keys().map(|mark| format!("nobody made `{mark}`")));
        let is_lost = |(offset, row): &&(Offset, RowId)| self.written.get(offset) != Some(row);
        let lost = written.iter().filter(is_lost);
        wrong.extend(lost.map(|(offset, row)| format!("row {row} was not written at {offset}")));
        wrong
    }

    fn has(&self, told: &Told, numbers: &BTreeMap<(RowId, MutationNumber), Vec<Offset>>) -> bool {
        let is_once = numbers.get(&(told.device, told.number)) == Some(&vec![told.offset]);
        let judged = self.edits.iter().find(|(offset, _)| *offset == told.offset);
        is_once && judged.is_some_and(|(_, edit)| edit.verdict.outcome() == told.outcome)
    }
}

fn gathered<K: Ord>(pairs: impl Iterator<Item = (K, Offset)>) -> BTreeMap<K, Vec<Offset>> {
    let mut found: BTreeMap<K, Vec<Offset>> = BTreeMap::new();
    pairs.for_each(|(key, offset)| found.entry(key).or_default().push(offset));
    found
}

fn mark(edit: &DeviceEdit) -> Mark {
    let name = match &edit.request {
        EditRequest::Fits { values, .. } => values.get("a"),
        EditRequest::Misfits { .. } => panic!("all edits fit: {edit:?}"),
    };
    match name {
        Some(Value::Text(name)) => name.to_string(),
        _ => format!("delete {}", edit.key.id),
    }
}
