//! An index in memory that forgets what was not synced. For tests; nothing else makes one.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{Fault, Index, IndexHome, RawPair, RawPairs};
use crate::{pack::Pair, part::Key};

type Pairs = BTreeMap<Vec<u8>, Vec<u8>>;

/// An index in memory. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct SimIndex(Arc<Mutex<Kept>>);

#[derive(Clone, Debug, Default)]
struct Kept {
    pairs: Pairs,
    durable: Pairs,
}

/// What is done to a value.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

impl SimIndex {
    /// What is left after a crash: what was synced, or also what was not.
    #[must_use]
    pub fn crashed(&self, loses_unsynced: bool) -> Self {
        let kept = self.kept();
        let pairs = if loses_unsynced { kept.durable.clone() } else { kept.pairs.clone() };
        Self(Arc::new(Mutex::new(Kept { durable: pairs.clone(), pairs })))
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept().pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes the value at a place, behind everybody's back; none: takes it out.
    pub fn damage(&self, place: usize, damage: Option<Damage<'_>>) {
        let mut kept = self.kept();
        let key = kept.pairs.keys().nth(place).cloned();
        if let Some(key) = key {
            match damage {
                Some(damage) => damage(kept.pairs.get_mut(&key).expect("just found")),
                None => {
                    kept.pairs.remove(&key);
                }
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index for SimIndex {
    fn write(&self, pairs: &[Pair]) -> Result<(), Fault> {
        let pairs = pairs.iter().map(|(key, value)| (key.to_bytes().to_vec(), value.clone()));
        self.kept().pairs.extend(pairs);
        Ok(())
    }

    fn sync(&self) -> Result<(), Fault> {
        let mut kept = self.kept();
        kept.durable = kept.pairs.clone();
        Ok(())
    }

    fn from(&self, key: Key) -> RawPairs<'_> {
        let pairs =
            self.kept().pairs.range(key.to_bytes().to_vec()..).map(owned).collect::<Vec<_>>();
        Box::new(pairs.into_iter().map(Ok))
    }

    fn up_to(&self, key: Key) -> Result<Option<RawPair>, Fault> {
        Ok(self.kept().pairs.range(..=key.to_bytes().to_vec()).next_back().map(owned))
    }
}

fn owned((key, value): (&Vec<u8>, &Vec<u8>)) -> RawPair {
    (key.clone(), value.clone())
}

impl IndexHome for SimIndex {
    fn open(&self) -> Result<Box<dyn Index>, Fault> {
        Ok(Box::new(self.clone()))
    }

    fn clear(&self) -> io::Result<()> {
        *self.kept() = Kept::default();
        Ok(())
    }
}
