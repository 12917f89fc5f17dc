//! Worlds of a few seeds; `.ci/run` looks at thousands.

mod planted;
mod worlds;
