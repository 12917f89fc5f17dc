//! Calling sled where its panics are caught, without the report that a panic prints.
//!
//! sled 0.34 panics on some damaged files where it should say so. What it said is told as a fault,
//! so nothing is hidden by not printing it. Panics anywhere else are printed as ever.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook},
    sync::Once,
    thread,
};

use super::Fault;

thread_local! {
    /// Whether a panic of this thread is caught here.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
}

/// Runs what calls sled, and catches its panics.
pub(crate) fn caught<T, E: From<Fault>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    hush();
    let outer = CATCHES.replace(true);
    // sled's own state may be broken after a panic. Whoever gets the fault opens it anew, or not at
    // all.
    let result = catch_unwind(AssertUnwindSafe(work));
    CATCHES.set(outer);
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(Fault::Panicked(text.unwrap_or_default()).into())
    })
}

/// Puts a hook before the one that is there, once: it passes on what is not caught here.
fn hush() {
    static HUSHED: Once = Once::new();
    // A thread that panics already may not change hooks; whoever comes next will.
    if thread::panicking() {
        return;
    }
    HUSHED.call_once(|| set_hook(hushed(take_hook())));
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

fn hushed(before: Hook) -> Hook {
    Box::new(move |panic| {
        if !CATCHES.get() {
            before(panic);
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn only_panics_that_are_caught_here_are_hushed() {
        let printed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&printed);
        let here = thread::current().id();
        let before = take_hook();
        set_hook(hushed(Box::new(move |panic| {
            if thread::current().id() == here {
                count.fetch_add(1, Ordering::Relaxed);
            } else {
                before(panic);
            }
        })));
        let fault: Result<(), Fault> = caught(|| caught(|| panic!("at {}", 7)));
        assert!(matches!(fault, Err(Fault::Panicked(text)) if text == "at 7"));
        assert_eq!(printed.load(Ordering::Relaxed), 0);
        assert!(catch_unwind(|| panic!("another")).is_err());
        assert_eq!(printed.load(Ordering::Relaxed), 1);
    }
}
