//! Queries of any shape, as the parsers could have read them.

use haversack_core::Name;
use haversack_dsl::{
    ast::{
        Body, ColumnRef, Columns, Condition, Connective, DatePart, Definition, Fetch, Function,
        Group, Grouped, Join, Link, LinkKind, Linked, Order, Paging, Parameter, ParameterType,
        Part, Quantifier, QueryFile, Selected, Source, Spanned, Term, Value,
    },
    operator::{Arity, OPERATORS, Operator},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

const RESERVED: &[&str] = &[
    "all", "and", "any", "as", "asc", "columns", "desc", "false", "fetch", "filter", "link", "not",
    "on", "or", "order", "top", "true", "null", "eq", "in", "column", "count", "distinct",
    "exists", "first", "group", "inner", "outer", "page", "size", "total", "utc", "year", "cookie",
];

fn name() -> impl Strategy<Value = Spanned<Name>> {
    let text = prop_oneof![
        3 => "[A-Za-z_][A-Za-z0-9_]{0,9}",
        1 => select(RESERVED).prop_map(str::to_owned),
        1 => select(vec!["account", "contact", "name", "revenue", "accountid"]).prop_map(str::to_owned),
    ];
    text.prop_map(|text| Spanned::nowhere(text.parse().expect("the pattern gives names")))
}

fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        4 => any::<char>().prop_filter("XML carries it", |c| {
            !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
        }),
        2 => select(vec!['"', '\'', '\\', '\n', '\r', '\t', ' ', '&', '<', '>', ']', '\u{7f}', '\u{85}', '\u{feff}']),
        2 => proptest::char::range('a', 'z'),
    ]
}

fn text() -> impl Strategy<Value = Spanned<String>> {
    let text = prop_oneof![
        vec(character(), 0..8).prop_map(String::from_iter),
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?([eE][-+]?[0-9])?",
        select(vec![
            "true",
            "false",
            "null",
            "",
            "007",
            "-",
            "-0",
            "]]>",
            "2026-03-01",
            " 1",
            "$a",
            "2026-03-01T09:30:00Z",
            "2026-03-01T09:30",
            "2026-03-01 09:30",
            "2026-99-99T99:99+01:00",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "{6f9619ff-8b86-d011-b42d-00c04fc964ff}",
        ])
        .prop_map(str::to_owned),
    ];
    text.prop_map(Spanned::nowhere)
}

fn value() -> impl Strategy<Value = Spanned<haversack_dsl::ast::Value>> {
    text().prop_map(|text| Spanned::nowhere(Value::Given(text.node)))
}

fn column_ref() -> impl Strategy<Value = ColumnRef> {
    (option::weighted(0.3, name()), name()).prop_map(|(link, column)| ColumnRef { link, column })
}

fn condition() -> impl Strategy<Value = Part> {
    let operator = select(OPERATORS.iter().collect::<Vec<_>>());
    let valued = (column_ref(), operator, vec(value(), 1..4)).prop_map(|(column, info, values)| {
        let mut values = values;
        match info.arity {
            Arity::None => values.clear(),
            Arity::One => values.truncate(1),
            Arity::Two => values.resize(2, Spanned::nowhere(Value::Given("2".to_owned()))),
            Arity::Many => {}
        }
        let operator = Spanned::nowhere(info.operator);
        Condition { column, operator, values, valueof: None }
    });
    let compared = select(vec![Operator::Eq, Operator::Ne, Operator::Gt, Operator::Le]);
    let compared = (column_ref(), compared, column_ref()).prop_map(|(column, operator, other)| {
        let operator = Spanned::nowhere(operator);
        Condition { column, operator, values: Vec::new(), valueof: Some(other) }
    });
    prop_oneof![4 => valued, 1 => compared].prop_map(Part::Condition)
}

fn join() -> impl Strategy<Value = Option<Join>> {
    option::weighted(0.8, (name(), name()).prop_map(|(from, to)| Join { from, to }))
}

fn group_of(parts: impl Strategy<Value = Part>) -> impl Strategy<Value = Group> {
    let connective = select(vec![Connective::And, Connective::Or]).prop_map(Spanned::nowhere);
    (connective, vec(parts, 0..4)).prop_map(|(connective, parts)| Group { connective, parts })
}

fn part() -> impl Strategy<Value = Part> {
    condition().prop_recursive(4, 24, 4, |inner| {
        let quantifier = select(Quantifier::ALL.to_vec()).prop_map(Spanned::nowhere);
        let filter = option::of(group_of(inner.clone()));
        let linked =
            (quantifier, name(), join(), filter).prop_map(|(quantifier, table, join, filter)| {
                let filter = filter.and_then(Group::unless_empty);
                Part::Linked(Linked { quantifier, table, join, filter })
            });
        prop_oneof![group_of(inner).prop_map(Part::Group), linked]
    })
}

