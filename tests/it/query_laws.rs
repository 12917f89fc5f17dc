//! What holds of queries whatever the rows: pages make the whole, groups add up, and the order in
//! which conditions and links are written does not count.

use haversack_core::Value;
use haversack_dataset::Answer;
use haversack_dsl::diagnostic::code;
use haversack_engine::Environment;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, json};

use crate::{
    fixtures::{apply, environment, id_text, row},
    queries::answer,
};

/// A row of `t`: text, number, which row of `p` it points at, and a time.
type Row = (Option<&'static str>, Option<i64>, Option<usize>, Option<u32>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let text = option::of(select(vec!["a", "A", "é", "b", "b "]));
    let time = option::of(0_u32..400);
    vec((text, option::of(-3_i64..4), option::of(0_usize..5), time), 0..25)
}

/// Rows 0 to 3 of `p` are there; 1 to 3 have the row before as parent.
fn filled(rows: &[Row]) -> Environment {
    let environment = environment();
    let mut changes: Vec<_> = (0..4)
        .map(|at| {
            let parent = (at > 0).then(|| id_text(&format!("p{}", at - 1)));
            row(
                "create",
                "p",
                &format!("p{at}"),
                json!({"name": format!("P{}", at % 3), "parent": parent}),
            )
        })
        .collect();
    for (at, (text, number, to, day)) in rows.iter().enumerate() {
        let mut values = Map::new();
        values.insert("a".to_owned(), json!(text));
        values.insert("b".to_owned(), json!(number));
        values.insert("u".to_owned(), json!(to.map(|to| id_text(&format!("p{to}")))));
        let time = day.map(|day| format!("2025-{:02}-{:02}T23:59:59Z", day % 12 + 1, day % 28 + 1));
        values.insert("w".to_owned(), json!(time));
        changes.push(row("create", "t", &format!("t{at:02}"), values.into()));
    }
    apply(&environment, changes);
    environment
}

fn asked(environment: &Environment, text: &str) -> Vec<Answer> {
    answer(environment, "everything", text).unwrap_or_else(|errors| panic!("{text}\n{errors}")).rows
}

/// The rows of all pages, each asked for by its number or by the cookie of the one before.
fn paged(environment: &Environment, query: &str, size: usize, by_cookie: bool) -> Vec<Answer> {
    let (mut all, mut more) = (Vec::new(), format!("page 1 size {size}"));
    for number in 2.. {
        let text = query.replace("PAGE", &more);
        let answers = answer(environment, "everything", &text).expect("the query is right");
        all.extend(answers.rows);
        let Some(next) = answers.next else { break };
        more = match by_cookie {
            true => format!("size {size} cookie \"{next}\""),
            false => format!("page {number} size {size}"),
        };
    }
    all
}

fn number(answer: &Answer, key: &str) -> i64 {
    match answer.values.iter().find(|(found, _)| found == key) {
        Some((_, Value::Integer(number))) => *number,
        _ => 0,
    }
}

/// A condition on `t`, some of them at odds with others.
fn condition() -> impl Strategy<Value = String> {
    let number = -2_i64..3;
    let text = select(vec!["a", "A ", "é", "e", "b", "b%", "%", "[b", "[b-a]%", "%[^b-a]"]);
    let day = select(vec!["2025-02-01", "2025-03-03", "2025-03-03T12:00", "2025-06-01T00:00:00Z"]);
    prop_oneof![
        (select(vec!["a", "b", "w"]), select(vec!["null", "not-null"]))
            .prop_map(|(column, operator)| format!("{column} {operator}")),
        (select(vec!["eq", "ne", "gt", "ge", "lt", "le"]), number.clone())
            .prop_map(|(operator, number)| format!("b {operator} {number}")),
        (select(vec!["in", "not-in", "between", "not-between"]), number.clone(), number)
            .prop_map(|(operator, one, two)| format!("b {operator} ({one}, {two})")),
        (
            select(vec!["eq", "ne", "like", "not-like", "begins-with", "not-begin-with"]),
            text.clone()
        )
            .prop_map(|(operator, text)| format!("a {operator} {text:?}")),
        (select(vec!["in", "not-in"]), text.clone(), text)
            .prop_map(|(operator, one, two)| format!("a {operator} ({one:?}, {two:?})")),
        (select(vec!["eq", "ne", "gt", "ge", "lt", "le"]), day)
            .prop_map(|(operator, day)| format!("w {operator} {day:?}")),
    ]
}

