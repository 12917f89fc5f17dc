//! What classic refuses of a profile whose items are right one by one, and what it warns of.

use std::collections::{BTreeMap, BTreeSet};

use haversack_core::{
    Name,
    catalog::Catalog,
    limits::{
        IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX, MULTIPLYING_RELATIONSHIPS_PER_ITEM_CLASSIC_MAX,
        RELATIONSHIPS_PER_ITEM_CLASSIC_MAX, ROWS_PER_DEVICE_CLASSIC_MAX,
        SYNC_INTERVAL_MINUTES_CLASSIC_MAX,
    },
    profile::{Criterion, ProfileDraft, ProfileItem, RelatedTo},
    schema::{ColumnType, Relationship, RelationshipKind},
    settings::Compatibility,
};

use super::super::{Fault, Warning};

/// What every refusal ends with.
const OR_EXTENDED: &str = "or set the environment's \"compatibility\" to \"extended\"";

type Items<'p> = BTreeMap<&'p Name, &'p ProfileItem>;

/// What an item and those that it is related to, again and again, have together.
#[derive(Default)]
struct Sums<'p> {
    relationships: usize,
    /// Different relationships that multiply rows, with the items that have them; no more of them
    /// than show that there are too many.
    multiplying: BTreeSet<(&'p Name, &'p Name)>,
}

/// Relationships that form a ring, or are too many; too many image columns.
pub(super) fn limits(catalog: &Catalog, draft: &ProfileDraft) -> Result<(), Fault> {
    let items: Items<'_> = draft.items.iter().map(|item| (&item.table, item)).collect();
    let mut sums = BTreeMap::new();
    for item in bottom_up(draft, &items)? {
        let sum = sum(catalog, item, &sums);
        check_sum(item, &sum, &sums).map_err(|fault| fault.of_item(&item.table))?;
        sums.insert(&item.table, sum);
    }
    images(catalog, draft)
}

/// The items, each after those that it is related to. Without recursion: a chain of items may be as
/// long as the profile.
fn bottom_up<'p>(
    draft: &'p ProfileDraft,
    items: &Items<'p>,
) -> Result<Vec<&'p ProfileItem>, Fault> {
    let mut waiting: BTreeMap<&Name, usize> = BTreeMap::new();
    let mut waiting_for: BTreeMap<&Name, Vec<&ProfileItem>> = BTreeMap::new();
    for item in &draft.items {
        waiting.insert(&item.table, item.related_to.len());
        for related in &item.related_to {
            waiting_for.entry(&related.table).or_default().push(item);
        }
    }
    let mut order: Vec<&ProfileItem> =
        draft.items.iter().filter(|item| item.related_to.is_empty()).collect();
    let mut next = 0;
    while let Some(done) = order.get(next) {
        next += 1;
        for item in waiting_for.get(&done.table).into_iter().flatten() {
            let left = waiting.entry(&item.table).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                order.push(item);
            }
        }
    }
    let first_left = draft.items.iter().find(|item| waiting.get(&item.table) != Some(&0));
    first_left.map_or(Ok(order), |first| Err(cycle(first, items, &waiting)))
}

/// The ring that is met by going from an item to one that it waits for, and so on.
fn cycle(first: &ProfileItem, items: &Items<'_>, waiting: &BTreeMap<&Name, usize>) -> Fault {
    let waits = |related: &&RelatedTo| waiting.get(&related.table) != Some(&0);
    let mut path: Vec<&ProfileItem> = Vec::new();
    let mut seen: BTreeMap<&Name, usize> = BTreeMap::new();
    let mut steps: Vec<&RelatedTo> = Vec::new();
    let mut at = Some(first);
    let mut start = 0;
    while let Some(item) = at {
        if let Some(before) = seen.insert(&item.table, path.len()) {
            start = before;
            break;
        }
        path.push(item);
        let step = item.related_to.iter().find(waits);
        steps.extend(step);
        at = step.and_then(|step| items.get(&step.table).copied());
    }
    let (path, steps) = (&path[start..], &steps[start..]);
    let begin = path.first().map_or(&first.table, |item| &item.table);
    let tables: Vec<&str> =
        path.iter().map(|item| &item.table).chain([begin]).map(|name| name.as_str()).collect();
    let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.relationship)).collect();
    let what = if path.len() == 1 { "is related to itself" } else { "is related in a cycle" };
    let message = format!(
        "item `{begin}` {what}: {} (by {}), which classic does not allow; leave one of these \
         relationships out, {OR_EXTENDED}",
        tables.join(" -> "),
        names.join(", ")
    );
    Fault::new("cycle", message).of_item(begin)
}

/// An item's own relationships, each with what the item at its other end has.
fn sum<'p>(catalog: &Catalog, item: &'p ProfileItem, sums: &BTreeMap<&Name, Sums<'p>>) -> Sums<'p> {
    let mut sum = Sums::default();
    for related in &item.related_to {
        sum.relationships = sum.relationships.saturating_add(1);
        let relationship = catalog.relationship(&related.relationship);
        if relationship.is_some_and(|relationship| multiplies(relationship, item)) {
            sum.multiplying.insert((&item.table, &related.relationship));
        }
        let Some(beyond) = sums.get(&related.table) else { continue };
        sum.relationships = sum.relationships.saturating_add(beyond.relationships);
        sum.multiplying.extend(&beyond.multiplying);
        while sum.multiplying.len() > MULTIPLYING_RELATIONSHIPS_PER_ITEM_CLASSIC_MAX + 1 {
            sum.multiplying.pop_last();
        }
    }
    sum
}

