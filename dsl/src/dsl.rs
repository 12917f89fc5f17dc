//! The DSL: the syntax with less noise.

mod filter;
mod lexis;
mod parse;
mod print;

pub(crate) use parse::parse;
pub(crate) use print::print;

/// Words of the grammar. As names of tables and columns they stand in back quotes.
const RESERVED: &[&str] = &[
    "all", "and", "any", "as", "asc", "columns", "desc", "false", "fetch", "filter", "link", "not",
    "on", "or", "order", "top", "true",
];

fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
