//! Calling sled where its panics are caught: it panics on some damaged files where it should say so.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::StoreError;

/// Runs what calls sled. A panic means that what it reads is damaged.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    // sled's own state may be broken after a panic: whoever gets the error opens it anew, or not at all.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(StoreError::Damaged(text.unwrap_or_default()))
    })
}
