//! Who is slow takes nothing from others.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use haversack_server::Options;
use serde_json::json;

use crate::{
    client::{Answer, connect, read, request, unchunked},
    world::{PATIENCE, World},
};

fn impatient() -> World {
    World::with(Options { head_seconds: 1, body_seconds: 1, ..Options::default() })
}

/// What comes back, until the server closes the connection.
fn rest(world: &World, sent: &str) -> Vec<u8> {
    let began = Instant::now();
    let mut stream = connect(world.address);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut all = Vec::new();
    let mut piece = [0; 1_024];
    // A reset is an end, too.
    while let Ok(size @ 1..) = stream.read(&mut piece) {
        all.extend_from_slice(&piece[..size]);
    }
    assert!(began.elapsed() < PATIENCE, "the connection is open after {PATIENCE:?}");
    all
}

#[test]
fn heads_that_do_not_come_are_not_waited_for() {
    let world = impatient();
    for sent in ["", "G", "GET /v1/healthz HTTP/1.1\r\nhost: local", "PRI * HTTP/2.0\r\n"] {
        let all = rest(&world, sent);
        assert!(all.is_empty() || read(&all).status == 408, "{sent:?}: {all:?}");
    }
    world.get("/v1/healthz", "").ok();
}

/// A connection of HTTP/2 says so in its first bytes, which may come in parts.
#[test]
fn http_2_is_spoken_to_whoever_speaks_it() {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let world = World::new();
    for (first, rest) in
        [("PRI * HT", "TP/2.0\r\n\r\nSM\r\n\r\n"), ("", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    {
        let mut stream = connect(world.address);
        stream.write_all(first.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(&[rest.as_bytes(), &SETTINGS].concat()).unwrap();
        let mut head = [0; 9];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[3..], [4, 0, 0, 0, 0, 0], "the settings of the other side come first");
    }
}

#[test]
fn bodies_that_do_not_come_are_not_waited_for() {
    let world = impatient();
    let head = format!(
        "POST /v1/rows/t HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
         content-length: 100\r\n\r\n{{\"name\":",
        world.ann
    );
    let answer = read(&rest(&world, &head));
    assert_eq!((answer.status, answer.code().as_str()), (408, "too_slow"));
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let world = World::new();
    let head = format!("GET /v1/healthz HTTP/1.1\r\nx-long: {}\r\n\r\n", "x".repeat(100_000));
    let all = rest(&world, &head);
    assert!(all.is_empty() || read(&all).status == 431, "{}", String::from_utf8_lossy(&all));
}

/// More text of rows than the buffers between two ends of a connection hold.
fn with_many_rows(options: Options) -> World {
    let world = World::with(options);
    let note = "x".repeat(100_000);
    for number in 0..200 {
        world.row(&world.ann, &format!("row {number}"), json!({"note": note}));
    }
    world
}

/// The head of a pull that has begun, and where the rest comes from.
fn pulling(world: &World) -> (Answer, TcpStream) {
    let phone = world.register(&world.ann, "phone");
    let pull = request("POST", "/v1/sync/pull", &world.ann);
    pull.json(&json!({"device_id": phone, "cursor": null})).open(world.address)
}

#[test]
fn whoever_takes_nothing_of_an_answer_is_cut_off() {
    let world = with_many_rows(Options { stall_seconds: 3, ..Options::default() });
    let streams_open = |count: usize| {
        let text = String::from_utf8(world.get("/metrics", "").ok().body).unwrap();
        text.lines().any(|line| line == format!("haversack_streams_open {count}"))
    };
    let (head, mut stream) = pulling(&world);
    assert_eq!(head.status, 200);
    assert!(streams_open(1), "all of it went into buffers");
    let began = Instant::now();
    while !streams_open(0) {
        assert!(began.elapsed() < PATIENCE, "the stream is open after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut rest = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut rest);
    assert!(!rest.ends_with(b"0\r\n\r\n"), "the answer must not look whole");
}

/// A server that ends takes no more connections, and finishes what it has begun to answer.
#[test]
fn a_pull_under_way_is_finished_when_the_server_ends() {
    let world = with_many_rows(Options::default());
    let (address, (head, mut stream)) = (world.address, pulling(&world));
    assert_eq!(head.status, 200);
    let ending = std::thread::spawn(move || drop(world));
    let began = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed() < PATIENCE, "it takes connections after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    let text = unchunked(&rest);
    let last = text.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap();
    assert!(last.starts_with(b"{\"t\":\"complete\""), "{}", String::from_utf8_lossy(last));
    ending.join().unwrap();
}

/// Connections beyond the bound wait, and are served when there is room.
#[test]
fn connections_have_a_bound() {
    let world = World::with(Options { connections: 2, head_seconds: 1, ..Options::default() });
    let idle: Vec<_> = (0..4).map(|_| connect(world.address)).collect();
    // The idle ones are let go after a second, and then there is room.
    world.get("/v1/healthz", "").ok();
    drop(idle);
}
