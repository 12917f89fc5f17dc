//! When a device syncs by itself: a function of what it was told, the time, and chance handed in.
//!
//! Tables are due after the interval of their profile; an edit and a poke are due at once. What is due is
//! done when the device is connected, the app runs, and the user has it so. After a failure it waits, twice
//! as long each time; what was told meanwhile does not shorten that, so that a server that comes back is
//! not met by all devices at once.

use std::collections::BTreeMap;

use haversack_core::{Name, Timestamp};

const SECOND: i64 = 1_000_000;
/// The first pause after a failure, in seconds. Each next one is twice as long.
const BACK_OFF_SECONDS: i64 = 2;
/// The longest.
const BACK_OFF_SECONDS_MAX: i64 = 300;
/// After how many seconds a device asks again whether its user has a profile now.
const NO_TABLES_SECONDS: i64 = 600;

/// How the user has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncMode {
    /// By itself.
    #[default]
    Automatic,
    /// By itself, but only where bytes cost nothing.
    WifiOnly,
    /// Only when asked.
    Manual,
}

/// The way to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// None.
    None,
    /// One where bytes cost something.
    Metered,
    /// One where they don't.
    #[default]
    Wifi,
}

/// What a schedule is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// How the user has it.
    Mode(SyncMode),
    /// The way to the server.
    Network(Network),
    /// Whether the app runs in front. What was begun may end in the background.
    App {
        /// Whether it does.
        is_active: bool,
    },
    /// Whether nothing is to begin for now, be it due or not.
    Pause(bool),
    /// A pull would bring something.
    Poke,
    /// An edit was made.
    Edited,
    /// The user asks for it: now, in any mode, and also while it waits after a failure.
    Asked,
    /// It ended well, and the tables that were pulled are due again after so many seconds.
    Synced {
        /// Seconds by table; a table that is not named is not on the device.
        tables: BTreeMap<Name, u64>,
    },
    /// It did not. Chance spreads devices over time: any number.
    Failed {
        /// Chance.
        chance: u32,
    },
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To sync these tables; none: all.
    Sync(Option<Vec<Name>>),
    /// To wait until then, unless something is told before; none: until something is.
    Wait(Option<Timestamp>),
}

/// When a device syncs by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    mode: SyncMode,
    network: Network,
    is_active: bool,
    is_paused: bool,
    is_asked: bool,
    /// Whether something came up that concerns all tables.
    is_urgent: bool,
    /// When each table is due.
    due: BTreeMap<Name, Timestamp>,
    /// When all are, if none is known.
    all_due: Timestamp,
    failures: u32,
    /// Nothing before then, as it failed.
    not_before: Option<Timestamp>,
    /// What is being synced.
    running: Option<Option<Vec<Name>>>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            mode: SyncMode::default(),
            network: Network::default(),
            is_active: true,
            is_paused: false,
            is_asked: false,
            is_urgent: false,
            due: BTreeMap::new(),
            all_due: Timestamp(i64::MIN),
            failures: 0,
            not_before: None,
            running: None,
        }
    }
}

impl Schedule {
    /// A schedule of a device whose tables are due then.
    #[must_use]
    pub fn new(due: BTreeMap<Name, Timestamp>) -> Self {
        Self { due, ..Self::default() }
    }

    /// Takes in what it's told.
    pub fn tell(&mut self, input: Input, now: Timestamp) {
        match input {
            Input::Mode(mode) => self.mode = mode,
            Input::Network(network) => self.network = network,
            Input::App { is_active } => self.is_active = is_active,
            Input::Pause(is_paused) => self.is_paused = is_paused,
            Input::Poke | Input::Edited => self.is_urgent = true,
            Input::Asked => self.is_asked = true,
            Input::Synced { tables } => self.synced(&tables, now),
            Input::Failed { chance } => {
                let seconds = BACK_OFF_SECONDS << self.failures.min(16);
                let most = seconds.min(BACK_OFF_SECONDS_MAX) * SECOND;
                // Between half of it and all of it.
                let spread = most / 2 * i64::from(chance) / i64::from(u32::MAX);
                self.not_before = Some(Timestamp(now.0 + most / 2 + spread));
                self.failures = self.failures.saturating_add(1);
                // What it was for is as urgent as before.
                self.is_urgent |= self.running.take() == Some(None);
            }
        }
    }

