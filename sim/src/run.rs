//! One seed, from its beginning to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    options::Options,
    points::Points,
    trace::Trace,
    violation::{Checked, Violation, violated},
    world::World,
};

/// What became of a world.
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What did not hold.
    pub violation: Option<Violation>,
    /// The rare points that it came by.
    pub points: Points,
    /// What happened.
    pub trace: Trace,
    /// What each device was sent, as fingerprints.
    pub sent: Vec<Vec<u64>>,
    /// How long its log became.
    pub events: usize,
}

impl Outcome {
    /// Nothing is known of the world, but what did not hold in it.
    #[must_use]
    pub fn failed(seed: u64, violation: Violation) -> Self {
        let (points, trace, sent) = (Points::default(), Trace::default(), Vec::new());
        Self { seed, violation: Some(violation), points, trace, sent, events: 0 }
    }

    /// The world has not come to its end.
    #[must_use]
    pub fn stuck(seed: u64, after: std::time::Duration) -> Self {
        let what = format!("the world of seed {seed} has not come to its end after {after:?}");
        Self::failed(seed, violated("stuck", what))
    }
}

/// Runs the world of a seed.
#[must_use]
pub fn run(seed: u64, options: Options) -> Outcome {
    let mut world = match guarded(|| World::new(seed, options)) {
        Ok(world) => world,
        Err(violation) => return Outcome::failed(seed, violation),
    };
    let lived = guarded(|| live(&mut world));
    // What holds the server goes before it.
    world.streams.clear();
    let events = world.oracle.log().len();
    let (points, trace) = (std::mem::take(&mut world.points), std::mem::take(&mut world.trace));
    let sent = std::mem::take(&mut world.sent);
    Outcome { seed, violation: lived.err(), points, trace, sent, events }
}

fn live(world: &mut World) -> Checked {
    for _ in 0..world.mix.steps {
        world.step()?;
    }
    world.heal()?;
    world.quiesce()?;
    world.audit()
}

/// A panic is a violation like any.
fn guarded<T>(run: impl FnOnce() -> Checked<T>) -> Checked<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(violated("R30", format!("a panic: {}", text.unwrap_or_default())))
    })
}

/// Runs two worlds of a seed that differ only in what nobody with a device may read: every byte that
/// devices are sent must be the same.
///
/// # Errors
/// If one is not, or if something else does not hold.
pub fn twins(seed: u64, options: Options) -> Checked<Points> {
    let of = |twin| run(seed, Options { twin: Some(twin), ..options });
    let (one, other) = (of(false), of(true));
    if let Some(violation) = one.violation.or(other.violation) {
        return Err(violation);
    }
    for (device, (one, other)) in one.sent.iter().zip(&other.sent).enumerate() {
        if let Some(at) = one.iter().zip(other).position(|(one, other)| one != other) {
            let what = format!(
                "of {} pieces sent to device {device} the one after {at} differs",
                one.len()
            );
            return Err(violated("R21", what));
        }
    }
    if one.trace.fingerprint() != other.trace.fingerprint() {
        return Err(violated(
            "R21",
            "two worlds that look alike to their devices differ elsewhere",
        ));
    }
    Ok(one.points)
}
