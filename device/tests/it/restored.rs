//! Devices and servers that were copied, restored from backups, or damaged.

use std::ops::ControlFlow;

use haversack_device::{Ask, Device, DeviceError};
use haversack_sync::message::DeviceLimits;
use serde_json::json;

use crate::server::{Hands, Link, Place, Server, id, object, row, shown, sync, sync_as};

fn place(server: &Server) -> (Place, Link, Device) {
    let (place, link) = (Place::default(), server.link("bob"));
    let device = place.device("phone", &link);
    sync(&device, &link).unwrap();
    (place, link, device)
}

/// A copy of all that is durable of a device.
fn copied(place: &Place) -> Place {
    Place { store: place.store.crashed(0), medium: place.medium.after_crash() }
}

fn rename(device: &Device, to: &str) {
    device.update("task", id("one"), object(json!({"name": to}))).unwrap();
}

fn name(server: &Server) -> String {
    let belongs = server.belongs("bob");
    let one = belongs.iter().find(|row| row.1 == id("one")).unwrap();
    one.2["name"].as_str().unwrap().to_owned()
}

/// How many edits of bob's devices are in the log.
fn logged(server: &Server) -> usize {
    let state = server.environment().state();
    state.devices.values().map(|device| device.edits.len()).sum()
}

#[test]
fn a_device_restored_from_a_backup_becomes_another_and_loses_no_edit() {
    let server = Server::new();
    let (first, link, device) = place(&server);
    let backup = copied(&first);
    rename(&device, "A");
    sync(&device, &link).unwrap();
    drop(device);

    let device = backup.device("phone", &link);
    rename(&device, "B");
    let (before, base) = (device.status().device, device.edits()[0].base);
    let done = sync(&device, &link).unwrap();
    assert_eq!(done.renamed.as_deref(), Some("phone (2)"));
    assert!(done.anew.is_some());
    assert_ne!(device.status().device, before);
    assert_eq!((name(&server), logged(&server)), ("B".to_owned(), 2));
    // Its base was that of then, so overwriting what came since is a conflict.
    assert_eq!(server.environment().state().conflicts.len(), 1);
    assert_eq!((device.problems().len(), device.problems()[0].base), (1, base));
    assert_eq!(shown(&device), server.belongs("bob"));
    assert_eq!(sync(&device, &link).unwrap().renamed, None);
}

#[test]
fn a_device_that_becomes_another_tells_so_though_that_sync_breaks() {
    let server = Server::new();
    let (first, link, device) = place(&server);
    let backup = copied(&first);
    rename(&device, "A");
    sync(&device, &link).unwrap();
    let device = backup.device("phone", &link);
    rename(&device, "B");
    link.faults.lock().unwrap().cuts = vec![0; 100];
    sync(&device, &link).unwrap_err();
    link.faults.lock().unwrap().cuts.clear();
    let done = sync(&device, &link).unwrap();
    assert_eq!((done.renamed.as_deref(), done.anew.is_some()), (Some("phone (2)"), true));
    let done = sync(&device, &link).unwrap();
    assert_eq!((done.renamed, done.anew), (None, None));
}

#[test]
fn a_device_that_was_copied_is_told_apart_even_without_edits() {
    let server = Server::new();
    let (first, link, device) = place(&server);
    let clones = [copied(&first), copied(&first)].map(|place| place.device("phone", &link));
    rename(&device, "A");
    sync(&device, &link).unwrap();
    // It learns from the pull that somebody else sends edits under its number.
    let done = sync(&clones[0], &link).unwrap();
    assert_eq!(done.renamed.as_deref(), Some("phone (2)"));
    rename(&clones[0], "B");
    sync(&clones[0], &link).unwrap();
    rename(&clones[1], "C");
    let done = sync(&clones[1], &link).unwrap();
    assert_eq!(done.renamed.as_deref(), Some("phone (3)"));
    assert_eq!((name(&server), logged(&server)), ("C".to_owned(), 3));
    rename(&device, "D");
    assert_eq!(sync(&device, &link).unwrap().renamed, None);
    for device in clones.iter().chain([&device]) {
        sync(device, &link).unwrap();
        assert_eq!(shown(device), server.belongs("bob"));
    }
}

/// An answer that was lost before the backup was made, and edits that were sent since.
#[test]
fn edits_that_may_have_been_judged_before_the_backup_are_judged_at_most_twice_and_never_lost() {
    let server = Server::new();
    let (first, link, device) = place(&server);
    rename(&device, "A");
    link.faults.lock().unwrap().lost_answers = 1;
    sync(&device, &link).unwrap_err();
    let backup = copied(&first);
    let restored = backup.device("phone", &link);
    // The same edit under the same number: it's the same for the server.
    sync(&restored, &link).unwrap();
    assert_eq!((logged(&server), restored.edits()), (1, vec![]));
    assert_eq!(restored.status().name.as_deref(), Some("phone"));
    assert_eq!(shown(&restored), server.belongs("bob"));
}

