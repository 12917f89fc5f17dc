//! Streams of lines: written when there is room for them, compressed as the device asks.

use std::{cell::RefCell, convert::Infallible, io::Write};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};

use crate::{app::App, metrics::Sent};

/// Of zstd. Higher levels save a tenth of the bytes and take twice the time.
const ZSTD_LEVEL: i32 = 1;

/// How an answer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// The best of those that are asked for.
    pub fn asked(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
        let accepted: Vec<&str> = accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|part| {
                let (name, weight) = part.split_once(';').unwrap_or((part, ""));
                let refused = weight.trim().trim_start_matches("q=").parse() == Ok(0.0);
                (!refused).then(|| name.trim())
            })
            .collect();
        let has = |name: &str| accepted.iter().any(|found| found.eq_ignore_ascii_case(name));
        if has("zstd") {
            Self::Zstd
        } else if has("gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Writes a stream piece by piece.
pub(crate) trait Pieces: Send + 'static {
    /// Writes the next piece, and says whether another follows.
    fn write(&mut self, piece: &mut Vec<u8>) -> bool;
}

/// An encoder under way.
enum Encoder {
    Identity,
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding) -> std::io::Result<Self> {
        Ok(match coding {
            Coding::Identity => Self::Identity,
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
            Coding::Zstd => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?),
        })
    }

    /// What goes out for a piece; with the last one, all that is left. Every piece is flushed, so that
    /// a device can take in what has come if the rest does not.
    fn encode(&mut self, piece: Vec<u8>, is_last: bool) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(piece),
            Self::Gzip(encoder) => {
                encoder.write_all(&piece)?;
                if is_last {
                    encoder.try_finish()?
                } else {
                    encoder.flush()?
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
            Self::Zstd(encoder) => {
                encoder.write_all(&piece)?;
                if is_last {
                    encoder.do_finish()?
                } else {
                    encoder.flush()?
                }
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }
}

thread_local! {
    /// Making a compressor costs more than most answers.
    static SMALL: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// A whole answer, compressed.
fn compressed(coding: Coding, whole: Vec<u8>) -> std::io::Result<Vec<u8>> {
    if coding != Coding::Zstd {
        return Encoder::new(coding)?.encode(whole, true);
    }
    SMALL.with_borrow_mut(|small| {
        let compressor = match small {
            Some(compressor) => compressor,
            None => small.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(&whole)
    })
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
        let first = Bytes::from(encoder.encode(first, false)?);
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
    let mut piece = Vec::new();
    let goes_on = pieces.write(&mut piece);
    sent.lines(&piece);
    // Memory takes all, so encoders can't fail; a stream without its last line is one that broke.
    let out = encoder.encode(piece, !goes_on).ok()?;
    sent.bytes(out.len());
    Some((Ok(Bytes::from(out)), goes_on.then_some((pieces, encoder, sent))))
}
