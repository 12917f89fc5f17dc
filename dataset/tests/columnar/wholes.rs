//! Whole queries in the middle of a history: all that a query can ask for, over rows that have been
//! written, moved and taken out again, turned page by page while rows change.

use std::collections::BTreeMap;

use haversack_dataset::{Answers, Caller, Columnar, Evaluator, Obvious};
use haversack_dsl::query::{Cookie, Query};

use crate::world::World;

/// Queries of every kind of link, order, group and page.
pub const QUERIES: [&str; 26] = [
    "fetch account { link contact on customer = accountid { columns name, size } order name }",
    "fetch contact { columns name  link outer account as a on accountid = customer { columns name, price  filter { open eq true } } order a.price desc, customer }",
    "fetch account { link exists contact on customer = accountid { filter { kind eq 1 } } order price }",
    "fetch account { link in task on regarding = accountid { link exists contact on contactid = who { filter { size gt 0 } } } order due desc }",
    "fetch account { columns name  link first contact as c on customer = accountid { columns name, due  order kind, size desc } order c.due }",
    "fetch account { columns name  link first account as c on parent = accountid { columns name  order parent desc, name  link task on regarding = accountid { columns size } } }",
    "fetch account { columns name  link outer contact as c on customer = accountid { columns name  link task as t on who = contactid { columns size } } filter or { t.size gt 2  c.name null  size eq 1 } order t.size }",
    "fetch account { columns name  link account as b on name = name { columns size } filter { b.size gt column size } }",
    "fetch account { columns size  link task as t on regarding = parent { columns kind } }",
    "fetch task { columns size  link outer businessunit as u on businessunitid = owningbusinessunit { columns name } order owningbusinessunit, u.name }",
    "fetch businessunit { columns name  link account as a on owningbusinessunit = businessunitid { columns name  filter { kind ne 1 } } }",
    "fetch account { columns name  link outer account_tag as p on accountid = accountid { link tag as t on tagid = tagid { columns name, kinds } } order t.kinds, t.price, ownerid }",
    "fetch account { columns price  order price, ratio desc, open, day, kinds, code }",
    "fetch account { columns kind, kinds  order kind desc  raw-order }",
    "fetch contact { columns customer, name  distinct  order customer desc }",
    "fetch account { columns price, ratio, due, day  distinct  top 4  order day desc }",
    "fetch account { columns code, kinds, open  distinct }",
    "fetch contact { group customer, name  columns count() as n, min(name) as least, max(name) as most, max(distinct name) as last, max(price) as p  order customer, n desc }",
    "fetch account { columns count() as n, sum(price) as s, avg(price) as a, sum(ratio) as r, avg(ratio) as m, sum(size) as z, avg(size) as y }",
    "fetch task { group month(due) as m, week(day) as w, fiscal-year(due) as y  columns count(distinct size) as n, sum(distinct price) as p, avg(distinct ratio) as r  order m desc }",
    "fetch account { group kind  link outer contact as c on customer = accountid { group day(due utc) as d  columns count(any name) as n, min(day) as least } order kind desc, n }",
    "fetch account { columns name  order name, size desc  page 1 size 3  total }",
    "fetch contact { columns name  distinct  order name desc  page 1 size 2 }",
    "fetch account { columns size  link outer contact as c on customer = accountid { columns kind } order c.kind desc, due  page 2 size 2 }",
    "fetch account { group name, owningbusinessunit  columns count() as n  order n desc  page 1 size 2 }",
    "fetch account { columns name  filter { any contact on customer = accountid { ownerid eq-userid } } order ownerid, price desc  top 3 }",
];

/// How often each query gave rows, and how many pages were turned.
#[derive(Debug, Default)]
pub struct Told {
    times: BTreeMap<&'static str, usize>,
    turned: usize,
}

/// A page that was asked for, of which the next is asked for when rows have changed.
#[derive(Debug)]
pub struct Turning {
    text: &'static str,
    query: Query,
    caller: Caller,
    cookie: Cookie,
}

impl Told {
    /// A query that gave nothing says nothing.
    pub fn assert_enough(&self) {
        for query in QUERIES {
            assert!(self.times.get(query).is_some_and(|times| *times >= 5), "{query}: {self:?}");
        }
        assert!(self.turned > 100, "{self:?}");
    }

    /// Both evaluators say the same; what they say.
    fn same(
        columnar: &Columnar,
        world: &World,
        caller: &Caller,
        query: &Query,
        what: &str,
    ) -> Answers {
        let expected = Obvious::new(world).answers(caller, query);
        let found = columnar.answers(caller, query);
        assert_eq!(found, expected, "{what}");
        expected
    }

    /// One query, and the next page of one that was asked before.
    pub fn check(
        &mut self,
        (columnar, world): (&Columnar, &World),
        caller: Caller,
        text: &'static str,
        turning: Option<Turning>,
        what: &str,
    ) -> Option<Turning> {
        // A table may have lost a column since.
        let compiled = |text: &str| haversack_dsl::compile(text, &world.catalog);
        if let Some(Turning { text, mut query, caller, cookie }) = turning
            && compiled(text).is_ok()
        {
            let page = query.page.as_mut().expect("it has pages");
            page.number = cookie.page + 1;
            page.after = Some(cookie);
            Self::same(columnar, world, &caller, &query, &format!("the next page, {what}"));
            self.turned += 1;
        }
        let query = compiled(text).ok()?.query;
        let answers = Self::same(columnar, world, &caller, &query, &format!("{text}: {what}"));
        if answers.rows.iter().any(|row| !row.values.is_empty()) {
            *self.times.entry(text).or_default() += 1;
        }
        answers.next.map(|cookie| Turning { text, query, caller, cookie })
    }
}
