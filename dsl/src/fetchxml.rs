//! FetchXML, as Dataverse writes it.

mod condition;
mod document;
mod element;
mod parse;
mod print;
mod vocabulary;

pub(crate) use parse::parse;
pub(crate) use print::print;
