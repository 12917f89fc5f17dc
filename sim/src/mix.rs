//! What a seed's world is made of: sizes, and how often each thing happens in it.
//!
//! Each seed leaves out some kinds of operations and faults, and weighs the others anew: bugs that
//! need many of one kind would not be found if all were as frequent in every world.

use crate::dice::Dice;

const CRASHES: &str = "ServerCrash";
const LIMITS: &str = "PullLimits";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $weight:literal $need:ident;)*) => {
        /// What can happen next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[$doc])* $name,)* }
        const KINDS: &[(Kind, usize, Need)] = &[$((Kind::$name, $weight, Need::$need),)*];
        /// What can be left out: kinds, crashes of the server while it writes, and limits of pulls.
        const NAMES: &[&str] = &[$(stringify!($name),)* CRASHES, LIMITS];
    };
}

/// Whether a kind can be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Always,
    Maybe,
    /// A fault of the server or its disk: how much of it there is may hang on what rows hold.
    Fault,
}

kinds! {
    /// An administrator changes the catalog.
    Admin 60 Maybe;
    /// A profile is published, unpublished, or gets or loses a member.
    Publish 40 Maybe;
    /// A row is written online.
    Online 140 Always;
    /// A row that nobody with a device may read is written.
    Secret 30 Maybe;
    /// A device writes a row.
    Local 140 Always;
    /// A device asks for changes.
    Pull 160 Always;
    /// A device sends its edits.
    Push 100 Always;
    /// A message arrives.
    Deliver 420 Always;
    /// The server writes the next piece of a stream.
    Write 500 Always;
    /// Bytes of a stream arrive.
    Receive 420 Always;
    /// A stream breaks.
    Cut 25 Maybe;
    /// A message is lost.
    Drop 30 Maybe;
    /// A request arrives twice.
    Double 25 Maybe;
    /// A device waits no longer.
    GiveUp 25 Maybe;
    /// Time goes on.
    Clock 60 Maybe;
    /// The clock jumps, be it back.
    Jump 8 Maybe;
    /// A device loses what is not on its disk.
    DeviceCrash 20 Maybe;
    /// A device is copied for later.
    DeviceBackup 12 Maybe;
    /// A device is put back to its copy.
    DeviceRestore 10 Maybe;
    /// A copy of a device goes on beside it.
    DeviceClone 6 Maybe;
    /// A device asks in the name of another app.
    DeviceApp 8 Maybe;
    /// Somebody looks whether a pull would bring something.
    Probe 20 Maybe;
    /// A device that wishes the server no good.
    Forge 40 Maybe;
    /// The server stops and starts again.
    Restart 8 Maybe;
    /// A snapshot is written.
    Snapshot 6 Maybe;
    /// The log is settled and signed.
    Settle 12 Maybe;
    /// The server's long memory is let go.
    Tidy 8 Maybe;
    /// The server's disk has no space, or has some again.
    Full 8 Fault;
    /// A sync fails.
    FailSync 5 Fault;
    /// A byte on the server's disk rots while it is down.
    Rot 4 Fault;
    /// The server's data are copied.
    ServerBackup 9 Fault;
    /// The server is put back to its copy.
    ServerRestore 9 Fault;
}

/// What is left out of a world, whatever its seed says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without(u64);

impl Without {
    /// All that can be left out.
    pub fn each() -> impl Iterator<Item = &'static str> {
        NAMES.iter().copied()
    }

    /// The same without this, too; none if there is no such thing.
    #[must_use]
    pub fn and(self, name: &str) -> Option<Self> {
        let at = NAMES.iter().position(|known| *known == name)?;
        Some(Self(self.0 | 1 << at))
    }

    /// Whether this is left out.
    #[must_use]
    pub fn has(self, name: &str) -> bool {
        NAMES.iter().position(|known| *known == name).is_some_and(|at| self.0 & 1 << at != 0)
    }
}

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Mix {
    kinds: Vec<(Kind, usize)>,
    total: usize,
    /// Things that happen before all heals.
    pub steps: usize,
    /// Devices.
    pub devices: usize,
    /// Users who have devices.
    pub users: usize,
    /// Profiles.
    pub profiles: usize,
    /// Rows of each table at the start.
    pub rows: usize,
    /// Whether classic's limits are enforced.
    pub is_classic: bool,
    /// In how many of a thousand writes the server crashes.
    pub crashes: usize,
    /// Bytes of a piece of a stream.
    pub piece: usize,
    /// Lines until a device is told how far it is.
    pub progress: u64,
    /// In how many of a thousand pulls the device sets a limit, and in how many names tables.
    pub limited: (usize, usize),
}

impl Mix {
    /// The mix of a seed. `is_twin`: of a world in which nothing may hang on how long rows are.
    #[must_use]
    pub fn of(dice: &mut Dice, is_twin: bool, without: Without) -> Self {
        let quiet = dice.chance(250);
        let mut kinds = Vec::new();
        for (kind, weight, need) in KINDS {
            let (is_in, factor) = (dice.chance(700), 1 + dice.below(8));
            let allowed = match need {
                Need::Always => true,
                Need::Maybe => is_in,
                Need::Fault => is_in && !is_twin && !quiet,
            };
            if allowed && !without.has(&format!("{kind:?}")) {
                kinds.push((*kind, 1 + weight * factor / 4));
            }
        }
        let crashes = *dice.pick(&[0, 0, 10, 30, 100]);
        let many = dice.chance(60);
        let is_quiet = is_twin || quiet || without.has(CRASHES);
        let limited = |limits| if without.has(LIMITS) { (0, 0) } else { limits };
        Self {
            total: kinds.iter().map(|(_, weight)| weight).sum(),
            kinds,
            steps: 120 + dice.below(260),
            devices: 1 + dice.below(if many { 6 } else { 4 }),
            users: 1 + dice.below(4),
            profiles: 1 + dice.below(3),
            rows: 2 + dice.below(7),
            is_classic: dice.chance(150),
            crashes: if is_quiet { 0 } else { crashes },
            piece: *dice.pick(&[1, 1, 1, 400, 2_000, 64 << 10]),
            progress: *dice.pick(&[1, 2, 3, 7, 1_000]),
            limited: limited((*dice.pick(&[0, 0, 200, 700]), *dice.pick(&[0, 0, 150, 600]))),
        }
    }

    /// What happens next.
    pub fn next(&self, dice: &mut Dice) -> Kind {
        let mut at = dice.below(self.total);
        for (kind, weight) in &self.kinds {
            match at.checked_sub(*weight) {
                Some(left) => at = left,
                None => return *kind,
            }
        }
        self.kinds.first().map_or(Kind::Tidy, |(kind, _)| *kind)
    }
}
