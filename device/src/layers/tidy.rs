//! Moving rows to where they belong, a piece at a time.

use std::ops::ControlFlow;

use super::{Layers, into_base, layer_key};
use crate::store::{Batch, StoreError};

/// Rows of one piece.
const PIECE_ROWS: usize = 2_000;

impl Layers {
    /// Moves the upper layer into the base, and removes layers that nobody reads. A crash in between
    /// leaves what is shown as it is.
    pub fn tidy(&mut self) -> Result<(), StoreError> {
        if let Some(upper) = self.kept.upper {
            while self.piece(upper, true)? {}
            let mut kept = self.kept.clone();
            kept.upper = None;
            self.commit(Batch::default(), kept)?;
        }
        while let Some(dead) = self.kept.dead.last().copied() {
            while self.piece(dead, false)? {}
            let mut kept = self.kept.clone();
            kept.dead.pop();
            self.commit(Batch::default(), kept)?;
        }
        Ok(())
    }

    /// Takes the first rows out of a layer, into the base if they are wanted there; says whether there
    /// were any.
    fn piece(&mut self, layer: u32, is_wanted: bool) -> Result<bool, StoreError> {
        let prefix = layer_key(layer);
        let mut pairs = Vec::new();
        self.store.scan(&prefix, &mut |key, value| {
            pairs.push((key.to_vec(), value));
            if pairs.len() < PIECE_ROWS {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        let mut batch = Batch::default();
        for (key, value) in &pairs {
            if is_wanted {
                let mut base = layer_key(self.kept.base);
                base.extend(&key[prefix.len()..]);
                into_base(&mut batch, base, value.clone());
            }
            batch.remove(key.clone());
        }
        self.store.write(batch)?;
        Ok(!pairs.is_empty())
    }
}
