//! Edits of different devices on different rows: whichever comes first, both are judged the same.

use haversack_core::{
    Offset,
    event::{DeviceEdit, Event},
};
use haversack_replay::{Judging, fold, judge};
use haversack_store::LogRecord;

use crate::{
    violation::{Checked, check, violated},
    world::World,
};

impl World {
    /// Whether neighbours in the log would have been judged the same in the other order.
    ///
    /// # Errors
    /// If some would not.
    pub fn order_is_of_no_moment(&mut self) -> Checked {
        let mut pairs = 0_u64;
        for (at, pair) in self.oracle.log().windows(2).enumerate() {
            let [first, second] = pair else { continue };
            let (Some(one), Some(other)) = (edit(first), edit(second)) else { continue };
            let sees =
                |edit: &DeviceEdit| edit.base.offset().is_some_and(|base| base >= first.offset);
            let is_apart = one.device != other.device && one.key != other.key;
            if is_apart && !sees(one) && !sees(other) {
                self.swapped(&self.oracle.log()[..at], first, second)?;
                pairs += 1;
            }
        }
        for _ in 0..pairs {
            self.points.hit("edits of two devices judged in either order");
        }
        Ok(())
    }

    fn swapped(&self, past: &[LogRecord], first: &LogRecord, second: &LogRecord) -> Checked {
        let (Some(one), Some(other)) = (edit(first), edit(second)) else { return Ok(()) };
        let before = haversack_core::Cursor::after(first.offset.get() - 1);
        let mut state = self.oracle.at(before).cloned().unwrap_or_default();
        let policy = state.catalog.settings.policy();
        let judged = |state: &haversack_replay::State, edit: &DeviceEdit| {
            judge(state, edit, policy, past).map_err(|error| violated("R20", error))
        };
        let differs = |edit: &DeviceEdit, found, offset: Offset| {
            check(found == edit.verdict, "R20", || {
                format!("event {offset}, {edit:?}, is judged {found:?} in the other order")
            })
        };
        differs(other, judged(&state, other)?, second.offset)?;
        let moved = LogRecord { offset: first.offset, ..second.clone() };
        fold(&mut state, &moved, Judging::InForce, past).map_err(|error| violated("R20", error))?;
        differs(one, judged(&state, one)?, first.offset)
    }
}

fn edit(record: &LogRecord) -> Option<&DeviceEdit> {
    match &record.inner.event {
        Event::DeviceEdited(edit) => Some(edit),
        _ => None,
    }
}
