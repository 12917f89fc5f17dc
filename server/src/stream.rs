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

/// Room for a usual piece of a pull with the rows that end it, so that it's allocated once.
const PIECE_ROOM: usize = 127 << 10;

/// Writes a stream piece by piece.
pub(crate) trait Pieces: Send + 'static {
    /// Writes the next piece, and says whether another follows.
    fn write(&mut self, piece: &mut Vec<u8>) -> bool;
}

/// Answers with a stream. What fits into one piece goes out as one.
pub(crate) fn respond(
    app: &App,
    headers: &HeaderMap,
    mut pieces: impl Pieces,
) -> std::io::Result<Response> {
    let coding = Coding::asked(headers);
    let mut first = Vec::new();
    let is_long = pieces.write(&mut first);
    let mut sent = Sent::open(app);
    sent.lines(&first);
    let body = if is_long {
        let mut encoder = Encoder::new(coding)?;
        let first = Bytes::from(encoder.encode(first)?);
        sent.bytes(first.len());
        let rest = futures_util::stream::unfold(Some((pieces, encoder, sent)), next);
        use futures_util::StreamExt;
        let first = futures_util::stream::once(async move { Ok(first) });
        Body::from_stream(first.chain(rest))
    } else {
        let whole = compressed(coding, first)?;
        sent.bytes(whole.len());
        Body::from(whole)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

type Rest<P> = Option<(P, Encoder, Sent)>;

async fn next<P: Pieces>(rest: Rest<P>) -> Option<(Result<Bytes, Infallible>, Rest<P>)> {
    let (mut pieces, mut encoder, mut sent) = rest?;
    let mut piece = Vec::with_capacity(PIECE_ROOM);
    let goes_on = pieces.write(&mut piece);
    sent.lines(&piece);
    // Memory takes all, so encoders can't fail; a stream without its last line is one that broke.
    let (out, rest) = if goes_on {
        let out = encoder.encode(piece).ok()?;
        sent.bytes(out.len());
        (out, Some((pieces, encoder, sent)))
    } else {
        let out = encoder.finish(piece).ok()?;
        sent.bytes(out.len());
        (out, None)
    };
    Some((Ok(Bytes::from(out)), rest))
}
