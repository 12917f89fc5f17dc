//! Queries with one thing changed or left out: to see what it was there for, and to make a query that
//! fails smaller.

use haversack_dsl::{
    ast::{Body, Columns, Condition, Fetch, Group, Link, Linked, Part},
    parse, print_dsl,
};

/// All parts of all filters, each group before what is in it.
pub fn parts(fetch: &Fetch) -> Vec<&Part> {
    fn of_group<'f>(group: &'f Group, all: &mut Vec<&'f Part>) {
        for part in &group.parts {
            all.push(part);
            match part {
                Part::Group(group) => of_group(group, all),
                Part::Linked(linked) => linked.filter.iter().for_each(|group| of_group(group, all)),
                Part::Condition(_) => {}
            }
        }
    }
    fn of_body<'f>(body: &'f Body, all: &mut Vec<&'f Part>) {
        body.filter.iter().for_each(|group| of_group(group, all));
        body.links.iter().for_each(|link| of_body(&link.body, all));
    }
    let mut all = Vec::new();
    of_body(&fetch.body, &mut all);
    all
}

/// What becomes of a part: another one in its place, or none.
type Change<'c> = &'c dyn Fn(Part) -> Option<Part>;

/// The query with the part of this number, by the order of [`parts`], changed.
pub fn with_part(fetch: &Fetch, number: usize, change: Change<'_>) -> Fetch {
    let (mut fetch, mut left) = (fetch.clone(), number + 1);
    change_in_body(&mut fetch.body, &mut left, change);
    fetch
}

fn change_in_body(body: &mut Body, left: &mut usize, change: Change<'_>) {
    change_in_filter(&mut body.filter, left, change);
    body.links.iter_mut().for_each(|link| change_in_body(&mut link.body, left, change));
}

/// A filter that became empty is none.
fn change_in_filter(filter: &mut Option<Group>, left: &mut usize, change: Change<'_>) {
    if let Some(group) = filter {
        change_in_group(group, left, change);
        if group.parts.is_empty() {
            *filter = None;
        }
    }
}

fn change_in_group(group: &mut Group, left: &mut usize, change: Change<'_>) {
    let changed = std::mem::take(&mut group.parts).into_iter().filter_map(|mut part| {
        if *left > 0 {
            *left -= 1;
            if *left == 0 {
                return change(part);
            }
            match &mut part {
                Part::Group(group) => change_in_group(group, left, change),
                Part::Linked(linked) => change_in_filter(&mut linked.filter, left, change),
                Part::Condition(_) => {}
            }
        }
        Some(part)
    });
    group.parts = changed.collect();
}

/// The query with the link of this number changed, or left out where none comes of it.
pub fn with_link(fetch: &Fetch, number: usize, change: &dyn Fn(Link) -> Option<Link>) -> Fetch {
    fn of_body(body: &mut Body, left: &mut usize, change: &dyn Fn(Link) -> Option<Link>) {
        let changed = std::mem::take(&mut body.links).into_iter().filter_map(|mut link| {
            if *left > 0 {
                *left -= 1;
                if *left == 0 {
                    return change(link);
                }
                of_body(&mut link.body, left, change);
            }
            Some(link)
        });
        body.links = changed.collect();
    }
    let (mut fetch, mut left) = (fetch.clone(), number + 1);
    of_body(&mut fetch.body, &mut left, change);
    fetch
}

/// The query with what is said of a table changed: of its own at 0, then of its links.
pub fn with_body(fetch: &Fetch, number: usize, change: &dyn Fn(&mut Body)) -> Fetch {
    match number.checked_sub(1) {
        Some(link) => with_link(fetch, link, &|mut link| {
            change(&mut link.body);
            Some(link)
        }),
        None => {
            let mut fetch = fetch.clone();
            change(&mut fetch.body);
            fetch
        }
    }
}

/// Every query that says a little less and is one. Not every name in them need be known.
pub fn smaller(fetch: &Fetch) -> Vec<Fetch> {
    let mut all = Vec::new();
    let links = fetch.body.all_links().count();
    all.extend((0..links).map(|number| with_link(fetch, number, &|_| None)));
    for (number, part) in parts(fetch).into_iter().enumerate() {
        all.push(with_part(fetch, number, &|_| None));
        // A group or what is asked of linked rows, in their place.
        let inner: Vec<Part> = match part {
            Part::Group(group) => group.parts.clone(),
            Part::Linked(linked) => {
                let without = Part::Linked(Linked { filter: None, ..linked.clone() });
                if linked.filter.is_some() { vec![without] } else { Vec::new() }
            }
            Part::Condition(condition) => shorter(condition),
        };
        all.extend(inner.into_iter().map(|part| with_part(fetch, number, &|_| Some(part.clone()))));
    }
    for number in 0..=links {
        let body = match number.checked_sub(1) {
            Some(link) => &fetch.body.all_links().nth(link).expect("counted").body,
            None => &fetch.body,
        };
        all.extend(
            less_said(body)
                .into_iter()
                .map(|body| with_body(fetch, number, &|changed| *changed = body.clone())),
        );
    }
    all.push(Fetch { distinct: None, ..fetch.clone() });
    all.push(Fetch { raw_order: None, ..fetch.clone() });
    all.push(Fetch { paging: Default::default(), ..fetch.clone() });
    // What can't be written as it is means something else, such as no columns: all of them.
    all.retain(|less| less != fetch && parse(&print_dsl(less)).as_ref() == Ok(less));
    all
}

fn shorter(condition: &Condition) -> Vec<Part> {
    (0..condition.values.len())
        .map(|at| {
            let mut condition = condition.clone();
            condition.values.remove(at);
            Part::Condition(condition)
        })
        .collect()
}

/// The same without one of its columns, groups or orders.
fn less_said(body: &Body) -> Vec<Body> {
    let mut all = Vec::new();
    for at in 0..body.order.len() {
        let mut less = body.clone();
        less.order.remove(at);
        all.push(less);
    }
    for at in 0..body.groups.len() {
        let mut less = body.clone();
        less.groups.remove(at);
        all.push(less);
    }
    for at in 0..body.columns.listed().len() {
        let mut listed = body.columns.listed().to_vec();
        listed.remove(at);
        all.push(Body { columns: Columns::Listed(listed), ..body.clone() });
    }
    all
}
