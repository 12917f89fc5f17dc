//! One condition over the rows of a table.
//!
//! Numbers are scanned as stretches of a line, texts and lists once for each different value,
//! pointers are looked up by where they point. What is left is asked row by row of the evaluator
//! that is meant to be read.

use haversack_core::{RowId, Value};
use haversack_dsl::{
    operator::{Group, Operator},
    query::{Condition, Literal, Operand},
};
use jiff::civil::DateTime;
use roaring::RoaringBitmap;

use super::{
    ask::Ask,
    column::Data,
    ids::RowNumber,
    numbers::{Numbers, Place, Stretch},
    references::Gathered,
    table::TableRows,
};
use crate::{
    Like,
    obvious::{
        condition::{callers_ids, holds_for, pattern},
        time::{Bound, Moment, Range, instant, range},
    },
};

/// Of fewer rows than one in so many, each is asked by itself, where all would have to be scanned.
const SCANNED_SHARE: u64 = 64;

impl Ask<'_> {
    /// Rows among these for which a condition of the table's own column holds.
    pub(super) fn condition(
        &self,
        table: &TableRows,
        condition: &Condition,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let Condition { column, operator, operand } = condition;
        let holds_for_null = operator.info().negative || *operator == Operator::Null;
        match operator.opposite().filter(|_| holds_for_null) {
            Some(positive) => {
                among - self.positive(table, &column.column, positive, operand, among)
            }
            None => self.positive(table, &column.column, *operator, operand, among),
        }
    }

    fn positive(
        &self,
        table: &TableRows,
        column: &str,
        operator: Operator,
        operand: &Operand,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        if operator.info().reads_clock {
            self.note_clock(table, column, (operator, operand), among);
        }
        if operator.info().group == Group::Hierarchy {
            return self.hierarchy(table, operator, operand) & among;
        }
        if let Some(ids) = self.ids(operator, operand) {
            return self.pointing(table, column, &ids, among);
        }
        let kept = table.column(column).filter(|_| !table.is_derived_unit(column));
        let Some(kept) = kept else {
            return self.one_by_one(table, column, operator, operand, among);
        };
        if operator == Operator::NotNull {
            return &kept.present & among;
        }
        // Of few rows each is asked by itself.
        let is_few = among.len() < table.live.len() / SCANNED_SHARE;
        let each = |test: &dyn Fn(RowNumber) -> bool| {
            let found = (&kept.present & among).into_iter().filter(|row| test(*row));
            RoaringBitmap::from_sorted_iter(found).expect("they are ascending")
        };
        let holds =
            |value: &Value| holds_for(&self.tables.catalog, self.caller, operator, operand, value);
        let found = match &kept.data {
            Data::Numbers(numbers) => match self.stretches(numbers, operator, operand) {
                Some(stretches) => {
                    let exceptions = RoaringBitmap::from_sorted_iter(numbers.exceptions());
                    let exceptions = exceptions.expect("they are ascending") & among;
                    let alone = self.one_by_one(table, column, operator, operand, &exceptions);
                    let found = match is_few {
                        true => each(&|row| numbers.lies_in(row, &stretches)),
                        false => numbers.scan(&stretches),
                    };
                    (found - exceptions) | alone
                }
                None => return self.one_by_one(table, column, operator, operand, among),
            },
            Data::Texts(texts) => match pattern(operator, operand) {
                // Read once, and held against each different text.
                Some(pattern) => {
                    let pattern = Like::new(&pattern);
                    match is_few {
                        true => each(&|row| pattern.matches(texts.get(row))),
                        false => texts.scan(|text| pattern.matches(text)),
                    }
                }
                None if is_few => {
                    return self.one_by_one(table, column, operator, operand, among);
                }
                None => texts.scan(|text| holds(&Value::Text(text.to_string()))),
            },
            Data::Lists(lists) if !is_few => {
                lists.scan(|list| holds(&Value::Choices(list.to_vec())))
            }
            Data::Lists(_) | Data::Ids(_) | Data::References(_) => {
                return self.one_by_one(table, column, operator, operand, among);
            }
        };
        found & &kept.present & among
    }

    fn one_by_one(
        &self,
        table: &TableRows,
        column: &str,
        operator: Operator,
        operand: &Operand,
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        let holds = |row: &RowNumber| {
            let value = self.tables.value(table, *row, column);
            value.is_some_and(|value| {
                holds_for(&self.tables.catalog, self.caller, operator, operand, &value)
            })
        };
        let found = among.iter().filter(holds);
        RoaringBitmap::from_sorted_iter(found).expect("they are ascending")
    }

    /// The ids that a condition of a pointer or id asks for; none: it asks for something else.
    fn ids(&self, operator: Operator, operand: &Operand) -> Option<Vec<RowId>> {
        if operator.info().group == Group::Caller && operator != Operator::EqUserlanguage {
            let ids = callers_ids(&self.tables.catalog, self.caller, operator);
            return Some(ids.into_iter().collect());
        }
        let literals = match (operator, operand) {
            (Operator::Eq, Operand::One(literal)) => std::slice::from_ref(literal),
            (Operator::In, Operand::Many(literals)) => literals.as_slice(),
            _ => return None,
        };
        let id = |literal: &Literal| match literal {
            Literal::Value(Value::Id(id)) => Some(*id),
            _ => None,
        };
        literals.iter().map(id).collect()
    }

    /// Rows whose column is, or points at, one of these ids.
    fn pointing(
        &self,
        table: &TableRows,
        column: &str,
        ids: &[RowId],
        among: &RoaringBitmap,
    ) -> RoaringBitmap {
        if table.is_key(column) {
            return ids.iter().filter_map(|id| table.ids.find(*id)).collect::<RoaringBitmap>()
                & among;
        }
        match table.column(column).map(|column| &column.data) {
            Some(Data::References(_)) => {
                let mut found = Gathered::default();
                ids.iter().for_each(|id| self.tables.add_pointing(table, column, *id, &mut found));
                found.set() & among
            }
            Some(Data::Ids(_)) => {
                let is_one = |row: &RowNumber| {
                    let value = table.plain_value(*row, column);
                    matches!(value, Some(Value::Id(id)) if ids.contains(&id))
                };
                RoaringBitmap::from_sorted_iter(among.iter().filter(is_one))
                    .expect("they are ascending")
            }
            _ => RoaringBitmap::new(),
        }
    }

    /// The stretches of a column's line for which a condition holds; none: it can't be said so.
    fn stretches(
        &self,
        numbers: &Numbers,
        operator: Operator,
        operand: &Operand,
    ) -> Option<Vec<Stretch>> {
        use Operator as O;
        let place = |literal: &Literal| self.place(numbers, literal);
        let all = |literals: &[Literal]| literals.iter().map(place).collect::<Option<Vec<_>>>();
        Some(match (operator, operand) {
            (O::Eq, Operand::One(literal)) => vec![at(place(literal)?)],
            (O::In, Operand::Many(literals)) => all(literals)?.into_iter().map(at).collect(),
            (O::Between, Operand::Many(literals)) => match all(literals)?.as_slice() {
                [low, high] => {
                    vec![Stretch { from: from(*low)?.from, to: up_to(*high)?.to }]
                }
                _ => return None,
            },
            (O::Ge, Operand::One(literal)) => vec![from(place(literal)?)?],
            (O::Gt, Operand::One(literal)) => vec![behind(place(literal)?)?],
            (O::Le, Operand::One(literal)) => vec![up_to(place(literal)?)?],
            (O::Lt, Operand::One(literal)) => vec![before(place(literal)?)?],
            _ if matches!(operator.info().group, Group::Values | Group::Caller) => return None,
            _ => {
                let moment = Moment::of(&self.tables.catalog, self.caller);
                vec![self.stretch(numbers, range(&moment, operator, operand)?)?]
            }
        })
    }

    fn place(&self, numbers: &Numbers, literal: &Literal) -> Option<Place> {
        let zone = &self.caller.time_zone;
        match literal {
            Literal::Local(local) if numbers.is_time() => Some(Place::At(instant(*local, zone).0)),
            Literal::Local(local) => wall(numbers, *local),
            Literal::Value(Value::Timestamp(instant)) if !numbers.is_time() => {
                wall(numbers, zone.to_datetime(instant.to_jiff()))
            }
            Literal::Value(value) => numbers.place(value),
        }
    }

    /// A stretch of time as one of a column's line.
    fn stretch(&self, numbers: &Numbers, range: Range) -> Option<Stretch> {
        let zone = &self.caller.time_zone;
        let place = |bound| match bound {
            Bound::Open => None,
            Bound::Instant(at) if numbers.is_time() => Some(Place::At(at.0)),
            Bound::Instant(at) => wall(numbers, zone.to_datetime(at.to_jiff())),
            Bound::Wall(at) if numbers.is_time() => Some(Place::At(instant(at, zone).0)),
            Bound::Wall(at) => wall(numbers, at),
        };
        let begin = match range.from {
            Bound::Open => i64::MIN,
            bound => from(place(bound)?)?.from,
        };
        let end = match range.until {
            Bound::Open => i64::MAX,
            bound => before(place(bound)?)?.to,
        };
        Some(Stretch { from: begin, to: end })
    }
}

