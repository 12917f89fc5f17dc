//! What is said on standard error may be read by nobody.

use std::{
    io::{Read, Write, pipe},
    net::TcpStream,
    process::Stdio,
};

use crate::{place::Place, served};

/// A standard error whose reader has gone.
fn unread() -> Stdio {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn a_message_that_nobody_reads_changes_nothing() {
    let place = Place::loaded();
    place.write("bad.dsl", "fetch nosuch { columns name }");
    place.write("good.dsl", "fetch p { columns name }");
    for (file, expected) in [("good.dsl", 0), ("bad.dsl", 3)] {
        let arguments = ["query", file, "--ignore-security"];
        let told = place.command(&arguments).output().unwrap();
        assert_eq!(told.status.code(), Some(expected), "{told:?}");
        assert_eq!(told.stderr.is_empty(), expected == 0, "{told:?}");
        let untold = place.command(&arguments).stderr(unread()).output().unwrap();
        assert_eq!((untold.status, untold.stdout), (told.status, told.stdout));
    }
}

#[test]
fn a_server_whose_log_nobody_reads_any_more_goes_on() {
    let place = Place::loaded();
    let (_running, address, log) = served::listening(&place);
    drop(log);
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
        stream.write_all(b"GET /v1/healthz HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer:?}");
    }
}
