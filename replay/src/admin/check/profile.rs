//! Profiles: each item by itself, then how their relationships hang together.

use std::collections::BTreeSet;

use haversack_core::{
    Name,
    catalog::Catalog,
    limits::{
        PROFILE_DESCRIPTION_LENGTH_MAX, PROFILE_NAME_LENGTH_MAX, SYNC_INTERVAL_MINUTES_MAX,
        SYNC_INTERVAL_MINUTES_MIN,
    },
    profile::{Criterion, OwnRows, ProfileDraft, ProfileItem, RelatedTo},
    schema::{Ownership, Relationship, Table, TableKind},
    settings::Compatibility,
};
use haversack_dsl::Diagnostic;

use super::{
    super::{Fault, InFilter, Warning},
    classic, unknown,
};

/// Checks a draft as publishing does. A fault names the profile.
pub(in super::super) fn profile(
    catalog: &Catalog,
    draft: &ProfileDraft,
) -> Result<Vec<Warning>, Fault> {
    profile_parts(catalog, draft).map_err(|fault| Fault {
        message: format!("profile {:?}: {}", draft.name, fault.message),
        ..fault
    })
}

/// The same where what is said of a fault names the profile anyway.
pub(in super::super) fn profile_parts(
    catalog: &Catalog,
    draft: &ProfileDraft,
) -> Result<Vec<Warning>, Fault> {
    let length = draft.name.chars().count();
    if draft.name.trim().is_empty() || length > PROFILE_NAME_LENGTH_MAX {
        let message = format!("a profile's name has 1 to {PROFILE_NAME_LENGTH_MAX} characters");
        return Err(Fault::new("bad_value", message));
    }
    if draft.description.chars().count() > PROFILE_DESCRIPTION_LENGTH_MAX {
        let message =
            format!("a description has at most {PROFILE_DESCRIPTION_LENGTH_MAX} characters");
        return Err(Fault::new("too_long", message));
    }
    let mut tables = BTreeSet::new();
    let mut warnings = Vec::new();
    for item in &draft.items {
        if !tables.insert(&item.table) {
            let message = format!("two items for `{}`, expected one a table", item.table);
            return Err(Fault::new("duplicate_table", message).of_item(&item.table));
        }
        let found = self::item(catalog, draft, item);
        warnings.extend(found.map_err(|fault| fault.of_item(&item.table))?);
    }
    if catalog.settings.compatibility == Compatibility::Classic {
        classic::limits(catalog, draft)?;
        warnings.extend(classic::intervals(draft));
    }
    Ok(warnings)
}

fn item(
    catalog: &Catalog,
    draft: &ProfileDraft,
    item: &ProfileItem,
) -> Result<Vec<Warning>, Fault> {
    let known = catalog.definitions().map(|table| table.name.as_str());
    let table = catalog
        .table(&item.table)
        .filter(|table| table.kind == TableKind::Data)
        .ok_or_else(|| unknown("unknown_table", "table", &item.table, known))?;
    if !table.can_be_taken_offline {
        let message = format!(
            "table `{}` can't be taken offline; set its \"can_be_taken_offline\"",
            table.name
        );
        return Err(Fault::new("table_not_offline", message));
    }
    let minutes = item.sync_interval_minutes;
    if !(SYNC_INTERVAL_MINUTES_MIN..=SYNC_INTERVAL_MINUTES_MAX).contains(&minutes) {
        let message = format!(
            "item `{}` syncs every {minutes} minutes, expected {SYNC_INTERVAL_MINUTES_MIN} to \
             {SYNC_INTERVAL_MINUTES_MAX}",
            table.name
        );
        return Err(Fault::new("bad_interval", message));
    }
    criterion(table, item)?;
    item.related_to.iter().try_for_each(|related| relation(catalog, draft, item, related))?;
    let mut warnings = lints(item);
    warnings.extend(filter(catalog, draft, item)?);
    Ok(warnings)
}

