//! Answers of many lines, each a JSON object.

use std::io::Write;

use axum::{http::HeaderMap, response::Response};
use haversack_engine::tell::Line;

use crate::{
    app::App,
    problem::Problem,
    stream::{self, Pieces},
};

/// A piece ends with the line that goes beyond this.
const PIECE_BYTES: usize = 16 << 10;

/// Lines, written as they are called for.
struct Lines<I>(I);

impl<I: Iterator<Item = Line> + Send + 'static> Pieces for Lines<I> {
    fn write(&mut self, piece: &mut Vec<u8>) -> bool {
        let end = piece.len() + PIECE_BYTES;
        while piece.len() < end {
            let Some(line) = self.0.next() else { return false };
            serde_json::to_writer(&mut *piece, &line).expect("answers have only text keys");
            piece.write_all(b"\n").expect("memory takes all");
        }
        true
    }
}

/// Answers with lines.
pub(crate) fn respond(
    app: &App,
    headers: &HeaderMap,
    lines: impl Iterator<Item = Line> + Send + 'static,
) -> Result<Response, Problem> {
    stream::respond(app, headers, Lines(lines)).map_err(|error| Problem::inside(&error))
}
