//! Two parts of one group that contradict each other, leave nothing out, or say the same.

use super::{
    Lint,
    claim::{Claim, claim},
    group::Member,
};
use crate::{
    ast::{Connective, Quantifier},
    diagnostic::{Other, code},
    operator::Operator,
    query::{self, ColumnRef, Condition},
};

/// The operators of which one holds exactly where the other does not.
const OPPOSITES: [(Operator, Operator); 11] = [
    (Operator::Null, Operator::NotNull),
    (Operator::Eq, Operator::Ne),
    (Operator::In, Operator::NotIn),
    (Operator::Like, Operator::NotLike),
    (Operator::Between, Operator::NotBetween),
    (Operator::BeginsWith, Operator::NotBeginWith),
    (Operator::EndsWith, Operator::NotEndWith),
    (Operator::ContainValues, Operator::NotContainValues),
    (Operator::EqUserid, Operator::NeUserid),
    (Operator::EqBusinessid, Operator::NeBusinessid),
    (Operator::Under, Operator::NotUnder),
];

/// What two conditions on a column come to.
enum Sum {
    /// They say nothing of each other, as far as can be told.
    Nothing,
    /// No value fulfils both.
    Never,
    /// Every value fulfils one of them.
    Always,
    /// They are the same.
    Same,
}

/// Looks at each two parts of a group. One finding a part is enough.
pub(super) fn check(lint: &mut Lint<'_>, connective: Connective, members: &[Member<'_>]) {
    let claims: Vec<Option<Claim>> = members
        .iter()
        .map(|member| match member {
            Member::Condition(_, condition) => Some(claim(condition)),
            _ => None,
        })
        .collect();
    for (at, member) in members.iter().enumerate() {
        for (earlier_at, earlier) in members[..at].iter().enumerate() {
            let sum = match (member, earlier) {
                (Member::Condition(_, one), Member::Condition(_, other))
                    if one.column == other.column =>
                {
                    match (&claims[at], &claims[earlier_at]) {
                        (Some(a), Some(b)) => both((one, a), (other, b), connective),
                        _ => Sum::Nothing,
                    }
                }
                _ => others(member, earlier),
            };
            if report(lint, connective, member, earlier, &sum) {
                break;
            }
        }
    }
}

/// The columns that have a value where a member holds.
pub(super) fn given_values<'t>(member: &Member<'t>) -> Vec<&'t ColumnRef> {
    match member {
        Member::Condition(_, condition) => {
            let has = condition.operator != Operator::Null && !condition.operator.info().negative;
            has.then_some(&condition.column).into_iter().collect()
        }
        Member::Comparison(_, comparison) if comparison.operator == Operator::Ne => Vec::new(),
        Member::Comparison(_, comparison) => vec![&comparison.column, &comparison.other],
        Member::Linked(..) | Member::Group(..) => Vec::new(),
    }
}

fn both(
    (one, claim): (&Condition, &Claim),
    (other, other_claim): (&Condition, &Claim),
    connective: Connective,
) -> Sum {
    let say_same = match (claim, other_claim) {
        (Claim::OneOf(some), Claim::OneOf(others)) => some.are(others),
        (Claim::NoneOf(none), Claim::NoneOf(others)) => none.are(others),
        _ => one == other,
    };
    if say_same {
        return Sum::Same;
    }
    let is_opposite = are_opposite(one, other);
    match connective {
        Connective::And if is_opposite || never(one, claim, other, other_claim) => Sum::Never,
        Connective::Or if is_opposite || always(one, claim, other, other_claim) => Sum::Always,
        Connective::And | Connective::Or => Sum::Nothing,
    }
}

fn are_opposite(one: &Condition, other: &Condition) -> bool {
    let pair = (one.operator, other.operator);
    let are = OPPOSITES.iter().any(|(a, b)| pair == (*a, *b) || pair == (*b, *a));
    are && one.operator != other.operator && one.operand == other.operand
}

/// Whether no value fulfils both.
fn never(one: &Condition, claim: &Claim, other: &Condition, other_claim: &Claim) -> bool {
    let has_value = |condition: &Condition, claim: &Claim| {
        !matches!(claim, Claim::Null) && !condition.operator.info().negative
    };
    match (claim, other_claim) {
        (Claim::Null, _) => has_value(other, other_claim),
        (_, Claim::Null) => has_value(one, claim),
        (Claim::OneOf(one), Claim::OneOf(other)) => one.is_apart_from(other),
        (Claim::OneOf(some), Claim::NoneOf(none)) | (Claim::NoneOf(none), Claim::OneOf(some)) => {
            some.is_within(none)
        }
        (Claim::OneOf(values), Claim::Range(range))
        | (Claim::Range(range), Claim::OneOf(values)) => values.are_outside(range),
        (Claim::Range(one), Claim::Range(other)) => one.is_apart_from(other),
        _ => false,
    }
}

