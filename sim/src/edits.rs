//! Rows that are written: online, by devices, and by those who read everything.

use haversack_core::{
    Name, RowId,
    event::{Operation, RowKey},
    schema::{Column, ColumnType, Table},
};
use haversack_dataset::Rows;
use serde_json::{Map, Value as Json, json};

use crate::{device::Wish, dice::mixed, setup, violation::Checked, world::World};

/// Words that texts begin with, so that filters find some.
const WORDS: [&str; 5] = ["alder", "birch", "Ash", "élan", "oak"];

impl World {
    /// The first rows.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn first_rows(&mut self) -> Checked {
        let mut lines = Vec::new();
        for table in setup::TABLES.iter().chain([&setup::VAULT]) {
            for _ in 0..=self.dice.below(self.mix.rows) + 1 {
                let id = self.new_id(table);
                let values = self.values(table, true);
                lines.push(
                    json!({"row": {"table": table, "op": "create", "id": id, "values": values}}),
                );
            }
        }
        self.apply(lines)?;
        for _ in 0..self.dice.below(self.mix.rows) {
            let line = self.pair();
            self.apply(vec![line])?;
        }
        Ok(())
    }

    /// An id that no row has: some are of several tables.
    fn new_id(&mut self, table: &str) -> RowId {
        let number = usize::try_from(self.number()).unwrap_or(0);
        if self.dice.chance(50) && table != setup::VAULT {
            return setup::id("shared", number % 3);
        }
        setup::id("row", number)
    }

    /// Rows of a table, by id.
    fn ids(&self, table: &str) -> Vec<RowId> {
        self.state().rows(table).map(|(id, _)| id).collect()
    }

    fn pair(&mut self) -> Json {
        let pairs = self.ids("account_tag");
        if self.dice.chance(350)
            && let Some(id) = self.dice.maybe(&pairs)
        {
            return json!({"row": {"table": "account_tag", "op": "delete", "id": id}});
        }
        let (accounts, tags) = (self.ids("account"), self.ids("tag"));
        let account = self.dice.maybe(&accounts).copied().unwrap_or_default();
        let tag = self.dice.maybe(&tags).copied().unwrap_or_default();
        let number = usize::try_from(self.number()).unwrap_or(0);
        let values = json!({"accountid": account, "tagid": tag});
        json!({"row": {"table": "account_tag", "op": "create", "id": setup::id("pair", number), "values": values}})
    }

    /// Values of a new row, or some of an old one.
    fn values(&mut self, table: &str, is_new: bool) -> Map<String, Json> {
        let Some(table) = self.state().catalog.table(table).cloned() else { return Map::new() };
        let mut values = Map::new();
        for column in table.columns() {
            let chance = if column.required && is_new {
                1_000
            } else if is_new {
                750
            } else {
                300
            };
            let system = ["createdon", "modifiedon", table.primary_key.as_str()];
            let is_rare = ["ownerid", "owningbusinessunit"].contains(&column.name.as_str());
            if system.contains(&column.name.as_str()) || !self.dice.chance(chance) {
                continue;
            }
            if is_rare && !self.dice.chance(450) {
                continue;
            }
            let is_empty = !is_new && !column.required && self.dice.chance(150);
            let value = if is_empty { Json::Null } else { self.value(&table, column) };
            values.insert(column.name.to_string(), value);
        }
        values
    }

    fn value(&mut self, table: &Table, column: &Column) -> Json {
        let is_secret = table.name == setup::VAULT;
        let serial = self.number();
        // In one of two twins what nobody may read is something else, as often and as long.
        let secret = |number: u64| match self.twin {
            Some(true) if is_secret => mixed(number),
            _ => number,
        };
        let drawn = secret(self.dice.number());
        let below = |end: u64| drawn % end;
        let at = |of: usize| usize::try_from(drawn % of.max(1) as u64).unwrap_or(0);
        match column.column_type {
            ColumnType::String | ColumnType::Memo => {
                json!(format!("{} {serial}", WORDS[at(WORDS.len())]))
            }
            ColumnType::Integer | ColumnType::Bigint => json!(below(8)),
            ColumnType::Decimal | ColumnType::Money | ColumnType::Double => {
                json!(f64::from(u32::try_from(below(40)).unwrap_or(0)) / 4.0)
            }
            ColumnType::Boolean => json!(below(2) == 0),
            ColumnType::Choice | ColumnType::State | ColumnType::Status => json!(1 + below(3)),
            ColumnType::Datetime => {
                let hours = i64::try_from(below(120)).unwrap_or(0) - 60;
                json!(haversack_core::Timestamp(self.now().0 + hours * 3_600_000_000).to_string())
            }
            ColumnType::Owner => {
                let (users, teams) = (setup::USERS - 1, setup::TEAMS - 1);
                match at(users + teams) {
                    user if user < users => {
                        json!({"table": "systemuser", "id": setup::id("user", user)})
                    }
                    team => json!({"table": "team", "id": setup::id("team", team - users)}),
                }
            }
            ColumnType::Lookup if column.name == "owningbusinessunit" => {
                json!(setup::id("unit", at(setup::UNITS)))
            }
            ColumnType::Lookup => {
                let target = &column.targets[at(column.targets.len())];
                let ids = self.ids(target);
                let id = ids.get(at(ids.len() + 1)).copied().unwrap_or(setup::id("nowhere", 0));
                if column.is_polymorphic() { json!({"table": target, "id": id}) } else { json!(id) }
            }
            _ => Json::Null,
        }
    }

    /// A row is written online, by the administrator or by a user.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn online(&mut self) -> Checked {
        let line = if self.dice.chance(80) { self.pair() } else { self.row_line(None) };
        let mut lines = vec![line];
        if self.dice.chance(150) {
            let more = self.row_line(None);
            lines.push(more);
            lines.insert(0, json!({"begin": true}));
            lines.push(json!({"commit": true}));
        }
        self.apply(lines).map(drop)
    }

    /// A row is written that nobody with a device may read.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn secret(&mut self) -> Checked {
        let mut line = self.row_line(Some(setup::VAULT));
        line["row"]["as"] = json!(setup::KEEPER);
        let user = setup::id("user", 0);
        let profile = self.state().catalog.published_profile_of(user);
        let reads = profile.into_iter().flat_map(|profile| &profile.draft.items);
        if reads
            .into_iter()
            .any(|item| item.filter.as_ref().is_some_and(|text| text.contains("vault")))
        {
            self.points.hit("secret row in a filter of somebody who may not read it");
        }
        self.apply(vec![line]).map(drop)
    }

    fn row_line(&mut self, table: Option<&'static str>) -> Json {
        let table = table.unwrap_or_else(|| *self.dice.pick(&setup::TABLES));
        let ids = self.ids(table);
        let user = (table != setup::VAULT && self.dice.chance(400))
            .then(|| setup::id("user", self.dice.below(setup::USERS - 1)));
        let mut row = match (self.dice.below(10), self.dice.maybe(&ids).copied()) {
            (0..=5, Some(id)) => {
                let mut values = self.values(table, false);
                if table == setup::VAULT {
                    // What changes nothing is no event: twins have the same number of events.
                    values.insert("name".into(), json!(format!("oak {}", self.number())));
                }
                json!({"table": table, "op": "update", "id": id, "values": values})
            }
            (6, Some(id)) => json!({"table": table, "op": "delete", "id": id}),
            _ => {
                let (id, values) = (self.new_id(table), self.values(table, true));
                json!({"table": table, "op": "create", "id": id, "values": values})
            }
        };
        if let Some(user) = user {
            row["as"] = json!(user);
        }
        json!({"row": row})
    }

    /// A device's user writes a row: one that it shows, a new one, or one that it knows by its id.
    ///
    /// # Errors
    /// If something does not hold then.
    pub fn local(&mut self) -> Checked {
        let slot = self.dice.below(self.slots.len());
        let shown: Vec<RowKey> = self.slots[slot].device.shown().keys().cloned().collect();
        let serial = self.number();
        let roll = self.dice.below(10);
        let (operation, key) = match self.dice.maybe(&shown).cloned() {
            Some(key) if roll < 6 => (Operation::Update, key),
            Some(key) if roll < 7 => (Operation::Delete, key),
            Some(key) if roll < 8 && self.dice.chance(300) => (Operation::Create, key),
            _ if roll < 9 => {
                let table = *self.dice.pick(&setup::TABLES);
                let table = self.table_to_write(slot, table);
                let id = self.new_id(&table);
                (Operation::Create, RowKey { table, id })
            }
            _ => {
                let table = *self.dice.pick(&["account", "contact", "task", setup::VAULT]);
                let ids = self.ids(table);
                let id = self.dice.maybe(&ids).copied().unwrap_or_default();
                let operation =
                    *self.dice.pick(&[Operation::Update, Operation::Delete, Operation::Create]);
                (operation, RowKey { table: Name::known(table), id })
            }
        };
        // A guess at a secret row has no content of its own: it would differ between twins.
        let table = if key.table == setup::VAULT { "tag" } else { key.table.as_str() }.to_owned();
        let mut values = match operation {
            Operation::Create => self.values(&table, true),
            Operation::Update => self.values(&table, false),
            Operation::Delete => Map::new(),
        };
        let is_owned = ["account", "contact", "task"].contains(&key.table.as_str());
        if is_owned && operation == Operation::Update && self.dice.chance(200) {
            let owner = setup::id("user", self.dice.below(setup::USERS - 1));
            values.insert("ownerid".into(), json!({"table": "systemuser", "id": owner}));
        }
        if self.dice.chance(20) {
            values.insert("no_such_column".into(), json!(1));
        }
        self.trace.add(format!(
            "device {slot} writes: {} {} {}",
            operation.name(),
            key.table,
            key.id
        ));
        let wish = Wish { operation, key, values, serial };
        let Some(device) = self.slots[slot].device.plain() else {
            return self.real_edits(slot, &wish);
        };
        device.edit(wish);
        self.slots[slot].open_edits.insert(serial);
        Ok(())
    }
}
