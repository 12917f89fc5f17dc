//! A stream of what changed.

use axum::{extract::State, http::HeaderMap, response::Response};
use haversack_engine::{LiveGround, PullAsk};
use haversack_sync::{message::PullRequest, pull::Pull};

use crate::{
    app::App,
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
    let asked: PullRequest = serde_json::from_slice(&body)
        .map_err(|error| Problem::bad_request("bad_request", error.to_string()))?;
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
        false => {
            let _one_of_few = app.long.acquire().await;
            let app = app.clone();
            let planned = tokio::task::spawn_blocking(move || app.live.pull(&ask));
            planned.await.expect("planning a pull does not panic")?
        }
    };
    stream::respond(&headers, Stream { pull, ground }).map_err(|error| {
        tracing::error!(%error, "a stream could not be begun");
        Problem::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the stream could not be begun",
        )
    })
}
