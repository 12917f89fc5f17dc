//! How the figures grow with rows, users, profiles and relationships: one of them at a time, the
//! others as in the workload.

use std::sync::Arc;

use haversack_core::{
    Timestamp,
    catalog::Catalog,
    profile::{Assignment, Member, Profile, ProfileDraft, PublishedProfile},
};
use haversack_dataset::{Caller, Columnar, DeviceRows};
use haversack_workload::{Security, Workload};
use serde_json::json;

use super::{
    datasets::{SEED, median, timed},
    loaded::Loaded,
};
use crate::{
    failure::Failure,
    output::{Line, line},
};

/// Users who ask after a burst, at the most.
const ASKING: usize = 500;
const BURSTS: u64 = 5;

/// Measures, and gives each line to be printed as soon as it is there.
pub fn measure(
    accounts: u64,
    seed: u64,
    mut print: impl FnMut(Line) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let of = |accounts| Workload::new(accounts, seed);
    for share in [8, 4, 2, 1] {
        let workload = of(accounts / share);
        print(point("rows", workload.row_count(), &workload, |_| ()))?;
    }
    for users in [10, 100, 1_000, 10_000] {
        print(point("users", users, &of(accounts).with_users(users), |_| ()))?;
    }
    for profiles in [1, 10, 100] {
        let spread = |catalog: &mut Catalog| put_profiles(catalog, profiles);
        print(point("profiles", profiles, &of(accounts), spread))?;
    }
    for relationships in [0, 1, 2, 3, 4] {
        let relate = |catalog: &mut Catalog| put_relationships(catalog, relationships);
        print(point("relationships", relationships as u64, &of(accounts), relate))?;
    }
    Ok(())
}

/// The figures of one environment: microseconds of one core, and bytes.
fn point(axis: &str, count: u64, workload: &Workload, change: impl FnOnce(&mut Catalog)) -> Line {
    let mut loaded = Loaded::new(workload, Security::Open);
    change(Arc::make_mut(&mut loaded.catalog));
    let mut columnar = Columnar::build(&loaded, &Arc::clone(&loaded.catalog), SEED);
    let callers: Vec<Caller> = (0..workload.users)
        .map(|user| Caller::user(&loaded.catalog, workload.user(user), Timestamp::default()))
        .collect();
    let (mut held, datasets) =
        timed(|| callers.iter().map(|c| columnar.device_rows(c)).collect::<Vec<_>>());
    let rows: u64 = held.iter().map(DeviceRows::len).sum();
    let (mut writes, mut asks, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    for burst in 0..BURSTS {
        let updates = workload.burst(burst);
        let rows: Vec<_> =
            updates.iter().map(|(key, patch)| (key, loaded.write(key, patch).clone())).collect();
        let ((), seconds) =
            timed(|| rows.iter().for_each(|(key, row)| columnar.put(key, Some(row))));
        writes.push(seconds / rows.len() as f64);
        // The first asks once for what all share, the second for what is empty.
        for times in [&mut asks, &mut empty] {
            let ((), seconds) = timed(|| {
                for (caller, held) in callers.iter().zip(&mut held).take(ASKING) {
                    let now = columnar.device_rows(caller);
                    std::hint::black_box(columnar.difference(caller, held, &now));
                    *held = now;
                }
            });
            times.push(seconds / callers.len().min(ASKING) as f64);
        }
    }
    let (users, micros) = (callers.len() as f64, |seconds: f64| json!(seconds * 1e6));
    line([
        ("measure", Some(json!("growth"))),
        ("axis", Some(json!(axis))),
        ("n", Some(json!(count))),
        ("dataset_us", Some(micros(datasets / users))),
        ("rows_per_user", Some(json!(rows as f64 / users))),
        ("difference_us", Some(micros(median(&mut asks)))),
        ("empty_us", Some(micros(median(&mut empty)))),
        ("write_us", Some(micros(median(&mut writes)))),
        (
            "bytes_per_row",
            Some(json!(columnar.memory().tables as f64 / workload.row_count() as f64)),
        ),
        ("bytes_per_user", Some(json!(columnar.memory().users as f64 / users))),
    ])
}

/// Profiles that differ in their filters, each for as many users as the others.
fn put_profiles(catalog: &mut Catalog, count: u64) {
    let Some(profile) = catalog.profiles.values().next().cloned() else { return };
    let name = |number| format!("Field {number}");
    for number in 0..count {
        let mut draft = ProfileDraft { name: name(number), ..profile.draft.clone() };
        draft.items[0].filter = Some(format!(
            "fetch account {{ filter {{ ownerid eq-useroruserteams  statecode eq 0  revenue ge {number} }} }}"
        ));
        publish(catalog, draft);
    }
    let users = catalog.users.keys().copied();
    let assignments = (0..).zip(users).map(|(at, user)| Assignment {
        profile: name(at % count),
        member: Member::User(user),
        members_when_added: Vec::new(),
    });
    catalog.assignments = Arc::new(assignments.collect());
}

/// The workload's profile with so many of the relationships between its tables.
fn put_relationships(catalog: &mut Catalog, count: usize) {
    let Some(profile) = catalog.profiles.values().next().cloned() else { return };
    let mut draft = profile.draft.clone();
    let all = [
        ("contact", "contact_account", "account"),
        ("task", "task_account", "account"),
        ("task", "task_contact", "contact"),
        ("account", "account_parent", "account"),
    ];
    for item in &mut draft.items {
        let of = all.iter().take(count).filter(|(table, ..)| item.table == *table);
        let related = of
            .map(|(_, relationship, table)| json!({"relationship": relationship, "table": table}));
        let related = serde_json::from_value(related.collect());
        item.related_to = related.expect("relationships as documents have them");
    }
    publish(catalog, draft);
}

fn publish(catalog: &mut Catalog, draft: ProfileDraft) {
    let published = Some(PublishedProfile { version: 1, draft: draft.clone() });
    let profile = Profile { draft, published, versions: 1 };
    catalog.profiles.insert(profile.draft.name.clone(), Arc::new(profile));
}
