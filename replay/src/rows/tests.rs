//! Packed rows are the rows, and a table of them is the map that it stands for.

use std::collections::BTreeMap;

use haversack_core::{
    Date, Decimal, Double, Lent, Name, Offset, Reference, Row, RowId, RowVersion, Timestamp, Value,
    Values,
};
use proptest::{collection::vec, prelude::*};

use super::{PackedRow, TableRows, Written};
use crate::{Touch, Touches};

const NAMES: [&str; 6] =
    ["a", "b", "createdon", "modifiedon", "owner", "zzzzzzzzzzzzzzzzzzzzzzzzzz"];

fn name() -> impl Strategy<Value = Name> {
    prop::sample::select(&NAMES[..]).prop_map(Name::known)
}

/// Ids that lie close together, and far apart.
fn id() -> impl Strategy<Value = RowId> {
    let near = (0..120_u128).prop_map(|number| number.to_be_bytes());
    let edge = prop::sample::select(vec![[0; 16], [255; 16], [128; 16]]);
    prop_oneof![4 => near, 1 => edge, 1 => any::<[u8; 16]>()].prop_map(RowId::from_bytes)
}

fn decimal() -> impl Strategy<Value = Decimal> {
    let of = |(digits, scale)| rust_decimal::Decimal::from_i128_with_scale(digits, scale);
    let digits = prop_oneof![-1_000..1_000_i128, -(1_i128 << 95)..(1_i128 << 95)];
    (digits, 0..=28_u32).prop_map(of).prop_map(Decimal::new)
}

fn value() -> impl Strategy<Value = Value> {
    let reference = (name(), id()).prop_map(|(table, id)| Reference { table, id });
    prop_oneof![
        "\\PC{0,12}".prop_map(Value::Text),
        (0..5_000_usize).prop_map(|length| Value::Text("x".repeat(length))),
        any::<i64>().prop_map(Value::Integer),
        (-3..3_i64).prop_map(Value::Integer),
        decimal().prop_map(Value::Decimal),
        any::<f64>().prop_filter_map("finite", |f| Double::new(f).map(Value::Double)),
        any::<bool>().prop_map(Value::Boolean),
        any::<i32>().prop_map(Value::Choice),
        vec(any::<i32>(), 0..4).prop_map(Value::Choices),
        any::<i64>().prop_map(|time| Value::Timestamp(Timestamp(time))),
        any::<i32>().prop_map(|day| Value::Date(Date(day))),
        id().prop_map(Value::Id),
        reference.prop_map(Value::Reference),
    ]
}

fn values() -> impl Strategy<Value = Values> {
    vec((name(), prop::option::weighted(0.9, value())), 0..6)
        .prop_map(|entries| entries.into_iter().collect())
}

#[derive(Clone, Debug)]
enum Step {
    Write(Values),
    Delete,
    Refuse,
}

fn steps() -> impl Strategy<Value = Vec<(RowId, Step)>> {
    let step = prop_oneof![
        6 => values().prop_map(Step::Write),
        1 => Just(Step::Delete),
        1 => Just(Step::Refuse),
    ];
    vec((id(), step), 0..200)
}

type Model = BTreeMap<RowId, (Option<Row>, Vec<Touch>)>;

fn take(model: &mut Model, rows: &mut TableRows, offset: Offset, (id, step): (RowId, Step)) {
    let (row, touches) = model.entry(id).or_default();
    let is_version = !matches!(step, Step::Refuse);
    let touch = Touch { offset, device: None, verdict: None, is_version, spared: None };
    touches.push(touch.clone());
    let version = RowVersion(offset);
    let values = match step {
        Step::Write(values) => {
            *row = Some(Row { version, values: values.clone() });
            values
        }
        Step::Delete => {
            *row = None;
            return rows.touch(id, touch, Written::<std::iter::Empty<_>>::Gone);
        }
        Step::Refuse => return rows.touch(id, touch, Written::<std::iter::Empty<_>>::Nothing),
    };
    rows.touch(id, touch, Written::Row(version, values.iter()));
}

