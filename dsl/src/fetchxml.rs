//! FetchXML, as Dataverse writes it.

mod body;
mod comments;
mod condition;
mod document;
mod element;
mod link;
mod parse;
mod print;
mod print_filter;
mod vocabulary;

pub(crate) use parse::parse;
pub(crate) use print::print;