const PAGED: [&str; 6] = [
    "fetch t { columns tid, a  order a desc, b  PAGE }",
    "fetch t { columns tid  link outer p { columns name  order name desc } order u PAGE }",
    "fetch p { columns name  link t { columns tid  order a } link p as mother on pid = parent PAGE }",
    "fetch t { columns a, b  distinct  order b PAGE }",
    "fetch t { group a, month(w) as m  columns count() as n, avg(b) as mean  order n desc PAGE }",
    "fetch t { group u  columns sum(b) as s  order u desc PAGE }",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pages_make_the_whole(rows in rows(), size in 1_usize..6) {
        let environment = filled(&rows);
        for query in PAGED {
            let whole = asked(&environment, &query.replace("PAGE", ""));
            prop_assert_eq!(&paged(&environment, query, size, true), &whole, "{}", query);
            prop_assert_eq!(&paged(&environment, query, size, false), &whole, "{}", query);
        }
    }

    /// What a filter is warned of is so, whatever the rows.
    #[test]
    fn what_selects_nothing_or_all_is_rightly_said_to(
        rows in rows(),
        filters in vec(vec(condition(), 2..4), 30),
    ) {
        let environment = filled(&rows);
        let state = environment.state();
        for conditions in filters {
            let conditions = conditions.join(" ");
            for (connective, code, selected) in
                [("and", code::NEVER_TRUE, 0), ("or", code::ALWAYS_TRUE, rows.len())]
            {
                let query = format!("fetch t {{ columns tid filter {connective} {{ {conditions} }} }}");
                let found = haversack_dsl::check(&query, &state.catalog);
                if found.iter().any(|warning| warning.code == code) {
                    prop_assert_eq!(asked(&environment, &query).len(), selected, "{}", query);
                }
            }
        }
    }

    #[test]
    fn groups_add_up(rows in rows()) {
        let environment = filled(&rows);
        let functions = "columns count() as n, count(b) as bs, sum(b) as s";
        let total = asked(&environment, &format!("fetch t {{ {functions} }}"));
        for by in ["a", "u", "c", "week(w) as k", "year(w utc) as y, fiscal-period(w) as f", "tid"] {
            let groups = asked(&environment, &format!("fetch t {{ group {by} {functions} }}"));
            for key in ["n", "bs", "s"] {
                let sum: i64 = groups.iter().map(|group| number(group, key)).sum();
                prop_assert_eq!(sum, number(&total[0], key), "{} of {}", key, by);
            }
        }
        let joined = asked(&environment, &format!("fetch p {{ link t {{ {functions} }} }}"));
        let pointing = rows.iter().filter(|row| row.2.is_some_and(|to| to < 4)).count();
        prop_assert_eq!(number(&joined[0], "n"), i64::try_from(pointing).expect("few"));
    }

    #[test]
    fn siblings_may_change_places(rows in rows(), seed in 0_usize..6) {
        let environment = filled(&rows);
        let conditions = ["b ge 0", "or { a eq \"A\" x.b null }", "not any p { name eq \"P1\" }"];
        let links = ["link outer t as x on b = b", "link p as y", "link exists p as z on pid = u { filter { parent not-null } }"];
        let query = |order: [usize; 3]| {
            let [one, two, three] = order;
            format!(
                "fetch t {{ columns tid filter {{ {} {} {} }} {} {} {} order a }}",
                conditions[one], conditions[two], conditions[three], links[one], links[two], links[three]
            )
        };
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let one = asked(&environment, &query(orders[0]));
        prop_assert_eq!(asked(&environment, &query(orders[seed])), one);
    }

    /// Links that test are what filters ask, and an outer link keeps what an inner one drops.
    #[test]
    fn links_agree_with_one_another(rows in rows(), least in -3_i64..4) {
        let environment = filled(&rows);
        let of = |link: &str| asked(&environment, &format!("fetch p {{ columns pid {link} }}"));
        let condition = format!("{{ b ge {least} }}");
        let any = of(&format!("filter {{ any t {condition} }}"));
        for kind in ["exists", "in", "first"] {
            prop_assert_eq!(&of(&format!("link {kind} t {{ filter {condition} }}")), &any, "{}", kind);
        }
        prop_assert_eq!(&of(&format!("filter {{ not all t {condition} }}")), &any);
        prop_assert_eq!(&of(&format!("link t {{ filter {condition} }} distinct")), &any);
        let none = of(&format!("link outer t {{ filter {condition} }} filter {{ t.tid null }}"));
        prop_assert_eq!(&of(&format!("filter {{ not any t {condition} }}")), &none);
        prop_assert_eq!(any.len() + none.len(), 4);
    }
}
