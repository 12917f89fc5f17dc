//! The index from a row to the events on it.

use std::{collections::BTreeSet, sync::Arc};

use bincode::{
    Decode, Encode,
    de::Decoder,
    enc::Encoder,
    error::{DecodeError, EncodeError},
    impl_borrow_decode,
};
use haversack_core::{BaseVersion, Name, Offset, RowId, event::Verdict};

/// One event on a row.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Touch {
    /// Where the event is.
    pub offset: Offset,
    /// The device that wrote; none: an online edit, or the loading of a document.
    pub device: Option<RowId>,
    /// The verdict in this fold; none: not judged, an online edit is a fact.
    pub verdict: Option<Verdict>,
    /// Whether it made a version of the row.
    pub is_version: bool,
    /// The columns of a partly applied edit that were not written: others had changed them, and the
    /// server won. None for an edit that was applied whole or not at all.
    pub spared: Option<Arc<BTreeSet<Name>>>,
}

/// The events on a row, newest first: judging looks at those above a base version.
///
/// A shared list: adding to it costs the same however long it is, and leaves older ones as they were.
#[derive(Clone, Debug, Default)]
pub struct Touches(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    touch: Touch,
    before: Touches,
}

impl Touches {
    /// Adds the newest event.
    pub fn push(&mut self, touch: Touch) {
        let before = std::mem::take(self);
        self.0 = Some(Arc::new(Node { touch, before }));
    }

    /// All events on the row, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Touch> {
        std::iter::successors(self.0.as_deref(), |node| node.before.0.as_deref())
            .map(|node| &node.touch)
    }

    /// The newest event on the row.
    #[must_use]
    pub fn newest(&self) -> Option<&Touch> {
        self.newest_first().next()
    }

    /// All events on the row, oldest first.
    #[must_use]
    pub fn oldest_first(&self) -> Vec<Touch> {
        let mut touches: Vec<Touch> = self.newest_first().cloned().collect();
        touches.reverse();
        touches
    }

    /// The versions that a device with this base had not seen and did not write itself.
    pub fn unseen_by(&self, base: BaseVersion, device: RowId) -> impl Iterator<Item = &Touch> {
        self.newest_first()
            .take_while(move |touch| !base.covers(touch.offset))
            .filter(move |touch| touch.is_version && touch.device != Some(device))
    }
}

/// A row with many events must not take as many stack frames to let go of.
impl Drop for Touches {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.before.0.take();
        }
    }
}

impl FromIterator<Touch> for Touches {
    /// From the oldest to the newest.
    fn from_iter<I: IntoIterator<Item = Touch>>(oldest_first: I) -> Self {
        let mut touches = Self::default();
        oldest_first.into_iter().for_each(|touch| touches.push(touch));
        touches
    }
}

/// Stored oldest first, so that the list is made by pushing.
impl Encode for Touches {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let newest_first: Vec<&Touch> = self.newest_first().collect();
        (newest_first.len() as u64).encode(encoder)?;
        newest_first.into_iter().rev().try_for_each(|touch| touch.encode(encoder))
    }
}

impl<C> Decode<C> for Touches {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let mut touches = Self::default();
        for _ in 0..u64::decode(decoder)? {
            let touch = Touch::decode(decoder)?;
            if touches.newest().is_some_and(|newest| newest.offset >= touch.offset) {
                return Err(DecodeError::Other("stored events on a row are out of order"));
            }
            touches.push(touch);
        }
        Ok(touches)
    }
}

impl_borrow_decode!(Touches);
