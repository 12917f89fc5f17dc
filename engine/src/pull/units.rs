//! The business unit of every owner, which most rows of a stream must tell.
//!
//! A device's rows have many owners, and to walk the catalog's trees for each of them takes longer than to
//! write anything else of the row.

use hashbrown::HashTable;
use haversack_core::{RowId, catalog::Catalog};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Business units by user and team, of one catalog.
pub(crate) struct Units {
    seed: u64,
    units: HashTable<(RowId, RowId)>,
}

impl Units {
    /// Of a catalog. The seed spreads the owners.
    pub fn of(catalog: &Catalog, seed: u64) -> Self {
        let users = catalog.users.values().map(|user| (user.id, user.business_unit));
        let teams = catalog.teams().map(|team| (team.id, team.business_unit));
        let mut units = HashTable::with_capacity(users.len());
        for (owner, unit) in users.chain(teams) {
            let hashed = hash(seed, owner);
            units.insert_unique(hashed, (owner, unit), |(known, _)| hash(seed, *known));
        }
        Self { seed, units }
    }

    /// As [`Catalog::business_unit_of`] has it.
    pub fn get(&self, owner: RowId) -> Option<RowId> {
        let found = self.units.find(hash(self.seed, owner), |(known, _)| *known == owner);
        found.map(|(_, unit)| *unit)
    }
}

fn hash(seed: u64, id: RowId) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), seed)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use haversack_core::security::{Team, TeamType, User};

    use super::*;

    fn id(number: u16) -> RowId {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        RowId::from_bytes(bytes)
    }

    #[test]
    fn every_owner_has_the_unit_of_the_catalog() {
        let mut catalog = Catalog::default();
        for number in 0..300 {
            let user = User {
                id: id(number),
                name: number.to_string(),
                business_unit: id(1_000 + number % 7),
                manager: None,
                position: None,
                language: None,
                time_zone: None,
                roles: Vec::new(),
            };
            catalog.users.insert(user.id, Arc::new(user));
        }
        for number in 300..400 {
            catalog.put_team(Team {
                id: id(number),
                name: number.to_string(),
                business_unit: id(1_000 + number % 5),
                team_type: TeamType::Owner,
                members: Vec::new(),
                roles: Vec::new(),
            });
        }
        let units = Units::of(&catalog, 7);
        // The last ones are nobody.
        for owner in (0..410).map(id) {
            assert_eq!(units.get(owner), catalog.business_unit_of(owner), "{owner}");
        }
    }
}
