//! What a whole query returns: the rows that its filter selects, joined link by link, as columns of
//! row numbers; then grouped or ordered, each once if so asked, and cut to a page. Values are looked
//! up for the rows of the page alone.

use haversack_core::Value;
use haversack_dsl::{
    plan::Plan,
    query::{ColumnRef, Columns, Cookie, Query},
};

use super::{
    ask::Ask,
    classes::numbered,
    joined::{Joined, Place},
    order::Sorter,
};
use crate::{Answer, Answers, obvious::key::Key};

/// One query that one caller asks.
pub(super) struct Run<'a> {
    pub(super) ask: Ask<'a>,
    pub(super) query: &'a Query,
}

/// Which lines of an answer are given.
pub(super) struct Part {
    pub(super) begin: usize,
    pub(super) end: usize,
    /// Whether the last of them ends a page and more follow.
    ends_page: bool,
}

/// What the query returns for the caller.
pub(super) fn answers(ask: Ask<'_>, query: &Query) -> Answers {
    let tables = ask.tables;
    let Some(table) = tables.find(&query.table).filter(|at| tables.definition(*at).is_some())
    else {
        return Answers::default();
    };
    let plan = Plan::of(query);
    let readable = ask.readable(table, tables.table(table).live.clone());
    let rows = ask.step(table, &plan.rows, &readable);
    let links = query.all_links().into_iter().map(|link| tables.find(&link.table));
    let joined = Joined::new([Some(table)].into_iter().chain(links), &rows);
    let run = Run { ask, query };
    let joined = run.joined(&plan, joined);
    match &query.aggregate {
        Some(aggregate) => run.groups(aggregate, &joined),
        None => run.rows(&joined),
    }
}

/// The slot of a column's row; `own`: that of the row at hand.
pub(super) fn slot_of(own: usize, column: &ColumnRef) -> usize {
    column.link.as_ref().map_or(own, |link| link.number + 1)
}

impl Run<'_> {
    fn joined(&self, plan: &Plan, joined: Joined) -> Joined {
        let joined = match plan.joins.is_empty() {
            true => joined,
            false => self.through_all(&plan.joins, 0, joined).joined,
        };
        match plan.after.is_always() {
            true => joined,
            false => joined.take(&self.kept(&plan.after, 0, &joined)),
        }
    }

    fn rows(&self, joined: &Joined) -> Answers {
        let sorter = Sorter::of_query(self, joined);
        let places: Vec<Place> = match self.query.distinct {
            true => self.alike_once(joined, &sorter),
            false => joined.places().collect(),
        };
        let total = places.len();
        let part = self
            .part(total, |ended| places.iter().filter(|at| sorter.is_up_to(**at, ended)).count());
        let given = sorter.sorted(&places, part.begin..part.end);
        let rows = given.iter().map(|at| self.answer(joined, *at)).collect();
        let next = given.last().and_then(|last| self.cookie(&part, || sorter.position(*last)));
        Answers { rows, total, next }
    }

    /// Of rows that look alike the first in order.
    fn alike_once(&self, joined: &Joined, sorter: &Sorter<'_>) -> Vec<Place> {
        let own = |column| ColumnRef { link: None, column };
        let columns: Vec<ColumnRef> = match &self.query.columns {
            Columns::All => {
                let table = joined.table(0).and_then(|table| self.ask.tables.definition(table));
                let columns = table.map_or(&[][..], |table| table.columns());
                columns.iter().map(|column| own(column.name.clone())).collect()
            }
            Columns::Listed(listed) => listed.iter().map(|one| one.column.clone()).collect(),
        };
        let classes = columns.iter().map(|column| {
            let slot = slot_of(0, column);
            (slot, self.classes(joined, slot, &column.column))
        });
        let looks = numbered(joined, &classes.collect::<Vec<_>>(), self.ask.tables.seed());
        let mut firsts: Vec<Option<Place>> = vec![None; looks.count];
        for at in joined.places() {
            let first = &mut firsts[looks.of[at as usize] as usize];
            if first.is_none_or(|first| sorter.compare(at, first).is_lt()) {
                *first = Some(at);
            }
        }
        firsts.into_iter().flatten().collect()
    }

    /// Which of so many lines are given. `up_to` counts those up to where an earlier page ended.
    pub(super) fn part(&self, total: usize, up_to: impl FnOnce(&[Key]) -> usize) -> Part {
        let Some(page) = &self.query.page else {
            let end = self.query.top.map_or(total, |top| total.min(top as usize));
            return Part { begin: 0, end, ends_page: false };
        };
        let size = page.size as usize;
        let pages = |pages: u32| (pages as usize).saturating_mul(size);
        let begin = match &page.after {
            Some(cookie) if page.number > cookie.page => {
                let ended: Vec<Key> =
                    cookie.position.iter().map(|value| Key::read(value.as_ref())).collect();
                up_to(&ended).saturating_add(pages(page.number - cookie.page - 1))
            }
            _ => pages(page.number.saturating_sub(1)),
        };
        let end = begin.saturating_add(size).min(total);
        Part { begin: begin.min(end), end, ends_page: end < total }
    }

    /// What the next page is asked for with, if one follows.
    pub(super) fn cookie(
        &self,
        part: &Part,
        position: impl FnOnce() -> Vec<Key>,
    ) -> Option<Cookie> {
        let page = self.query.page.as_ref().filter(|_| part.ends_page)?;
        let position = position().iter().map(Key::written).collect();
        Some(Cookie { page: page.number, fingerprint: page.fingerprint, position })
    }

    fn answer(&self, joined: &Joined, at: Place) -> Answer {
        let tables = self.ask.tables;
        let table = joined.table(0).map(|table| tables.table(table));
        let values = match &self.query.columns {
            Columns::All => {
                let definition = table.and_then(|table| table.table.as_ref());
                let columns = definition.map_or(&[][..], |table| table.columns());
                let value = |name: &str| {
                    Some((name.to_owned(), tables.value(table?, joined.row(0, at)?, name)?))
                };
                columns.iter().filter_map(|column| value(&column.name)).collect()
            }
            Columns::Listed(listed) => {
                let value = |column| self.value(joined, slot_of(0, column), at, &column.column);
                let listed = listed.iter();
                listed.filter_map(|one| Some((one.key.clone(), value(&one.column)?))).collect()
            }
        };
        let id = table.zip(joined.row(0, at)).map(|(table, row)| table.id(row));
        Answer { id, values }
    }

    /// What is in a column of the row that a slot has.
    pub(super) fn value(
        &self,
        joined: &Joined,
        slot: usize,
        at: Place,
        column: &str,
    ) -> Option<Value> {
        let (table, row) = (joined.table(slot)?, joined.row(slot, at)?);
        self.ask.tables.value(self.ask.tables.table(table), row, column)
    }
}
