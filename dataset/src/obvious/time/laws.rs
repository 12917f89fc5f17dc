//! What holds for every moment, zone and fiscal calendar.

use haversack_core::{
    Date, Timestamp, Value,
    settings::{FiscalPeriod, FiscalYear},
};
use haversack_dsl::{
    operator::{Operator, Unit, ValueKind},
    query::{Literal, Operand},
};
use jiff::tz::TimeZone;
use proptest::{prelude::*, sample::select};

use super::{Moment, fiscal::Fiscal, instant, lies_in};

/// Zones with every kind of oddity, and a fiscal calendar.
#[derive(Clone, Debug)]
struct World {
    zone: TimeZone,
    now: Timestamp,
    fiscal_year: FiscalYear,
}

impl World {
    fn holds(&self, operator: Operator, operand: &Operand, value: &Value) -> bool {
        let (zone, fiscal_year) = (&self.zone, &self.fiscal_year);
        lies_in(&Moment { now: self.now, zone, fiscal_year }, operator, operand, value)
    }

    fn count(&self, operators: &[Operator], value: &Value) -> usize {
        let holds = |o: &&Operator| self.holds(**o, &Operand::None, value);
        operators.iter().filter(holds).count()
    }
}

fn numbers(numbers: &[i64]) -> Operand {
    let literal = |n: &i64| Literal::Value(Value::Integer(*n));
    match numbers {
        [one] => Operand::One(literal(one)),
        many => Operand::Many(many.iter().map(literal).collect()),
    }
}

/// An instant from 1900 to 2100, often a whole hour or midnight of UTC.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let step = select(vec![1, 60_000_000, 3_600_000_000, 86_400_000_000]);
    (-2_208_988_800_000_000_i64..4_102_444_800_000_000, step)
        .prop_map(|(micros, step)| Timestamp(micros.div_euclid(step) * step))
}

fn world() -> impl Strategy<Value = World> {
    let zone = select(vec![
        "UTC",
        "Europe/Berlin",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "America/Havana",
        "America/Toronto",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ]);
    let period = select(vec![
        FiscalPeriod::Annual,
        FiscalPeriod::Semiannual,
        FiscalPeriod::Quarterly,
        FiscalPeriod::Monthly,
        FiscalPeriod::FourWeekly,
    ]);
    let start = (1..=12, 1..=31).prop_map(|(month, day)| format!("{month:02}-{day:02}"));
    let start = start.prop_filter("a day of every year", |start| {
        format!("2001-{start}").parse::<Date>().is_ok()
    });
    (zone, any_instant(), start, period).prop_map(|(zone, now, start, period)| World {
        zone: TimeZone::get(zone).unwrap(),
        now,
        fiscal_year: FiscalYear { start, period },
    })
}

/// A time or a date, often near an instant.
fn value_near(now: Timestamp) -> impl Strategy<Value = Value> {
    let near = (-800 * 86_400_000_000_i64..800 * 86_400_000_000)
        .prop_map(move |off| Timestamp(now.0 + off));
    let nearer = (-50_i64..50).prop_map(move |hours| Timestamp(now.0 + hours * 3_600_000_000));
    (prop_oneof![near, nearer, any_instant()], any::<bool>()).prop_map(
        |(at, is_date)| match is_date {
            true => Value::Date(Date::from_jiff(TimeZone::UTC.to_datetime(at.to_jiff()).date())),
            false => Value::Timestamp(at),
        },
    )
}

fn world_and_value() -> impl Strategy<Value = (World, Value)> {
    world().prop_flat_map(|world| {
        let value = value_near(world.now);
        (Just(world), value)
    })
}

