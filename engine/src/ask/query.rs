//! Queries.

use std::sync::Arc;

use haversack_core::{RowId, Timestamp, catalog::Catalog};
use haversack_dataset::{Answers, Caller, Evaluator, Obvious};
use haversack_dsl::{
    Diagnostic,
    ast::{Fetch, QueryFile},
    query::Query,
};
use haversack_replay::{Judging, State};

use super::AskError;
use crate::{Live, tell};

/// A query, who asks it and when.
#[derive(Clone, Debug, Default)]
pub struct QueryAsk {
    /// The text: a query, or a file of several.
    pub text: String,
    /// Which of several.
    pub name: Option<String>,
    /// What is given for its parameters.
    pub parameters: Vec<(String, String)>,
    /// Who asks; none: somebody who reads everything.
    pub user: Option<RowId>,
    /// What clock-relative operators read.
    pub now: Option<Timestamp>,
    /// Of which past: an offset or a time.
    pub at: Option<String>,
}

/// What a query gives.
#[derive(Clone, Debug)]
pub struct Selected {
    answers: Answers,
    /// How many rows there are on all pages, if the query asks for it.
    pub total: Option<usize>,
    /// The cookie of the next page, if there is one.
    pub next: Option<String>,
}

impl Selected {
    fn of(query: &Query, answers: Answers) -> Self {
        let total = query.counts_all.then_some(answers.total);
        let next = query.page.as_ref().and(answers.next.as_ref()).map(ToString::to_string);
        Self { answers, total, next }
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.rows.is_empty()
    }

    /// A row as it is told.
    #[must_use]
    pub fn row(&self, at: usize) -> Option<tell::Line> {
        self.answers.rows.get(at).map(tell::query::row)
    }
}

/// The chosen query of a file, with what is given for its parameters.
///
/// # Errors
/// What is wrong with the choice.
pub fn bound(
    queries: &QueryFile,
    name: Option<&str>,
    parameters: &[(String, String)],
) -> Result<Fetch, Vec<Diagnostic>> {
    let definition = queries.find(name).map_err(|error| vec![*error])?;
    definition.bind(parameters)
}

/// The catalog of then; that of now, if a table was not there yet: it had no rows, and it is no
/// mistake to ask.
#[must_use]
pub fn catalog_for<'c>(fetch: &Fetch, then: &'c Catalog, now: &'c Catalog) -> &'c Catalog {
    let links = fetch.body.all_links().map(|link| &link.table);
    let was_there = links.chain([&fetch.table]).all(|table| then.table(&table.node).is_some());
    if was_there { then } else { now }
}

fn read(ask: &QueryAsk, catalog: &Catalog) -> Result<Fetch, AskError> {
    // What is wrong with names is told with what can't be read.
    let queries = haversack_dsl::parse_file(&ask.text)
        .map_err(|_| AskError::BadQuery(haversack_dsl::check(&ask.text, catalog)))?;
    bound(&queries, ask.name.as_deref(), &ask.parameters).map_err(AskError::BadQuery)
}

fn resolve(fetch: &Fetch, catalog: &Catalog) -> Result<Query, AskError> {
    Ok(haversack_dsl::resolve(fetch, catalog).map_err(AskError::BadQuery)?.query)
}

fn caller(ask: &QueryAsk, catalog: &Catalog, now: Timestamp) -> Caller {
    match ask.user {
        Some(user) => Caller::user(catalog, user, now),
        None => Caller::administrator(catalog, now),
    }
}

impl Live {
    /// Answers a query: of now from the columns, of then from a fold up to then.
    ///
    /// # Errors
    /// See [`AskError`].
    pub fn query(&self, ask: &QueryAsk) -> Result<Selected, AskError> {
        let head = self.environment.state();
        let fetch = read(ask, &head.catalog)?;
        if ask.at.is_some() {
            return self.query_then(ask, &fetch, &head);
        }
        let state = self.rows_shown();
        // Looked up before the rows are held: whoever writes waits only for the rows to be found.
        let query = resolve(&fetch, &state.catalog)?;
        let now = self.now.read();
        let query = match Arc::ptr_eq(&now.state.catalog, &state.catalog) {
            true => query,
            false => resolve(&fetch, &now.state.catalog)?,
        };
        let time = ask.now.unwrap_or_else(|| self.time(&now.state));
        let answers = now.columnar.answers(&caller(ask, &now.state.catalog, time), &query);
        drop(now);
        Ok(Selected::of(&query, answers))
    }

    fn query_then(
        &self,
        ask: &QueryAsk,
        fetch: &Fetch,
        head: &State,
    ) -> Result<Selected, AskError> {
        let (cursor, time) = self.environment.moment(ask.at.as_deref())?;
        let then = self.environment.fold(Judging::InForce, cursor)?;
        let query = resolve(fetch, catalog_for(fetch, &then.catalog, &head.catalog))?;
        let now = ask.now.or(time).unwrap_or(then.at);
        let answers = Obvious::new(&then).answers(&caller(ask, &then.catalog, now), &query);
        Ok(Selected::of(&query, answers))
    }

    fn rows_shown(&self) -> Arc<State> {
        self.wait_for(self.environment.state().cursor);
        Arc::clone(&self.now.read().state)
    }
}