fn links(group: &Group) -> usize {
    let links_of = |part: &Part| match part {
        Part::Group(group) => links(group),
        Part::Condition(_) => 0,
        Part::Linked(linked) => 1 + linked.filter.as_ref().map_or(0, links),
    };
    group.parts.iter().map(links_of).sum()
}

/// A column, or where groups are asked for a function.
fn selected(is_aggregate: bool) -> impl Strategy<Value = Selected> {
    let function = select(Function::ALL.to_vec()).prop_map(|(function, _)| function);
    (name(), option::of(name()), name(), function, any::<bool>(), any::<bool>()).prop_map(
        move |(column, alias, name, function, flag, rows)| {
            if !is_aggregate {
                return Selected { term: Term::Column(column), alias };
            }
            let of_rows = function == Function::Rows;
            // The name that a key has by custom says no more than no name.
            let column = (!of_rows || rows).then_some(column).filter(|c| !c.node.ends_with("id"));
            let function = if column.is_none() { Function::Rows } else { function };
            let distinct = flag && function != Function::Rows;
            let function = Spanned::nowhere(function);
            Selected { term: Term::Function { function, column, distinct }, alias: Some(name) }
        },
    )
}

fn grouped() -> impl Strategy<Value = Grouped> {
    let part = option::of(select(DatePart::ALL.to_vec()).prop_map(Spanned::nowhere));
    (name(), part, any::<bool>(), option::of(name())).prop_map(|(column, part, utc, alias)| {
        let utc = utc && part.is_some();
        Grouped { column, part, utc, alias }
    })
}

/// What is said of a table, without links.
fn body(is_aggregate: bool) -> impl Strategy<Value = Body> {
    let order =
        (column_ref(), any::<bool>()).prop_map(|(column, descending)| Order { column, descending });
    let columns = vec(selected(is_aggregate), 0..4).prop_map(Columns::Listed);
    let groups = vec(grouped(), 0..if is_aggregate { 3 } else { 1 });
    let filter = option::weighted(0.4, group_of(part()));
    (columns, groups, filter, vec(order, 0..3)).prop_map(|(columns, groups, filter, order)| Body {
        columns,
        groups,
        filter: filter.and_then(Group::unless_empty),
        links: Vec::new(),
        order,
    })
}

fn link(is_aggregate: bool) -> impl Strategy<Value = Link> {
    let kind = || select(LinkKind::ALL.to_vec()).prop_map(Spanned::nowhere);
    let bare = move || (kind(), name(), option::of(name()), join(), body(is_aggregate));
    let flat = bare().prop_map(|(kind, table, alias, join, mut body)| {
        if body.columns.is_none() && body.groups.is_empty() && table.node.len() % 5 == 0 {
            body.columns = Columns::ALL;
        }
        Link { kind, table, alias, join, body }
    });
    flat.prop_recursive(3, 4, 2, move |inner| {
        (bare(), vec(inner, 0..3)).prop_map(|((kind, table, alias, join, body), links)| Link {
            kind,
            table,
            alias,
            join,
            body: Body { links, ..body },
        })
    })
    .prop_map(move |mut link| {
        if is_aggregate {
            no_stars(&mut link.body);
        }
        link
    })
}

/// All columns beside groups is a contradiction.
fn no_stars(body: &mut Body) {
    if body.columns == Columns::ALL {
        body.columns = Columns::default();
    }
    body.links.iter_mut().for_each(|link| no_stars(&mut link.body));
}

fn paging() -> impl Strategy<Value = Paging> {
    let number =
        || option::of((1_u32..=9000).prop_map(|number| Spanned::nowhere(Value::Given(number))));
    let cookie = text().prop_filter("an empty cookie is none", |text| !text.node.is_empty());
    let flag = option::of(Just(Spanned::nowhere(())));
    let pages = (number(), number(), option::of(cookie), flag)
        .prop_map(|(page, size, cookie, total)| Paging { top: None, page, size, cookie, total });
    prop_oneof![number().prop_map(|top| Paging { top, ..Paging::default() }), pages]
}

/// A query of any shape.
pub fn fetch() -> impl Strategy<Value = Fetch> {
    any::<bool>()
        .prop_flat_map(|is_aggregate| {
            let flags = (any::<bool>(), any::<bool>());
            let links = vec(link(is_aggregate), 0..3);
            (name(), body(is_aggregate), links, paging(), flags).prop_map(
                |(table, body, links, paging, (distinct, raw_order))| {
                    let mut fetch = Fetch {
                        source: Source::default(),
                        table,
                        body: Body { links, ..body },
                        distinct: distinct.then(|| Spanned::nowhere(())),
                        raw_order: raw_order.then(|| Spanned::nowhere(())),
                        paging,
                        notes: Default::default(),
                        comments: Default::default(),
                    };
                    if fetch.body.columns.is_none() && !fetch.is_aggregate() {
                        fetch.body.columns = Columns::ALL;
                    }
                    fetch
                },
            )
        })
        .prop_filter("few links", |fetch| all_links(&fetch.body) <= 15)
}

