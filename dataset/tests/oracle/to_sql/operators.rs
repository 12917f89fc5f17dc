//! One condition: an operator on a column, with the values that stand in the query.

use haversack_core::{schema::ColumnType as T, settings::HierarchyModel};
use haversack_dsl::ast::Condition;

use super::{Cell, Translator, times};
use crate::{database::quoted, decimal, text};

/// The operator whose opposite a negative one is.
fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "ne" => "eq",
        "not-in" => "in",
        "not-like" => "like",
        "not-begin-with" => "begins-with",
        "not-end-with" => "ends-with",
        "not-between" => "between",
        "not-contain-values" => "contain-values",
        "not-under" => "under",
        "ne-userid" => "eq-userid",
        "ne-businessid" => "eq-businessid",
        _ => return None,
    })
}

const MINE: &str = "(SELECT user FROM caller)";
const MY_TEAMS: &str = "(SELECT team FROM member JOIN caller USING (user))";

impl<'a> Translator<'a> {
    /// A negative operator holds wherever the positive one does not, and so for null too.
    pub(super) fn condition(&self, cell: &Cell<'a>, condition: &Condition) -> String {
        let values: Vec<&str> = condition
            .values
            .iter()
            .map(|value| value.node.given().expect("it has no parameters").as_str())
            .collect();
        let operator = condition.operator.node.name();
        match opposite(operator) {
            Some(positive) => {
                format!("NOT coalesce({}, 0)", self.positive(cell, positive, &values))
            }
            None => self.positive(cell, operator, &values),
        }
    }

    fn positive(&self, cell: &Cell<'a>, operator: &str, values: &[&str]) -> String {
        let value = cell.sql();
        match operator {
            "null" => format!("{value} IS NULL"),
            "not-null" => format!("{value} IS NOT NULL"),
            "eq" => equals(cell, values[0]),
            "in" => is_in(cell, values),
            "gt" => ordered(cell, ">", values[0]),
            "ge" => ordered(cell, ">=", values[0]),
            "lt" => ordered(cell, "<", values[0]),
            "le" => ordered(cell, "<=", values[0]),
            "between" => {
                format!(
                    "({} AND {})",
                    ordered(cell, ">=", values[0]),
                    ordered(cell, "<=", values[1])
                )
            }
            "like" => like(cell, values[0].to_owned()),
            "begins-with" => like(cell, format!("{}%", values[0])),
            "ends-with" => like(cell, format!("%{}", values[0])),
            "contain-values" => has_one(cell, values),
            "eq-userid" => format!("{value} = {MINE}"),
            "eq-businessid" => {
                format!("{value} = (SELECT unit FROM person JOIN caller USING (user))")
            }
            "eq-userteams" => format!("{value} IN {MY_TEAMS}"),
            "eq-useroruserteams" => format!("({value} = {MINE} OR {value} IN {MY_TEAMS})"),
            "eq-useroruserhierarchy" => {
                format!("{value} IN (WITH {} SELECT user FROM those)", self.those())
            }
            "eq-useroruserhierarchyandteams" => format!(
                "{value} IN (WITH {} SELECT user FROM those UNION SELECT team FROM member JOIN those USING (user))",
                self.those()
            ),
            "eq-userlanguage" => format!("{value} = (SELECT language FROM caller)"),
            "under" | "eq-or-under" | "above" | "eq-or-above" => tree(cell, operator, values[0]),
            _ => times::lies_in(cell, operator, values),
        }
    }

    /// A table `those` of the caller and everyone below, as deep as the settings say.
    fn those(&self) -> String {
        let depth = self.hierarchy.depth;
        let below = match self.hierarchy.model {
            HierarchyModel::None => "SELECT NULL WHERE 0".to_owned(),
            HierarchyModel::Manager => "SELECT user FROM reports".to_owned(),
            HierarchyModel::Position => "SELECT user FROM person JOIN places \
                 ON position = places.id WHERE level > 0 AND places.id <> (SELECT position FROM own)"
                .to_owned(),
        };
        format!(
            "RECURSIVE own AS (SELECT person.* FROM person JOIN caller USING (user)), \
             reports(user, level) AS (SELECT user, 0 FROM own UNION SELECT p.user, level + 1 \
               FROM person p JOIN reports r ON p.manager = r.user WHERE level < {depth}), \
             places(id, level) AS (SELECT position, 0 FROM own UNION SELECT p.id, level + 1 \
               FROM position p JOIN places ON p.parent = places.id WHERE level < {depth}), \
             those(user) AS (SELECT user FROM own UNION {below})"
        )
    }
}

