//! What a seed stands for: rows and users, and queries about them.

pub mod conditions;
pub mod data;
pub mod queries;
pub mod values;
