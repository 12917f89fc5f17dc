//! A stream of what changed.

use axum::{extract::State, http::HeaderMap, response::Response};
use haversack_engine::{LiveGround, PullAsk};
use haversack_sync::{message::PullRequest, pull::Pull};

use crate::{
    app::App,
    asked::json,
    auth::Principal,
    body::Whole,
    problem::Problem,
    stream::{self, Pieces},
};

struct Stream {
    pull: Pull,
    ground: LiveGround,
}

impl Pieces for Stream {
    fn write(&mut self, piece: &mut Vec<u8>) -> bool {
        self.pull.write(&mut self.ground, piece);
        !self.pull.is_over()
    }
}

pub(crate) async fn pull(
    State(app): State<App>,
    principal: Principal,
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
    stream::respond(&app, &headers, Stream { pull, ground })
        .map_err(|error| Problem::inside(&error))
}
