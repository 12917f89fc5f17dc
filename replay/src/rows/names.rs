//! Names as small numbers: what the packed rows of a table call columns and other tables.

use std::sync::Arc;

use haversack_core::Name;

/// The names that rows of one table use. They are only added to, so that a number means the same for
/// as long as there is a row with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// Names of columns.
    pub columns: Numbered,
    /// Names of the tables that references point into.
    pub tables: Numbered,
}

/// Names in the order in which they came first, which is their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbered {
    names: Vec<Name>,
    /// The same as numbers, by name.
    order: Vec<u32>,
}

impl Numbered {
    /// The name with a number.
    ///
    /// # Panics
    /// If there is none: a packed row has only numbers of its table's names.
    pub fn name(&self, number: usize) -> &Name {
        &self.names[number]
    }

    /// All names, by number.
    pub fn all(&self) -> &[Name] {
        &self.names
    }

    /// Looks for a name, first at a place among all by name; gives back its place there and its number,
    /// or where it would have to be.
    fn find(&self, name: &Name, near: usize) -> Result<(usize, u32), usize> {
        let at = |place: usize| &self.names[self.order[place] as usize];
        // The columns of a row come in the order of their names.
        if near < self.order.len() && at(near) == name {
            return Ok((near, self.order[near]));
        }
        let found = self.order.binary_search_by(|number| self.names[*number as usize].cmp(name));
        found.map(|place| (place, self.order[place]))
    }

    /// How many names there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    fn add(&mut self, name: Name, place: usize) -> u32 {
        let number = u32::try_from(self.names.len()).expect("a table has fewer than 2^32 columns");
        self.names.push(name);
        self.order.insert(place, number);
        number
    }
}

impl Names {
    /// The number of a column, which is added if it is new; and a good place to look for the next one.
    pub fn column(names: &mut Arc<Self>, name: &Name, near: usize) -> (u32, usize) {
        match names.columns.find(name, near) {
            Ok((place, number)) => (number, place + 1),
            Err(place) => (Arc::make_mut(names).columns.add(name.clone(), place), place + 1),
        }
    }

    /// The number of a table, which is added if it is new.
    pub fn table(names: &mut Arc<Self>, name: &Name) -> u32 {
        match names.tables.find(name, 0) {
            Ok((_, number)) => number,
            Err(place) => Arc::make_mut(names).tables.add(name.clone(), place),
        }
    }
}
