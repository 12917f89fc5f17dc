//! Why a row is on a device or not.

use axum::{Json, extract::State};
use haversack_engine::{ExplainAsk, tell::Line};
use serde::Deserialize;

use crate::{
    app::App,
    asked::{Asked, id},
    auth::{Principal, forbidden},
    problem::Problem,
};

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Explain {
    /// Whose device, by id or name; a user's own if it is not given.
    user: Option<String>,
    table: String,
    id: String,
    at: Option<String>,
}

pub(crate) async fn explain(
    State(app): State<App>,
    principal: Principal,
    Asked(asked): Asked<Explain>,
) -> Result<Json<Line>, Problem> {
    let Explain { user, table, id: row, at } = asked;
    let own = principal.editor()?;
    let user = match (own, user) {
        (Some(own), None) => own.to_string(),
        (Some(own), Some(named)) => {
            let catalog = &app.environment().state().catalog;
            let found = catalog.find_user(&named).filter(|user| user.id == own);
            found.ok_or_else(forbidden)?.id.to_string()
        }
        (None, Some(named)) => named,
        (None, None) => {
            return Err(Problem::bad_request("bad_request", "in the address: user is missing"));
        }
    };
    let hides_unreadable = own.is_some();
    let ask = ExplainAsk { user, table, id: id(&row)?, at, hides_unreadable };
    Ok(Json(app.long(move |app| app.live.explain(&ask)).await?))
}
