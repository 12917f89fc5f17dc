//! Profiles on their way from one environment to another.

use std::{collections::BTreeSet, path::Path, process::ExitCode};

use haversack_core::{
    Name,
    catalog::Catalog,
    name::nearest_help,
    profile::{ProfileDraft, ProfileItem},
    schema::{Relationship, TableDefinition},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::admin;
use crate::{
    cli::Format,
    failure::Failure,
    input,
    output::{self, line},
    session::Session,
};

const FORMAT: &str = "haversack.profile/1";

/// A profile by itself: its draft, and what it is about.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    profile: ProfileDraft,
    /// The tables of its items, and those that their filters look at.
    tables: Vec<TableDefinition>,
    /// The relationships that its items name.
    relationships: Vec<Relationship>,
}

/// The tables that an item is about.
fn tables_of(catalog: &Catalog, item: &ProfileItem) -> BTreeSet<Name> {
    let mut tables = BTreeSet::from([item.table.clone()]);
    // A filter that no longer resolves goes along as it is, and is told of when it is imported.
    if let Some(Ok(resolved)) =
        item.filter.as_deref().map(|text| haversack_dsl::compile(text, catalog))
    {
        tables.extend(resolved.query.linked_tables());
    }
    tables
}

/// `profile export NAME`.
pub fn export(session: &Session, name: &str) -> Result<ExitCode, Failure> {
    let state = session.environment.state();
    let catalog = state.catalog.as_ref();
    let profile = catalog.profiles.get(name).ok_or_else(|| {
        let help = nearest_help(name, catalog.profiles.keys().map(String::as_str));
        Failure::bad_input(format!("there is no profile {name:?}{help}"))
    })?;
    let items = &profile.draft.items;
    let tables: BTreeSet<Name> = items.iter().flat_map(|item| tables_of(catalog, item)).collect();
    let named: BTreeSet<&Name> =
        items.iter().flat_map(|item| &item.related_to).map(|r| &r.relationship).collect();
    let relationships = catalog.relationships().filter(|found| named.contains(&found.name));
    let document = Document {
        format: FORMAT.to_owned(),
        profile: profile.draft.clone(),
        tables: tables
            .iter()
            .filter_map(|table| catalog.definition(table))
            .map(|table| table.as_ref().clone())
            .collect(),
        relationships: relationships.map(|found| found.as_ref().clone()).collect(),
    };
    let text = serde_json::to_string_pretty(&document).expect("a profile has only text keys");
    output::print_text(&(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// What a document is about and this environment does not have.
fn missing(catalog: &Catalog, document: &Document) -> Vec<String> {
    let mut missing = Vec::new();
    for wanted in &document.tables {
        let Some(here) = catalog.definition(&wanted.name) else {
            missing.push(format!("table `{}`", wanted.name));
            continue;
        };
        for column in &wanted.columns {
            match here.columns.iter().find(|known| known.name == column.name) {
                None => missing.push(format!("column `{}.{}`", wanted.name, column.name)),
                Some(known) if known.column_type != column.column_type => {
                    missing
                        .push(format!("column `{}.{}` of the same type", wanted.name, column.name));
                }
                Some(_) => {}
            }
        }
    }
    let lacking = |wanted: &&Relationship| catalog.relationship(&wanted.name).is_none();
    let relationships = document.relationships.iter().filter(lacking);
    missing.extend(relationships.map(|wanted| format!("relationship `{}`", wanted.name)));
    missing
}

/// `profile import FILE`.
pub fn import(session: &Session, file: &Path, format: Format) -> Result<ExitCode, Failure> {
    let text = input::text(file)?;
    let document: Document = serde_json::from_str(&text)
        .map_err(|error| input::at_json(file, 1, &error, "expected an exported profile"))?;
    if document.format != FORMAT {
        let found = format!("found format {:?}, expected {FORMAT:?}", document.format);
        return Err(input::at(file, 1, 1, &found));
    }
    let missing = missing(&session.environment.state().catalog, &document);
    if !missing.is_empty() {
        let message = format!("this environment lacks {}", missing.join(", "));
        return Err(Failure::bad_input(format!("{}: {message}", input::name(file))));
    }
    let mut change = json!(document.profile);
    change["put"] = Json::from("profile");
    let answers = session.environment.apply(vec![(1, change)])?;
    let answer = answers.first().expect("a line has an answer");
    if let Some(fault) = &answer.fault {
        return Err(match &fault.in_filter {
            Some(found) => Failure::in_filter(None, found),
            None => Failure::bad_input(format!("{} [{}]", fault.message, fault.code)),
        });
    }
    admin::warn(&answer.warnings);
    let result = line([
        ("profile", Some(Json::from(document.profile.name))),
        ("offset", answer.offset.map(|offset| Json::from(offset.get()))),
    ]);
    output::print(format, &["profile", "offset"], &[result])?;
    Ok(ExitCode::SUCCESS)
}
