//! `docs/operators.md` is what the table of operators says.
//!
//! `UPDATE_EXPECT=1 cargo test -p haversack` writes it.

use std::fmt::Write as _;

use haversack_dsl::operator::{Group, OPERATORS, OperatorInfo};

const HEAD: &str = "\
# Operators of conditions

Made from the table in `dsl/src/operator/table.rs` by the test `operators_document`; don't edit it.

* A negative operator is the opposite of its positive one, and so holds for rows without a value. A positive one
  never does, `null` apart.
* Texts are compared without regard to case and accents; `eq`, `ne`, `in` and `not-in` leave out spaces at their end.
* Patterns: `%` any run of characters, `_` one, `[abc]` and `[a-z]` one of these, `[^abc]` one that is not of these.
* In FetchXML one value is written in the attribute `value`, a list or two values as elements `value`; in the
  DSL `last-x-days 7` and `between 1 and 5`.
* Days, weeks, months and years are those of the caller's zone. A date without time is compared with the caller's
  wall clock. Stretches of time have their beginning and not their end.
* *asks* says what the answer depends on besides the row: who asks, or when.
* *classic* says whether a profile's custom filter may have it in classic; in extended it may have all.
";

const GROUPS: [(Group, &str); 6] = [
    (Group::Values, "Equality, order, lists, texts"),
    (Group::Caller, "The caller"),
    (Group::Hierarchy, "Rows above and below"),
    (Group::Calendar, "Days, weeks, months, years"),
    (Group::Rolling, "Times that begin or end now"),
    (Group::Fiscal, "The fiscal calendar"),
];

#[test]
fn operators_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operators.md");
    let expected = document();
    if std::env::var("UPDATE_EXPECT").is_ok() {
        std::fs::write(path, expected).unwrap();
    } else {
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(found, expected, "UPDATE_EXPECT=1 writes {path}");
    }
}

fn document() -> String {
    let mut text = HEAD.to_owned();
    for (group, title) in GROUPS {
        writeln!(text, "\n## {title}\n").unwrap();
        text.push_str("| operator | values | columns | rows without a value | asks | classic | the column |\n");
        text.push_str("|---|---|---|---|---|---|---|\n");
        OPERATORS.iter().filter(|info| info.group == group).for_each(|info| row(&mut text, info));
    }
    text
}

fn row(text: &mut String, info: &OperatorInfo) {
    let yes_or = |is: bool, no: &'static str| if is { "yes" } else { no };
    let asks = match (info.names_caller, info.reads_clock) {
        (true, _) => "who",
        (_, true) => "when",
        _ => "",
    };
    writeln!(
        text,
        "| {} | {} | {} | {} | {asks} | {} | {} |",
        name(info),
        info.takes(),
        info.types.describe(),
        yes_or(info.holds_for_null(), "no"),
        yes_or(info.in_classic_filter, ""),
        info.meaning,
    )
    .unwrap();
}

fn name(info: &OperatorInfo) -> String {
    let aliases = info.aliases.iter().map(|alias| format!(" (also `{alias}`)"));
    format!("`{}`{}", info.name, aliases.collect::<String>())
}
