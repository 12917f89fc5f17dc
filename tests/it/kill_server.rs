//! The server process, killed with SIGKILL again and again while devices and an administrator work: what
//! was acknowledged stays, once, and when it is over every device shows what belongs on it.

mod checks;
mod work;
mod world;

use std::{collections::BTreeMap, thread, time::Duration};

use checks::{Log, belongs, shown};
use haversack_core::Cursor;
use haversack_device::Device;
use haversack_engine::Environment;
use haversack_replay::{Digest, Judging};
use serde_json::json;
use work::{Administrator, Owned};
use world::World;

use crate::{
    place::json_lines,
    served::{begin, serve},
};

const KILLS: u32 = 12;
/// Requests with edits that are answered between two kills, at the least.
const ANSWERS: u64 = 15;
/// Kills after which the device is copied that is then there twice.
const KILLS_BEFORE_COPY: u32 = 3;
/// Rounds of syncs in which all must be quiet when nothing is killed any more: what is left is sent, what
/// the others sent is taken, and once more for a device that becomes another.
const ROUNDS_MAX: u32 = 4;

/// Kills the server again and again, each time a little further in what it does, and serves once more.
fn kill_and_serve(world: &World, mut copy: impl FnMut()) {
    for kill in 0..KILLS {
        world.wait_for_answers(ANSWERS + u64::from(kill));
        // Somewhere within the next requests.
        thread::sleep(Duration::from_micros(u64::from(kill * 7 % KILLS) * 700));
        world.kill();
        if kill % 3 == 2 {
            // It may also be killed before it is there.
            let starting = begin(&world.place);
            thread::sleep(Duration::from_millis(u64::from(kill) * 4));
            drop(starting);
        }
        world.served_by(serve(&world.place));
        if kill == KILLS_BEFORE_COPY {
            copy();
        }
    }
    world.wait_for_answers(ANSWERS);
}

/// All devices work in threads of their own while the server is killed; one of them is copied meanwhile.
fn worked(world: &World, mut devices: Vec<Owned>) -> (Vec<Owned>, Administrator) {
    let (ask, asked) = std::sync::mpsc::channel();
    let (send, copied) = std::sync::mpsc::channel();
    devices[0].copies = Some((asked, send));
    let administrator = Administrator::new(world);
    thread::scope(|scope| {
        // Whatever fails here, nobody is waited for for ever.
        let _rests = world.rests_after();
        let works = |device: Owned| scope.spawn(move || device.worked(world));
        let mut working: Vec<_> = devices.into_iter().map(works).collect();
        let administrator = scope.spawn(move || administrator.worked(world));
        kill_and_serve(world, || {
            ask.send(()).expect("the device works");
            let copy = copied.recv().expect("it is copied after its next sync");
            working.push(works(Owned::opened(copy, "copy", "Ann")));
        });
        world.rest();
        let administrator = administrator.join().expect("the administrator goes on");
        let done = working.into_iter().map(|work| work.join().expect("the device goes on"));
        (done.collect(), administrator)
    })
}

/// Syncs all devices until nothing comes or goes.
fn heal(world: &World, devices: &[Owned]) {
    for _ in 0..ROUNDS_MAX {
        let mut moved = 0;
        for device in devices {
            let done = device.sync(world).expect("the server is there");
            moved += done.progress.edits + done.progress.rows;
        }
        if moved == 0 {
            return;
        }
    }
    panic!("devices still send or take something after {ROUNDS_MAX} rounds");
}

fn assert_copied_device_was_told_apart(devices: &[Owned]) {
    let (phone, copy) = (&devices[0], devices.last().expect("there are devices"));
    assert_eq!(copy.who, "copy", "the device was copied");
    let mut names = [phone, copy].map(|device| device.device().status().name.unwrap());
    names.sort();
    assert_eq!(names, ["phone", "phone (2)"], "one of the two becomes another device");
    assert_ne!(phone.device().status().device, copy.device().status().device);
}

/// What devices acknowledged is on record without a tear, and no device twice with the same.
fn assert_acknowledgements_are_on_record(world: &World, head: Cursor) {
    let (lines, warnings) = world.place.exits(0, &["audit", "deliveries"], "");
    assert_eq!(warnings, "");
    let mut last = BTreeMap::new();
    for mut entry in json_lines(&lines) {
        let device = entry["device"].to_string();
        assert!(entry["offset"].as_u64().is_some_and(|offset| offset <= head.count()), "{entry}");
        let said = ["offset", "profile", "tables"].map(|key| entry[key].take());
        assert_ne!(last.insert(device, said.clone()), Some(said));
    }
    assert!(last.len() >= 4, "each device has acknowledged something: {last:?}");
}

#[test]
fn a_server_that_is_killed_under_load_loses_nothing_that_it_acknowledged() {
    let world = World::new();
    let devices = [("phone", "Ann"), ("tablet", "Ann"), ("laptop", "Bob")];
    let devices = devices.map(|(who, user)| Owned::new(&world, who, user)).into();
    let (devices, administrator) = worked(&world, devices);
    heal(&world, &devices);
    assert_copied_device_was_told_apart(&devices);
    world.kill();

    let verified = world.place.done(&["audit", "verify"]).remove(0);
    assert_eq!(verified["findings"], json!([]));
    let replayed = world.place.digest();
    let environment = Environment::open_existing(&world.place.data()).expect("opens");
    let state = environment.state();
    assert_eq!(replayed, Digest::of(&state).to_string());
    let anew = environment.fold_anew(Judging::InForce, state.cursor).expect("folds");
    assert_eq!(Digest::of(&anew), Digest::of(&state));

    for owned in &devices {
        let status = owned.device().status();
        assert_eq!((status.unsent, status.lost_records), (0, 0), "{}", owned.who);
        let rows = shown(owned.device());
        assert!(!rows.is_empty());
        assert_eq!(rows, belongs(&state, world.user(owned.user)), "{}", owned.who);
    }
    assert_acknowledgements_are_on_record(&world, state.cursor);
    let log = Log::of(&environment);
    let made: Vec<String> = devices.iter().flat_map(|owned| owned.made.clone()).collect();
    let heard = world.heard();
    assert_eq!(log.complaints(&heard, &made, &administrator.acknowledged), [""; 0]);
    println!(
        "{KILLS} kills: {} edits made, {} judged again after their answer was lost, {} online edits \
         acknowledged, {} events",
        made.len(),
        heard.iter().filter(|told| told.is_again).count(),
        administrator.acknowledged.len(),
        state.cursor,
    );

    // And a log that lacks one of them, or has it twice, or with another outcome, would be noticed.
    let applied = heard.iter().find(|told| told.outcome == "applied").expect("some are applied");
    for spoilt in log.spoilt(applied.offset) {
        assert_ne!(spoilt.complaints(&heard, &made, &administrator.acknowledged), [""; 0]);
    }
}

/// The device in a directory, as [`Device::open`] gives it after another handle was let go.
fn reopened(home: &std::path::Path) -> Device {
    Device::open(home).expect("the device is there")
}
