//! Queries by the grammar, in the DSL: most are read, many resolve, and some are as deep as they may
//! be. What they say in FetchXML the printer knows.

use bolero::Driver;
use haversack_core::schema::ColumnType;
use haversack_dsl::operator::{Arity, OPERATORS, OperatorInfo, ValueKind};

use crate::dictionary::{COLUMNS, TABLES, VALUES, one_of};

/// Groups and links in one another, at the most: one more than is allowed.
const DEPTH_MAX: usize = 17;

/// Columns of accounts, with values that fit.
const FITTING: &[(&str, ColumnType, &[&str])] = &[
    ("name", ColumnType::String, &["\"a\"", "\"%[^b-d]_\"", "\"\"", "true"]),
    ("employees", ColumnType::Integer, &["1", "2.0", "-9223372036854775808"]),
    ("revenue", ColumnType::Money, &["2.50", "0", "79228162514264337593543950335"]),
    ("latitude", ColumnType::Double, &["1e5", "-0.1"]),
    ("creditonhold", ColumnType::Boolean, &["true", "0"]),
    ("industrycode", ColumnType::Choice, &["1", "7"]),
    ("interests", ColumnType::Choices, &["1", "2"]),
    ("statecode", ColumnType::State, &["0", "1"]),
    (
        "lastvisit",
        ColumnType::Datetime,
        &["\"2026-03-01T09:30:00Z\"", "\"2026-03-01\"", "\"9999-12-31\""],
    ),
    ("founded", ColumnType::Date, &["\"2024-02-29\"", "\"0001-01-01\""]),
    ("parentaccountid", ColumnType::Lookup, &["\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\""]),
    ("ownerid", ColumnType::Owner, &["\"{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}\""]),
];

/// What an operator takes that reads no value of the column.
const NUMBERS: &[&str] = &["1", "5", "2026", "9998", "0"];

/// Tables to link, each with its column and that of accounts.
const LINKS: &[(&str, &str, &str)] = &[
    ("contact", "parentcustomerid", "accountid"),
    ("task", "regardingobjectid", "accountid"),
    ("account", "accountid", "parentaccountid"),
    ("account", "parentaccountid", "accountid"),
    ("account", "ownerid", "ownerid"),
    ("systemuser", "systemuserid", "ownerid"),
    ("nowhere", "x", "name"),
];

/// A query.
pub fn query<D: Driver>(driver: &mut D) -> Option<String> {
    let mut grammar = Grammar { driver, out: String::new(), names: 0 };
    grammar.query()?;
    Some(grammar.out)
}

struct Grammar<'d, D> {
    driver: &'d mut D,
    out: String,
    /// Names given so far, each another.
    names: usize,
}

