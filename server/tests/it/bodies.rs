//! Bodies: how large, how deep, how compressed.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use haversack_server::Options;
use serde_json::json;

use crate::{
    client::request,
    world::{World, id},
};

const SMALL: usize = 64 << 10;

fn small() -> World {
    World::with(Options { body_bytes: SMALL, ..Options::default() })
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(text, 3).unwrap()
}

#[test]
fn what_is_too_large_is_refused_before_and_after_decompression() {
    let world = small();
    let send = |coding: &str, body: Vec<u8>| {
        let request = request("POST", "/v1/rows/t", &world.ann).header("content-encoding", coding);
        let answer = world.send(&request.body(body));
        (answer.status, answer.code())
    };
    let row = |size: usize| json!({"name": "n", "note": "x".repeat(size)}).to_string().into_bytes();
    let too_large = (413, "body_too_large".to_owned());
    assert_eq!(send("identity", row(SMALL)), too_large);
    assert_eq!(send("gzip", gzip(&row(SMALL))), too_large);
    assert_eq!(send("zstd", zstd(&row(SMALL))), too_large);
    // A bomb: a few bytes that would be 256 MiB.
    let nothing = vec![b' '; 256 << 20];
    for (coding, bomb) in [("gzip", gzip(&nothing)), ("zstd", zstd(&nothing))] {
        assert!(bomb.len() < nothing.len() / 500);
        assert_eq!(send(coding, bomb), too_large, "{coding}");
    }
    assert_eq!(send("br", row(1)), (415, "unknown_encoding".to_owned()));
    assert_eq!(send("gzip, zstd", gzip(&row(1))), (415, "unknown_encoding".to_owned()));
    assert_eq!(send("gzip", row(1)), (400, "bad_encoding".to_owned()));
    assert_eq!(send("zstd", row(1)), (400, "bad_encoding".to_owned()));
}

#[test]
fn codings_of_bodies_are_named_as_http_has_it() {
    let world = World::new();
    let row = json!({"name": "n"}).to_string().into_bytes();
    for codings in [&["GZip"][..], &["x-gzip, identity"], &["identity", "gzip"], &[""], &[]] {
        let request = request("POST", "/v1/rows/t", &world.ann);
        let request = codings
            .iter()
            .fold(request, |request, coding| request.header("content-encoding", *coding));
        let is_plain = codings.concat().is_empty();
        let body = if is_plain { row.clone() } else { gzip(&row) };
        assert_eq!(world.send(&request.body(body)).status, 201, "{codings:?}");
    }
}

#[test]
fn bodies_are_compressed_both_ways() {
    let world = World::new();
    let text = "a text that comes again and again ".repeat(100);
    for (coding, body) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd)] {
        let row = json!({"id": id(coding), "name": coding, "note": text}).to_string();
        let request = request("POST", "/v1/rows/t", &world.ann).header("content-encoding", coding);
        world.send(&request.body(body(row.as_bytes()))).ok();
    }
    let ask = |accepted: &str| {
        let request = request("POST", "/v1/query", &world.ann).header("accept-encoding", accepted);
        world.send(&request.body("fetch t { columns name, note }")).ok()
    };
    let plain = ask("identity");
    assert_eq!(plain.lines().len(), 2);
    assert_eq!(plain.headers.get("content-encoding"), None);
    let (gzipped, zstandard) = (ask("gzip"), ask("gzip, zstd"));
    assert_eq!(gzipped.headers["content-encoding"], "gzip");
    assert_eq!(zstandard.headers["content-encoding"], "zstd");
    assert!(gzipped.body.len() < plain.body.len() / 4);
    let mut text = Vec::new();
    GzDecoder::new(&gzipped.body[..]).read_to_end(&mut text).unwrap();
    assert_eq!(text, plain.body);
    assert_eq!(zstd::stream::decode_all(&zstandard.body[..]).unwrap(), plain.body);
    assert_eq!(ask("zstd;q=0, gzip;q=0").body, plain.body);
    for (accepted, coding) in [
        ("gzip;q=0.9, zstd;q=0.1", Some("gzip")),
        ("GZIP; q=0.5, zstd ;q=0.5", Some("zstd")),
        ("gzip;q=0.2, identity", None),
        ("br, *;q=0.1", None),
        ("gzip;Q=0;x=y, zstd; q=0", None),
    ] {
        let headers = ask(accepted).headers;
        assert_eq!(headers.get("content-encoding").map(String::as_str), coding, "{accepted}");
        assert_eq!(headers["vary"], "accept-encoding");
    }
}

#[test]
fn what_is_too_deep_is_refused_before_it_is_read() {
    let world = World::new();
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for (path, token) in [
        ("/v1/devices", &world.ann),
        ("/v1/sync/pull", &world.ann),
        ("/v1/sync/push", &world.ann),
        ("/v1/rows/t", &world.ann),
        ("/v1/admin/changes", &world.admin),
        ("/v1/admin/tokens", &world.admin),
    ] {
        for depth in [33, 100_000] {
            let answer = world.send(&request("POST", path, token).body(deep(depth)));
            assert_eq!((answer.status, answer.code().as_str()), (400, "too_deep"), "{path}");
        }
        let answer = world.send(&request("POST", path, token).body(deep(32)));
        assert_ne!(answer.code(), "too_deep", "{path}");
    }
    // Brackets in texts are no depth.
    let brackets = json!({"name": "[\\\"{".repeat(20)});
    world.post("/v1/rows/t", &world.ann, &brackets).ok();
}

#[test]
fn bodies_that_are_no_json_are_bad_requests() {
    let world = World::new();
    for (path, token) in [
        ("/v1/devices", &world.ann),
        ("/v1/sync/pull", &world.ann),
        ("/v1/sync/push", &world.ann),
        ("/v1/rows/t", &world.ann),
        ("/v1/admin/tokens", &world.admin),
    ] {
        for body in [&b""[..], b"{", b"null", b"\xff\xfe", b"{\"unknown\":1}", b"[]", b"[1,2,3,4]"]
        {
            let answer = world.send(&request("POST", path, token).body(body));
            let code = answer.code();
            let is_told = ["bad_request", "unknown_column"].contains(&code.as_str());
            assert!(answer.status == 400 && is_told, "{path} {body:?}: {answer:?}");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(!detail.contains("struct"), "{path} {body:?}: {detail}");
        }
    }
}
