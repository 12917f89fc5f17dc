//! The DSL: the syntax with less noise.

mod bare;
mod comments;
mod condition;
mod definition;
mod filter;
mod input;
mod lexis;
mod link;
mod parse;
mod print;
mod print_filter;
mod recover;
mod select;
mod tokens;

pub(crate) use definition::parse;
pub(crate) use print::{print, print_definition};

/// Words of the DSL that are no names. As names of tables and columns they stand in back quotes.
pub const RESERVED: &[&str] = &[
    "all", "and", "any", "as", "asc", "columns", "desc", "distinct", "exists", "false", "fetch",
    "filter", "first", "in", "inner", "link", "not", "on", "or", "order", "outer", "top", "true",
];

/// Words that sections of a query begin with.
pub const SECTIONS: &[&str] = &[
    "group",
    "columns",
    "filter",
    "link",
    "order",
    "raw-order",
    "distinct",
    "top",
    "page",
    "size",
    "cookie",
    "total",
];
/// How many of them may be said of a link, too.
const OF_LINKS: usize = 5;

fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
