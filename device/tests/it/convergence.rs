//! Random histories of devices and a server, with everything lost that can be: in the end each device shows
//! what belongs there, every edit is in the log once, and nobody ever saw a state go back.

use std::collections::BTreeMap;

use haversack_core::{Cursor, RowId, event::Event};
use haversack_device::{Ask, Device, DeviceError};
use proptest::{collection::vec, prelude::*};
use serde_json::json;

use crate::server::{Link, Place, Server, id, object, row, shown, sync_as};

const ROWS: [&str; 6] = ["one", "two", "far", "r4", "r5", "r6"];
const USERS: [&str; 2] = ["bob", "eve"];

#[derive(Clone, Debug)]
enum Happens {
    /// Somebody writes online.
    Online { row: usize, kind: u8 },
    /// A device edits, if it can.
    Edit { device: usize, row: usize, kind: u8 },
    /// A device syncs, with what goes wrong on the way.
    Sync { device: usize, cuts: Vec<usize>, lost: (bool, bool), max_rows: Option<u64> },
    /// A device's machine crashes and is started again.
    Crash { device: usize, seed: u64 },
    /// The profile, a role or the policy is another one.
    Admin { kind: u8 },
}

fn happens() -> impl Strategy<Value = Happens> {
    let cuts = vec(0..2_500_usize, 0..4);
    let lost = (proptest::bool::weighted(0.2), proptest::bool::weighted(0.2));
    prop_oneof![
        4 => (0..6_usize, 0..4_u8).prop_map(|(row, kind)| Happens::Online { row, kind }),
        6 => (0..2_usize, 0..6_usize, 0..4_u8)
            .prop_map(|(device, row, kind)| Happens::Edit { device, row, kind }),
        5 => (0..2_usize, cuts, lost, proptest::option::weighted(0.3, 1..3_u64)).prop_map(
            |(device, cuts, lost, max_rows)| Happens::Sync { device, cuts, lost, max_rows }),
        1 => (0..2_usize, any::<u64>()).prop_map(|(device, seed)| Happens::Crash { device, seed }),
        1 => (0..6_u8).prop_map(|kind| Happens::Admin { kind }),
    ]
}

/// A device of a test, and what it has acknowledged to its app.
struct Owned {
    user: &'static str,
    place: Place,
    link: Link,
    device: Device,
    edits: Vec<String>,
    reached: Cursor,
}

impl Owned {
    fn new(server: &Server, user: &'static str) -> Self {
        let (place, link) = (Place::default(), server.link(user));
        let device = place.device("phone", &link);
        Self { user, place, link, device, edits: Vec::new(), reached: Cursor::START }
    }