/// Which criteria a table offers depends on who owns its rows.
fn criterion(table: &Table, item: &ProfileItem) -> Result<(), Fault> {
    let allowed = match (item.criterion, table.ownership) {
        (Criterion::RelatedOnly, _) => true,
        (_, Ownership::None) | (Criterion::Other, Ownership::Organization) => false,
        (Criterion::Other, Ownership::Business) => {
            item.other.iter().all(|own| *own == OwnRows::BusinessUnit)
        }
        _ => true,
    };
    if !allowed {
        let message = format!(
            "item `{}`: its rows have ownership {:?}, which does not offer this criterion",
            table.name, table.ownership
        );
        return Err(Fault::new("bad_criterion", message));
    }
    if (item.criterion == Criterion::Other) == item.other.is_empty() {
        let message = format!(
            "item `{}`: \"other\" names whose rows, for the criterion other and for no other",
            table.name
        );
        return Err(Fault::new("bad_criterion", message));
    }
    if (item.criterion == Criterion::Custom) != item.filter.is_some() {
        let message =
            format!("item `{}`: the criterion custom, and no other, has a \"filter\"", table.name);
        return Err(Fault::new("bad_criterion", message));
    }
    Ok(())
}

fn filter(
    catalog: &Catalog,
    draft: &ProfileDraft,
    item: &ProfileItem,
) -> Result<Vec<Warning>, Fault> {
    let Some(text) = &item.filter else { return Ok(Vec::new()) };
    let found = |diagnostics: Vec<Diagnostic>| InFilter {
        profile: draft.name.clone(),
        table: item.table.clone(),
        text: text.clone(),
        diagnostics,
    };
    let bad = |errors: Vec<Diagnostic>| bad_filter(found(errors));
    let fetch = haversack_dsl::parse(text).map_err(bad)?;
    let resolved = haversack_dsl::resolve(&fetch, catalog).map_err(bad)?;
    let compatibility = catalog.settings.compatibility;
    let mut all = haversack_dsl::check_custom_filter(&fetch, &item.table, compatibility);
    if all.iter().any(Diagnostic::is_error) {
        all.retain(Diagnostic::is_error);
        return Err(bad(all));
    }
    all.extend(resolved.warnings);
    all.extend(haversack_dsl::lint(&fetch, &resolved.query, catalog));
    all.sort_by_key(|diagnostic| diagnostic.span.start);
    let warning = |diagnostic: Diagnostic| Warning {
        code: diagnostic.code,
        message: format!("filter of item `{}`: {diagnostic}", item.table),
        in_filter: Some(Box::new(found(vec![diagnostic]))),
    };
    Ok(all.into_iter().map(warning).collect())
}

fn bad_filter(found: InFilter) -> Fault {
    let first = found.diagnostics.first().map(ToString::to_string).unwrap_or_default();
    let more = match found.diagnostics.len().saturating_sub(1) {
        0 => String::new(),
        1 => "; and 1 more error".to_owned(),
        more => format!("; and {more} more errors"),
    };
    let message = format!("filter of item `{}`: {first}{more}", found.table);
    Fault { in_filter: Some(Box::new(found)), ..Fault::new("bad_filter", message) }
}

fn relation(
    catalog: &Catalog,
    draft: &ProfileDraft,
    item: &ProfileItem,
    related: &RelatedTo,
) -> Result<(), Fault> {
    let known = catalog.relationships().map(|relationship| relationship.name.as_str());
    let relationship = catalog.relationship(&related.relationship).ok_or_else(|| {
        unknown("unknown_relationship", "relationship", &related.relationship, known)
    })?;
    if !joins(relationship, &item.table, &related.table) {
        let message = format!(
            "item `{}`: relationship `{}` joins `{}` and `{}`, not `{}`",
            item.table, relationship.name, relationship.table, relationship.target, related.table
        );
        return Err(Fault::new("bad_relationship", message));
    }
    if !draft.items.iter().any(|other| other.table == related.table) {
        let message = format!(
            "item `{}` is related to `{}`, which has no item; add one",
            item.table, related.table
        );
        return Err(Fault::new("table_not_in_profile", message));
    }
    Ok(())
}

fn joins(relationship: &Relationship, one: &Name, other: &Name) -> bool {
    let (table, target) = (&relationship.table, &relationship.target);
    (table == one && target == other) || (table == other && target == one)
}

fn lints(item: &ProfileItem) -> Vec<Warning> {
    let related = !item.related_to.is_empty();
    let (code, what) = match item.criterion {
        Criterion::RelatedOnly if !related => {
            ("no_rows", "has related rows only and no relationship, and so no rows")
        }
        Criterion::All if related => {
            ("needless_relationship", "has all rows, so its relationships add nothing")
        }
        Criterion::Custom if related => (
            "widened_filter",
            "has a filter and relationships: rows of either are included, so a relationship never \
             narrows the filter; to have both, ask for the related rows by `any` in the filter",
        ),
        _ => return Vec::new(),
    };
    vec![Warning::new(code, format!("item `{}` {what}", item.table))]
}
