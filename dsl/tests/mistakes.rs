//! Laws of mistakes: each is found where it is, and makes no others.

mod generate;

use generate::fetch;
use haversack_dsl::{Diagnostic, diagnostic::code, parse, parse_file, print_dsl};
use proptest::{prelude::*, sample::select};

/// Every line can be spoilt in several ways.
const QUERY: &str = "\
query open_orders(region: guid, since: date) = fetch salesorder {
  columns ordernumber, shipname, freight
  filter {
    regionid eq $region
    orderdate on-or-after $since
    shipcountry in (\"Norway\", \"Sweden\")
    or {
      freight ge 100
      shipname like \"%markt\"
      any orderline on orderid = orderid {
        quantity gt 10
        discount between 0.1 and 0.2
      }
      ownerid eq-userid
    }
    shipcity eq \"Bergen\"
    not any note on orderid = orderid
    orderstatus ne 2
  }
  link outer customer as c on customerid = customerid {
    columns companyname, city
    filter or {
      city not-null
      country eq \"Norway\"
    }
    order city desc
  }
  order freight desc, ordernumber
  top 50
}
";

/// Something that people do to a line: what becomes of it, if it can be done to it.
type Slip = fn(&str) -> Option<String>;

/// Slips after which the line can be told to be wrong.
const SLIPS: [(&str, Slip); 13] = [
    ("a stray sign at the end", |line| {
        let is_whole = !line.ends_with(['{', '}']) && !line.ends_with("50");
        is_whole.then(|| format!("{line} ;"))
    }),
    ("an operator that there is not", |line| replaced(line, &[" eq ", " ge ", " gt "], " equals ")),
    ("an operator of another language", |line| replaced(line, &[" ne "], " != ")),
    ("no operator", |line| replaced(line, &[" eq ", " ge ", " like ", " on-or-after "], " ")),
    ("no value", |line| {
        let at = [" eq ", " ge ", " gt ", " ne ", " like "]
            .iter()
            .find_map(|op| line.find(op).map(|at| at + op.len() - 1))?;
        Some(line[..at].to_owned())
    }),
    ("no quotes", |line| {
        let is_text = line.contains(" \"") && !line.contains('(') && !line.contains('%');
        is_text.then(|| line.replace('"', ""))
    }),
    ("quotes of another language", |line| line.contains(" \"").then(|| line.replace('"', "'"))),
    ("a text without an end", |line| {
        let line = line.strip_suffix(')').unwrap_or(line);
        line.strip_suffix('"').map(str::to_owned)
    }),
    ("a list without commas", |line| line.contains("\", \"").then(|| line.replace(", ", " "))),
    ("a section that there is not", |line| replaced(line, &["columns "], "colums ")),
    ("no comma", |line| {
        line.trim_start().starts_with("columns").then(|| line.replacen(", ", " ", 1))
    }),
    ("no column", |line| replaced(line, &["order freight desc, "], "order , ")),
    ("no sign in a join", |line| replaced(line, &[" = orderid", " = customerid"], " customerid")),
];

fn replaced(line: &str, all: &[&str], by: &str) -> Option<String> {
    all.iter().find(|found| line.contains(**found)).map(|found| line.replacen(found, by, 1))
}

/// Slips at braces and parentheses, which may be found later than they are made, yet only once.
const BRACES: [(&str, Slip); 5] = [
    ("a list without an end", |line| line.strip_suffix(')').map(str::to_owned)),
    ("no opening brace", |line| line.strip_suffix(" {").map(str::to_owned)),
    ("no closing brace", |line| line.strip_suffix('}').map(str::to_owned)),
    ("two closing braces", |line| line.ends_with('}').then(|| format!("{line} }}"))),
    ("a section in a group", |line| {
        line.ends_with("null").then(|| format!("{line}\n      columns a"))
    }),
];

fn spoilt(slips: &[(usize, String)]) -> String {
    let mut lines: Vec<String> = QUERY.lines().map(str::to_owned).collect();
    slips.iter().for_each(|(line, text)| lines[*line].clone_from(text));
    lines.join("\n")
}

