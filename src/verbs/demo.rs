//! `demo`: the whole idea on real data, told as a story.

mod example;
mod story;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use haversack_core::{
    RowId, Value,
    event::{RowKey, Verdict},
    settings::Policy,
};
use haversack_dataset::{Caller, Dataset, Evaluator, Obvious};
use haversack_engine::{Clock, Environment, SystemClock, push::Outcome};
use haversack_replay::{Digest, Judging, diff};
use serde_json::{Value as Json, json};

use self::story::Story;
use super::{admin, audit, explain, push};
use crate::{
    failure::Failure,
    output::Line,
    session::{self, Session},
};

/// The three who go offline: a salesperson, her manager, and a colleague who may read and not write.
const NANCY: &str = "Nancy Davolio";
const STEVEN: &str = "Steven Buchanan";
const LAURA: &str = "Laura Callahan";

/// `demo`.
pub fn demo(data: Option<PathBuf>, once: bool) -> Result<ExitCode, Failure> {
    let fresh = tempfile::Builder::new().prefix("haversack-demo-").tempdir();
    let fresh = fresh.map_err(|error| Failure::other(format!("making a directory: {error}")))?;
    let data = &data.unwrap_or_else(|| fresh.path().to_owned());
    let environment = Environment::open(data)?;
    if environment.state().cursor.last().is_some() {
        let message = "the demo wants a fresh directory; name one with --data DIR, or remove";
        return Err(Failure::bad_input(format!("{message} {}", data.display())));
    }
    let mut story = Story::begin();
    let session = load(environment, data, &mut story)?;
    let cast = Cast::find(&session)?;
    devices(&session, &cast, &mut story);
    offline(&session, &cast, &mut story)?;
    why(&session, &cast, &mut story)?;
    other_policy(&session, &mut story)?;
    if !once {
        next(&session, data, &cast, &mut story);
        // Kept for what the story says to try next.
        let _ = fresh.keep();
    }
    story.tell()?;
    Ok(ExitCode::SUCCESS)
}

/// Who takes part, what is on their devices, and the orders that the story is about.
struct Cast {
    nancy: (RowId, Dataset),
    steven: (RowId, Dataset),
    laura: (RowId, Dataset),
    /// Nancy and Steven change it both.
    changed: RowKey,
    /// Nancy deletes it, Steven changes it.
    deleted: RowKey,
    /// A line of that order, on Nancy's device by its relationship.
    line: RowKey,
    /// It is on Steven's device and not on Nancy's.
    foreign: RowKey,
}

impl Cast {
    fn find(session: &Session) -> Result<Self, Failure> {
        let state = session.environment.state();
        let device = |name: &str| -> Result<(RowId, Dataset), Failure> {
            let user = session::user(&state.catalog, name)?;
            let caller = Caller::user(&state.catalog, user, SystemClock.now());
            Ok((user, Obvious::new(state.as_ref()).dataset(&caller)))
        };
        let (nancy, steven, laura) = (device(NANCY)?, device(STEVEN)?, device(LAURA)?);
        let orders = |key: &&RowKey| key.table == "salesorder";
        let owned = |key: &&RowKey| {
            let row = state.current(key);
            row.is_some_and(|row| state.catalog.owns(nancy.0, &row.values))
        };
        let common: Vec<RowKey> = nancy
            .1
            .keys()
            .filter(orders)
            .filter(owned)
            .filter(|key| steven.1.contains_key(*key))
            .cloned()
            .collect();
        let changed = common.iter().find(|key| laura.1.contains_key(*key)).cloned();
        let deleted = common.iter().find(|key| !laura.1.contains_key(*key)).cloned();
        let foreign =
            steven.1.keys().filter(orders).find(|key| !nancy.1.contains_key(*key)).cloned();
        let is_line = |key: &&RowKey| {
            let order = state.current(key).and_then(|row| row.values.get("orderid").cloned());
            matches!((order, &changed), (Some(Value::Reference(to)), Some(of)) if to.id == of.id)
        };
        let line = nancy.1.keys().find(is_line).cloned();
        let (((changed, deleted), line), foreign) = changed
            .zip(deleted)
            .zip(line)
            .zip(foreign)
            .ok_or_else(|| Failure::other("the example lacks the orders of the story"))?;
        Ok(Self { nancy, steven, laura, changed, deleted, line, foreign })
    }
}

