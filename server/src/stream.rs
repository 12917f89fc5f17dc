//! Streams of lines: written when there is room for them, compressed as the device asks.

use std::convert::Infallible;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;

use crate::{
    app::App,
    coding::{Coding, Encoder, compressed},
    metrics::Sent,
};

/// Text after which what is written goes out. With its last piece it is a little less than the 128 KiB that
/// zstd compresses as one, if rows are of usual length.
const FLUSH_BYTES: usize = 104 << 10;
/// Room for a usual piece with the rows that end it, so that it's allocated once.
const PIECE_ROOM: usize = 40 << 10;

/// Writes a stream piece by piece.
pub(crate) trait Pieces: Send + 'static {
    /// Writes the next piece, and says whether another follows.
    fn write(&mut self, piece: &mut Vec<u8>) -> bool;
}

/// Answers with a stream. What ends before it first goes out is compressed as a whole.
pub(crate) fn respond(
    app: &App,
    headers: &HeaderMap,
    mut pieces: impl Pieces,
) -> std::io::Result<Response> {
    let coding = Coding::asked(headers);
    let mut sent = Sent::open(app);
    let mut first = Vec::new();
    let mut is_long = true;
    while is_long && first.len() < FLUSH_BYTES {
        is_long = pieces.write(&mut first);
    }
    sent.lines(&first);
    let body = if is_long {
        let mut encoder = Encoder::new(coding)?;
        encoder.write(&first)?;
        drop(first);
        let out = sent.out(encoder.flush()?);
        let rest = futures_util::stream::unfold(Some((pieces, encoder, sent)), next);
        use futures_util::StreamExt;
        Body::from_stream(futures_util::stream::once(async move { Ok(out) }).chain(rest))
    } else {
        Body::from(sent.out(compressed(coding, first)?))
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

type Rest<P> = Option<(P, Encoder, Sent)>;

async fn next<P: Pieces>(rest: Rest<P>) -> Option<(Result<Bytes, Infallible>, Rest<P>)> {
    let (mut pieces, mut encoder, mut sent) = rest?;
    let mut piece = Vec::with_capacity(PIECE_ROOM);
    let mut length = 0;
    // Memory takes all, so encoders can't fail; a stream without its last line is one that broke.
    while length < FLUSH_BYTES {
        piece.clear();
        let goes_on = pieces.write(&mut piece);
        sent.lines(&piece);
        encoder.write(&piece).ok()?;
        if !goes_on {
            return Some((Ok(sent.out(encoder.finish().ok()?)), None));
        }
        length += piece.len();
    }
    let out = sent.out(encoder.flush().ok()?);
    Some((Ok(out), Some((pieces, encoder, sent))))
}
