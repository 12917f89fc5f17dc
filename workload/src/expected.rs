//! What a client must end up with, counted from the function that makes the rows.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::RowId;

use crate::{
    Workload,
    hash::Kind,
    rows::{Owner, index},
};

/// What belongs on a user's device after the rows are loaded, by the open profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Accounts.
    pub accounts: u64,
    /// Contacts of these.
    pub contacts: u64,
    /// Tasks of the user.
    pub tasks: u64,
    /// The task that each burst writes last for the user; none: they own none.
    pub sentinel: Option<RowId>,
}

impl Expected {
    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.accounts + self.contacts + self.tasks
    }
}

impl Workload {
    /// What belongs on the device of each of the first so many users.
    #[must_use]
    pub fn expected(&self, users: u64) -> Vec<Expected> {
        let mut contacts: Vec<u64> = vec![0; index(self.accounts)];
        for contact in 0..self.count(Kind::Contact) {
            contacts[index(self.account_of(contact))] += 1;
        }
        let mut by_owner: BTreeMap<Owner, (u64, u64)> = BTreeMap::new();
        for account in (0..self.accounts).filter(|account| self.state(Kind::Account, *account) == 0)
        {
            let (accounts, of_these) =
                by_owner.entry(self.owner(Kind::Account, account)).or_default();
            *accounts += 1;
            *of_these += contacts[index(account)];
        }
        let mut all: Vec<Expected> = (0..users)
            .map(|user| {
                let teams: BTreeSet<u64> = self.teams_of(user).into_iter().collect();
                let owners = teams.into_iter().map(Owner::Team).chain([Owner::User(user)]);
                let mut expected = Expected::default();
                for (accounts, contacts) in owners.filter_map(|owner| by_owner.get(&owner)) {
                    expected.accounts += accounts;
                    expected.contacts += contacts;
                }
                expected
            })
            .collect();
        for task in 0..self.count(Kind::Task) {
            if let Owner::User(user) = self.owner(Kind::Task, task)
                && user < users
            {
                let of_user = &mut all[index(user)];
                of_user.tasks += 1;
                of_user.sentinel.get_or_insert(self.key(Kind::Task, task).id);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the figures of the workload's definition, counted by another program.
    #[test]
    fn first_fifty_users_have_the_rows_that_others_count() {
        let rows: u64 = Workload::new(100_000, 42).expected(50).iter().map(Expected::rows).sum();
        assert_eq!(rows, 52_264);
    }
}
