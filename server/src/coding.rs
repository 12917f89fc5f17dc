//! How answers are compressed.

use std::{
    cell::RefCell,
    io::Write,
    sync::{Mutex, PoisonError},
};

use axum::http::{HeaderMap, header};
use flate2::{Compression, write::GzEncoder};
use zstd::{
    stream::{
        raw::{self, CParameter, Operation},
        zio,
    },
    zstd_safe::ParamSwitch,
};

/// Of zstd. Higher levels save a tenth of the bytes and take twice the time.
const ZSTD_LEVEL: i32 = 1;
/// What differs from that level in streams: with a smaller table of places, which stays in the nearest
/// cache, and every other pair of places passed over, rows take three quarters of the time and 8 % more
/// bytes. Where places are passed over, zstd leaves literals as they are unless it's told not to, and ours
/// are half of the bytes.
const ZSTD: [CParameter; 3] = [
    CParameter::HashLog(13),
    CParameter::TargetLength(3),
    CParameter::LiteralCompressionMode(ParamSwitch::Enable),
];

/// How an answer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// The one that is asked for with the most weight, and the best of several (RFC 9110, 12.5.3).
    pub fn asked(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
        let accepted: Vec<(&str, f32)> = accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|part| {
                let mut parts = part.split(';').map(str::trim);
                let name = parts.next().unwrap_or_default();
                let mut weights =
                    parts.filter_map(|part| part.strip_prefix(['q', 'Q'])?.strip_prefix('='));
                (name, weights.next().and_then(|weight| weight.parse().ok()).unwrap_or(1.0))
            })
            .collect();
        let weight = |name: &str| {
            let found = accepted.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
            found.map_or(0.0, |(_, weight)| *weight)
        };
        let gzip = weight("gzip").max(weight("x-gzip"));
        let candidates = [
            (Self::Zstd, weight("zstd")),
            (Self::Gzip, gzip),
            (Self::Identity, weight("identity")),
        ];
        let best = |best: (Self, f32), one: (Self, f32)| if one.1 > best.1 { one } else { best };
        candidates.into_iter().fold((Self::Identity, 0.0), best).0
    }

    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// An encoder under way.
pub(crate) enum Encoder {
    Identity(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zio::Writer<Vec<u8>, raw::Encoder<'static>>),
}

/// Encoders that no stream has just now: to make one takes as long as to compress a hundred rows.
static IDLE: Mutex<Vec<raw::Encoder<'static>>> = Mutex::new(Vec::new());
/// How many are kept; each takes about half a megabyte.
const IDLE_MAX: usize = 8;

impl Encoder {
    pub fn new(coding: Coding) -> std::io::Result<Self> {
        Ok(match coding {
            Coding::Identity => Self::Identity(Vec::new()),
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), Compression::fast())),
            Coding::Zstd => {
                let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let encoder = match idle {
                    Some(encoder) => encoder,
                    None => {
                        let mut encoder = raw::Encoder::new(ZSTD_LEVEL)?;
                        ZSTD.iter().try_for_each(|one| encoder.set_parameter(*one))?;
                        encoder
                    }
                };
                Self::Zstd(zio::Writer::new(Vec::new(), encoder))
            }
        })
    }

    /// Takes text.
    pub fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Identity(out) => out.write_all(text),
            Self::Gzip(encoder) => encoder.write_all(text),
            Self::Zstd(encoder) => encoder.write_all(text),
        }
    }

    /// What goes out for all text since the last time: a device can take it in if the rest does not come.
    pub fn flush(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(std::mem::take(match self {
            Self::Identity(out) => out,
            Self::Gzip(encoder) => {
                encoder.flush()?;
                encoder.get_mut()
            }
            Self::Zstd(encoder) => {
                encoder.flush()?;
                encoder.writer_mut()
            }
        }))
    }

    /// What is left, and what ends the stream.
    pub fn finish(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Identity(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(mut encoder) => {
                encoder.finish()?;
                let (out, mut encoder) = encoder.into_inner();
                let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < IDLE_MAX && encoder.reinit().is_ok() {
                    idle.push(encoder);
                }
                Ok(out)
            }
        }
    }
}

thread_local! {
    /// Making a compressor costs more than most answers.
    static SMALL: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// A whole answer, compressed.
pub(crate) fn compressed(coding: Coding, whole: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match coding {
        Coding::Identity => return Ok(whole),
        Coding::Gzip => {
            let mut encoder = Encoder::new(coding)?;
            encoder.write(&whole)?;
            return encoder.finish();
        }
        Coding::Zstd => (),
    }
    SMALL.with_borrow_mut(|small| {
        let compressor = match small {
            Some(compressor) => compressor,
            None => small.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(&whole)
    })
}
