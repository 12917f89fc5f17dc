//! What is kept of users: what belongs on their devices, and their profiles as they are evaluated.

use std::{collections::BTreeMap, sync::Arc};

use haversack_core::{
    RowId, Timestamp,
    catalog::Catalog,
    event::RowKey,
    profile::{Member, ProfileItem},
};

use super::{
    Columnar,
    ask::Ask,
    changes::CHANGES_MAX,
    clock::ALWAYS,
    dataset::{Evaluated, catch_up, evaluate, republish},
    delta::Delta,
    difference::DeviceRows,
    items::Item,
    locked,
    shared::since,
    tables::Tables,
};
use crate::Caller;

/// Changes after which it's looked for what can't be caught up any more.
const TIDY_AFTER: u64 = 1 << 16;

/// A published profile's items as they are evaluated.
#[derive(Debug)]
pub(super) struct Profile {
    /// As they were published,
    pub(super) published: Vec<ProfileItem>,
    /// and as they are evaluated.
    pub(super) items: Vec<Item>,
}

/// What is kept of a user.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) evaluated: Evaluated,
    profile: Option<Arc<Profile>>,
    /// It holds up to this change,
    at: u64,
    /// of this catalog,
    catalogs: u64,
    /// of these people and settings,
    peoples: u64,
    /// from this time,
    from: Timestamp,
    /// and until that.
    until: Timestamp,
}

impl Kept {
    /// Whether it may be caught up for this caller: nobody may do anything else than then, and what
    /// its profile asks of the clock has not moved.
    fn is_usable(&self, peoples: u64, caller: &Caller) -> bool {
        self.peoples == peoples && self.from <= caller.now && caller.now < self.until
    }
}

impl Columnar {
    /// What belongs on the device of the caller, who is a user.
    #[must_use]
    pub fn device_rows(&self, caller: &Caller) -> DeviceRows {
        let Some(user) = caller.user else { return DeviceRows::default() };
        let now = self.shared.changes.now();
        let rows = |kept: &Kept| DeviceRows {
            sets: Arc::clone(&kept.evaluated.total),
            at: now,
            generation: self.generation,
        };
        let kept = match locked(&self.users).get(&user) {
            Some(kept)
                if kept.at == now
                    && kept.catalogs == self.catalogs
                    && kept.is_usable(self.peoples, caller) =>
            {
                return rows(kept);
            }
            kept => kept.cloned(),
        };
        let kept = self.up_to_date(caller, user, kept, now);
        let rows = rows(&kept);
        locked(&self.users).insert(user, kept);
        rows
    }

    /// Forgets what is kept of a user: what belongs on their device is evaluated anew when they ask.
    pub fn forget(&self, user: RowId) {
        locked(&self.users).remove(&user);
    }

    /// Forgets what is kept for whoever has not asked during so many changes: users, and what they share.
    /// Says how many users that were.
    pub fn let_go(&self, changes: u64) -> usize {
        self.let_go_of(changes, |_| true)
    }

    fn let_go_of(&self, changes: u64, may_go: impl Fn(&Kept) -> bool) -> usize {
        self.shared.let_go(changes);
        let now = self.shared.changes.now();
        let mut last = locked(&self.deltas);
        if last.as_ref().is_some_and(|(_, to, _)| now - to > changes) {
            *last = None;
        }
        let mut users = locked(&self.users);
        let before = users.len();
        users.retain(|_, kept| now - kept.at <= changes || !may_go(kept));
        before - users.len()
    }

    /// Lets go, from time to time, of what can't be caught up any more, unless somebody may still ask
    /// until when it holds.
    pub(super) fn tidy(&self) {
        if self.shared.changes.now().is_multiple_of(TIDY_AFTER) {
            self.let_go_of(CHANGES_MAX, |kept| kept.until == ALWAYS);
        }
    }

    /// Until when what was last found to belong on a user's device stays so, if nothing changes but the
    /// time; none: nobody has asked, it is kept no more, or it stays for ever.
    #[must_use]
    pub fn holds_until(&self, user: RowId) -> Option<Timestamp> {
        let until = locked(&self.users).get(&user).map(|kept| kept.until);
        until.filter(|until| *until != ALWAYS)
    }