    fn edit(&mut self, row: &str, kind: u8, number: usize) {
        let name = format!("{}{number}", &self.user[..1]);
        let values = object(json!({"name": name, "productid": id("nut")}));
        let made = match kind {
            0 => self.device.create("task", Some(id(row)), values).map(|_| ()),
            1 => self.device.delete("task", id(row)).map(|_| ()),
            _ => self.device.update("task", id(row), values).map(|_| ()),
        };
        match made {
            Ok(()) => {
                let kept = self.device.edits();
                let edit = kept.last().unwrap();
                assert!(edit.is_unsent());
                self.edits.push(format!("{} {}", edit.at.0, edit.id));
                // Read your writes.
                let read = self.device.read("task", id(row)).unwrap();
                let read = read.map(|row| row["name"].clone());
                assert_eq!(read, (kind != 1).then(|| json!(name)));
            }
            Err(DeviceError::Refused { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn sync(&mut self, server: &Server, cuts: Vec<usize>, lost: (bool, bool), ask: Ask) {
        let before = shown(&self.device);
        {
            let mut faults = self.link.faults.lock().unwrap();
            faults.cuts = cuts;
            faults.lost_requests = u32::from(lost.0);
            faults.lost_answers = u32::from(lost.1);
        }
        match sync_as(&self.device, &self.link, ask) {
            // Edits that have lost give way to what was there before, or the pull brought it: all at once.
            Ok(_) => assert_eq!(shown(&self.device), server.belongs(self.user)),
            Err(error) => {
                assert!(error.is_passing(), "{error}");
                let is_same = shown(&self.device) == before;
                assert!(is_same || self.device.edits().iter().any(|edit| edit.has_lost()));
            }
        }
        *self.link.faults.lock().unwrap() = Default::default();
        let offset = self.device.status().offset;
        assert!(offset >= self.reached, "the position never goes back");
        self.reached = offset;
    }

    fn crash(&mut self, seed: u64) {
        let edits = self.device.edits();
        self.place = Place {
            store: self.place.store.crashed(seed),
            medium: self.place.medium.after_crash(),
        };
        self.device = self.place.device("phone", &self.link);
        assert_eq!(self.device.edits(), edits, "no edit is lost, and none comes back");
    }
}

fn admin(kind: u8) -> Vec<serde_json::Value> {
    let criterion = |other: &[&str]| {
        let items = json!([
            {"table": "task", "criterion": "other", "other": other},
            {"table": "product", "criterion": "related_only",
             "related_to": [{"relationship": "task_product", "table": "task"}]}]);
        vec![
            json!({"put": "profile", "name": "field", "items": items}),
            json!({"publish": "field"}),
        ]
    };
    match kind {
        0 => criterion(&["user"]),
        1 => criterion(&["user", "business_unit"]),
        2 => vec![json!({"put": "settings", "conflict_detection": true})],
        3 => vec![json!({"put": "settings", "conflict_detection": false})],
        4 => vec![json!({"put": "settings", "conflict_granularity": "column"})],
        _ => vec![
            json!({"put": "business_unit", "id": id("west"), "name": "West", "parent": id("root")}),
        ],
    }
}

fn online(server: &Server, row_name: &str, kind: u8, number: usize) {
    let values = json!({"name": format!("o{number}"), "productid": id("bolt"),
                        "ownerid": id(["bob", "eve", "ann"][number % 3])});
    // What is not possible is refused, and changes nothing.
    let op = ["create", "update", "update", "delete"][usize::from(kind)];
    let values = if op == "delete" { json!({}) } else { values };
    server.send(vec![row(op, "task", row_name, values)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn devices_converge_and_no_edit_is_lost_or_judged_twice(history in vec(happens(), 1..40)) {
        let server = Server::new();
        let mut devices = USERS.map(|user| Owned::new(&server, user));
        for (number, happens) in history.into_iter().enumerate() {
            match happens {
                Happens::Online { row, kind } => online(&server, ROWS[row], kind, number),
                Happens::Edit { device, row, kind } => devices[device].edit(ROWS[row], kind, number),
                Happens::Sync { device, cuts, lost, max_rows } => {
                    devices[device].sync(&server, cuts, lost, Ask { max_rows, ..Ask::default() });
                }
                Happens::Crash { device, seed } => devices[device].crash(seed),
                Happens::Admin { kind } => server.apply(admin(kind)),
            }
        }
        // When nothing is lost any more, two rounds do: the second brings what the other one sent.
        for _ in 0..2 {
            for device in &mut devices {
                device.sync(&server, Vec::new(), (false, false), Ask::default());
            }
        }
        let mut logged: BTreeMap<RowId, usize> = BTreeMap::new();
        let log = server.environment().log();
        for record in log.read(haversack_core::Offset::FIRST, usize::MAX).unwrap() {
            if let Event::DeviceEdited(edit) = record.inner.event {
                *logged.entry(edit.device).or_default() += 1;
            }
        }
        for device in &devices {
            prop_assert_eq!(shown(&device.device), server.belongs(device.user));
            let status = device.device.status();
            prop_assert_eq!(status.unsent, 0);
            prop_assert_eq!(status.name.as_deref(), Some("phone"));
            let found = logged.get(&status.device.unwrap()).copied().unwrap_or(0);
            prop_assert_eq!(found, device.edits.len());
            // All that is kept is what the app has to see.
            prop_assert_eq!(device.device.edits().len(), status.problems);
        }
    }
}
