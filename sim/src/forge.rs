//! A device that wishes the server no good: numbers of others, old numbers with new content, cursors
//! that are not its own, versions that there are not.

use haversack_core::{BaseVersion, Cursor, MutationNumber, Name, Offset, RowId, event::Operation};
use haversack_sync::{message::PushRequest, mutation::Mutation};
use serde_json::{Map, json};

use crate::{
    setup,
    violation::Checked,
    wire::{Message, What},
    world::World,
};

/// Answers to it go nowhere.
const NOBODY: usize = usize::MAX;

impl World {
    /// It sends something.
    ///
    /// # Errors
    /// If something does not hold in the answer.
    pub fn forge(&mut self) -> Checked {
        let user = setup::id("user", self.dice.below(self.mix.users));
        let devices: Vec<RowId> = self.state().devices.keys().copied().collect();
        let device = self.dice.maybe(&devices).copied().unwrap_or_default();
        let (what, body) = match self.dice.below(10) {
            0..=3 => (What::Push, self.forged_push(device)),
            4 => (What::Push, b"{\"device_id\":\"x\",\"mutations\":[{}]}".to_vec()),
            5 => (What::Register, b"{\"name\":".to_vec()),
            _ => (What::Pull, self.forged_pull(device)),
        };
        // Half of what it sends has the token of whom the device is.
        let owner = self.state().devices.get(&device).map(|known| known.device.user);
        let user = owner.filter(|_| self.dice.chance(500)).unwrap_or(user);
        self.trace.add(format!("somebody forges {what:?} of {device}"));
        let (status, is_double) = (None, true);
        self.serve(Message { slot: NOBODY, call: 0, what, user, status, body, is_double })
    }

    fn forged_push(&mut self, device: RowId) -> Vec<u8> {
        let next = self.state().devices.get(&device).map_or(1, |known| known.next_mutation().get());
        let number = match self.dice.below(5) {
            // Another edit under a number that is known.
            0 | 1 if next > 1 => 1 + self.dice.below(usize::try_from(next - 1).unwrap_or(1)) as u64,
            2 => next + 1 + self.dice.below(3) as u64,
            3 => u64::MAX,
            _ => next,
        };
        let table = *self.dice.pick(&[
            "account",
            "contact",
            setup::VAULT,
            "systemuser",
            "account_tag",
            "nowhere",
        ]);
        use haversack_dataset::Rows;
        let ids: Vec<RowId> = self.state().rows(table).map(|(id, _)| id).collect();
        let id = self.dice.maybe(&ids).copied().unwrap_or(setup::id("nowhere", 1));
        let base = match self.dice.below(3) {
            0 => BaseVersion::NONE,
            1 => BaseVersion::seen(Offset::new(u64::MAX).expect("not 0")),
            _ => BaseVersion::seen(Offset::new(1 + self.dice.below(200) as u64).expect("not 0")),
        };
        let serial = self.number();
        let values = Map::from_iter([("name".to_owned(), json!(format!("forged {serial}")))]);
        let operation = *self.dice.pick(&[Operation::Create, Operation::Update, Operation::Delete]);
        let number = MutationNumber::new(number).unwrap_or(MutationNumber::FIRST);
        let mutation = Mutation { number, operation, table: Name::known(table), id, base, values };
        let mutations =
            if self.dice.chance(300) { vec![mutation.clone(), mutation] } else { vec![mutation] };
        PushRequest { device_id: device, mutations }.to_json().to_string().into_bytes()
    }

    fn forged_pull(&mut self, device: RowId) -> Vec<u8> {
        let slot = self.dice.below(self.slots.len());
        let cursors = &self.slots[slot].cursors;
        let cursor = match self.dice.below(4) {
            0 => Some("AAAA".to_owned()),
            1 => Some("x".repeat(300)),
            _ => self.dice.maybe(cursors).map(|(_, cursor)| cursor.clone()),
        };
        let tables = self.dice.chance(100).then(|| vec!["nowhere"]);
        let max_rows = self.dice.chance(200).then_some(0);
        let body =
            json!({"device_id": device, "cursor": cursor, "max_rows": max_rows, "tables": tables});
        let _ = Cursor::START;
        body.to_string().into_bytes()
    }
}
