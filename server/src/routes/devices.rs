//! Devices make themselves known, and learn what they must know besides rows.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use haversack_core::RowId;
use haversack_sync::message::{DeviceAnswer, DeviceRequest};
use serde::Deserialize;

use crate::{
    app::App,
    asked::{Asked, json},
    auth::Principal,
    body::Whole,
    problem::Problem,
};

pub(crate) async fn register(
    State(app): State<App>,
    principal: Principal,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let asked: DeviceRequest = json(&body)?;
    principal.check_name(&asked.name)?;
    let user = principal.user()?;
    let environment = app.clone();
    let known = tokio::task::spawn_blocking(move || {
        let DeviceRequest { name, platform, app } = asked;
        environment.environment().register(user, &name, &platform, app.as_deref())
    });
    let device = known.await.expect("registering does not panic")?;
    let state = app.environment().state();
    let next = state.devices.get(&device.id).map(haversack_replay::DeviceState::next_mutation);
    let answer = DeviceAnswer {
        device_id: device.id,
        profile: app.live.profile_of(device.id),
        next_mutation: next.unwrap_or(haversack_core::MutationNumber::FIRST),
        limits: app.limits(),
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct OfDevice {
    device_id: RowId,
}

pub(crate) async fn metadata(
    State(app): State<App>,
    principal: Principal,
    Asked(of): Asked<OfDevice>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    principal.check_device(&app, of.device_id)?;
    let (metadata, fingerprint) = app.live.metadata(of.device_id)?;
    let tag = format!("\"{fingerprint}\"");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known == Some(&tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(metadata).into_response()
    };
    let tag = HeaderValue::from_str(&tag).expect("hexadecimal digits are plain");
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}