fn assert_is(rows: &TableRows, model: &Model) {
    let unpacked: Model = rows
        .iter()
        .map(|(id, slot)| (id, (slot.row.map(|row| row.unpack()), slot.touches().oldest_first())))
        .collect();
    assert_eq!(&unpacked, model);
    assert!(rows.iter().map(|(id, _)| id).is_sorted());
    assert_eq!(rows.len(), model.len());
    assert_eq!(rows.standing(), model.values().filter(|(row, _)| row.is_some()).count());
    let ids: Vec<RowId> = model.keys().copied().chain([RowId::from_bytes([77; 16])]).collect();
    let some = rows.get_some(ids.iter().copied());
    for (id, found) in ids.iter().zip(some) {
        let row = model.get(id).and_then(|(row, _)| row.as_ref());
        assert_eq!(found.map(|packed| packed.unpack()).as_ref(), row);
        let numbered = |packed: PackedRow<'_>| {
            let named = |(column, value): (usize, Lent<'_>)| {
                (rows.columns()[column].clone(), Some(value.into_value()))
            };
            packed.numbered().map(named).collect::<Values>()
        };
        assert_eq!(found.map(numbered), row.map(|row| row.values.without_nulls()));
    }
    for (id, (row, _)) in model {
        let slot = rows.get(*id).expect("it is there or was");
        assert_eq!(slot.row.map(|packed| packed.version()), row.as_ref().map(|row| row.version));
    }
}

proptest! {
    #[test]
    fn a_table_is_a_map_and_its_clones_stay(steps in steps(), cut in 0..200_usize) {
        let (mut model, mut rows) = (Model::new(), TableRows::default());
        let mut then = None;
        let mut offset = Offset::FIRST;
        for (number, step) in steps.into_iter().enumerate() {
            if number == cut {
                then = Some((rows.clone(), model.clone()));
            }
            take(&mut model, &mut rows, offset, step);
            offset = offset.next();
        }
        assert_is(&rows, &model);
        if let Some((rows, model)) = then {
            assert_is(&rows, &model);
        }
        let mut again = TableRows::default();
        for (id, (row, touches)) in &model {
            let touches: Touches = touches.iter().cloned().collect();
            again.push(*id, row.as_ref(), touches);
        }
        assert_is(&again, &model);
    }
}

/// Ids in no order, so many that there are shelves, and both grow from everywhere.
#[test]
fn a_large_table_is_a_map() {
    let (mut model, mut rows) = (Model::new(), TableRows::default());
    let mut offset = Offset::FIRST;
    let mut mixed = 1_u64;
    let mut then = None;
    for number in 0..20_000_u64 {
        mixed = mixed.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(number | 1);
        // Few of them begin with the same four bytes, and so many that blocks and shelves of one tag meet others.
        let mut id = [0; 16];
        id[..8].copy_from_slice(&((mixed % 65_536) << 20).to_be_bytes());
        let step = match number % 7 {
            0 => Step::Delete,
            1 => Step::Refuse,
            _ => Step::Write([(Name::known("a"), Some(Value::Integer(3)))].into_iter().collect()),
        };
        take(&mut model, &mut rows, offset, (RowId::from_bytes(id), step));
        offset = offset.next();
        if number == 12_345 {
            then = Some((rows.clone(), model.clone()));
        }
    }
    assert_is(&rows, &model);
    let (rows, model) = then.expect("cloned half-way");
    assert_is(&rows, &model);
}

#[test]
fn rows_in_order_leave_full_blocks_behind() {
    let mut rows = TableRows::default();
    let mut model = Model::new();
    let mut offset = Offset::FIRST;
    for number in 0..1_000_u128 {
        let id = RowId::from_bytes(number.to_be_bytes());
        take(&mut model, &mut rows, offset, (id, Step::Write(Values::default())));
        offset = offset.next();
    }
    assert_is(&rows, &model);
    assert_eq!(rows.blocks.len(), 1_000_usize.div_ceil(super::block::BLOCK_ROWS_MAX));
}

#[test]
fn a_usual_row_takes_few_bytes() {
    let reference = Reference { table: Name::known("systemuser"), id: RowId::from_bytes([9; 16]) };
    let time = Value::Timestamp(Timestamp(1_780_000_000_000_000));
    let values: Values = [
        ("createdon", time.clone()),
        ("modifiedon", time),
        ("name", Value::Text("Account 1 alpha".to_owned())),
        ("ownerid", Value::Reference(reference)),
        ("revenue", Value::Decimal(Decimal::parse("1234567.5").unwrap())),
        ("statecode", Value::Choice(0)),
    ]
    .into_iter()
    .map(|(name, value)| (Name::known(name), Some(value)))
    .collect();
    let bytes =
        super::pack::pack(RowVersion(Offset::FIRST), values.iter(), &mut Default::default());
    assert_eq!(bytes.len(), 1 + (1 + 8) + (1 + 1) + (1 + 1 + 15) + (1 + 1 + 16) + (1 + 1 + 4) + 2);
}