fn all_slips(slips: &[(&'static str, Slip)]) -> Vec<(usize, &'static str, String)> {
    let of = |(at, line): (usize, &'static str)| {
        slips.iter().filter_map(move |(name, slip)| Some((at, *name, slip(line)?)))
    };
    // The head of a query with a name is like no other line.
    QUERY.lines().enumerate().skip(1).flat_map(of).collect()
}

fn lines(errors: &[Diagnostic]) -> Vec<usize> {
    errors.iter().map(|error| error.line - 1).collect()
}

fn errors_of(text: &str) -> Vec<Diagnostic> {
    parse_file(text).expect_err("it is wrong")
}

#[test]
fn the_query_is_right_and_every_slip_can_be_made() {
    assert_eq!(parse_file(QUERY).map(|file| haversack_dsl::print_file(&file)), Ok(QUERY.into()));
    for (name, _) in SLIPS.iter().chain(&BRACES) {
        let all = [all_slips(&SLIPS), all_slips(&BRACES)].concat();
        assert!(all.iter().any(|(_, made, _)| made == name), "{name}");
    }
}

#[test]
fn one_slip_is_one_error_on_its_line() {
    for (at, name, line) in all_slips(&SLIPS) {
        let errors = errors_of(&spoilt(&[(at, line.clone())]));
        assert_eq!(lines(&errors), [at], "{name}: {line}\n{errors:#?}");
    }
}

#[test]
fn a_slip_at_a_brace_is_one_error_and_none_before_it() {
    for (at, name, line) in all_slips(&BRACES) {
        let text = spoilt(&[(at, line.clone())]);
        let Err(errors) = parse_file(&text) else { panic!("{name}: {text}") };
        assert_eq!(errors.len(), 1, "{name} on line {}: {line}\n{errors:#?}", at + 1);
        assert!(errors[0].line > at, "{name}: {errors:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slips_far_apart_are_as_many_errors(
        slips in proptest::collection::vec(select(all_slips(&SLIPS)), 1..=3)
    ) {
        let mut slips: Vec<(usize, String)> =
            slips.into_iter().map(|(at, _, line)| (at, line)).collect();
        slips.sort();
        slips.dedup_by(|two, one| two.0 < one.0 + 2);
        let text = spoilt(&slips);
        let errors = errors_of(&text);
        let expected: Vec<usize> = slips.iter().map(|(at, _)| *at).collect();
        prop_assert_eq!(lines(&errors), expected, "{}\n{:#?}", text, errors);
    }

    /// Whatever is done to a query of whatever shape.
    #[test]
    fn nothing_before_a_mistake_is_wrong(
        fetch in fetch(),
        place in 0_usize..1000,
        cut in 0_usize..9,
        put in select(vec!["", "}", "{", "(", ")", "\"", "`", ";", " x ", " or ", "$", "#"]),
    ) {
        let mut characters: Vec<char> = print_dsl(&fetch).chars().collect();
        let start = characters.len() * place / 1000;
        // What stands before the mistake may be wrong because of what follows.
        let before = String::from_iter(&characters[..start]);
        let line = before.trim_end().matches('\n').count();
        let end = (start + cut).min(characters.len());
        characters.splice(start..end, put.chars());
        let text = String::from_iter(characters);
        // What contradicts itself does so at either end.
        for error in parse(&text).err().iter().flatten().filter(|e| e.code != code::CONTRADICTION) {
            prop_assert!(error.line > line, "{error} in\n{text}");
        }
    }
}

/// FetchXML is read on as long as it is XML.
#[test]
fn mistakes_of_fetchxml_are_found_in_one_run() {
    let text = "\
<fetch top='x'>
  <entity name='account'>
    <attribut name='a' />
    <attribute nam='b' />
    <filter>
      <condition attribute='c' operator='equals' value='1' />
      <condition attribute='d' operator='null' value='1' />
      <condition attribute='e' operator='in'><value>1</value></condition>
      <link-entity name='task' from='f' to='g' link-type='some'>
        <filter><condition attribute='1h' operator='null' /></filter>
      </link-entity>
    </filter>
    <order attribute='i' descending='yes' />
  </entity>
</fetch>";
    assert_eq!(lines(&errors_of(text)), [0, 2, 3, 5, 6, 8, 9, 12]);
}

#[test]
fn many_mistakes_end_at_fifty() {
    // After fifty one more says that the rest was not read.
    let text = format!("fetch a {{ filter {{ {} }} }}", "name gte 1\n".repeat(200));
    assert_eq!(errors_of(&text).len(), 51);
    let text = format!("fetch a {{ filter {{ {} }} }}", "name 1\n".repeat(200));
    assert_eq!(errors_of(&text).len(), 51);
}
