//! Who is slow takes nothing from others.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use haversack_server::Options;

use crate::{
    client::{connect, read},
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

/// Connections beyond the bound wait, and are served when there is room.
#[test]
fn connections_have_a_bound() {
    let world = World::with(Options { connections: 2, head_seconds: 1, ..Options::default() });
    let idle: Vec<_> = (0..4).map(|_| connect(world.address)).collect();
    // The idle ones are let go after a second, and then there is room.
    world.get("/v1/healthz", "").ok();
    drop(idle);
}
