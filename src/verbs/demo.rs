//! `demo`: the whole idea on real data, told as a story.

mod example;
mod phones;
mod story;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use haversack_core::{
    RowId, Value,
    event::{DeviceEdit, Event, Operation, RowKey, Verdict},
    settings::Policy,
    token::Holder,
};
use haversack_dataset::{Caller, Dataset, Evaluator, Obvious};
use haversack_engine::{Clock, Environment, SystemClock, tell};
use haversack_replay::{Digest, Judging, diff};
use haversack_store::SystemEntropy;
use serde_json::{Value as Json, json};

use self::{
    phones::{Phone, Serving},
    story::Story,
};
use super::{admin, audit, explain};
use crate::{
    failure::Failure,
    output::Line,
    session::{self, Session},
};

/// The three who go offline: a salesperson, her manager, and a colleague who may read and not write.
const NANCY: &str = "Nancy Davolio";
const STEVEN: &str = "Steven Buchanan";
const LAURA: &str = "Laura Callahan";
/// Where the demo is served when its story is told; if it is in use, any free port will do.
const PORT: Option<u16> = Some(8080);

/// `demo`.
pub fn demo(data: Option<PathBuf>, once: bool) -> Result<ExitCode, Failure> {
    let fresh = tempfile::Builder::new().prefix("haversack-demo-").tempdir();
    let fresh = fresh.map_err(|error| Failure::other(format!("making a directory: {error}")))?;
    let is_given = data.is_some();
    let data = &data.unwrap_or_else(|| fresh.path().join("environment"));
    let environment = Arc::new(Environment::open(data)?);
    if environment.state().cursor.last().is_some() {
        let message = "the demo wants a fresh directory; name one with --data DIR, or remove";
        return Err(Failure::bad_input(format!("{message} {}", data.display())));
    }
    let mut story = Story::begin();
    let session = load(environment, data, &mut story)?;
    let cast = Cast::find(&session)?;
    let serving = Serving::start(Arc::clone(&session.environment), PORT.filter(|_| !once))?;
    let at = if is_given { data.with_extension("phones") } else { fresh.path().join("phones") };
    let phones = Phones::new(&session, &serving, &cast, &at)?;
    phones.first_sync(&session, &cast, &mut story)?;
    offline(&session, &phones, &cast, &mut story)?;
    why(&session, &cast, &mut story)?;
    other_policy(&session, &mut story)?;
    if !once {
        next(&session, &serving, (data, &at), &cast, &mut story)?;
        // Kept for what the story says to try next.
        let _ = fresh.keep();
    }
    story.tell()?;
    drop(phones);
    if !once {
        serving.wait();
    }
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

fn load(environment: Arc<Environment>, data: &Path, story: &mut Story) -> Result<Session, Failure> {
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

/// The three phones.
struct Phones {
    nancy: Phone,
    steven: Phone,
    laura: Phone,
}

impl Phones {
    fn new(session: &Session, serving: &Serving, cast: &Cast, at: &Path) -> Result<Self, Failure> {
        let phone =
            |name: &str, user| Phone::new(serving, &session.environment, user, &at.join(name));
        Ok(Self {
            nancy: phone("nancy", cast.nancy.0)?,
            steven: phone("steven", cast.steven.0)?,
            laura: phone("laura", cast.laura.0)?,
        })
    }

    fn first_sync(&self, session: &Session, cast: &Cast, story: &mut Story) -> Result<(), Failure> {
        story.chapter("Three phones sync, and each gets its user's rows");
        story.say(
            "A server runs on this machine, and three devices with rows and edits of their own talk to it \
             over HTTP. A device gets the rows that its user's profile selects or a relationship joins to \
             them, and none that the user may not read.",
        );
        let state = session.environment.state();
        let mut lines = Vec::new();
        for (name, phone, (user, dataset)) in [
            (NANCY, &self.nancy, &cast.nancy),
            (STEVEN, &self.steven, &cast.steven),
            (LAURA, &self.laura, &cast.laura),
        ] {
            let synced = phone.sync()?;
            if phone.all_rows() != dataset.len() as u64 {
                let (found, expected) = (phone.all_rows(), dataset.len());
                let message = format!("{name}'s phone has {found} rows, expected {expected}");
                return Err(Failure::other(message));
            }
            let profile = state.catalog.published_profile_of(*user);
            lines.push(story::line(&[
                ("phone of", json!(name)),
                ("profile", json!(profile.map(|profile| &profile.draft.name))),
                ("rows", json!(phone.all_rows())),
                ("orders", json!(phone.rows("salesorder"))),
                ("order lines", json!(phone.rows("orderline"))),
                ("customers", json!(phone.rows("customer"))),
                ("up to event", json!(synced.offset.count())),
            ]));
        }
        let columns =
            ["phone of", "profile", "rows", "orders", "order lines", "customers", "up to event"];
        story.table(&columns, &lines);
        Ok(())
    }
}

fn offline(
    session: &Session,
    phones: &Phones,
    cast: &Cast,
    story: &mut Story,
) -> Result<(), Failure> {
    story.chapter("No network: each edits what is on their phone");
    let (changed, deleted) =
        (order_number(session, &cast.changed), order_number(session, &cast.deleted));
    story.say(&format!(
        "Nancy and Steven both change order {changed}. Nancy deletes order {deleted}, which \
         Steven changes. Laura wants to change order {changed} too, which her roles don't let her; her phone \
         knows that without a network:"
    ));
    let object = |json: Json| json.as_object().cloned();
    let edit = |phone: &Phone, key: &RowKey, values: Json| {
        phone.edit(key, object(values)).map_err(Failure::other)
    };
    edit(&phones.nancy, &cast.changed, json!({"freight": 41.5}))?;
    edit(&phones.nancy, &cast.deleted, Json::Null)?;
    edit(&phones.steven, &cast.changed, json!({"freight": 99.9, "shipname": "Rush"}))?;
    edit(&phones.steven, &cast.deleted, json!({"shipname": "Deliver to the side door"}))?;
    match phones.laura.edit(&cast.changed, object(json!({"freight": 0}))) {
        Ok(_) => return Err(Failure::other("Laura's phone let her change an order")),
        Err(told) => story.lines(&told),
    }
    story.say("Back online. The policy in force is client wins, and Nancy is the first to sync:");
    let mut lines = Vec::new();
    for (name, phone) in [(NANCY, &phones.nancy), (STEVEN, &phones.steven)] {
        phone.sync()?;
        lines.extend(verdicts(session, name, phone)?);
    }
    story.table(&["event", "who", "edit", "verdict", "and so"], &lines);
    let synced = phones.nancy.sync()?;
    let freight = phones.nancy.row(&cast.changed).and_then(|row| row.get("freight").cloned());
    story.say(&format!(
        "Every edit is in the log, also those that lost. Nancy syncs once more: {} rows come, order {changed} \
         has freight {} on her phone now, and order {deleted} is {}.",
        synced.put,
        freight.unwrap_or(Json::Null),
        if phones.nancy.row(&cast.deleted).is_some() { "back" } else { "gone" }
    ));
    Ok(())
}

/// What became of a phone's edits, as the log has it.
fn verdicts(session: &Session, name: &str, phone: &Phone) -> Result<Vec<Line>, Failure> {
    let state = session.environment.state();
    let known = phone.id().and_then(|id| state.devices.get(&id));
    let mut lines = Vec::new();
    for offset in known.into_iter().flat_map(|known| &known.edits) {
        if let Event::DeviceEdited(edit) = session.environment.event(*offset)?.inner.event {
            lines.push(verdict_line(session, name, offset.get(), &edit));
        }
    }
    Ok(lines)
}

fn verdict_line(session: &Session, name: &str, offset: u64, edit: &DeviceEdit) -> Line {
    let state = session.environment.state();
    let number = order_number(session, &edit.key);
    let asked = match edit.request.operation() {
        Operation::Delete => format!("delete order {number}"),
        operation => {
            let table = state.catalog.table(&edit.key.table).map(AsRef::as_ref);
            format!(
                "{} order {number}: {}",
                operation.name(),
                tell::row::requested(table, &edit.request)
            )
        }
    };
    let overwrote = state.conflicts.values().any(|conflict| {
        (conflict.device, conflict.number) == (edit.device, edit.number)
            && conflict.server.is_some()
    });
    let so = match edit.verdict {
        Verdict::Applied => "nobody else had written it since",
        Verdict::Conflict { .. } if overwrote => "the client wins; what it overwrote is kept",
        Verdict::Conflict { .. } => "the client wins; the deleted row is back",
        Verdict::Refused(refusal) => refusal.code(),
    };
    story::line(&[
        ("event", json!(offset)),
        ("who", json!(name)),
        ("edit", json!(asked)),
        ("verdict", json!(edit.verdict.outcome())),
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

fn next(
    session: &Session,
    serving: &Serving,
    (data, phones): (&Path, &Path),
    cast: &Cast,
    story: &mut Story,
) -> Result<(), Failure> {
    story.chapter("Try it yourself");
    let token = session.environment.issue_token(Holder::Administrator, &SystemEntropy)?.text;
    let (id, loaded) = (cast.changed.id, session.environment.state().load);
    let (data, phones, address) = (data.display(), phones.display(), serving.address);
    story.say(&format!(
        "The server goes on at http://{address} until Ctrl-C. In another terminal, with a token for the \
         administrator and Nancy's phone:"
    ));
    story.lines(&format!(
        "curl -H 'Authorization: Bearer {token}' http://{address}/v1/conflicts\n\
         haversack --data {phones}/nancy device status\n\
         haversack --data {phones}/nancy device sync\n"
    ));
    story.say("When it has ended, since one process holds a data directory:");
    story.lines(&format!(
        "haversack --data {data} conflicts\n\
         haversack --data {data} history salesorder {id}\n\
         haversack --data {data} explain \"{NANCY}\" salesorder {id}\n\
         haversack --data {data} dataset \"{STEVEN}\" --at {}\n\
         haversack --data {data} replay --policy server-wins --diff\n\
         haversack --data {data} query examples/northwind/queries/my-open-orders.hsq --as \"{NANCY}\"\n\
         haversack --data {data} serve\n",
        loaded.map_or(0, |load| load.total),
    ));
    Ok(())
}
