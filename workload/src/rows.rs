//! The rows.

use haversack_core::{
    Decimal, Name, Reference, RowId, Timestamp, Value, Values,
    event::RowKey,
    schema::{OWNERID, SYSTEMUSER, TEAM},
};

use crate::{TEAMS, Workload, hash::Kind};

const WORDS: [&str; 32] = [
    "alpha", "bravo", "cedar", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "jasper",
    "kestrel", "lumen", "maple", "nectar", "onyx", "pepper", "quartz", "raven", "saffron",
    "timber", "umber", "violet", "walnut", "xenon", "yarrow", "zephyr", "anchor", "beacon",
    "copper", "dune", "echo", "fjord",
];
/// When the first row was modified, in microseconds; each is a second later than the one before.
const BEGIN: u64 = 1_700_000_000_000_000;
const SECOND: u64 = 1_000_000;

/// Who owns a row: a user or a team, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owner {
    User(u64),
    Team(u64),
}

/// The tables that have rows.
pub(crate) const TABLES: [Kind; 3] = [Kind::Account, Kind::Contact, Kind::Task];

impl Workload {
    /// All rows: accounts, contacts, tasks.
    pub fn rows(&self) -> impl Iterator<Item = (RowKey, Values)> + '_ {
        TABLES.into_iter().flat_map(move |kind| {
            (0..self.count(kind))
                .map(move |number| (self.key(kind, number), self.row(kind, number)))
        })
    }

    pub(crate) fn count(&self, kind: Kind) -> u64 {
        if kind == Kind::Account { self.accounts } else { 2 * self.accounts }
    }

    pub(crate) fn key(&self, kind: Kind, number: u64) -> RowKey {
        RowKey { table: Name::known(table(kind)), id: self.hash.id(kind, number) }
    }

    /// The id of a user.
    #[must_use]
    pub fn user(&self, number: u64) -> RowId {
        self.hash.id(Kind::User, number)
    }

    pub(crate) fn owner(&self, kind: Kind, number: u64) -> Owner {
        let of = |column| self.hash.of(kind, column, number);
        let (user, team) = (Owner::User(of(2) % self.users), Owner::Team(of(3) % TEAMS));
        match kind {
            Kind::Account if of(1) % 100 < 70 => user,
            Kind::Contact if of(1) % 2 == 1 => self.owner(Kind::Account, self.account_of(number)),
            Kind::Contact => user,
            Kind::Task if of(1) % 100 < 90 => user,
            _ => team,
        }
    }

    /// The account of a contact.
    pub(crate) fn account_of(&self, contact: u64) -> u64 {
        self.hash.of(Kind::Contact, 5, contact) % self.accounts
    }

    pub(crate) fn owner_value(&self, owner: Owner) -> Value {
        let (table, id) = match owner {
            Owner::User(number) => (SYSTEMUSER, self.hash.id(Kind::User, number)),
            Owner::Team(number) => (TEAM, self.hash.id(Kind::Team, number)),
        };
        Value::Reference(Reference { table: Name::known(table), id })
    }

    pub(crate) fn state(&self, kind: Kind, number: u64) -> i32 {
        i32::from(self.hash.of(kind, 4, number) % 100 >= 80)
    }

    pub(crate) fn name(&self, kind: Kind, number: u64) -> String {
        let label = match kind {
            Kind::Account => "Account",
            Kind::Contact => "Contact",
            _ => "Task",
        };
        let word = |column| WORDS[index(self.hash.of(kind, column, number) % 32)];
        format!("{label} {number} {} {}", word(8), word(9))
    }

    fn row(&self, kind: Kind, number: u64) -> Values {
        let of = |column| self.hash.of(kind, column, number);
        let points = |kind, number| {
            let key = self.key(kind, number);
            Value::Reference(Reference { table: key.table, id: key.id })
        };
        let modified = BEGIN + number * SECOND;
        let mut values = vec![
            (OWNERID, self.owner_value(self.owner(kind, number))),
            ("statecode", Value::Choice(self.state(kind, number))),
            ("name", Value::Text(self.name(kind, number))),
            ("city", Value::Text(format!("City {}", of(10) % 100))),
            ("revenue", revenue(of(11))),
            ("modified", Value::Timestamp(Timestamp(modified.cast_signed()))),
        ];
        match kind {
            Kind::Account => {
                // A chain for every hundred accounts.
                if !number.is_multiple_of(100) {
                    values.push(("parentid", points(Kind::Account, number - 1)));
                }
            }
            Kind::Contact => {
                values.push(("accountid", points(Kind::Account, self.account_of(number))));
            }
            _ => {
                let to = if of(6) % 2 == 1 { Kind::Account } else { Kind::Contact };
                values.push(("regarding", points(to, of(7) % self.count(to))));
            }
        }
        values.into_iter().map(|(name, value)| (Name::known(name), Some(value))).collect()
    }

    /// The tasks that a user owns, by number, ascending.
    pub(crate) fn first_task_of(&self, user: u64) -> Option<u64> {
        (0..self.count(Kind::Task)).find(|task| self.owner(Kind::Task, *task) == Owner::User(user))
    }
}

pub(crate) fn revenue(hash: u64) -> Value {
    let amount = (hash % 10_000_000).to_string();
    Value::Decimal(Decimal::parse(&amount).expect("seven digits"))
}

pub(crate) fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "account",
        Kind::Contact => "contact",
        _ => "task",
    }
}

pub(crate) fn index(number: u64) -> usize {
    usize::try_from(number).expect("a small number")
}
