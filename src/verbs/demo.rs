//! `demo`.

use std::{path::Path, process::ExitCode};

use crate::failure::Failure;

/// `demo`.
pub fn demo(_data: &Path, _once: bool) -> Result<ExitCode, Failure> {
    Ok(ExitCode::SUCCESS)
}
