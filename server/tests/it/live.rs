//! Devices that wait to be poked.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    client::{connect, request},
    world::{PATIENCE, World},
};

/// A phone of bob's that has all its rows, and where it listens from there on.
fn listens(world: &World) -> String {
    let device = world.register(&world.bob, "phone");
    let lines = world.pull(&world.bob, &device, &json!(null));
    let end = lines.last().unwrap();
    assert_eq!(end["t"], "complete", "{lines:?}");
    format!("/v1/sync/live?device_id={device}&cursor={}", end["cursor"].as_str().unwrap())
}

/// What a stream says until something that is waited for is said, it ends, or time is up.
fn said(stream: &mut TcpStream, awaited: &str, patience: Duration) -> String {
    let began = Instant::now();
    let mut text = String::new();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    while began.elapsed() < patience && !text.contains(awaited) {
        let mut piece = [0; 256];
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(size) => text.push_str(std::str::from_utf8(&piece[..size]).unwrap()),
            Err(_) => {}
        }
    }
    text
}

fn is_poked(stream: &mut TcpStream, patience: Duration) -> bool {
    said(stream, "event: poke", patience).contains("event: poke")
}

/// How many wait, as the administrator is told.
fn waiting(world: &World) -> String {
    let told = world.get("/metrics", &world.admin).ok();
    let text = String::from_utf8(told.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("haversack_waiting_pokes "));
    line.unwrap().to_owned()
}

#[test]
fn a_device_that_waits_is_poked_by_what_it_may_read_and_by_nothing_else() {
    let world = World::new();
    let path = listens(&world);
    let (head, mut stream) = request("GET", &path, &world.bob).open(world.address);
    assert_eq!((head.status, &*head.headers["content-type"]), (200, "text/event-stream"));
    world.row(&world.ann, "anns", json!({}));
    assert!(!is_poked(&mut stream, Duration::from_millis(500)));
    world.row(&world.bob, "bobs", json!({}));
    assert_eq!(said(&mut stream, "\n\n\r\n", PATIENCE), "16\r\nevent: poke\ndata: {}\n\n\r\n");
    // Whoever asks from a cursor that is behind is poked at once.
    let (_, mut late) = request("GET", &path, &world.bob).open(world.address);
    assert!(is_poked(&mut late, PATIENCE));
}

#[test]
fn whoever_waits_is_let_go_when_they_go() {
    let world = World::new();
    let path = listens(&world);
    let (_, stream) = request("GET", &path, &world.bob).open(world.address);
    assert_eq!(waiting(&world), "1");
    drop(stream);
    let began = Instant::now();
    while waiting(&world) != "0" {
        assert!(began.elapsed() < PATIENCE, "it counts as waiting after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks as clients did before there were chunks.
fn old_fashioned(world: &World, path: &str) -> TcpStream {
    let mut stream = connect(world.address);
    let asked = format!("GET {path} HTTP/1.0\r\nauthorization: Bearer {}\r\n\r\n", world.bob);
    stream.write_all(asked.as_bytes()).unwrap();
    let head = said(&mut stream, "\r\n\r\n", PATIENCE);
    assert!(head.contains(" 200 OK\r\n") && !head.contains("chunked"), "{head}");
    stream
}

#[test]
fn a_server_that_ends_waits_for_nobody_who_waits() {
    let world = World::new();
    let path = listens(&world);
    let (_, mut waits) = request("GET", &path, &world.bob).open(world.address);
    let mut waits_without_chunks = old_fashioned(&world, &path);
    let mut idle = connect(world.address);
    idle.write_all(b"GET /v1/healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(said(&mut idle, "}", PATIENCE).contains("200 OK"));
    let began = Instant::now();
    drop(world);
    // Answers under way would have ten seconds.
    assert!(began.elapsed() < Duration::from_secs(8), "it took {:?}", began.elapsed());
    assert_eq!(said(&mut waits, "an end", PATIENCE), "0\r\n\r\n");
    assert_eq!(said(&mut waits_without_chunks, "an end", PATIENCE), "");
    assert_eq!(said(&mut idle, "an end", PATIENCE), "");
}

/// Whoever has a stream of events has nothing more to say.
#[test]
fn whoever_goes_on_talking_is_not_listened_to_for_ever() {
    let world = World::new();
    let path = listens(&world);
    let (_, mut stream) = request("GET", &path, &world.bob).open(world.address);
    let began = Instant::now();
    while stream.write_all(&[b'x'; 1_024]).is_ok() {
        assert!(began.elapsed() < PATIENCE, "it reads after {PATIENCE:?}");
    }
}

/// A stream of events is the last answer of its connection, which says so.
#[test]
fn nothing_more_is_answered_where_events_are_waited_for() {
    let world = World::new();
    let path = listens(&world);
    let mut stream = connect(world.address);
    let ask = |path: &str| {
        let bob = &world.bob;
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {bob}\r\n\r\n")
    };
    let asked = ask("/v1/healthz") + &ask(&path) + &ask("/v1/healthz");
    stream.write_all(asked.as_bytes()).unwrap();
    let text = said(&mut stream, "an end", Duration::from_secs(1));
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
    assert_eq!(text.matches("connection: close").count(), 1, "{text}");
    stream.write_all(ask("/v1/healthz").as_bytes()).unwrap();
    world.row(&world.bob, "bobs", json!({}));
    let text = said(&mut stream, "event: poke", PATIENCE);
    assert!(text.contains("event: poke") && !text.contains("HTTP/1.1"), "{text}");
}

#[test]
fn events_come_without_chunks_to_whoever_does_not_know_them() {
    let world = World::new();
    let path = listens(&world);
    let mut stream = old_fashioned(&world, &path);
    world.row(&world.bob, "bobs", json!({}));
    assert_eq!(said(&mut stream, "\n\n", PATIENCE), "event: poke\ndata: {}\n\n");
}