/// Whether every value fulfils one of them, and null does.
fn always(one: &Condition, claim: &Claim, other: &Condition, other_claim: &Claim) -> bool {
    match (claim, other_claim) {
        (Claim::NotNull, Claim::Null) | (Claim::Null, Claim::NotNull) => true,
        (Claim::NotNull, _) => other.operator.info().negative,
        (_, Claim::NotNull) => one.operator.info().negative,
        (Claim::NoneOf(one), Claim::NoneOf(other)) => one.is_apart_from(other),
        (Claim::NoneOf(none), Claim::OneOf(some)) | (Claim::OneOf(some), Claim::NoneOf(none)) => {
            none.is_within(some)
        }
        _ => false,
    }
}

/// Parts that are not two conditions on one column.
fn others(member: &Member<'_>, earlier: &Member<'_>) -> Sum {
    match (member, earlier) {
        (Member::Comparison(_, one), Member::Comparison(_, other)) if one == other => Sum::Same,
        (Member::Linked(_, one), Member::Linked(_, other)) if one == other => Sum::Same,
        (Member::Linked(_, one), Member::Linked(_, other)) if are_negations(one, other) => {
            Sum::Never
        }
        (Member::Group(_, one), Member::Group(_, other)) if one == other => Sum::Same,
        _ => Sum::Nothing,
    }
}

/// Whether one asks for a linked row and the other for none.
fn are_negations(one: &query::Linked, other: &query::Linked) -> bool {
    let quantifiers = [one.quantifier, other.quantifier];
    quantifiers.contains(&Quantifier::Any)
        && quantifiers.contains(&Quantifier::NotAny)
        && (&one.table, &one.from, &one.to, &one.filter)
            == (&other.table, &other.from, &other.to, &other.filter)
}

/// Whether there was anything to say.
fn report(
    lint: &mut Lint<'_>,
    connective: Connective,
    member: &Member<'_>,
    earlier: &Member<'_>,
    sum: &Sum,
) -> bool {
    let (code, message, help) = match (sum, connective) {
        (Sum::Nothing, _) => return false,
        (Sum::Same, _) => (
            code::DUPLICATE_CONDITION,
            "the same stands in this group already".to_owned(),
            Some("leave one of them out"),
        ),
        (Sum::Never, Connective::And) => {
            (code::NEVER_TRUE, no_row(member), mend_never(member, earlier))
        }
        (Sum::Always | Sum::Never, _) => {
            (code::ALWAYS_TRUE, every_row(member), mend_always(member, earlier))
        }
    };
    let (span, other) = (lint.place(member), lint.place(earlier));
    let found = lint.warn(code, span, || (message, help.map(str::to_owned)));
    if let Some(found) = found {
        found.other = Some(Other { span: other, label: "the other one" });
    }
    true
}

fn no_row(member: &Member<'_>) -> String {
    match member {
        Member::Condition(_, condition) => {
            format!("no value of `{}` fulfils both conditions", condition.column)
        }
        _ => "no row fulfils both conditions".to_owned(),
    }
}

fn every_row(member: &Member<'_>) -> String {
    match member {
        Member::Condition(_, condition) => {
            format!("every row fulfils one of two conditions on `{}`", condition.column)
        }
        _ => "every row fulfils one of two conditions".to_owned(),
    }
}

fn operators(member: &Member<'_>, earlier: &Member<'_>) -> Option<[Operator; 2]> {
    match (member, earlier) {
        (Member::Condition(_, one), Member::Condition(_, other)) => {
            Some([one.operator, other.operator])
        }
        _ => None,
    }
}

fn mend_never(member: &Member<'_>, earlier: &Member<'_>) -> Option<&'static str> {
    match operators(member, earlier)? {
        [Operator::Eq | Operator::In, Operator::Eq | Operator::In] => {
            Some("for rows with either value, write one list with `in`")
        }
        _ => Some("if one of them is enough, put them into an `or` group"),
    }
}

fn mend_always(member: &Member<'_>, earlier: &Member<'_>) -> Option<&'static str> {
    match operators(member, earlier)? {
        [Operator::Ne | Operator::NotIn, Operator::Ne | Operator::NotIn] => {
            Some("for rows with none of the values, write one list with `not-in`")
        }
        _ => Some("if both must hold, put them into an `and` group"),
    }
}
