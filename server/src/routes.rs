//! The table of routes: what can be asked, and by whom. What is not in it is not there.

mod devices;
mod health;
mod live;
mod pull;
mod push;

use axum::{
    Router,
    http::{Method, StatusCode},
    middleware::from_fn_with_state,
    routing::MethodRouter,
};

use crate::{
    app::App,
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
];

/// All routes, each behind its guard.
pub(crate) fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let guarded = from_fn_with_state((app.clone(), route.access), guard);
        router = router.route(route.path, (route.handler)().layer(guarded));
    }
    router.fallback(nowhere).method_not_allowed_fallback(not_this_way).with_state(app.clone())
}

async fn nowhere() -> Problem {
    Problem::not_found("unknown_route", "there is nothing at this address; see /openapi.json")
}

async fn not_this_way() -> Problem {
    let detail = "this address does not know this method; see /openapi.json";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "unknown_method", detail)
}
