//! A slow look at the whole log while nothing else is to be done, so that damage is found while the
//! other copy is still whole.

use std::sync::atomic::Ordering;

use haversack_core::{Cursor, limits::SCRUB_EVENTS};

use crate::{
    finding::{Copy, Finding, Findings},
    journal::Place,
    shared::Shared,
    survey::{Believes, Survey},
    walk::Walk,
};

/// How far the present round has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scrub {
    cursor: Cursor,
    chain: [u8; 32],
    last: Place,
    place: Place,
}

impl Default for Scrub {
    fn default() -> Self {
        let (last, place) = (Place::FIRST, Place::FIRST);
        Self { cursor: Cursor::START, chain: [0; 32], last, place }
    }
}

impl Scrub {
    /// Looks at some groups more, and mends what one copy lacks. After the last it begins again.
    pub(crate) fn step(&mut self, shared: &Shared) {
        let durable = Cursor::after(shared.indexed.load(Ordering::Acquire));
        let mut findings = Findings::default();
        let from = self.cursor;
        let looked = shared.with_index(|index| {
            let (journal, believes) = (&shared.journal, Believes::Neither);
            let survey = Survey { journal, index: Some(index), mends: true, believes };
            let Self { cursor, chain, last, place } = *self;
            let mut walk = Walk::after(journal, cursor, chain, last, place);
            while walk.cursor < durable && walk.cursor.count() < from.count() + SCRUB_EVENTS {
                survey.step(&mut walk, &mut findings)??;
            }
            let Walk { cursor, chain, last, place, .. } = walk;
            *self = Self { cursor, chain, last, place };
            Ok(())
        });
        let found = findings.into_inner();
        // What was mended must stay so.
        let synced =
            if found.is_empty() { Ok(()) } else { shared.with_index(|index| Ok(index.sync()?)) };
        let looked = looked.and(synced);
        found.into_iter().for_each(|finding| shared.report(finding));
        if let Err(failed) = looked {
            let what = format!("it can't be looked at after event {}: {failed}", self.cursor);
            shared.report(Finding { copy: Copy::Sled, events: None, what, mended: false });
        }
        // At the end, or where neither copy goes on: that may be mended by then.
        if self.cursor >= durable || self.cursor == from {
            *self = Self::default();
        }
    }
}