fn load(environment: Environment, data: &Path, story: &mut Story) -> Result<Session, Failure> {
    let document = example::read()?;
    let loaded = admin::load_into(&environment, document)?;
    let state = environment.state();
    story.chapter("An admin's work becomes events");
    story.say(&format!(
        "Northwind is loaded into {}: {} events, {} of them rows. Three offline profiles are \
         published; who is in which decides what their device gets.",
        data.display(),
        loaded.offset,
        loaded.rows
    ));
    let lines: Vec<Line> = state
        .catalog
        .profiles
        .values()
        .map(|profile| {
            let items = profile.draft.items.iter().map(|item| {
                format!("{} ({})", item.table, json!(item.criterion).as_str().unwrap_or_default())
            });
            story::line(&[
                ("profile", json!(profile.draft.name)),
                ("tables, and which rows", json!(items.collect::<Vec<_>>().join(", "))),
            ])
        })
        .collect();
    story.table(&["profile", "tables, and which rows"], &lines);
    Ok(Session { environment })
}

fn devices(session: &Session, cast: &Cast, story: &mut Story) {
    story.chapter("Three devices, each with its user's rows");
    story.say(
        "A device gets the rows that its user's profile selects or a relationship joins to them, \
         and none that the user may not read.",
    );
    let state = session.environment.state();
    let of = |name: &str, (user, dataset): &(RowId, Dataset)| {
        let count = |table: &str| dataset.keys().filter(|key| key.table == table).count();
        let profile = state.catalog.published_profile_of(*user);
        story::line(&[
            ("device of", json!(name)),
            ("profile", json!(profile.map(|profile| &profile.draft.name))),
            ("rows", json!(dataset.len())),
            ("orders", json!(count("salesorder"))),
            ("order lines", json!(count("orderline"))),
            ("customers", json!(count("customer"))),
        ])
    };
    let lines = [of(NANCY, &cast.nancy), of(STEVEN, &cast.steven), of(LAURA, &cast.laura)];
    let columns = ["device of", "profile", "rows", "orders", "order lines", "customers"];
    story.table(&columns, &lines);
}

fn offline(session: &Session, cast: &Cast, story: &mut Story) -> Result<(), Failure> {
    story.chapter("No network: each edits what is on their device");
    let (changed, deleted) =
        (order_number(session, &cast.changed), order_number(session, &cast.deleted));
    story.say(&format!(
        "Nancy and Steven both change order {changed}. Nancy deletes order {deleted}, which \
         Steven changes. Laura changes order {changed} too, which her roles don't let her."
    ));
    story.say("Back online. The policy in force is client wins, and Nancy is the first to sync:");
    let nancy = vec![
        edit(1, "update", &cast.changed, &cast.nancy.1, json!({"freight": 41.5})),
        edit(2, "delete", &cast.deleted, &cast.nancy.1, Json::Null),
    ];
    let steven = vec![
        edit(
            1,
            "update",
            &cast.changed,
            &cast.steven.1,
            json!({"freight": 99.9, "shipname": "Rush"}),
        ),
        edit(
            2,
            "update",
            &cast.deleted,
            &cast.steven.1,
            json!({"shipname": "Deliver to the side door"}),
        ),
    ];
    let laura = vec![edit(1, "update", &cast.changed, &cast.laura.1, json!({"freight": 0}))];
    let mut lines = Vec::new();
    for (name, (user, _), edits) in
        [(NANCY, &cast.nancy, nancy), (STEVEN, &cast.steven, steven), (LAURA, &cast.laura, laura)]
    {
        let asked: Vec<String> = edits.iter().map(|edit| asked(session, edit)).collect();
        let read = edits
            .into_iter()
            .map(haversack_engine::push::Mutation::read)
            .collect::<Result<Vec<_>, _>>();
        let mutations = read.map_err(Failure::other)?;
        let outcomes = push::send(session, *user, "phone", mutations)?;
        lines.extend(outcomes.iter().zip(asked).map(|(o, asked)| verdict_line(name, o, &asked)));
    }
    story.table(&["event", "who", "edit", "verdict", "and so"], &lines);
    story.say("Every edit is in the log, also those that lost and those that were refused.");
    Ok(())
}

fn edit(n: u64, op: &str, key: &RowKey, held: &Dataset, values: Json) -> Json {
    let base = held.get(key).map(|version| version.0.get());
    json!({"n": n, "op": op, "table": key.table, "id": key.id, "base": base, "values": values})
}

fn asked(session: &Session, edit: &Json) -> String {
    let text = |key: &str| edit.get(key).and_then(Json::as_str).unwrap_or_default();
    let state = session.environment.state();
    let number = session::row_key(&state.catalog, text("table"), text("id"))
        .map(|key| order_number(session, &key))
        .unwrap_or_default();
    match edit.get("values").filter(|values| !values.is_null()) {
        Some(values) => format!("{} order {number}: {values}", text("op")),
        None => format!("{} order {number}", text("op")),
    }
}