impl<D: Driver> Grammar<'_, D> {
    /// Whether to, in so many of a hundred cases.
    fn chance(&mut self, percent: u8) -> Option<bool> {
        Some(self.driver.gen_variant(100, 0)? >= usize::from(100 - percent))
    }

    fn say(&mut self, word: &str) {
        self.out.push_str(word);
        self.out.push(' ');
    }

    fn one_of(&mut self, words: &[&'static str]) -> Option<()> {
        let word = one_of(self.driver, words)?;
        self.say(word);
        Some(())
    }

    /// `what`, up to so many times, with a sign between.
    fn some(
        &mut self,
        max: usize,
        sign: &str,
        what: impl Fn(&mut Self) -> Option<()>,
    ) -> Option<()> {
        for at in 0..=self.driver.gen_variant(max, 0)? {
            if at > 0 && !sign.is_empty() {
                self.say(sign);
            }
            what(self)?;
        }
        Some(())
    }

    fn query(&mut self) -> Option<()> {
        self.say("fetch");
        // Most names are those of `account`, so that much resolves.
        let table = if self.chance(5)? { one_of(self.driver, TABLES)? } else { "account" };
        self.say(table);
        self.say("{");
        let is_aggregate = self.chance(20)?;
        self.body(is_aggregate, 1)?;
        for section in ["distinct", "raw-order"] {
            if self.chance(20)? {
                self.say(section);
            }
        }
        match self.driver.gen_variant(6, 0)? {
            0 => self.say("top 5"),
            1 => self.say("page 2 size 10"),
            2 => self.say("cookie \"1.1.0.n1\" total"),
            _ => {}
        }
        self.say("}");
        Some(())
    }

    fn body(&mut self, is_aggregate: bool, depth: usize) -> Option<()> {
        if is_aggregate {
            self.say("group");
            self.some(3, ",", Self::grouped)?;
            self.say("columns");
            self.some(3, ",", Self::function)?;
        } else if self.chance(60)? {
            self.say("columns");
            self.some(4, ",", Self::selected)?;
        }
        if self.chance(70)? {
            self.say("filter");
            self.one_of(&["", "and", "or"])?;
            self.group(depth)?;
        }
        while depth < DEPTH_MAX && self.chance(25)? {
            self.link(is_aggregate, depth)?;
        }
        if self.chance(40)? {
            self.say("order");
            self.some(3, ",", |grammar| {
                grammar.one_of(&["name", "ownerid", "a1", "a2", "month", "a.name", "`order`"])?;
                grammar.one_of(&["", "asc", "desc"])
            })?;
        }
        Some(())
    }

    /// A name of its own, one that others have too, or none.
    fn alias(&mut self) -> Option<()> {
        self.names += 1;
        match self.driver.gen_variant(8, 0)? {
            0 => self.say("as a"),
            1 => {}
            _ => self.say(&format!("as a{}", self.names)),
        }
        Some(())
    }

    fn selected(&mut self) -> Option<()> {
        let (column, ..) = FITTING[self.driver.gen_variant(FITTING.len(), 0)?];
        match self.chance(90)? {
            true => self.say(column),
            false => self.one_of(COLUMNS)?,
        }
        self.alias()
    }

    fn grouped(&mut self) -> Option<()> {
        match self.driver.gen_variant(3, 0)? {
            0 => self.one_of(COLUMNS)?,
            1 => {
                self.one_of(&["month(lastvisit)", "year(founded utc)", "fiscal-period(createdon)"])?
            }
            _ => self.one_of(&["name", "industrycode", "ownerid", "week(name)"])?,
        }
        self.alias()
    }

    fn function(&mut self) -> Option<()> {
        self.one_of(&[
            "count()",
            "count(name)",
            "count(any name)",
            "count(distinct ownerid)",
            "sum(revenue)",
            "avg(employees)",
            "min(lastvisit)",
            "max(distinct rate)",
            "sum(name)",
        ])?;
        self.alias()
    }

    fn on(&mut self, from: &str, to: &str) -> Option<()> {
        if self.chance(80)? {
            self.say(&format!("on {from} = {to}"));
        }
        Some(())
    }

    fn link(&mut self, is_aggregate: bool, depth: usize) -> Option<()> {
        let kind = one_of(self.driver, &["", "inner", "outer", "exists", "in", "first"])?;
        let (table, from, to) = LINKS[self.driver.gen_variant(LINKS.len(), 0)?];
        self.say(&format!("link {kind} {table}"));
        self.alias()?;
        self.on(from, to)?;
        self.say("{");
        let has_functions = is_aggregate && self.chance(50)?;
        self.body(has_functions, depth + 1)?;
        self.say("}");
        Some(())
    }

    fn group(&mut self, depth: usize) -> Option<()> {
        self.say("{");
        // Now and then a group in a group, all the way down.
        if self.chance(15)? && depth < DEPTH_MAX {
            self.say("or");
            self.group(depth + 1)?;
        }
        for _ in 0..self.driver.gen_variant(4, 0)? {
            self.part(depth)?;
        }
        self.say("}");
        Some(())
    }

    fn part(&mut self, depth: usize) -> Option<()> {
        let kinds = if depth < DEPTH_MAX { 8 } else { 1 };
        match self.driver.gen_variant(kinds, 0)? {
            6 => {
                self.one_of(&["and", "or"])?;
                self.group(depth + 1)
            }
            7 => {
                self.one_of(&["any", "all", "not any", "not all"])?;
                let (table, from, to) = LINKS[self.driver.gen_variant(LINKS.len(), 0)?];
                self.say(table);
                self.on(from, to)?;
                if self.chance(60)? { self.group(depth + 1) } else { Some(()) }
            }
            _ => self.condition(),
        }
    }

    fn condition(&mut self) -> Option<()> {
        if self.chance(8)? {
            self.one_of(COLUMNS)?;
            self.one_of(&["eq", "ne", "gt", "le", "like"])?;
            return match self.chance(50)? {
                true => self.some(1, "", |grammar| {
                    grammar.say("column");
                    grammar.one_of(COLUMNS)
                }),
                false => self.one_of(VALUES),
            };
        }
        let (column, column_type, values) = FITTING[self.driver.gen_variant(FITTING.len(), 0)?];
        let fitting: Vec<&OperatorInfo> =
            OPERATORS.iter().filter(|info| info.types.contains(column_type)).collect();
        let info = *fitting.get(self.driver.gen_variant(fitting.len().max(1), 0)?)?;
        let values = if info.values == ValueKind::Column { values } else { NUMBERS };
        self.say(column);
        self.say(info.name);
        match info.arity {
            Arity::None => Some(()),
            Arity::One => self.one_of(values),
            Arity::Two => self.list(2, values),
            Arity::Many => {
                let count = 1 + self.driver.gen_variant(4, 0)?;
                self.list(count, values)
            }
        }
    }

    fn list(&mut self, count: usize, values: &[&'static str]) -> Option<()> {
        self.say("(");
        for at in 0..count {
            if at > 0 {
                self.say(",");
            }
            self.one_of(values)?;
        }
        self.say(")");
        Some(())
    }
}
