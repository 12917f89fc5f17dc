//! Queries.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use haversack_core::RowId;
use haversack_engine::QueryAsk;

use crate::{
    app::App,
    asked::Asked,
    auth::{Principal, forbidden},
    body::Whole,
    lines,
    problem::Problem,
};

/// How many rows there are on all pages.
const TOTAL: HeaderName = HeaderName::from_static("haversack-total");
/// The cookie of the next page.
const NEXT: HeaderName = HeaderName::from_static("haversack-next");

/// What an address asks, with the user named and not yet looked up.
fn read(pairs: Vec<(String, String)>) -> Result<(QueryAsk, Option<String>), Problem> {
    let (mut ask, mut user) = (QueryAsk::default(), None);
    for (key, value) in pairs {
        match key.as_str() {
            "as" => user = Some(value),
            "name" => ask.name = Some(value),
            "at" => ask.at = Some(value),
            "now" => {
                let now = value.parse().map_err(|error: haversack_core::TimeError| {
                    Problem::bad_request("bad_request", format!("now: {error}"))
                })?;
                ask.now = Some(now);
            }
            other => match other.strip_prefix("param.") {
                Some(name) => ask.parameters.push((name.to_owned(), value)),
                None => {
                    let detail =
                        format!("found {other:?}, expected as, now, at, name or param.NAME");
                    return Err(Problem::bad_request("bad_request", detail));
                }
            },
        }
    }
    Ok((ask, user))
}

/// In whose name a query is run: a user's own, or whosever the administrator says.
fn asker(app: &App, principal: &Principal, named: Option<&str>) -> Result<Option<RowId>, Problem> {
    let catalog = &app.environment().state().catalog;
    let found = named.map(|name| (catalog.find_user(name).map(|user| user.id), name));
    match (principal.editor()?, found) {
        (own, None) => Ok(own),
        (Some(own), Some((found, _))) if found == Some(own) => Ok(Some(own)),
        (Some(_), Some(_)) => Err(forbidden()),
        (None, Some((Some(user), _))) => Ok(Some(user)),
        (None, Some((None, name))) => {
            Err(Problem::not_found("unknown_user", catalog.no_user(name)))
        }
    }
}

pub(crate) async fn query(
    State(app): State<App>,
    principal: Principal,
    Asked(pairs): Asked<Vec<(String, String)>>,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let (mut ask, named) = read(pairs)?;
    ask.user = asker(&app, &principal, named.as_deref())?;
    if ask.at.is_some() && principal != Principal::Administrator {
        let detail = "only the administrator asks of the past: what a user may read is what they may \
                      read now";
        return Err(Problem::new(axum::http::StatusCode::FORBIDDEN, "forbidden", detail));
    }
    ask.text = String::from_utf8(body.to_vec())
        .map_err(|_| Problem::bad_request("bad_request", "the query is not UTF-8"))?;
    let selected = app.long(move |app| app.live.query(&ask)).await?;
    let (total, next) = (selected.total, selected.next.clone());
    let rows = (0..selected.len()).map_while(move |at| selected.row(at));
    let mut response = lines::respond(&app, &headers, rows)?;
    let mut tell = |name, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    };
    tell(TOTAL, total.map(|total| total.to_string()));
    tell(NEXT, next);
    Ok(response)
}
