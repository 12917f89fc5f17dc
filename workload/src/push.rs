//! Pushes: 1,000 edits each, by 50 users on their own tasks; every tenth is stale.

use haversack_core::{Name, Value, Values, event::RowKey};

use crate::{
    Workload,
    hash::Kind,
    rows::{Owner, index, revenue},
};

/// Edits of one push.
pub const EDITS: u64 = 1_000;
/// Users whose devices push.
pub const PUSHERS: u64 = 50;

/// An edit.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The row.
    pub key: RowKey,
    /// The columns written.
    pub values: Values,
    /// Whether the device has not seen the row's version, but only what was before.
    pub is_stale: bool,
}

impl Workload {
    /// The edits of the first so many pushes, by the number of their user, in order.
    #[must_use]
    pub fn pushes(&self, count: u64) -> Vec<Vec<Edit>> {
        let tasks = self.tasks_by_user(PUSHERS);
        let mut edits: Vec<Vec<Edit>> = vec![Vec::new(); index(PUSHERS)];
        for push in 0..count {
            for edit in 0..EDITS {
                let user = index(edit % PUSHERS);
                let own = &tasks[user];
                if own.is_empty() {
                    continue;
                }
                let task = own[index((edit / PUSHERS + push * 20) % own.len() as u64)];
                edits[user].push(self.edit(push, edit, task));
            }
        }
        edits
    }

    fn edit(&self, push: u64, edit: u64, task: u64) -> Edit {
        let amount = self.hash.of(Kind::Push, 1, EDITS * push + edit);
        let values = [
            (Name::known("name"), Some(Value::Text(format!("P{push}k{edit}")))),
            (Name::known("revenue"), Some(revenue(amount))),
        ];
        Edit {
            key: self.key(Kind::Task, task),
            values: values.into_iter().collect(),
            is_stale: edit % 10 == 9,
        }
    }

    /// The tasks that each of the first users owns, by number, ascending.
    fn tasks_by_user(&self, users: u64) -> Vec<Vec<u64>> {
        let mut tasks: Vec<Vec<u64>> = vec![Vec::new(); index(users)];
        for task in 0..self.count(Kind::Task) {
            if let Owner::User(user) = self.owner(Kind::Task, task)
                && user < users
            {
                tasks[index(user)].push(task);
            }
        }
        tasks
    }
}