const TILES: [[Operator; 3]; 6] = [
    [Operator::Yesterday, Operator::Today, Operator::Tomorrow],
    [Operator::LastWeek, Operator::ThisWeek, Operator::NextWeek],
    [Operator::LastMonth, Operator::ThisMonth, Operator::NextMonth],
    [Operator::LastYear, Operator::ThisYear, Operator::NextYear],
    [Operator::LastFiscalYear, Operator::ThisFiscalYear, Operator::NextFiscalYear],
    [Operator::LastFiscalPeriod, Operator::ThisFiscalPeriod, Operator::NextFiscalPeriod],
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What was is before what is, that before what comes, and now is in the middle one. Nothing
    /// lies in two; nothing lies between two.
    #[test]
    fn last_this_and_next_are_side_by_side((world, value) in world_and_value(), other in any_instant()) {
        for tiles in TILES {
            prop_assert!(world.count(&tiles, &value) <= 1, "{tiles:?}");
            prop_assert!(world.holds(tiles[1], &Operand::None, &Value::Timestamp(world.now)));
            let Value::Timestamp(at) = value else { continue };
            let middle = Timestamp(at.0.midpoint(other.0));
            let at_place = |at| tiles.iter().position(|t| world.holds(*t, &Operand::None, &Value::Timestamp(at)));
            if let (Some(one), Some(two)) = (at_place(at), at_place(other)) {
                let between = at_place(middle);
                prop_assert!(between.is_some_and(|it| (one.min(two)..=one.max(two)).contains(&it)));
                prop_assert!(one == two || (one < two) == (at < other));
            }
        }
    }

    /// The tile of the next moment's "last" is the "this" of now, where one begins as the other ends.
    #[test]
    fn what_is_now_will_have_been((world, value) in world_and_value()) {
        for [_, this, next] in TILES {
            let later = (1..800).map(|days| Timestamp(world.now.0 + days * 86_400_000_000));
            let is_next = |at: &Timestamp| world.holds(next, &Operand::None, &Value::Timestamp(*at));
            let Some(now) = later.into_iter().find(is_next) else { continue };
            let then = World { now, ..world.clone() };
            let was = TILES.iter().find(|tiles| tiles[1] == this).map(|tiles| tiles[0]);
            let was = then.holds(was.expect("it is one of them"), &Operand::None, &value);
            prop_assert_eq!(was, world.holds(this, &Operand::None, &value), "{:?}", this);
        }
    }

    #[test]
    fn every_value_is_in_one_fiscal_period((world, value) in world_and_value()) {
        let fiscal = Fiscal::of(&Moment { now: world.now, zone: &world.zone, fiscal_year: &world.fiscal_year });
        let held: Vec<i64> =
            (0..=14).filter(|n| world.holds(Operator::InFiscalPeriod, &numbers(&[*n]), &value)).collect();
        prop_assert_eq!(held.len(), 1, "{:?}", &held);
        prop_assert!((1..=fiscal.periods()).contains(&held[0]));
        let both = |operator, year: &i64| world.holds(operator, &numbers(&[held[0], *year]), &value);
        let years: Vec<i64> = (1890..2110).filter(|year| both(Operator::InFiscalPeriodAndYear, year)).collect();
        prop_assert_eq!(years.len(), 1);
        prop_assert!(world.holds(Operator::InFiscalYear, &numbers(&years), &value));
        for year in [years[0] - 1, years[0], years[0] + 1] {
            let before = both(Operator::InOrBeforeFiscalPeriodAndYear, &year);
            let after = both(Operator::InOrAfterFiscalPeriodAndYear, &year);
            prop_assert_eq!((before, after), (year >= years[0], year <= years[0]));
            prop_assert_eq!(before && after, both(Operator::InFiscalPeriodAndYear, &year));
        }
    }

    /// What is before now is either in the last X or older than X.
    #[test]
    fn older_than_x_is_what_the_last_x_leaves((world, value) in world_and_value(), x in 1..500_i64) {
        use Operator as O;
        let now = Value::Timestamp(world.now);
        let is_past = match &value {
            Value::Date(date) => super::date_as_wall(*date) < world.zone.to_datetime(world.now.to_jiff()),
            Value::Timestamp(at) => *at < world.now,
            _ => false,
        };
        for (last, older, next) in [
            (O::LastXHours, O::OlderthanXHours, O::NextXHours),
            (O::LastXDays, O::OlderthanXDays, O::NextXDays),
            (O::LastXWeeks, O::OlderthanXWeeks, O::NextXWeeks),
            (O::LastXMonths, O::OlderthanXMonths, O::NextXMonths),
            (O::LastXYears, O::OlderthanXYears, O::NextXYears),
        ] {
            let holds = |operator| world.holds(operator, &numbers(&[x]), &value);
            prop_assert_eq!(holds(last) || holds(older), is_past, "{:?}", last);
            prop_assert!(!(holds(last) && holds(older)), "{last:?}");
            prop_assert!(!(holds(next) && is_past), "{next:?}");
            prop_assert!(world.holds(next, &numbers(&[x]), &now), "{next:?}");
        }
    }

    /// More of a unit holds all that less of it holds; of what is older, less.
    #[test]
    fn more_is_more((world, value) in world_and_value(), x in 1..500_i64, more in 1..500_i64) {
        for info in haversack_dsl::operator::OPERATORS {
            let ValueKind::Count(unit) = info.values else { continue };
            let holds = |x| world.holds(info.operator, &numbers(&[x]), &value);
            let (less, more) = (holds(x), holds(x + more));
            match info.name.starts_with("olderthan") {
                true => prop_assert!(less || !more, "{}", info.name),
                false => prop_assert!(more || !less, "{}", info.name),
            }
            let is_instant_only = matches!(unit, Unit::Minutes | Unit::Hours);
            prop_assert!(!is_instant_only || info.types == haversack_dsl::operator::TypeClass::Instant);
        }
    }

    #[test]
    fn on_is_before_and_after((world, value) in world_and_value(), day in any_instant(), at_value: bool) {
        let literal = match (&value, at_value) {
            (value, true) => Literal::Value(value.clone()),
            (_, false) => Literal::Value(Value::Timestamp(day)),
        };
        let holds = |operator| world.holds(operator, &Operand::One(literal.clone()), &value);
        let (on, before, after) =
            (holds(Operator::On), holds(Operator::OnOrBefore), holds(Operator::OnOrAfter));
        prop_assert_eq!(on, before && after);
        prop_assert!(before || after);
        prop_assert!(on || !at_value || matches!(value, Value::Timestamp(_)));
    }

    /// No largest X makes the calendar run over, wherever in it one asks.
    #[test]
    fn the_largest_x_is_no_trouble(mut world in world(), far in any::<bool>()) {
        let (first, last) = ("0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z");
        world.now = if far { last } else { first }.parse().unwrap();
        for info in haversack_dsl::operator::OPERATORS {
            let operand = match info.values {
                ValueKind::Count(unit) => numbers(&[unit.max()]),
                ValueKind::Year | ValueKind::Period => numbers(&[9999]),
                ValueKind::PeriodAndYear => numbers(&[i64::MAX, i64::MAX]),
                _ => Operand::None,
            };
            for value in [first, last] {
                world.holds(info.operator, &operand, &Value::Timestamp(value.parse().unwrap()));
            }
            world.holds(info.operator, &operand, &Value::Date("9999-12-31".parse().unwrap()));
            world.holds(info.operator, &operand, &Value::Date("0001-01-01".parse().unwrap()));
        }
    }

    /// The wall clock and the instants of its readings never run against each other.
    #[test]
    fn later_readings_are_no_earlier_instants(world in world(), at in any_instant(), ahead in 0..7200_i64) {
        let wall = TimeZone::UTC.to_datetime(at.to_jiff());
        let later = TimeZone::UTC.to_datetime(Timestamp(at.0 + ahead * 60_000_000).to_jiff());
        prop_assert!(instant(wall, &world.zone) <= instant(later, &world.zone));
    }
}
