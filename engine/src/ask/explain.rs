//! Why a row is on a device or not.

use haversack_core::{
    RowId, Timestamp, catalog::Catalog, event::RowKey, name::nearest_help, schema::Table,
};
use haversack_dataset::{Caller, Check, Columnar, Evaluator, Explanation, Obvious};
use haversack_replay::{Judging, State};

use super::AskError;
use crate::{
    Live, in_parallel,
    tell::{self, Line},
};

/// Which row, on whose device, and when.
#[derive(Clone, Debug)]
pub struct ExplainAsk {
    /// Whose device, by id or name.
    pub user: String,
    /// The row's table.
    pub table: String,
    /// The row.
    pub id: RowId,
    /// Of which past: an offset or a time.
    pub at: Option<String>,
    /// Whether a row that the user may not read, then or now, is told as one that is not there.
    pub hides_unreadable: bool,
}

impl Live {
    /// Explains a row.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn explain(&self, ask: &ExplainAsk) -> Result<Line, AskError> {
        let head = self.environment.state();
        let user = head.catalog.find_user(&ask.user);
        let user = user.ok_or_else(|| AskError::UnknownUser(head.catalog.no_user(&ask.user)))?.id;
        let table = table(&head.catalog, &ask.table)?;
        let key = RowKey { table: table.name.clone(), id: ask.id };
        let explanation = match ask.at.as_deref() {
            None => {
                self.wait_for(head.cursor);
                let now = self.now.read();
                let time = self.time(&now.state);
                explained(&now.state, &now.columnar, (user, time), &key, ask.hides_unreadable)
            }
            Some(at) => {
                let (cursor, time) = self.environment.moment(Some(at))?;
                let then = self.environment.fold(Judging::InForce, cursor)?;
                let columnar =
                    Columnar::build_with(&then, &then.catalog, self.seed(), &in_parallel);
                let time = time.unwrap_or(then.at);
                let explanation =
                    explained(&then, &columnar, (user, time), &key, ask.hides_unreadable);
                // What was revoked since is not told of then either.
                let reader = Caller::user(&head.catalog, user, head.at);
                let is_readable = Obvious::new(head.as_ref()).readable(&reader, &key.table, key.id);
                if ask.hides_unreadable && !is_readable {
                    missing(explanation)
                } else {
                    explanation
                }
            }
        };
        Ok(tell::explain::explanation(table, &explanation, None))
    }
}

fn table<'c>(catalog: &'c Catalog, name: &str) -> Result<&'c Table, AskError> {
    catalog.table(name).map(AsRef::as_ref).ok_or_else(|| {
        let known = catalog.tables().map(|table| table.name.as_str());
        let help = nearest_help(name, known);
        AskError::UnknownTable(format!("there is no table {name:?}{help}"))
    })
}

fn explained(
    state: &State,
    columnar: &Columnar,
    (user, now): (RowId, Timestamp),
    key: &RowKey,
    hides_unreadable: bool,
) -> Explanation {
    let caller = Caller::user(&state.catalog, user, now);
    let explanation = columnar.explain(state, &caller, &key.table, key.id);
    let is_readable = || Obvious::new(state).readable(&caller, &key.table, key.id);
    if hides_unreadable && !is_readable() { missing(explanation) } else { explanation }
}

/// The explanation of a row that is not there: nothing is checked after that.
fn missing(explanation: Explanation) -> Explanation {
    let mut checks = explanation.checks;
    let at = checks.iter().position(|check| matches!(check, Check::Row { .. }));
    checks.truncate(at.unwrap_or(checks.len()));
    checks.push(Check::Row { exists: false });
    Explanation { included: false, checks }
}
