//! Values as JSON and back, by the type of their column.

mod read;
mod text;
mod write;

pub use read::{Misfit, read_row, read_value};
pub use text::RowWriter;
pub use write::{bare_json, row_object, value_json};