#[test]
fn a_server_restored_from_an_older_backup_is_told_to_the_app_and_edits_stay() {
    let server = Server::new();
    let events = server.environment().state().cursor.count();
    let (_, link, device) = place(&server);
    let with_device = server.environment().state().cursor.count();
    rename(&device, "A");
    sync(&device, &link).unwrap();
    rename(&device, "B");
    let before = shown(&device);
    // Without the device's edit, without the device itself, and with events of others since.
    let older = server.restored(with_device);
    let oldest = server.restored(events);
    let other = server.restored(with_device);
    other.apply(
        (0..9).map(|n| row("create", "task", &format!("n{n}"), json!({"name": "N"}))).collect(),
    );
    for restored in [older, oldest, other] {
        let link = restored.link("bob");
        for is_full in [false, true] {
            let result = sync_as(&device, &link, Ask { is_full, ..Ask::default() });
            assert!(matches!(result, Err(DeviceError::LogBehind { .. })), "{result:?}");
        }
        assert_eq!(shown(&device), before, "the position never goes back");
        assert_eq!(device.status().unsent, 1);
        assert_eq!(logged(&restored), 0, "nothing is sent to a server that lost events");
    }
    sync(&device, &link).unwrap();
    assert_eq!((name(&server), logged(&server)), ("B".to_owned(), 2));
}

#[test]
fn rows_that_are_lost_are_noticed_and_come_again() {
    let server = Server::new();
    let (place, link, device) = place(&server);
    rename(&device, "A");
    for number in 0..place.store.keys(b"r").len() {
        let key = place.store.keys(b"r")[number].clone();
        place.store.lose(&key);
        let result = device.query("fetch task {}", None, &[]);
        let is_damaged = matches!(result, Err(DeviceError::Damaged { .. }));
        let result = device.query("fetch product {}", None, &[]);
        assert!(is_damaged || matches!(result, Err(DeviceError::Damaged { .. })));
        // The digests would not tell: what comes fits what came. The rows do.
        server.apply(vec![row("update", "product", "nut", json!({"name": format!("{key:?}")}))]);
        let done = sync(&device, &link).unwrap();
        assert!(done.anew.is_some(), "{key:?}");
        assert_eq!(shown(&device), server.belongs("bob"));
    }
    assert_eq!((name(&server), logged(&server)), ("A".to_owned(), 1));
}

#[test]
fn a_store_that_is_lost_altogether_costs_a_download_and_no_edit() {
    let server = Server::new();
    let (place, link, device) = place(&server);
    rename(&device, "A");
    let edits = device.edits();
    drop(device);
    for key in place.store.keys(b"") {
        place.store.lose(&key);
    }
    let device = place.device("phone", &link);
    assert_eq!(device.edits(), edits);
    assert!(!device.status().is_available);
    let done = sync(&device, &link).unwrap();
    assert_eq!((done.progress.edits, done.renamed), (1, None));
    assert_eq!((name(&server), logged(&server)), ("A".to_owned(), 1));
    assert_eq!(shown(&device), server.belongs("bob"));
}

#[test]
fn a_device_is_reopened_without_its_server_and_holds_what_it_held() {
    let server = Server::new();
    let (first, _, device) = place(&server);
    rename(&device, "A");
    let (identity, came) = (device.identity(), device.came().unwrap());
    let setup = device.setup();
    drop(device);
    let Place { store, medium } = copied(&first);
    let limits = DeviceLimits { push_mutations: 3, body_bytes: 1 << 20 };
    let clock = Box::new(Hands::default());
    let device = Device::reopened(Box::new(store), Box::new(medium), clock, setup, limits).unwrap();
    assert_eq!((device.identity(), device.came().unwrap()), (identity, came.clone()));
    assert!(!device.replica().is_under_way());
    // What came is without the edit that lies over it.
    let rows: Vec<_> = came.into_iter().map(|(key, (_, row))| (key.table, key.id, row)).collect();
    assert_eq!(rows, server.belongs("bob"));
    assert_eq!(device.read("task", id("one")).unwrap().unwrap()["name"], "A");
}

#[test]
fn what_a_disk_lost_of_a_stream_under_way_is_not_shown_as_if_it_were_whole() {
    for is_full in [true, false] {
        let server = Server::new();
        let (mut first, link, device) = if is_full {
            let (place, link) = (Place::default(), server.link("bob"));
            let device = place.device("phone", &link);
            (place, link, device)
        } else {
            place(&server)
        };
        server.apply(vec![
            row("create", "task", "four", json!({"name": "Four", "ownerid": id("bob")})),
            row("create", "task", "five", json!({"name": "Five", "ownerid": id("bob")})),
        ]);
        let ask = Ask { max_rows: Some(1), ..Ask::default() };
        let stopped = device.sync(&link, ask, &mut |_| ControlFlow::Break(()));
        stopped.unwrap_err();
        assert!(device.replica().is_under_way());
        let came: Vec<_> = device.came().unwrap().into_keys().collect();
        drop(device);
        first = copied(&first);
        let staged: Vec<_> = first.store.keys(b"r").into_iter().skip(came.len()).collect();
        first.store.lose(&staged[0]);
        let device = first.device("phone", &link);
        sync(&device, &link).unwrap();
        assert_eq!(shown(&device), server.belongs("bob"), "{is_full}");
        assert_eq!(device.came().unwrap().len(), server.belongs("bob").len());
    }
}