fn verdict_line(name: &str, outcome: &Outcome, asked: &str) -> Line {
    let so = match outcome.verdict {
        Verdict::Applied => "nobody else had written it since".to_owned(),
        Verdict::Conflict { .. } if outcome.server.is_some() => {
            "the client wins; what it overwrote is kept".to_owned()
        }
        Verdict::Conflict { .. } => "the client wins; the deleted row is back".to_owned(),
        Verdict::Refused(_) => outcome.message.clone().unwrap_or_default(),
    };
    story::line(&[
        ("event", json!(outcome.offset.get())),
        ("who", json!(name)),
        ("edit", json!(asked)),
        ("verdict", json!(outcome.verdict.outcome())),
        ("and so", json!(so)),
    ])
}

/// How people call an order: its number, also after it was deleted.
fn order_number(session: &Session, key: &RowKey) -> String {
    let state = session.environment.state();
    let now = state.current(key);
    let before = || {
        let first = state.touches(key).oldest_first().first().map(|touch| touch.offset)?;
        session.environment.row_at(key, first).ok().flatten()
    };
    match now.or_else(before).and_then(|row| row.values.get("ordernumber").cloned()) {
        Some(Value::Text(number)) => number,
        Some(Value::Integer(number)) => number.to_string(),
        _ => key.id.to_string(),
    }
}

fn why(session: &Session, cast: &Cast, story: &mut Story) -> Result<(), Failure> {
    story.chapter("Why is a row on a device, and why is another not?");
    let state = session.environment.state();
    let caller = Caller::user(&state.catalog, cast.nancy.0, SystemClock.now());
    for key in [&cast.changed, &cast.line, &cast.foreign] {
        let explanation = Obvious::new(state.as_ref()).explain(&caller, &key.table, key.id);
        let table = session::table(&state.catalog, &key.table)?;
        story.lines(&explain::told(NANCY, table, key, &explanation));
    }
    Ok(())
}

fn other_policy(session: &Session, story: &mut Story) -> Result<(), Failure> {
    story.chapter("The same log, replayed as if the server had won");
    let actual = session.environment.state();
    let before = Digest::of(&actual);
    let judging = Judging::Under(Policy::ServerWins);
    let replayed = session.environment.fold_anew(judging, actual.cursor)?;
    let differences = diff(&actual, &replayed);
    story.say(&format!(
        "{} conflicts under client wins, {} under server wins. This would differ:",
        actual.conflicts.len(),
        replayed.conflicts.len()
    ));
    let lines: Vec<Line> = differences
        .iter()
        .map(|difference| {
            let mut line = audit::difference_line(&actual, &replayed, difference);
            line.insert("order".to_owned(), json!(order_number(session, &difference.key)));
            if difference.column.is_none() {
                let there = |exists| json!(if exists { "(the row)" } else { "(no row)" });
                line.insert("column".to_owned(), json!("(all)"));
                line.insert("actual".to_owned(), there(difference.exists.0));
                line.insert("replayed".to_owned(), there(difference.exists.1));
            }
            line.retain(|key, _| key != "id" && key != "table");
            line
        })
        .collect();
    story.table(&["order", "column", "actual", "replayed", "because"], &lines);
    let again = session.environment.fold_anew(Judging::InForce, actual.cursor)?;
    let after = Digest::of(&again);
    story.say(&format!(
        "\"because\" is the first event that was judged differently. The log is as it was: folded \
         again from nothing it gives the state {}… {}.",
        &before.to_string()[..16],
        if before == after { "as before" } else { "which differs: that is a bug" }
    ));
    Ok(())
}

fn next(session: &Session, data: &Path, cast: &Cast, story: &mut Story) {
    story.chapter("Try it yourself");
    let id = cast.changed.id;
    let data = data.display();
    story.lines(&format!(
        "haversack --data {data} conflicts\n\
         haversack --data {data} history salesorder {id}\n\
         haversack --data {data} explain \"{NANCY}\" salesorder {id}\n\
         haversack --data {data} dataset \"{STEVEN}\" --at {}\n\
         haversack --data {data} replay --policy server-wins --diff\n\
         haversack --data {data} query examples/northwind/queries/my-open-orders.hsq --as \"{NANCY}\"\n",
        session.environment.state().load.map_or(0, |load| load.total),
    ));
}
