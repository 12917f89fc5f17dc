//! Bursts: 1,000 updates in 10 transactions, the last 500 of them one for each of 500 users.

use haversack_core::{Name, Timestamp, Value, Values, event::RowKey, schema::OWNERID};

use crate::{
    Workload,
    hash::Kind,
    rows::{Owner, revenue},
};

/// Updates of a burst.
pub const UPDATES: u64 = 1_000;
/// Updates of random rows; each of the others is for one user.
const RANDOM: u64 = 500;

impl Workload {
    /// The updates of a burst, as patches.
    #[must_use]
    pub fn burst(&self, burst: u64) -> Vec<(RowKey, Values)> {
        (0..UPDATES).map(|update| self.update(burst, update)).collect()
    }

    fn update(&self, burst: u64, update: u64) -> (RowKey, Values) {
        let of = |column| self.hash.of(Kind::Burst, column, UPDATES * burst + update);
        let modified = 1_800_000_000_000_000 + (burst * 1_000_000 + update) * 1_000;
        let mut values = vec![("modified", Value::Timestamp(Timestamp(modified.cast_signed())))];
        let (kind, number) = if update < RANDOM {
            let tables = [Kind::Account, Kind::Contact, Kind::Contact, Kind::Task, Kind::Task];
            let kind = tables[crate::rows::index(of(1) % 5)];
            let number = of(2) % self.count(kind);
            match of(3) % 100 {
                0..70 => {
                    let name = format!("{} b{burst}k{update}", self.name(kind, number));
                    values.push(("name", Value::Text(name)));
                    values.push(("revenue", revenue(of(4))));
                }
                70..85 => values.push((OWNERID, self.owner_value(Owner::User(of(5) % self.users)))),
                _ => values.push(("statecode", Value::Choice(1 - self.state(kind, number)))),
            }
            (kind, number)
        } else {
            let user = (UPDATES - 1 - update) % self.users;
            values.push(("name", Value::Text(format!("S{burst}"))));
            values.push((OWNERID, self.owner_value(Owner::User(user))));
            (Kind::Task, self.first_task_of(user).unwrap_or(0))
        };
        let values = values.into_iter().map(|(name, value)| (Name::known(name), Some(value)));
        (self.key(kind, number), values.collect())
    }
}
