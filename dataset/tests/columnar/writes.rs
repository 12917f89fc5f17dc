//! What writes cost, in rows looked at and in numbers of rows.

use haversack_core::{Timestamp, Value, Values, profile::Member};
use haversack_dataset::{Caller, Columnar, Rows};
use serde_json::json;

use crate::world::{USERS, World, id, name, reference};

/// A world in which all users have the same filter, and some rows.
fn world() -> World {
    let mut world = World::new();
    world.put_role("r0", &[("account", "organization")]);
    for number in 0..USERS {
        world.put_user(number, 0, None, &["r0"]);
    }
    let filter = "fetch account { filter { size gt 1  name like \"%a%\"  ownerid eq-userid } }";
    world.publish("p", &[json!({"table": "account", "criterion": "custom", "filter": filter})]);
    let members: Vec<_> =
        (0..USERS).map(|number| ("p", Member::User(id("user", number)))).collect();
    world.assign(&members);
    world
}

fn write(world: &mut World, columnar: &mut Columnar, row: u8, values: Option<Values>) {
    let key = world.write("account", id("account", row), values);
    columnar.put(&key, world.row("account", id("account", row)).as_deref());
}

fn values(row: u8) -> Values {
    let values = [
        (name("name"), Some(Value::Text("a".to_owned()))),
        (name("ownerid"), Some(reference("systemuser", id("user", row % USERS)))),
        (name("size"), Some(Value::Integer(i64::from(row)))),
    ];
    values.into_iter().collect()
}

fn ask(world: &World, columnar: &Columnar, users: u8) {
    for number in 0..users {
        let caller = Caller::user(&world.catalog, id("user", number), Timestamp::default());
        std::hint::black_box(columnar.device_rows(&caller));
    }
}

/// Rows that are looked at because of 20 writes, where so many users ask.
fn rows_evaluated(users: u8) -> u64 {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    (0..100).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    ask(&world, &columnar, users);
    let before = columnar.rows_evaluated();
    (0..20).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row + 1))));
    ask(&world, &columnar, users);
    columnar.rows_evaluated() - before
}

#[test]
fn a_write_is_evaluated_once_however_many_users_ask() {
    assert_eq!(rows_evaluated(1), 20);
    assert_eq!(rows_evaluated(USERS), 20);
}

#[test]
fn numbers_of_rows_that_are_gone_are_given_back() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    assert!(!columnar.is_sparse(), "nothing is gone yet");
    for row in 0..100 {
        write(&mut world, &mut columnar, row, Some(values(row)));
        if row % 3 != 0 {
            write(&mut world, &mut columnar, row, None);
        }
    }
    assert!(columnar.is_sparse(), "of three rows two are gone");
    let caller = Caller::user(&world.catalog, id("user", 0), Timestamp::default());
    let (dataset, held) = (columnar.dataset(&caller), columnar.device_rows(&caller));
    assert!(!dataset.is_empty());
    columnar.renumber(&world, &world.catalog);
    assert!(!columnar.is_sparse());
    assert_eq!(columnar.dataset(&caller), dataset);
    let now = columnar.device_rows(&caller);
    assert_eq!(columnar.difference(&caller, &held, &now), None, "numbers mean other rows now");
}

#[test]
fn a_row_that_comes_back_has_its_number() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    for _ in 0..20 {
        write(&mut world, &mut columnar, 0, Some(values(0)));
        write(&mut world, &mut columnar, 0, None);
        write(&mut world, &mut columnar, 0, Some(values(0)));
    }
    assert!(!columnar.is_sparse(), "there is one row of one number");
}

#[test]
fn sets_that_no_profile_uses_any_more_are_let_go() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    (0..100).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    ask(&world, &columnar, USERS);
    let one = columnar.memory().shared;
    assert!(one > 0);
    for size in 10..90 {
        let filter = format!("fetch account {{ filter {{ size gt {size}  ownerid eq-userid }} }}");
        world.publish("p", &[json!({"table": "account", "criterion": "custom", "filter": filter})]);
        columnar.set_catalog(&world, &world.catalog);
        ask(&world, &columnar, USERS);
        assert!(columnar.memory().shared <= 2 * one, "after {size}");
    }
}

#[test]
fn ids_that_were_only_pointed_at_are_given_back() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    (0..50).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    for nowhere in 0..250 {
        let mut values = values(0);
        values.set(name("ownerid"), Some(reference("systemuser", id("nobody", nowhere))));
        write(&mut world, &mut columnar, 0, Some(values));
    }
    assert!(columnar.is_sparse(), "of most ids there never was a row");
    columnar.renumber(&world, &world.catalog);
    assert!(!columnar.is_sparse());
}

#[test]
fn users_who_do_not_ask_any_more_are_let_go() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    (0..100).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    ask(&world, &columnar, USERS);
    let all = columnar.memory();
    (0..10).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    ask(&world, &columnar, 1);
    assert_eq!(columnar.let_go(10), 0, "all have asked since");
    assert_eq!(columnar.let_go(9), usize::from(USERS) - 1);
    assert!(columnar.memory().users < all.users);
    columnar.forget(id("user", 0));
    assert_eq!(columnar.memory().users, 0);
    assert!(columnar.memory().shared > 0, "what is shared was asked for");
    (0..10).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    columnar.let_go(0);
    assert_eq!(columnar.memory().shared, 0);
    let anew = Columnar::build(&world, &world.catalog, 1);
    for user in 0..USERS {
        let caller = Caller::user(&world.catalog, id("user", user), Timestamp::default());
        assert_eq!(columnar.dataset(&caller), anew.dataset(&caller));
    }
}

#[test]
fn how_columns_are_built_does_not_show() {
    let mut world = world();
    let mut columnar = Columnar::build(&world, &world.catalog, 1);
    (0..200).for_each(|row| write(&mut world, &mut columnar, row, Some(values(row))));
    let mut stray = values(0);
    stray.set(name("ownerid"), Some(reference("nowhere", id("nobody", 0))));
    write(&mut world, &mut columnar, 0, Some(stray));
    let as_they_stand = format!("{:?}", Columnar::build(&world, &world.catalog, 1));
    let backwards = Columnar::build_with(&world, &world.catalog, 1, &|jobs| {
        jobs.into_iter().rev().for_each(|job| job());
    });
    assert_eq!(format!("{backwards:?}"), as_they_stand);
}
