//! A stream of what changed.

use axum::{extract::State, http::HeaderMap, response::Response};
use haversack_engine::{LiveGround, PullAsk};
use haversack_sync::{
    message::{Line, PullRequest, StreamError},
    pull::Pull,
};

use crate::{
    app::App,
    asked::json,
    auth::{Credential, Principal},
    body::Whole,
    problem::Problem,
    stream::{self, Pieces},
};

struct Stream {
    app: App,
    credential: Credential,
    pull: Pull,
    ground: LiveGround,
}

impl Pieces for Stream {
    fn write(&mut self, piece: &mut Vec<u8>) -> bool {
        if !self.credential.is_good(&self.app) {
            let message = "the token was revoked".to_owned();
            Line::Error(StreamError { code: "revoked".to_owned(), message }).write(piece);
            return false;
        }
        self.pull.write(&mut self.ground, piece);
        !self.pull.is_over()
    }
}

pub(crate) async fn pull(
    State(app): State<App>,
    principal: Principal,
    credential: Credential,
    headers: HeaderMap,
    Whole(body): Whole,
) -> Result<Response, Problem> {
    let asked: PullRequest = json(&body)?;
    if asked.max_rows == Some(0) {
        return Err(Problem::bad_request(
            "bad_request",
            "\"max_rows\": found 0, expected 1 or more",
        ));
    }
    principal.check_device(&app, asked.device_id)?;
    let PullRequest { device_id: device, cursor, max_rows, tables } = asked;
    let ask = PullAsk { device, cursor, max_rows, tables };
    app.caught_up().await;
    let (pull, ground) = match app.live.is_quick(&ask) {
        true => app.live.pull(&ask)?,
        false => app.long(move |app| app.live.pull(&ask)).await?,
    };
    let stream = Stream { app: app.clone(), credential, pull, ground };
    stream::respond(&app, &headers, stream).map_err(|error| Problem::inside(&error))
}
