//! One case: a query about rows, and whether both sides answer it alike.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use haversack_core::RowId;
use haversack_dataset::{Answers, Caller, Columnar, Evaluator, Obvious};
use haversack_dsl::{
    algebra::Predicate,
    ast::{Fetch, Spanned, Value},
    compile,
    plan::Plan,
    print_dsl, print_fetchxml,
    query::{Columns, Filter, Query},
};
use rusqlite::Connection;

use crate::{
    answers::{Answer, of_evaluator, of_sqlite},
    database::database,
    edit::smaller,
    to_sql::{Statement, statement},
    world::{Asker, World},
};

/// Pages that are asked for by the cookie of the one before.
const PAGES: usize = 3;

/// Why a case does not hold.
pub enum Trouble {
    /// The query is none, or SQLite does not run its statement: a mistake of this test.
    Broken(String),
    /// The sides disagree.
    Different(String),
}

/// Asks both sides, in one of the syntaxes; what both say, and how many pages were turned by cookies.
///
/// # Errors
/// That they do not say the same.
pub fn check(
    world: &World,
    asker: Asker,
    database: &Connection,
    fetch: &Fetch,
    in_fetchxml: bool,
) -> Result<(Answer, usize), Trouble> {
    let columnar = Columnar::build(world, &Arc::new(world.catalog.clone()), 7);
    let both =
        |fetch: &Fetch, cookie| both(world, asker, &columnar, database, fetch, in_fetchxml, cookie);
    let first = both(fetch, None)?;
    let (mut next, mut turned) = (first.1.clone(), 0);
    let mut page = fetch
        .paging
        .page
        .as_ref()
        .map_or(1, |page| *page.node.given().expect("it has no parameters"));
    while let Some(cookie) = next.filter(|_| turned < PAGES) {
        page += 1;
        let mut fetch = fetch.clone();
        fetch.paging.page = Some(Spanned::nowhere(Value::Given(page)));
        next = both(&fetch, Some(cookie))?.1;
        turned += 1;
    }
    Ok((first.0, turned))
}

/// What both sides say of a page, which the evaluator finds by its cookie if one is given, and the
/// cookie of the next.
fn both(
    world: &World,
    asker: Asker,
    columnar: &Columnar,
    database: &Connection,
    fetch: &Fetch,
    in_fetchxml: bool,
    cookie: Option<String>,
) -> Result<(Answer, Option<String>), Trouble> {
    let mut asked = fetch.clone();
    if let Some(cookie) = cookie {
        asked.paging.page = None;
        asked.paging.cookie = Some(Spanned::nowhere(cookie));
    }
    let text = if in_fetchxml { print_fetchxml(&asked) } else { print_dsl(&asked) };
    let query = compile(&text, &world.catalog)
        .map_err(|errors| Trouble::Broken(format!("{text}\n{errors:?}")))?
        .query;
    let statement = statement(&world.catalog, fetch);
    let sql = of_sqlite(database, &statement)
        .map_err(|error| Trouble::Broken(format!("{text}\n{}\n{error}", statement.whole)))?;
    let caller = world.caller(asker);
    let answers = catch_unwind(AssertUnwindSafe(|| Obvious::new(world).answers(&caller, &query)))
        .map_err(|_| Trouble::Different(format!("the evaluator panicked\n\n{text}")))?;
    let found = of_evaluator(&answers, &statement);
    canonical(world, &caller, &query, &answers)
        .and_then(|()| columnar_says(world, columnar, &caller, &query, &answers))
        .map_err(|how| Trouble::Different(format!("{how}\n\n{text}")))?;
    if found == sql {
        return Ok((found, answers.next.map(|cookie| cookie.to_string())));
    }
    Err(Trouble::Different(told(&text, &statement, &found, &sql)))
}

/// The filter in canonical form selects the same.
fn canonical(
    world: &World,
    caller: &Caller,
    query: &Query,
    answers: &Answers,
) -> Result<(), String> {
    let predicate = Predicate::of(query.filter.as_ref());
    let filter = Some(Filter::from(&predicate));
    let canonical = Query { filter, ..query.clone() };
    match Obvious::new(world).answers(caller, &canonical) == *answers {
        true => Ok(()),
        false => Err(format!("the canonical filter gives another answer:\n{predicate}")),
    }
}

/// The columnar engine answers the same, row for row, and where there is no join it selects the same.
fn columnar_says(
    world: &World,
    columnar: &Columnar,
    caller: &Caller,
    query: &Query,
    answers: &Answers,
) -> Result<(), String> {
    let found = catch_unwind(AssertUnwindSafe(|| columnar.answers(caller, query)))
        .map_err(|_| "the columnar engine panicked".to_owned())?;
    if found != *answers {
        let plan = Plan::of(query);
        return Err(format!(
            "the columnar engine says\n{found:#?}\nthe evaluator says\n{answers:#?}\n{plan}"
        ));
    }
    if !query.links.is_empty() {
        return Ok(());
    }
    let whole = Query {
        columns: Columns::All,
        aggregate: None,
        order: Vec::new(),
        distinct: false,
        top: None,
        page: None,
        ..query.clone()
    };
    let rows = Obvious::new(world).query(caller, &whole);
    let mut expected: Vec<RowId> = rows.iter().filter_map(|answer| answer.id).collect();
    expected.sort_unstable();
    match columnar.select(caller, query) == expected {
        true => Ok(()),
        false => Err(format!("the columnar engine selects other rows\n{}", Plan::of(query))),
    }
}

fn told(text: &str, statement: &Statement, found: &Answer, sql: &Answer) -> String {
    format!(
        "the evaluator says\n{found}\nSQLite says\n{sql}\n{text}\n{}\npart {:?}\n",
        statement.whole, statement.part
    )
}

/// The same case without whatever it does not need to fail, and how it fails.
pub fn reduced(
    world: &World,
    asker: Asker,
    fetch: &Fetch,
    in_fetchxml: bool,
) -> (World, Fetch, String) {
    let fails = |world: &World, fetch: &Fetch| match check(
        world,
        asker,
        &database(world, asker),
        fetch,
        in_fetchxml,
    ) {
        Err(Trouble::Different(how)) => Some(how),
        Err(Trouble::Broken(_)) | Ok(_) => None,
    };
    let (mut world, mut fetch) = (world.clone(), fetch.clone());
    let mut how = fails(&world, &fetch).expect("the case fails");
    while let Some((told, less)) =
        smaller(&fetch).into_iter().find_map(|less| Some((fails(&world, &less)?, less)))
    {
        (how, fetch) = (told, less);
    }
    loop {
        let less = world.smaller().find_map(|less| Some((fails(&less, &fetch)?, less)));
        let Some((told, less)) = less else { break };
        (world, how) = (less, told);
    }
    (world, fetch, how)
}