fn equals(cell: &Cell<'_>, value: &str) -> String {
    match cell.column.column_type {
        T::String | T::Memo => {
            let key = text::key(value);
            format!("rtrim({}, ' ') = {}", cell.beside("key"), quoted(key.trim_end_matches(' ')))
        }
        T::Choices => is_in(cell, &[value]),
        T::Datetime | T::Date => times::compared(cell, "=", value),
        _ => format!("{} = {}", cell.sql(), literal(cell, value)),
    }
}

fn is_in(cell: &Cell<'_>, values: &[&str]) -> String {
    if cell.column.column_type == T::Choices {
        let mut options: Vec<i32> = values.iter().map(|v| v.parse().expect("an option")).collect();
        options.sort_unstable();
        options.dedup();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        return format!("{} = {}", cell.sql(), quoted(&options.join(",")));
    }
    let all: Vec<String> = values.iter().map(|value| equals(cell, value)).collect();
    format!("({})", all.join(" OR "))
}

fn has_one(cell: &Cell<'_>, values: &[&str]) -> String {
    let one = |value: &&str| format!("',' || {} || ',' LIKE '%,{value},%'", cell.sql());
    let all: Vec<String> = values.iter().map(one).collect();
    format!("({})", all.join(" OR "))
}

fn ordered(cell: &Cell<'_>, operator: &str, value: &str) -> String {
    match cell.column.column_type {
        T::String | T::Memo => {
            format!("{} {operator} {}", cell.beside("key"), quoted(&text::key(value)))
        }
        T::Datetime | T::Date => times::compared(cell, operator, value),
        _ => format!("{} {operator} {}", cell.sql(), literal(cell, value)),
    }
}

/// Where a pattern has no sets, SQLite's own `LIKE` does; it has none.
fn like(cell: &Cell<'_>, pattern: String) -> String {
    let (key, pattern) = (cell.beside("key"), text::key(&pattern));
    match pattern.contains('[') {
        true => format!("matches({key}, {})", quoted(&pattern)),
        false => format!("{key} LIKE {}", quoted(&pattern)),
    }
}

fn literal(cell: &Cell<'_>, value: &str) -> String {
    match cell.column.column_type {
        T::Decimal | T::Money => decimal::scaled(value).to_string(),
        T::Boolean => i32::from(matches!(value, "1" | "true")).to_string(),
        T::Uniqueidentifier | T::Lookup | T::Owner => quoted(&id(value)),
        _ => value.parse::<f64>().map(|_| value.to_owned()).expect("a number"),
    }
}

fn id(value: &str) -> String {
    value.trim_matches(['{', '}']).to_lowercase()
}

/// Rows below or above another one, by rows that may be read.
fn tree(cell: &Cell<'_>, operator: &str, anchor: &str) -> String {
    let (table, key) = (&cell.table.name, &cell.table.primary_key);
    let parent = cell.table.hierarchy_column.as_ref().expect("a tree");
    let anchor = quoted(&id(anchor));
    let walk = match operator {
        "under" | "eq-or-under" => {
            format!("SELECT t.\"{key}\" FROM {table} t JOIN walk ON t.\"{parent}\" = walk.id")
        }
        _ => format!(
            "SELECT p.\"{key}\" FROM walk JOIN {table} t ON t.\"{key}\" = walk.id \
             JOIN {table} p ON p.\"{key}\" = t.\"{parent}\""
        ),
    };
    let without = match operator {
        "under" | "above" => format!("WHERE id <> {anchor}"),
        _ => String::new(),
    };
    format!(
        "{} IN (WITH RECURSIVE walk(id) AS (SELECT \"{key}\" FROM {table} WHERE \"{key}\" = {anchor} \
           UNION {walk}) SELECT id FROM walk {without})",
        cell.sql()
    )
}