    fn synced(&mut self, tables: &BTreeMap<Name, u64>, now: Timestamp) {
        self.failures = 0;
        self.not_before = None;
        let after = |seconds: u64| {
            let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND);
            Timestamp(now.0.saturating_add(micros))
        };
        match self.running.take() {
            Some(Some(asked)) => {
                self.due.retain(|name, _| tables.contains_key(name));
                for name in asked.iter().filter(|name| tables.contains_key(*name)) {
                    self.due.insert(name.clone(), after(tables[name]));
                }
            }
            _ => self.due = tables.iter().map(|(name, s)| (name.clone(), after(*s))).collect(),
        }
        self.all_due = after(NO_TABLES_SECONDS.unsigned_abs());
    }

    /// Whether anything may begin by itself, once it is due: there is a way to the server, the app runs, and the
    /// user has it so.
    #[must_use]
    pub fn may_begin(&self) -> bool {
        let is_allowed = match self.mode {
            SyncMode::Automatic => self.network != Network::None,
            SyncMode::WifiOnly => self.network == Network::Wifi,
            SyncMode::Manual => false,
        };
        is_allowed && self.is_active && !self.is_paused
    }

    /// What is to be done now. What it says is to be synced is under way until it's told how it ended.
    pub fn next(&mut self, now: Timestamp) -> Action {
        if self.running.is_some() || self.is_paused || self.network == Network::None {
            return Action::Wait(None);
        }
        if std::mem::take(&mut self.is_asked) {
            return self.begin(None);
        }
        if !self.may_begin() {
            return Action::Wait(None);
        }
        if let Some(then) = self.not_before.filter(|then| *then > now) {
            return Action::Wait(Some(then));
        }
        let is_due = |at: &&Timestamp| **at <= now;
        let all = self.due.values().all(|at| *at <= now);
        if self.is_urgent || all && (!self.due.is_empty() || self.all_due <= now) {
            return self.begin(None);
        }
        if self.due.values().any(|at| is_due(&at)) {
            let due = self.due.iter().filter(|(_, at)| is_due(at)).map(|(name, _)| name.clone());
            let due = due.collect();
            return self.begin(Some(due));
        }
        let first = self.due.values().copied().min().unwrap_or(self.all_due);
        Action::Wait(Some(first))
    }

    fn begin(&mut self, tables: Option<Vec<Name>>) -> Action {
        if tables.is_none() {
            self.is_urgent = false;
        }
        self.running = Some(tables.clone());
        Action::Sync(tables)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * SECOND)
    }

    fn tables(all: &[(&'static str, u64)]) -> BTreeMap<Name, u64> {
        all.iter().map(|(name, seconds)| (Name::known(name), *seconds)).collect()
    }

    fn synced(schedule: &mut Schedule, now: Timestamp) {
        let tables = tables(&[("account", 300), ("task", 600)]);
        schedule.tell(Input::Synced { tables }, now);
    }

    fn running() -> Schedule {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.next(at(0)), Action::Sync(None), "the first download is due at once");
        synced(&mut schedule, at(0));
        schedule
    }

    #[test]
    fn tables_are_due_after_their_intervals_alone_or_together() {
        let mut schedule = running();
        assert_eq!(schedule.next(at(1)), Action::Wait(Some(at(300))));
        let account = Some(vec![Name::known("account")]);
        assert_eq!(schedule.next(at(300)), Action::Sync(account));
        assert_eq!(schedule.next(at(301)), Action::Wait(None), "one at a time");
        synced(&mut schedule, at(302));
        assert_eq!(schedule.next(at(303)), Action::Wait(Some(at(600))));
        assert_eq!(schedule.next(at(602)), Action::Sync(None));
    }

    #[test]
    fn edits_and_pokes_are_due_at_once_unless_the_user_has_it_otherwise() {
        for input in [Input::Poke, Input::Edited] {
            let mut schedule = running();
            schedule.tell(input, at(1));
            for (closed, open) in [
                (Input::Pause(true), Input::Pause(false)),
                (Input::Mode(SyncMode::Manual), Input::Mode(SyncMode::Automatic)),
                (Input::App { is_active: false }, Input::App { is_active: true }),
                (Input::Network(Network::None), Input::Network(Network::Metered)),
                (Input::Mode(SyncMode::WifiOnly), Input::Network(Network::Wifi)),
            ] {
                schedule.tell(closed, at(2));
                assert_eq!(schedule.next(at(9_000)), Action::Wait(None));
                schedule.tell(open, at(3));
            }
            assert_eq!(schedule.next(at(4)), Action::Sync(None));
            synced(&mut schedule, at(5));
            assert_eq!(schedule.next(at(6)), Action::Wait(Some(at(305))));
        }
    }

    #[test]
    fn what_comes_up_during_a_sync_is_done_after_it() {
        let mut schedule = running();
        schedule.tell(Input::Poke, at(1));
        assert_eq!(schedule.next(at(1)), Action::Sync(None));
        schedule.tell(Input::Edited, at(2));
        synced(&mut schedule, at(3));
        assert_eq!(schedule.next(at(3)), Action::Sync(None));
    }

    #[test]
    fn the_user_can_ask_in_any_mode_and_during_a_pause_after_failures() {
        let mut schedule = running();
        schedule.tell(Input::Mode(SyncMode::Manual), at(1));
        schedule.tell(Input::Asked, at(1));
        assert_eq!(schedule.next(at(1)), Action::Sync(None));
        schedule.tell(Input::Failed { chance: 0 }, at(2));
        schedule.tell(Input::Asked, at(2));
        assert_eq!(schedule.next(at(2)), Action::Sync(None));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Pauses double up to the longest, spread by chance, and a success ends them.
        #[test]
        fn failures_make_it_wait_longer_and_longer_within_bounds(chances in vec(any::<u32>(), 1..40)) {
            let mut schedule = running();
            schedule.tell(Input::Poke, at(0));
            let mut now = at(0);
            for (failure, chance) in chances.into_iter().enumerate() {
                prop_assert_eq!(schedule.next(now), Action::Sync(None));
                schedule.tell(Input::Failed { chance }, now);
                schedule.tell(Input::Poke, now);
                let Action::Wait(Some(then)) = schedule.next(now) else { panic!("it waits") };
                let most = (2_i64 << failure.min(20)).min(300) * SECOND;
                let pause = then.0 - now.0;
                prop_assert!((most / 2..=most).contains(&pause), "{pause} of {most}");
                now = then;
            }
            prop_assert_eq!(schedule.next(now), Action::Sync(None));
            synced(&mut schedule, now);
            schedule.tell(Input::Poke, now);
            prop_assert_eq!(schedule.next(now), Action::Sync(None));
        }
    }
}