fn all_links(body: &Body) -> usize {
    let own = body.filter.as_ref().map_or(0, links);
    own + body.links.iter().map(|link| 1 + all_links(&link.body)).sum::<usize>()
}

/// A value of each type of parameter.
#[allow(dead_code, reason = "not every binary asks for files")]
const OF_TYPES: [(ParameterType, &str); 7] = [
    (ParameterType::String, "a \"text\""),
    (ParameterType::Integer, "5"),
    (ParameterType::Decimal, "-2.50"),
    (ParameterType::Boolean, "true"),
    (ParameterType::Date, "2026-03-01"),
    (ParameterType::Datetime, "2026-03-01T09:30:00Z"),
    (ParameterType::Guid, "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
];

/// Files of queries with parameters, each with the query that its values make.
#[allow(dead_code, reason = "not every binary asks for files")]
pub fn file() -> impl Strategy<Value = (QueryFile, Vec<Fetch>)> {
    let kind = (select(OF_TYPES.to_vec()), any::<bool>());
    let one = (fetch(), vec(kind, 1..4));
    vec(one, 1..4).prop_map(|all| {
        let all = all.into_iter().enumerate();
        let (definitions, bound) =
            all.map(|(at, (fetch, kinds))| define(at, fetch, &kinds)).unzip();
        (QueryFile { source: Source::default(), definitions }, bound)
    })
}

/// A query in which parameters stand for values, and the same with the values.
fn define(
    number: usize,
    bound: Fetch,
    kinds: &[((ParameterType, &str), bool)],
) -> (Definition, Fetch) {
    let nowhere = |text: String| Spanned::nowhere(text.parse().expect("a name"));
    let parameters: Vec<Parameter> = (0..)
        .zip(kinds)
        .map(|(at, ((parameter_type, value), has_default)): (usize, _)| Parameter {
            name: nowhere(format!("p{at}")),
            parameter_type: Spanned::nowhere(*parameter_type),
            default: has_default.then(|| Spanned::nowhere((*value).to_owned())),
        })
        .collect();
    let (mut fetch, mut bound) = (bound.clone(), bound);
    let mut next = 0;
    let mut put = |value: &mut Spanned<Value>, bound: &mut Spanned<Value>| {
        let at = next % kinds.len();
        next += 1;
        value.node = Value::Parameter(parameters[at].name.node.clone());
        bound.node = Value::Given(kinds[at].0.1.to_owned());
    };
    both(&mut fetch.body, &mut bound.body, &mut put);
    (Definition { name: Some(nowhere(format!("q{number}"))), parameters, fetch }, bound)
}

/// Does something to the values of two bodies that are alike.
fn both(
    one: &mut Body,
    two: &mut Body,
    put: &mut impl FnMut(&mut Spanned<Value>, &mut Spanned<Value>),
) {
    if let (Some(one), Some(two)) = (&mut one.filter, &mut two.filter) {
        both_groups(one, two, put);
    }
    for (one, two) in one.links.iter_mut().zip(&mut two.links) {
        both(&mut one.body, &mut two.body, put);
    }
}

fn both_groups(
    one: &mut Group,
    two: &mut Group,
    put: &mut impl FnMut(&mut Spanned<Value>, &mut Spanned<Value>),
) {
    for parts in one.parts.iter_mut().zip(&mut two.parts) {
        match parts {
            (Part::Condition(one), Part::Condition(two)) => {
                one.values.iter_mut().zip(&mut two.values).for_each(|(one, two)| put(one, two));
            }
            (Part::Group(one), Part::Group(two)) => both_groups(one, two, put),
            (Part::Linked(one), Part::Linked(two)) => {
                if let (Some(one), Some(two)) = (&mut one.filter, &mut two.filter) {
                    both_groups(one, two, put);
                }
            }
            _ => unreachable!("they are alike"),
        }
    }
}

/// What is to be given for the parameters of a query: all that have no default.
#[allow(dead_code, reason = "not every binary asks for files")]
pub fn values(definition: &Definition) -> Vec<(String, String)> {
    let value = |parameter: &Parameter| {
        let wanted = parameter.parameter_type.node;
        let found = OF_TYPES.iter().find(|(known, _)| *known == wanted);
        (parameter.name.node.to_string(), found.expect("all types").1.to_owned())
    };
    definition.parameters.iter().filter(|p| p.default.is_none()).map(value).collect()
}
