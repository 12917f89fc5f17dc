//! The log, event by event.

use axum::{extract::State, http::HeaderMap, response::Response};
use haversack_core::Cursor;
use haversack_engine::{EngineError, tell};

use crate::{app::App, asked::Asked, lines, page::Page, problem::Problem};

pub(crate) async fn events(
    State(app): State<App>,
    Asked(page): Asked<Page>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = page.limit()?;
    let after = Cursor::after(page.after);
    let read = app.long(move |app| -> Result<_, EngineError> {
        let state = app.environment().state();
        let records = match after < state.cursor {
            true => app.environment().log().read(after.next(), limit)?,
            false => Vec::new(),
        };
        Ok((state, records))
    });
    let (state, records) = read.await?;
    // What was logged since is not in the state by which names are told.
    let end = state.cursor.last();
    let told = records.into_iter().take_while(move |record| Some(record.offset) <= end);
    lines::respond(&app, &headers, told.map(move |record| tell::event::event(&state, &record)))
}
