//! Texts in the DSL.

use super::{Input, filled, long_name, repeated};

/// Conditions in the filter of a query of accounts.
fn filter(piece: impl Fn(usize) -> String, bytes: usize) -> String {
    filled("fetch account { filter { ", piece, "} }", bytes)
}

/// One condition with a text as its value.
fn valued(condition: &str, piece: &str, bytes: usize) -> String {
    repeated(&format!("fetch account {{ filter {{ {condition} \""), piece, "\" } }", bytes)
}

pub(super) const INPUTS: &[Input] = &[
    ("blanks", |bytes| repeated("fetch account {", " \n", "}", bytes)),
    ("comments", |bytes| repeated("fetch account {", "#\n", "}", bytes)),
    ("one comment", |bytes| repeated("#", "#", "\nfetch account", bytes)),
    ("line breaks before an error", |bytes| repeated("", "\n", "fetch account x", bytes)),
    ("one word", |bytes| repeated("", "fetch", "", bytes)),
    ("one name", |bytes| repeated("fetch ", "a", "", bytes)),
    ("a name of many bytes", |bytes| repeated("fetch ", "é", "", bytes)),
    ("an open back quote", |bytes| repeated("fetch `", "a", "", bytes)),
    ("an open text", |bytes| repeated("fetch account { filter { name eq \"", "a", "", bytes)),
    ("open texts", |bytes| repeated("fetch account { filter { name eq ", "\"a\n", "", bytes)),
    ("braces", |bytes| repeated("fetch account ", "{", "", bytes)),
    ("groups in groups", |bytes| repeated("fetch account { filter { ", "or{", "", bytes)),
    ("links in links", |bytes| repeated("fetch account { ", "link account{", "", bytes)),
    ("tests in tests", |bytes| repeated("fetch account { filter{", "not any account{", "", bytes)),
    ("groups", |bytes| filter(|_| "or{}".to_owned(), bytes)),
    ("groups four levels deep", |bytes| {
        repeated("fetch account { filter { or { or { ", "or{}", "} } } }", bytes)
    }),
    ("links", |bytes| {
        filled("fetch account {", |at| format!("link account as a{at} "), "}", bytes)
    }),
    ("tests for rows", |bytes| filter(|_| "any account ".to_owned(), bytes)),
    ("conditions", |bytes| filter(|_| "name null ".to_owned(), bytes)),
    ("comparisons", |bytes| filter(|_| "name eq column name ".to_owned(), bytes)),
    ("unknown operators", |bytes| filter(|_| "a b ".to_owned(), bytes)),
    ("misspelt operators", |bytes| {
        filter(|_| "name eq-useroruserhierarchyandteam ".to_owned(), bytes)
    }),
    ("one long operator", |bytes| repeated("fetch account { filter { name ", "eq-", "} }", bytes)),
    ("operators without a value", |bytes| filter(|_| "name eq ( )".to_owned(), bytes)),
    ("operators with too many values", |bytes| filter(|_| "a eq(1,2)".to_owned(), bytes)),
    ("operators with a column", |bytes| filter(|_| "a like column b ".to_owned(), bytes)),
    ("one list", |bytes| {
        filled("fetch account { filter { employees in (0", |at| format!(",{at}"), ") } }", bytes)
    }),
    ("lists of the same", |bytes| {
        filter(|_| format!("employees in (1{}) ", ",1".repeat(100)), bytes)
    }),
    ("lists of different values", |bytes| {
        let list = |at: usize| (0..40).map(|n| (at * 40 + n).to_string()).collect::<Vec<_>>();
        filter(move |at| format!("employees in ({}) ", list(at).join(",")), bytes)
    }),
    ("misfits", |bytes| filter(|_| "employees in (x) ".replace('x', "\"x\""), bytes)),
    ("patterns with wildcards", |bytes| filter(|_| "name like \"%\" ".to_owned(), bytes)),
    ("one pattern", |bytes| valued("name like", "[^a-", bytes)),
    ("options by their labels", |bytes| {
        filter(|at| format!("industrycode eq \"{} {at:07}\" ", "label".repeat(40)), bytes)
    }),
    ("one long label", |bytes| valued("industrycode eq", "label", bytes)),
    ("one text", |bytes| valued("name eq", "a", bytes)),
    ("one text of marks", |bytes| {
        valued("name in (\"a\", \"b\") name eq", "\u{301}\u{323}", bytes)
    }),
    ("a list of texts of marks", |bytes| {
        repeated("fetch account { filter { name in (\"", "\u{301}\u{323}", "\") } }", bytes)
    }),
    ("escapes", |bytes| valued("name eq", "\\n", bytes)),
    ("escapes by number", |bytes| valued("name eq", "\\u{e9}", bytes)),
    ("one escape with zeros", |bytes| valued("name eq \"\\u{", "0", bytes)),
    ("open escapes", |bytes| valued("name eq", "\\u{", bytes)),
    ("control characters", |bytes| valued("name eq", "\u{7f}", bytes)),
    ("a huge number", |bytes| valued("employees eq", "9", bytes)),
    ("a huge decimal", |bytes| valued("rate eq \"0.", "1", bytes).replacen("\"\"", "", 1)),
    ("a huge double", |bytes| valued("latitude eq", "7", bytes)),
    ("a huge date", |bytes| {
        valued("founded on \"2026-03-01", "0", bytes).replacen("01\"0", "010", 1)
    }),
    ("a huge time", |bytes| valued("lastvisit on", "2026-03-01T09:30:00.", bytes)),
    ("a huge id", |bytes| valued("externalid eq", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", bytes)),
    ("a huge top", |bytes| repeated("fetch account { top ", "9", " }", bytes)),
    ("a cookie", |bytes| repeated("fetch account { cookie \"1.1.0", ".n1", "\" }", bytes)),
    ("a cookie of escapes", |bytes| {
        repeated("fetch account { cookie \"1.1.0.t", "%20", "\" }", bytes)
    }),
    ("sections twice", |bytes| repeated("fetch account {", "total ", "}", bytes)),
    ("wrong numbers", |bytes| repeated("fetch account {", "top 0 ", "}", bytes)),
    ("columns", |bytes| {
        filled("fetch account { columns name", |at| format!(", name as a{at}"), "}", bytes)
    }),
    ("the same column", |bytes| repeated("fetch account { columns name", ",name", "}", bytes)),
    ("the same alias", |bytes| repeated("fetch account { columns name", ",name as a", "}", bytes)),
    ("unknown columns", |bytes| repeated("fetch account { columns name", ",x", "}", bytes)),
    ("misspelt columns", |bytes| {
        filled("fetch account { columns name", |at| format!(",{}", long_name(at)), "}", bytes)
    }),
    ("a misspelt table", |bytes| {
        repeated(&format!("fetch {} {{", long_name(7)), "link x ", "}", bytes)
    }),
    ("misspelt tables", |bytes| {
        filled("fetch account {", |at| format!("link {} ", long_name(at + 1)), "}", bytes)
    }),
    ("columns beside groups", |bytes| {
        repeated("fetch account { group name columns name", ",name", "}", bytes)
    }),
    ("functions without a name", |bytes| {
        repeated("fetch account { columns count()", ",count()", "}", bytes)
    }),
    ("functions", |bytes| {
        filled(
            "fetch account { columns count() as a",
            |at| format!(",count() as a{at}"),
            "}",
            bytes,
        )
    }),
    ("misspelt functions", |bytes| repeated("fetch account { columns ", "summ(", "}", bytes)),
    ("groups by columns", |bytes| {
        filled("fetch account { group name", |at| format!(",name as a{at}"), "}", bytes)
    }),
    ("orders of groups", |bytes| {
        let groups =
            filled("fetch account { group name", |at| format!(",name as a{at}"), "", bytes / 2);
        filled(&(groups + " order name"), |at| format!(",a{}", at % 1_000), "}", bytes)
    }),
    ("unknown orders of groups", |bytes| {
        let groups = filled(
            "fetch account { group name",
            |at| format!(",name as {}", long_name(at)),
            "",
            bytes / 2,
        );
        filled(&(groups + " order name"), |at| format!(",{}", long_name(at * 1_001)), "}", bytes)
    }),
    ("orders", |bytes| repeated("fetch account { order name", ",name desc", "}", bytes)),
    ("orders of unknown links", |bytes| repeated("fetch account { order name", ",a.b", "}", bytes)),
    ("dots", |bytes| repeated("fetch account { order a", ".", "}", bytes)),
];