/// Where the wall clock's time lies among days; none if the column has no days.
fn wall(numbers: &Numbers, at: DateTime) -> Option<Place> {
    let day = Value::Date(haversack_core::Date::from_jiff(at.date()));
    match numbers.place(&day)? {
        Place::At(day) if at.time() == jiff::civil::Time::midnight() => Some(Place::At(day)),
        Place::At(day) => Some(Place::Behind(day)),
        behind @ Place::Behind(_) => Some(behind),
    }
}

fn at(place: Place) -> Stretch {
    match place {
        Place::At(at) => Stretch::point(at),
        Place::Behind(_) => Stretch::NONE,
    }
}

fn from(place: Place) -> Option<Stretch> {
    match place {
        Place::At(at) => Some(Stretch { from: at, to: i64::MAX }),
        Place::Behind(at) => Some(Stretch { from: at.checked_add(1)?, to: i64::MAX }),
    }
}

fn behind(place: Place) -> Option<Stretch> {
    let (Place::At(at) | Place::Behind(at)) = place;
    Some(Stretch { from: at.checked_add(1)?, to: i64::MAX })
}

fn up_to(place: Place) -> Option<Stretch> {
    let (Place::At(at) | Place::Behind(at)) = place;
    Some(Stretch { from: i64::MIN, to: at })
}

fn before(place: Place) -> Option<Stretch> {
    match place {
        Place::At(at) => Some(Stretch { from: i64::MIN, to: at.checked_sub(1)? }),
        Place::Behind(at) => Some(Stretch { from: i64::MIN, to: at }),
    }
}
