//! The table of routes: what can be asked, and by whom. What is not in it is not there.

mod admin;
mod conflicts;
mod devices;
mod events;
mod explain;
mod health;
mod live;
mod metrics;
mod openapi;
mod pull;
mod push;
mod query;
mod rows;

use axum::{
    Router,
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::MethodRouter,
};

use crate::{
    app::App,
    attend::attend,
    auth::{Access, guard},
    problem::Problem,
};

/// A route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// What it does, in a line.
    pub summary: &'static str,
    handler: fn() -> MethodRouter<App>,
}

/// Every route.
pub const ROUTES: &[Route] = &[
    Route {
        method: Method::POST,
        path: "/v1/devices",
        access: Access::User,
        summary: "Make a device known, or find it again by its name",
        handler: || axum::routing::post(devices::register),
    },
    Route {
        method: Method::GET,
        path: "/v1/sync/metadata",
        access: Access::User,
        summary: "What a device must know besides rows",
        handler: || axum::routing::get(devices::metadata),
    },
    Route {
        method: Method::POST,
        path: "/v1/sync/pull",
        access: Access::User,
        summary: "A stream of what changed since a cursor",
        handler: || axum::routing::post(pull::pull),
    },
    Route {
        method: Method::POST,
        path: "/v1/sync/push",
        access: Access::User,
        summary: "A device's edits, judged in order",
        handler: || axum::routing::post(push::push),
    },
    Route {
        method: Method::GET,
        path: "/v1/sync/live",
        access: Access::User,
        summary: "A poke as soon as a pull would bring something",
        handler: || axum::routing::get(live::live),
    },
    Route {
        method: Method::POST,
        path: "/v1/rows/{table}",
        access: Access::UserOrAdministrator,
        summary: "Make a row",
        handler: || axum::routing::post(rows::create),
    },
    Route {
        method: Method::GET,
        path: "/v1/rows/{table}/{id}",
        access: Access::UserOrAdministrator,
        summary: "A row as it stands",
        handler: || axum::routing::get(rows::read),
    },
    Route {
        method: Method::PATCH,
        path: "/v1/rows/{table}/{id}",
        access: Access::UserOrAdministrator,
        summary: "Change columns of a row",
        handler: || axum::routing::patch(rows::update),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/rows/{table}/{id}",
        access: Access::UserOrAdministrator,
        summary: "Delete a row",
        handler: || axum::routing::delete(rows::delete),
    },
    Route {
        method: Method::POST,
        path: "/v1/query",
        access: Access::UserOrAdministrator,
        summary: "The rows that a query selects, as a stream",
        handler: || axum::routing::post(query::query),
    },
    Route {
        method: Method::GET,
        path: "/v1/explain",
        access: Access::UserOrAdministrator,
        summary: "Why a row is on a device or not",
        handler: || axum::routing::get(explain::explain),
    },
    Route {
        method: Method::GET,
        path: "/v1/conflicts",
        access: Access::UserOrAdministrator,
        summary: "Conflicts, as they were judged",
        handler: || axum::routing::get(conflicts::list),
    },
    Route {
        method: Method::POST,
        path: "/v1/conflicts/{offset}/restore",
        access: Access::UserOrAdministrator,
        summary: "Bring back the side of a conflict that lost",
        handler: || axum::routing::post(conflicts::restore),
    },
    Route {
        method: Method::GET,
        path: "/v1/events",
        access: Access::Administrator,
        summary: "The log, event by event",
        handler: || axum::routing::get(events::events),
    },
    Route {
        method: Method::POST,
        path: "/v1/admin/changes",
        access: Access::Administrator,
        summary: "Admin changes and online edits, one a line",
        handler: || axum::routing::post(admin::apply),
    },
    Route {
        method: Method::GET,
        path: "/v1/admin/devices",
        access: Access::Administrator,
        summary: "All devices",
        handler: || axum::routing::get(admin::devices),
    },
    Route {
        method: Method::GET,
        path: "/v1/admin/tokens",
        access: Access::Administrator,
        summary: "All tokens that are good",
        handler: || axum::routing::get(admin::tokens),
    },
    Route {
        method: Method::POST,
        path: "/v1/admin/tokens",
        access: Access::Administrator,
        summary: "Issue a token; it is shown once",
        handler: || axum::routing::post(admin::issue),
    },
    Route {
        method: Method::DELETE,
        path: "/v1/admin/tokens/{id}",
        access: Access::Administrator,
        summary: "Make a token good for nothing",
        handler: || axum::routing::delete(admin::revoke),
    },
    Route {
        method: Method::GET,
        path: "/v1/healthz",
        access: Access::Anyone,
        summary: "Whether the process runs",
        handler: || axum::routing::get(health::healthz),
    },
    Route {
        method: Method::GET,
        path: "/v1/readyz",
        access: Access::Anyone,
        summary: "Whether it takes writes and answers",
        handler: || axum::routing::get(health::readyz),
    },
    Route {
        method: Method::GET,
        path: "/metrics",
        access: Access::Anyone,
        summary: "How the server does, as Prometheus reads it",
        handler: || axum::routing::get(metrics::metrics),
    },
    Route {
        method: Method::GET,
        path: "/openapi.json",
        access: Access::Anyone,
        summary: "This API, as OpenAPI 3.1",
        handler: || axum::routing::get(openapi::openapi),
    },
];

/// All routes, each behind its guard.
pub(crate) fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let guarded = from_fn_with_state((app.clone(), route.access), guard);
        router = router.route(route.path, (route.handler)().layer(guarded));
    }
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(not_this_way)
        .layer(from_fn_with_state(app.clone(), attend))
        .with_state(app.clone())
}

async fn nowhere() -> Problem {
    Problem::not_found("unknown_route", "there is nothing at this address; see /openapi.json")
}

async fn not_this_way() -> Problem {
    let detail = "this address does not know this method; see /openapi.json";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "unknown_method", detail)
}