    /// Whether a row belongs on the device of the caller, who is a user.
    #[must_use]
    pub fn is_on_device(&self, caller: &Caller, key: &RowKey) -> bool {
        let row = self
            .tables
            .find(&key.table)
            .and_then(|table| Some((table, self.tables.table(table).ids.find(key.id)?)));
        row.is_some_and(|(table, row)| {
            self.device_rows(caller).sets.get(&table).is_some_and(|rows| rows.contains(row))
        })
    }

    fn up_to_date(&self, caller: &Caller, user: RowId, kept: Option<Kept>, now: u64) -> Kept {
        let ask = self.ask(caller);
        let profile = match &kept {
            Some(kept) if kept.catalogs == self.catalogs => kept.profile.clone(),
            _ => self.profile(user),
        };
        let usable = kept.filter(|kept| kept.is_usable(self.peoples, caller));
        let caught_up = usable.and_then(|kept| self.caught_up(&ask, kept, profile.as_ref()));
        let mut kept = caught_up.unwrap_or_else(|| {
            let evaluated = evaluate(&ask, items_of(profile.as_ref()));
            let (from, until) = (Timestamp(i64::MIN), ALWAYS);
            Kept { evaluated, profile, at: 0, catalogs: 0, peoples: 0, from, until }
        });
        let until = ask.take_until();
        kept.from = kept.from.max(since(&ask, until));
        kept.until = kept.until.min(until);
        Kept { at: now, catalogs: self.catalogs, peoples: self.peoples, ..kept }
    }

    /// What is kept of a user, with what changed since, and with another profile if there is one.
    fn caught_up(
        &self,
        ask: &Ask<'_>,
        mut kept: Kept,
        profile: Option<&Arc<Profile>>,
    ) -> Option<Kept> {
        let (before, total) = (kept.profile.take(), Arc::clone(&kept.evaluated.total));
        let delta = self.delta(kept.at)?;
        catch_up(ask, items_of(before.as_ref()), &mut kept.evaluated, &delta);
        if before.as_ref().map(Arc::as_ptr) != profile.map(Arc::as_ptr) {
            republish(ask, (items_of(before.as_ref()), items_of(profile)), &mut kept.evaluated);
        }
        // Whoever holds the same set sees at once that nothing changed.
        if kept.evaluated.total == total {
            kept.evaluated.total = total;
        }
        Some(Kept { profile: profile.cloned(), ..kept })
    }

    /// What changed since, made once for all who were last asked at the same time.
    pub(super) fn delta(&self, from: u64) -> Option<Arc<Delta>> {
        let to = self.shared.changes.now();
        let mut last = locked(&self.deltas);
        if let Some((begin, end, delta)) = &*last
            && (*begin, *end) == (from, to)
        {
            return Some(Arc::clone(delta));
        }
        let delta = Arc::new(Delta::since(&self.shared.changes, from)?);
        *last = Some((from, to, Arc::clone(&delta)));
        Some(delta)
    }

    /// The published profile of a user, planned once.
    pub(super) fn profile(&self, user: RowId) -> Option<Arc<Profile>> {
        let catalog = &self.tables.catalog;
        let name = self.assigned.get_or_init(|| assigned(catalog)).get(&user)?;
        let published = catalog.profiles.get(name)?.published.as_ref()?;
        let mut profiles = locked(&self.profiles);
        if let Some(profile) = profiles.get(name) {
            return Some(Arc::clone(profile));
        }
        let profile = Arc::new(Profile::of(&self.tables, published.draft.items.clone()));
        profiles.insert(name.clone(), Arc::clone(&profile));
        Some(profile)
    }
}

impl Profile {
    fn of(tables: &Tables, published: Vec<ProfileItem>) -> Self {
        let items: Vec<Item> = published.iter().filter_map(|item| Item::of(tables, item)).collect();
        Self { published, items }
    }
}

/// The profile of each user: of the assignments that cover them the last.
fn assigned(catalog: &Catalog) -> BTreeMap<RowId, String> {
    let mut profiles = BTreeMap::new();
    for assignment in catalog.assignments.iter() {
        let mut assign = |user| profiles.insert(user, assignment.profile.clone());
        match assignment.member {
            Member::User(user) => {
                assign(user);
            }
            Member::Team(_) => {
                let covered = catalog.users.keys().filter(|u| catalog.covers(assignment, **u));
                covered.for_each(|user| {
                    assign(*user);
                });
            }
        }
    }
    profiles
}

pub(super) fn items_of(profile: Option<&Arc<Profile>>) -> &[Item] {
    profile.map_or(&[], |profile| &profile.items)
}
