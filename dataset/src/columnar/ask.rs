//! Answering one caller at one time: the steps of a plan, each as a set of rows.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use haversack_core::{Name, Timestamp, limits::HIERARCHY_LEVELS_MAX};
use haversack_dsl::{
    algebra::{Any, Predicate},
    operator::Operator,
    plan::Step,
    query::{Comparison, Literal, Operand},
};
use roaring::RoaringBitmap;

use super::{
    clock::ALWAYS,
    column::Data,
    ids::RowNumber,
    reach::Reach,
    references::{Gathered, TableNumber},
    shared::SharedSets,
    table::TableRows,
    tables::Tables,
};
use crate::{
    Caller,
    obvious::{filter::compares, key::Key},
};

/// Partners are looked up from the parents' side where there are so many times fewer parents.
const FEW_PARENTS: u64 = 8;

/// One caller who asks at one time.
pub(super) struct Ask<'a> {
    pub(super) tables: &'a Tables,
    pub(super) caller: &'a Caller,
    pub(super) shared: &'a SharedSets,
    reaches: RefCell<BTreeMap<TableNumber, Rc<Reach>>>,
    until: Cell<Timestamp>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(tables: &'a Tables, caller: &'a Caller, shared: &'a SharedSets) -> Self {
        let (reaches, until) = (RefCell::default(), Cell::new(ALWAYS));
        Self { tables, caller, shared, reaches, until }
    }

    /// Takes down that something was found out that holds until then.
    pub(super) fn holds_until(&self, until: Timestamp) {
        self.until.set(self.until.get().min(until));
    }

    /// Until when all that was found out holds, if no row changes. With what began before kept aside,
    /// what is found out next is told by itself.
    pub(super) fn take_until(&self) -> Timestamp {
        self.until.replace(ALWAYS)
    }

    /// What the caller may read of a table.
    pub(super) fn reach(&self, table: TableNumber) -> Rc<Reach> {
        let mut reaches = self.reaches.borrow_mut();
        let of = || Rc::new(Reach::of(self.tables, self.caller, table));
        Rc::clone(reaches.entry(table).or_insert_with(of))
    }

    /// Those of the rows that the caller may read.
    pub(super) fn readable(&self, table: TableNumber, rows: RoaringBitmap) -> RoaringBitmap {
        self.reach(table).within(self.tables, self.tables.table(table), rows)
    }

    /// The rows among these that a step selects. Links are not looked at.
    pub(super) fn step(
        &self,
        table: TableNumber,
        step: &Step,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        if among.is_empty() {
            return RoaringBitmap::new();
        }
        match step {
            Step::Shared(shared) => self.shared.rows(self, table, shared).as_ref() & among,
            Step::Own(predicate, _) => self.predicate(table, predicate, among),
            Step::And(steps) => {
                let mut ordered: Vec<&Step> = steps.iter().collect();
                ordered.sort_by_key(|step| cost(step));
                let first = self.step(table, ordered[0], among);
                ordered[1..].iter().fold(first, |left, step| self.step(table, step, &left))
            }
            Step::Or(steps) => steps
                .iter()
                .map(|step| self.step(table, step, among))
                .fold(RoaringBitmap::new(), |all, some| all | some),
            Step::Any { any, filter } => {
                let with = self.with_partners(table, any, filter, among);
                if any.negated { among - with } else { with }
            }
        }
    }

    /// The rows among these that a predicate of the row itself selects.
    pub(super) fn predicate(
        &self,
        table: TableNumber,
        predicate: &Predicate,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let rows = self.tables.table(table);
        match predicate {
            Predicate::Constant(true) => among.clone(),
            Predicate::Constant(false) => RoaringBitmap::new(),
            Predicate::And(parts) => {
                parts.iter().fold(among.clone(), |left, part| self.predicate(table, part, &left))
            }
            Predicate::Or(parts) => parts
                .iter()
                .map(|part| self.predicate(table, part, among))
                .fold(RoaringBitmap::new(), |all, some| all | some),
            Predicate::Condition(condition) => self.condition(rows, condition, among),
            Predicate::Comparison(comparison) => self.comparison(rows, comparison, among),
            Predicate::Any(any) => {
                let filter = Step::of((*any.filter).clone());
                let with = self.with_partners(table, any, &filter, among);
                if any.negated { among - with } else { with }
            }
        }
    }

    fn comparison(
        &self,
        table: &TableRows,
        comparison: &Comparison,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let value = |row, column: &Name| self.tables.value(table, row, column);
        let holds = |row: &RowNumber| {
            let one = value(*row, &comparison.column.column);
            let other = value(*row, &comparison.other.column);
            compares(comparison, one.as_ref(), other.as_ref())
        };
        RoaringBitmap::from_sorted_iter(among.iter().filter(holds)).expect("they are ascending")
    }

    /// The rows among these that have a partner which the caller may read and the filter selects.
    fn with_partners(
        &self,
        table: TableNumber,
        any: &Any,
        filter: &Step,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let Some(children) = self.tables.find(&any.table) else { return RoaringBitmap::new() };
        let (parents, of) = (self.tables.table(table), self.tables.table(children));
        let selected = |candidates: RoaringBitmap| {
            let readable = self.readable(children, candidates);
            self.step(children, filter, &readable)
        };
        if parents.is_key(&any.to) && points(of, &any.from) {
            let candidates = if among.len() * FEW_PARENTS < of.live.len() {
                self.tables.pointing_at(of, &any.from, (table, among))
            } else {
                of.live.clone()
            };
            let pointed = self.tables.pointed_at(of, &any.from, &selected(candidates), table);
            return pointed & among;
        }
        if of.is_key(&any.from) && points(parents, &any.to) {
            let candidates = if among.len() * FEW_PARENTS < of.live.len() {
                self.tables.pointed_at(parents, &any.to, among, children) & &of.live
            } else {
                of.live.clone()
            };
            let selected = selected(candidates);
            return self.tables.pointing_at(parents, &any.to, (children, &selected)) & among;
        }
        self.with_equals(parents, any, of, &selected(of.live.clone()), among)
    }

    /// Rows of another table whose column equals that of one of these, there or not.
    pub(super) fn partners(
        &self,
        (table, rows): (TableNumber, &RoaringBitmap),
        (children, from): (TableNumber, &str),
        to: &str,
    ) -> RoaringBitmap {
        let (parents, of) = (self.tables.table(table), self.tables.table(children));
        if parents.is_key(to) && points(of, from) {
            return self.tables.pointing_at(of, from, (table, rows));
        }
        if of.is_key(from) && points(parents, to) {
            return self.tables.pointed_at(parents, to, rows, children);
        }
        let key = |table, row, column| Key::joining(self.tables.value(table, row, column).as_ref());
        let keys: std::collections::BTreeSet<Key> =
            rows.iter().filter_map(|row| key(parents, row, to)).collect();
        let equals = |row: &RowNumber| key(of, *row, from).is_some_and(|k| keys.contains(&k));
        RoaringBitmap::from_sorted_iter(of.live.iter().filter(equals)).expect("they are ascending")
    }

    /// Rows whose column equals that of one of the children, of whatever type.
    fn with_equals(
        &self,
        parents: &TableRows,
        any: &Any,
        children: &TableRows,
        selected: &RoaringBitmap,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let key = |table, row, column: &Name| {
            Key::joining(self.tables.value(table, row, column).as_ref())
        };
        let keys: std::collections::BTreeSet<Key> =
            selected.iter().filter_map(|row| key(children, row, &any.from)).collect();
        let joins =
            |row: &RowNumber| key(parents, *row, &any.to).is_some_and(|k| keys.contains(&k));
        RoaringBitmap::from_sorted_iter(among.iter().filter(joins)).expect("they are ascending")
    }

    /// The rows that stand to an operator's row as it says, in the tree of its table.
    pub(super) fn hierarchy(
        &self,
        table: &TableRows,
        operator: Operator,
        operand: &Operand,
    ) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        let Operand::One(Literal::Value(haversack_core::Value::Reference(anchor))) = operand else {
            return found;
        };
        let Some(number) = self.tables.find(&anchor.table) else { return found };
        let tree = self.tables.table(number);
        let reach = self.reach(number);
        let readable = |row| tree.live.contains(row) && reach.has(self.tables, tree, row);
        let Some(root) = tree.ids.find(anchor.id).filter(|row| readable(*row)) else {
            return found;
        };
        let column = tree.table.as_ref().and_then(|table| table.hierarchy_column.clone());
        if let Some(column) = column {
            found = match operator {
                Operator::Under | Operator::EqOrUnder => self.below(tree, &column, root, &readable),
                _ => self.above(tree, number, &column, root, &readable),
            };
        }
        found.remove(root);
        if matches!(operator, Operator::EqOrUnder | Operator::EqOrAbove) {
            found.insert(root);
        }
        // The operator's column is the key of the table at hand, which is the tree's.
        if table.name == tree.name { found } else { RoaringBitmap::new() }
    }

    fn below(
        &self,
        tree: &TableRows,
        column: &str,
        root: RowNumber,
        readable: &dyn Fn(RowNumber) -> bool,
    ) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        let mut level = RoaringBitmap::from_iter([root]);
        for _ in 0..HIERARCHY_LEVELS_MAX {
            let next = self.sources_of(tree, column, &level) - &found;
            found |= &next;
            // What lies behind a row that may not be read is not below.
            level = next.iter().filter(|row| *row != root && readable(*row)).collect();
            if level.is_empty() {
                break;
            }
        }
        found
    }

    /// Rows of a tree whose parent, a row of the same table, is one of these.
    fn sources_of(&self, tree: &TableRows, column: &str, rows: &RoaringBitmap) -> RoaringBitmap {
        let mut found = Gathered::default();
        if let Some(number) = self.tables.find(&tree.name)
            && let Some(Data::References(references)) =
                tree.column(column).map(|column| &column.data)
        {
            rows.iter().for_each(|row| found.add_sources(references.sources((number, row))));
        }
        found.set()
    }

    fn above(
        &self,
        tree: &TableRows,
        number: TableNumber,
        column: &str,
        root: RowNumber,
        readable: &dyn Fn(RowNumber) -> bool,
    ) -> RoaringBitmap {
        let (mut found, mut at) = (RoaringBitmap::new(), root);
        for _ in 0..HIERARCHY_LEVELS_MAX {
            let parent = tree.target(at, column).filter(|(table, _)| *table == number);
            let Some((_, parent)) = parent.filter(|(_, parent)| readable(*parent)) else { break };
            if !found.insert(parent) {
                break;
            }
            at = parent;
        }
        found
    }
}

/// Whether a column points at rows.
pub(super) fn points(rows: &TableRows, column: &str) -> bool {
    matches!(rows.column(column).map(|column| &column.data), Some(Data::References(_)))
}

/// Which part of an `and` goes first: what is looked up, what is kept, what looks further.
fn cost(step: &Step) -> u8 {
    match step {
        Step::Own(Predicate::Condition(condition), needs)
            if needs.caller && !condition.operator.info().negative =>
        {
            0
        }
        Step::Shared(_) => 1,
        Step::Or(steps) => steps.iter().map(cost).max().unwrap_or(0),
        Step::And(steps) => steps.iter().map(cost).min().unwrap_or(0),
        Step::Own(..) => 3,
        Step::Any { .. } => 4,
    }
}
