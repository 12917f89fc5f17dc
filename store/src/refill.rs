//! The index of an open log, given again what it lost: from the journal.

use std::sync::PoisonError;

use haversack_core::{Cursor, Offset};

use crate::{
    fault::Failed,
    finding::{Copy, Finding},
    flaw::Flaw,
    index::{Fault, Index, caught, last_part},
    recover::{is_of_the_machine, made_anew},
    shared::Shared,
    walk,
};

impl Shared {
    /// Makes an empty index in place of the one that is open.
    pub(crate) fn make_index_anew(&self) -> Result<(), Fault> {
        self.replace_index(|| made_anew(self.home.as_ref()))
    }

    /// Opens the index again, and gives it what it has lost of the events up to `taken`. After a full
    /// disk sled may have lost what it took last, or not be able to read its own files.
    pub(crate) fn reopen_index(&self, taken: Cursor) -> Result<(), Failed> {
        match self.replace_index(|| self.home.open()).map_err(Failed::from) {
            Err(failed) if !is_of_the_machine(&failed) => {
                self.make_index_anew()?;
                let what = format!("it can't be opened: {failed}");
                self.report(Finding { copy: Copy::Sled, events: None, what, mended: true });
            }
            opened => opened?,
        }
        self.with_index(|index| {
            let last = last_part(index)?.map_or(Cursor::START, |part| part.group.last());
            if last < taken { self.refill(index, last.next(), taken.count() + 1) } else { Ok(()) }
        })
    }

    fn replace_index(
        &self,
        open: impl FnOnce() -> Result<Box<dyn Index>, Fault>,
    ) -> Result<(), Fault> {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        // Both may be open at no time, and letting go of a broken sled may panic.
        let broken = index.take();
        let _ = caught(|| {
            drop(broken);
            Ok::<_, Fault>(())
        });
        *index = Some(open()?);
        Ok(())
    }

    /// Writes groups anew into the index. If they can't be, the journal goes on being read in its
    /// place, until a repair makes the index anew.
    pub(crate) fn mend_index(&self, from: Offset, end: u64, what: String) {
        let mended = self.with_index(|index| {
            self.refill(index, from, end)?;
            Ok(index.sync()?)
        });
        let last = Offset::new(end - 1).expect("the end lies behind an event");
        let (events, mended) = (Some((from, last)), mended.is_ok());
        self.report(Finding { copy: Copy::Sled, events, what, mended });
    }

    /// Writes the groups that hold the events from `from` to before `end` into an index.
    fn refill(&self, index: &dyn Index, from: Offset, end: u64) -> Result<(), Failed> {
        let mut walk = walk::holding(&self.journal, from)?;
        while walk.cursor.count() + 1 < end {
            let missing = Flaw::new(Some(walk.cursor.next()), "a group is missing in the journal");
            let frame = walk.peek_unopened()?.ok_or(missing)?;
            index.write(&frame.pairs)?;
            walk.pass(&frame);
        }
        Ok(())
    }
}
