//! Bodies of requests: read whole, within a bound before and after decompression.

use std::{io::Read, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{app::App, problem::Problem};

/// A body, read and decompressed.
pub(crate) struct Whole(pub Bytes);

impl FromRequest<App> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let most = app.options.body_bytes;
        let (parts, body) = request.into_parts();
        let seconds = app.options.body_seconds;
        let collected = tokio::time::timeout(Duration::from_secs(seconds), collected(body, most));
        let bytes = collected.await.map_err(|_| {
            let detail = format!("the body took more than {seconds} seconds to come");
            Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
        })??;
        decompressed(&parts.headers, bytes, most).map(Self)
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!("the body has more than {most} bytes; send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

async fn collected(body: Body, most: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(most)),
        Err(_) => Err(Problem::bad_request("cut_off", "the body broke off; send it again")),
    }
}

fn decompressed(headers: &HeaderMap, bytes: Bytes, most: usize) -> Result<Bytes, Problem> {
    let given = headers.get_all(header::CONTENT_ENCODING).iter();
    let given: Vec<_> = given.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let codings = given.join(",").to_ascii_lowercase();
    let codings = codings.split(',').map(str::trim);
    let codings: Vec<&str> = codings.filter(|name| !["", "identity"].contains(name)).collect();
    let reader: Box<dyn Read> = match codings[..] {
        [] => return Ok(bytes),
        ["gzip" | "x-gzip"] => Box::new(flate2::read::MultiGzDecoder::new(&bytes[..])),
        ["zstd"] => match zstd::stream::read::Decoder::new(&bytes[..]) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => return Err(garbled(&error)),
        },
        _ => {
            let found = codings.join(", ");
            let detail = format!("found a body in {found:?}, expected zstd, gzip or identity");
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unknown_encoding",
                detail,
            ));
        }
    };
    let mut whole = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(bound).read_to_end(&mut whole).map_err(|error| garbled(&error))?;
    if whole.len() > most { Err(too_large(most)) } else { Ok(whole.into()) }
}

fn garbled(error: &std::io::Error) -> Problem {
    Problem::bad_request("bad_encoding", format!("the body can't be decompressed: {error}"))
}