/// Whether it is many-to-many, or one-to-many as seen from the item.
fn multiplies(relationship: &Relationship, item: &ProfileItem) -> bool {
    relationship.kind == RelationshipKind::ManyToMany || relationship.table != item.table
}

fn check_sum(
    item: &ProfileItem,
    sum: &Sums<'_>,
    sums: &BTreeMap<&Name, Sums<'_>>,
) -> Result<(), Fault> {
    if sum.relationships > RELATIONSHIPS_PER_ITEM_CLASSIC_MAX {
        let mut parts = vec![format!("{} of its own", item.related_to.len())];
        let beyond = item.related_to.iter().filter_map(|related| {
            let count = sums.get(&related.table)?.relationships;
            (count > 0)
                .then(|| format!("{count} of `{}` by `{}`", related.table, related.relationship))
        });
        parts.extend(beyond);
        let message = format!(
            "item `{}` has {} relationships, counted transitively ({}), expected \
             {RELATIONSHIPS_PER_ITEM_CLASSIC_MAX} at the most in classic; leave some out, \
             {OR_EXTENDED}",
            item.table,
            sum.relationships,
            parts.join(", "),
        );
        return Err(Fault::new("too_many_relationships", message));
    }
    if sum.multiplying.len() > MULTIPLYING_RELATIONSHIPS_PER_ITEM_CLASSIC_MAX {
        let named =
            sum.multiplying.iter().map(|(table, name)| format!("`{name}` of item `{table}`"));
        let message = format!(
            "item `{}` has more than one many-to-many or one-to-many relationship, counted \
             transitively: {}; expected {MULTIPLYING_RELATIONSHIPS_PER_ITEM_CLASSIC_MAX} at the most \
             in classic; leave one out, {OR_EXTENDED}",
            item.table,
            named.collect::<Vec<_>>().join(" and "),
        );
        return Err(Fault::new("too_many_relationships", message));
    }
    Ok(())
}

/// Each image column is a relationship with the images there.
fn images(catalog: &Catalog, draft: &ProfileDraft) -> Result<(), Fault> {
    let of = |item: &ProfileItem| -> Option<(String, usize)> {
        let columns = &catalog.definition(&item.table)?.columns;
        let count = columns.iter().filter(|c| c.column_type == ColumnType::Image).count();
        (count > 0).then(|| (format!("{count} of `{}`", item.table), count))
    };
    let found: Vec<(String, usize)> = draft.items.iter().filter_map(of).collect();
    let count: usize = found.iter().map(|(_, count)| count).sum();
    if count <= IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX {
        return Ok(());
    }
    let parts: Vec<String> = found.into_iter().map(|(text, _)| text).collect();
    let message = format!(
        "its tables have {count} image columns ({}), expected \
         {IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX} at the most in classic; leave a table out, \
         {OR_EXTENDED}",
        parts.join(", ")
    );
    Err(Fault::new("too_many_images", message))
}

/// Intervals that classic does not keep.
pub(super) fn intervals(draft: &ProfileDraft) -> impl Iterator<Item = Warning> {
    let longer = |item: &&ProfileItem| {
        item.sync_interval_minutes != item.effective_interval_minutes(Compatibility::Classic)
    };
    draft.items.iter().filter(longer).map(|item| {
        let message = format!(
            "item `{}` is to sync every {} minutes; classic syncs it every \
             {SYNC_INTERVAL_MINUTES_CLASSIC_MAX}",
            item.table, item.sync_interval_minutes
        );
        Warning::new("interval_shortened", message)
    })
}

/// Warns that a device may need more rows than classic takes. Which rows it needs hangs on the user
/// and changes with every edit, so all rows of the profile's tables are counted: `rows` says how many
/// a table has.
pub fn too_many_rows(
    catalog: &Catalog,
    draft: &ProfileDraft,
    rows: impl Fn(&str) -> usize,
) -> Option<Warning> {
    if catalog.settings.compatibility != Compatibility::Classic {
        return None;
    }
    let has_rows = |item: &&ProfileItem| {
        item.criterion != Criterion::RelatedOnly || !item.related_to.is_empty()
    };
    let items = || draft.items.iter().filter(has_rows);
    // A set: both items of a relationship may name it.
    let intersects: BTreeSet<&Name> = items()
        .flat_map(|item| &item.related_to)
        .filter_map(|related| catalog.relationship(&related.relationship)?.intersect.as_ref())
        .collect();
    let tables = items().map(|item| &item.table).chain(intersects);
    let counts: Vec<(&Name, usize)> = tables.map(|table| (table, rows(table))).collect();
    let total = counts.iter().fold(0_usize, |total, (_, count)| total.saturating_add(*count));
    if total <= ROWS_PER_DEVICE_CLASSIC_MAX {
        return None;
    }
    let (largest, count) = counts.iter().max_by_key(|(_, count)| count)?;
    let message = format!(
        "profile {:?}: its tables have {total} rows, {count} of them in `{largest}`; classic takes \
         {ROWS_PER_DEVICE_CLASSIC_MAX} at the most on one device; `haversack dataset USER` lists what \
         one user gets",
        draft.name
    );
    Some(Warning::new("too_many_rows", message))
}
