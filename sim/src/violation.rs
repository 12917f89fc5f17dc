//! What a world is stopped by.

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Its number in the list of invariants, such as `R14`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

/// Whether all is as it must be.
pub type Checked<T = ()> = Result<T, Violation>;

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// Stops the world unless something holds.
///
/// # Errors
/// If it does not.
pub fn check(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Violation { invariant, what: what() }) }
}

/// The violation that something is, that must not be.
pub fn violated(invariant: &'static str, what: impl std::fmt::Display) -> Violation {
    Violation { invariant, what: what.to_string() }
}
