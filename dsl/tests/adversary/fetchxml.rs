//! Texts in FetchXML.

use super::{Input, filled, long_name, repeated};

/// Pieces in the entity of a query of accounts.
fn entity(piece: impl Fn(usize) -> String, bytes: usize) -> String {
    filled("<fetch><entity name='account'>", piece, "</entity></fetch>", bytes)
}

/// Pieces in its filter.
fn filter(piece: impl Fn(usize) -> String, bytes: usize) -> String {
    filled("<fetch><entity name='account'><filter>", piece, "</filter></entity></fetch>", bytes)
}

/// Pieces in the one value of its one condition.
fn value(piece: &str, bytes: usize) -> String {
    let head =
        "<fetch><entity name='account'><filter><condition attribute='name' operator='in'><value>";
    repeated(head, piece, "</value></condition></filter></entity></fetch>", bytes)
}

pub(super) const INPUTS: &[Input] = &[
    ("xml: blanks", |bytes| repeated("<fetch>", " \n", "</fetch>", bytes)),
    ("xml: line breaks before an error", |bytes| repeated("", "\n", "<fetch", bytes)),
    ("xml: line breaks of two characters", |bytes| {
        repeated("\u{feff}", "\r\n", "<fetch/>x", bytes)
    }),
    ("xml: comments", |bytes| entity(|_| "<!---->".to_owned(), bytes)),
    ("xml: instructions", |bytes| entity(|_| "<?a?>".to_owned(), bytes)),
    ("xml: an open comment", |bytes| repeated("<fetch><!--", "<!--", "", bytes)),
    ("xml: open tags", |bytes| repeated("", "<a ", "", bytes)),
    ("xml: open quotes", |bytes| repeated("<fetch a=\"", "<a='", "", bytes)),
    ("xml: closing tags", |bytes| repeated("<fetch>", "</a>", "", bytes)),
    ("xml: one tag", |bytes| repeated("<", "fetch", "/>", bytes)),
    ("xml: elements in elements", |bytes| repeated("<fetch>", "<a>", "", bytes)),
    ("xml: filters in filters", |bytes| {
        repeated("<fetch><entity name='a'>", "<filter>", "", bytes)
    }),
    ("xml: unknown elements", |bytes| entity(|_| "<a/>".to_owned(), bytes)),
    ("xml: misspelt elements", |bytes| entity(|_| "<atribute/>".to_owned(), bytes)),
    ("xml: texts", |bytes| entity(|_| "x<!---->".to_owned(), bytes)),
    ("xml: attributes", |bytes| filled("<fetch", |at| format!(" a{at:x}=''"), "/>", bytes)),
    ("xml: attributes of one length", |bytes| {
        filled("<fetch", |at| format!(" {at:04}=''").replace(' ', " a"), "/>", bytes)
    }),
    ("xml: the same attribute", |bytes| repeated("<fetch", " a=''", "/>", bytes)),
    ("xml: one attribute", |bytes| repeated("<fetch top='", "9", "'/>", bytes)),
    ("xml: one attribute's name", |bytes| repeated("<fetch ", "top", "=''/>", bytes)),
    ("xml: misspelt attributes", |bytes| entity(|_| "<attribute nam=''/>".to_owned(), bytes)),
    ("xml: namespaces", |bytes| {
        filled("<fetch", |at| format!(" xmlns:a{at}='b{at}'"), "/>", bytes)
    }),
    ("xml: namespaces in namespaces", |bytes| {
        let head = filled("<fetch", |at| format!(" xmlns:a{at}='b{at}'"), ">", bytes / 2);
        filled(&head, |at| format!("<a xmlns:c='{at}'/>"), "</fetch>", bytes)
    }),
    ("xml: prefixes", |bytes| {
        let head = filled("<fetch", |at| format!(" xmlns:a{at}='b{at}'"), ">", bytes / 2);
        repeated(&head, "<a0:a/>", "</fetch>", bytes)
    }),
    ("xml: entities", |bytes| value("&amp;", bytes)),
    ("xml: characters by number", |bytes| value("&#65;", bytes)),
    ("xml: an unknown entity", |bytes| value("&a;", bytes)),
    ("xml: pieces of a value", |bytes| value("<![CDATA[a]]>", bytes)),
    ("xml: comments in a value", |bytes| value("a<!---->", bytes)),
    ("xml: elements in a value", |bytes| value("<a/>", bytes)),
    ("xml: instructions in a value", |bytes| value("<?a?>", bytes)),
    ("xml: one value", |bytes| value("a", bytes)),
    ("xml: values", |bytes| {
        let head =
            "<fetch><entity name='account'><filter><condition attribute='employees' operator='in'>";
        filled(
            head,
            |at| format!("<value>{at}</value>"),
            "</condition></filter></entity></fetch>",
            bytes,
        )
    }),
    ("xml: conditions", |bytes| {
        filter(|_| "<condition attribute='name' operator='null'/>".to_owned(), bytes)
    }),
    ("xml: empty conditions", |bytes| filter(|_| "<condition/>".to_owned(), bytes)),
    ("xml: misspelt operators", |bytes| {
        filter(|_| "<condition attribute='a' operator='nul'/>".to_owned(), bytes)
    }),
    ("xml: both ways to give a value", |bytes| {
        filter(
            |_| "<condition attribute='a' operator='eq' value='' valueof='b'/>".to_owned(),
            bytes,
        )
    }),
    ("xml: filters", |bytes| entity(|_| "<filter/>".to_owned(), bytes)),
    ("xml: wrong filters", |bytes| entity(|_| "<filter type=''/>".to_owned(), bytes)),
    ("xml: filters four levels deep", |bytes| {
        let head = "<fetch><entity name='account'><filter><filter><filter>";
        repeated(head, "<filter/>", "</filter></filter></filter></entity></fetch>", bytes)
    }),
    ("xml: links", |bytes| entity(|_| "<link-entity name='account'/>".to_owned(), bytes)),
    ("xml: wrong links", |bytes| entity(|_| "<link-entity link-type=''/>".to_owned(), bytes)),
    ("xml: hints", |bytes| entity(|_| "<filter hint=''/>".to_owned(), bytes)),
    ("xml: columns", |bytes| entity(|at| format!("<attribute name='name' alias='a{at}'/>"), bytes)),
    ("xml: misspelt columns", |bytes| {
        entity(|at| format!("<attribute name='{}'/>", long_name(at)), bytes)
    }),
    ("xml: columns beside aggregates", |bytes| {
        let head =
            "<fetch aggregate='true'><entity name='account'><attribute name='name' groupby='1'/>";
        repeated(head, "<attribute name='name'/>", "</entity></fetch>", bytes)
    }),
    ("xml: wrong aggregates", |bytes| {
        entity(|_| "<attribute name='name' aggregate=''/>".to_owned(), bytes)
    }),
    ("xml: orders of groups in a query of rows", |bytes| {
        entity(|_| "<order alias='a'/>".to_owned(), bytes)
    }),
    ("xml: orders", |bytes| entity(|_| "<order attribute='name'/>".to_owned(), bytes)),
    ("xml: tables", |bytes| repeated("<fetch>", "<entity/>", "</fetch>", bytes)),
];
