//! Makes a world that fails smaller: what can be left out of it, and still something does not hold.

use crate::{mix::Without, options::Options, run::run, violation::Violation};

/// A world in which nothing can be left out: then all would hold.
#[derive(Clone, Copy, Debug)]
pub struct Shrunk {
    /// As what it is run.
    pub options: Options,
    /// How many worlds were tried.
    pub tried: usize,
}

/// Leaves out of the world of a seed one kind of what happens after another, and then the last things that
/// happen, as long as the same invariant does not hold. None if all holds to begin with.
#[must_use]
pub fn shrink(seed: u64, options: Options) -> Option<(Shrunk, Violation)> {
    let mut violation = run(seed, options).violation?;
    let mut shrunk = Shrunk { options, tried: 1 };
    let fails = |shrunk: &mut Shrunk, options: Options, violation: &mut Violation| {
        shrunk.tried += 1;
        let found = run(seed, options).violation;
        let Some(found) = found.filter(|found| found.invariant == violation.invariant) else {
            return false;
        };
        (shrunk.options, *violation) = (options, found);
        true
    };
    let mut goes_on = true;
    while goes_on {
        goes_on = false;
        for name in Without::each().filter(|name| !options.without.has(name)) {
            let without = shrunk.options.without.and(name);
            let Some(without) = without.filter(|new| *new != shrunk.options.without) else {
                continue;
            };
            let options = Options { without, ..shrunk.options };
            goes_on |= fails(&mut shrunk, options, &mut violation);
        }
    }
    // How many things are to happen: the fewest, if more of them never mend what fewer break.
    let (mut below, mut enough) = (0, shrunk.options.steps.unwrap_or(STEPS_MAX));
    while below < enough {
        let steps = (below + enough) / 2;
        let options = Options { steps: Some(steps), ..shrunk.options };
        match fails(&mut shrunk, options, &mut violation) {
            true => enough = steps,
            false => below = steps + 1,
        }
    }
    Some((shrunk, violation))
}

/// More than happen in any world.
const STEPS_MAX: usize = 1_000;

impl std::fmt::Display for Shrunk {
    /// As the words that run it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let out: Vec<&str> =
            Without::each().filter(|name| self.options.without.has(name)).collect();
        if !out.is_empty() {
            write!(f, " --without {}", out.join(","))?;
        }
        self.options.steps.map_or(Ok(()), |steps| write!(f, " --steps {steps}"))
    }
}
