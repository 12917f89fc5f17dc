//! Processes killed in the middle: a step is there whole or not at all, a load is completed by
//! running it again, and the log is never damaged.

use std::{
    fmt::Write,
    process::Stdio,
    time::{Duration, Instant},
};

use haversack_core::{Cursor, Offset, Timestamp, event::Event};
use haversack_engine::Environment;
use haversack_replay::{Digest, Judging};

use crate::place::Place;

const KILLS: u32 = 15;
const STEP_ROWS: usize = 1_000;
const DOCUMENT_ROWS: usize = 6_000;

fn row_id(batch: u32, number: usize) -> String {
    format!("00000000-0000-4000-9000-{batch:04}{number:08}")
}

/// When a command is killed.
#[derive(Clone, Copy)]
enum Kill {
    /// This long after its start.
    AfterStart(Duration),
    /// This long after it made its data directory.
    AfterData(Duration),
}

/// Runs the command and kills it, unless it ends before.
fn killed(place: &Place, arguments: &[&str], kill: Kill) {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let after = match kill {
        Kill::AfterStart(after) => after,
        Kill::AfterData(after) => {
            while !place.data().exists() && child.try_wait().expect("can be asked").is_none() {
                std::thread::yield_now();
            }
            after
        }
    };
    std::thread::sleep(after);
    // SIGKILL. A child that has ended by itself is as good.
    let _ = child.kill();
    child.wait().expect("the child is gone");
}

/// Runs the command to its end: how long it took, and how long since its data directory was there.
fn unkilled(place: &Place, arguments: &[&str]) -> (Duration, Duration) {
    let begun = Instant::now();
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("starts");
    let mut with_data = None;
    let status = loop {
        if with_data.is_none() && place.data().exists() {
            with_data = Some(Instant::now());
        }
        match child.try_wait().expect("can be asked") {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_micros(200)),
        }
    };
    assert!(status.success());
    (begun.elapsed(), with_data.expect("it has data").elapsed())
}

/// From `from` to `to` percent of a duration, spread over the kills. Not in order, so that a machine
/// that grows slower still hits the middle.
fn moment(whole: Duration, kill: u32, (from, to): (u32, u32)) -> Duration {
    whole * (from + (to - from) * (kill * 7 % KILLS) / KILLS) / 100
}

fn step(batch: u32) -> String {
    let mut text = "{\"begin\":true}\n".to_owned();
    for number in 0..STEP_ROWS {
        let id = row_id(batch, number);
        writeln!(
            text,
            r#"{{"row":{{"table":"t","op":"create","id":"{id}","values":{{"a":"row {number}"}}}}}}"#
        )
        .unwrap();
    }
    text + "{\"commit\":true}\n"
}

#[test]
fn a_killed_step_is_there_whole_or_not_at_all() {
    let place = Place::loaded();
    place.write("step.ndjson", &step(0));
    let (whole, _) = unkilled(&place, &["apply", "step.ndjson"]);
    let mut rows = 3 + STEP_ROWS;
    let mut applied = 0;
    for kill in 0..KILLS {
        place.write("step.ndjson", &step(kill + 1));
        let after = Kill::AfterStart(moment(whole, kill, (50, 130)));
        killed(&place, &["apply", "step.ndjson"], after);
        let environment = Environment::open_existing(&place.data()).expect("opens after a kill");
        let state = environment.state();
        let now = state.row_count("t");
        assert!(now == rows || now == rows + STEP_ROWS, "{rows} rows before, {now} now");
        applied += usize::from(now > rows);
        rows = now;
        let again = environment.fold_anew(Judging::InForce, state.cursor).expect("replays");
        assert_eq!(Digest::of(&again), Digest::of(&state));
    }
    println!("{applied} of {KILLS} killed steps were applied");
    let digests = [place.done(&["replay"]), place.done(&["replay"])];
    assert_eq!(digests[0], digests[1]);
}

/// A document whose rows say when they were made, so that every load of it gives the same state.
fn write_document(place: &Place) {
    for name in ["environment.json", "rows/p.csv"] {
        let content =
            std::fs::read_to_string(format!("{}/{name}", crate::place::DOCUMENT)).unwrap();
        let content = content
            .replace("pid,name", "pid,name,createdon,modifiedon")
            .replace("\"North, here\"", "North,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z")
            .replace("c2,\n", "c2,South,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z\n");
        place.write(&format!("d/{name}"), &content);
    }
    let mut rows = "tid,a,b,createdon,modifiedon\n".to_owned();
    for number in 0..DOCUMENT_ROWS {
        let id = row_id(0, number);
        let time = "2026-01-01T00:00:00Z";
        writeln!(rows, "{id},row {number},{},{time},{time}", number % 7).unwrap();
    }
    place.write("d/rows/t.csv", &rows);
}

/// The state that was loaded, whenever that was.
fn loaded(place: &Place) -> (Digest, Cursor) {
    let environment = Environment::open_existing(&place.data()).expect("opens");
    let mut state = environment.fold_anew(Judging::InForce, environment.state().cursor).unwrap();
    state.at = Timestamp::default();
    (Digest::of(&state), state.cursor)
}

#[test]
fn a_killed_load_is_completed_by_running_it_again() {
    let place = Place::new();
    write_document(&place);
    let (_, whole) = unkilled(&place, &["load", "d"]);
    let (expected, total) = loaded(&place);
    let mut cut_off = 0;
    for kill in 0..KILLS {
        let place = Place::new();
        write_document(&place);
        killed(&place, &["load", "d"], Kill::AfterData(moment(whole, kill, (0, 105))));
        if place.data().exists() {
            let environment = Environment::open(&place.data()).expect("opens after a kill");
            let state = environment.state();
            let begun = state.cursor > Cursor::START;
            cut_off += u32::from(begun && state.cursor < total);
            let records = environment.log().read(Offset::FIRST, usize::MAX).unwrap();
            assert_eq!(records.len() as u64, state.cursor.count());
            let first = records.first().map(|record| &record.inner.event);
            assert!(first.is_none_or(|event| matches!(event, Event::EnvironmentCreated { .. })));
        }
        place.done(&["load", "d"]);
        assert_eq!(loaded(&place), (expected, total));
        let again = place.done(&["load", "d"]);
        assert_eq!(again[0]["events"], 0);
    }
    println!("{cut_off} of {KILLS} loads were cut off in the middle");
}
