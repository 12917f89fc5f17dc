//! How many rows, and which of them.

use haversack_core::{limits::TOP_MAX, settings::Compatibility};

use super::Resolver;
use crate::{
    ast::{self, Comments, Paging, Spanned, Value},
    diagnostic::code,
    query::{Cookie, Page},
};

impl Resolver<'_> {
    /// The page that is asked for, if one is. A row sorts by so many things.
    pub(super) fn page(&self, fetch: &ast::Fetch, sorts_by: usize) -> Option<Option<Page>> {
        let paging = &fetch.paging;
        self.check_size("top", paging.top.as_ref());
        self.check_size("a page of", paging.size.as_ref());
        let (page, size) =
            (self.number("page", paging.page.as_ref()), self.number("size", paging.size.as_ref()));
        if paging.page.is_none() && paging.size.is_none() && paging.cookie.is_none() {
            return Some(None);
        }
        let fingerprint = fingerprint(fetch);
        let after = match &paging.cookie {
            Some(cookie) => Some(self.cookie(fingerprint, cookie, sorts_by)?),
            None => None,
        };
        // A cookie alone asks for the page after its own.
        let next = after.as_ref().map_or(1, |cookie| cookie.page.saturating_add(1));
        let number = page?.unwrap_or(next);
        let size = size?.unwrap_or(TOP_MAX);
        Some(Some(Page { number, size, after, fingerprint }))
    }

    /// A number if one is said; nothing if a parameter stands for it.
    pub(super) fn number(
        &self,
        what: &str,
        number: Option<&Spanned<Value<u32>>>,
    ) -> Option<Option<u32>> {
        match number.map(|number| (&number.node, &number.span)) {
            None => Some(None),
            Some((Value::Given(number), _)) => Some(Some(*number)),
            Some((Value::Parameter(name), span)) => {
                self.check_number(&Spanned::new(name.clone(), span.clone()), what);
                None
            }
        }
    }

    fn check_size(&self, what: &str, size: Option<&Spanned<Value<u32>>>) {
        let is_classic = self.catalog.settings.compatibility == Compatibility::Classic;
        let given = size.and_then(|size| Some((*size.node.given()?, size.span.clone())));
        let Some((number, span)) = given.filter(|(number, _)| *number > TOP_MAX) else { return };
        let found = format!("{what} {number}");
        let expected = format!("{TOP_MAX} at the most in classic");
        if is_classic {
            self.report(|source| {
                source.error(code::LIMIT, span, format!("found {found}")).expected(expected)
            });
        } else {
            self.advise(|source| {
                let message = format!("classic would refuse {found}");
                source.warning(code::CLASSIC_REFUSES, span, message).expected(expected)
            });
        }
    }

    fn cookie(
        &self,
        fingerprint: u64,
        cookie: &Spanned<String>,
        sorts_by: usize,
    ) -> Option<Cookie> {
        let problem = match Cookie::parse(&cookie.node) {
            None => "found a paging cookie that is none of ours",
            Some(read) if read.fingerprint != fingerprint => {
                "found a paging cookie of another query"
            }
            Some(read) if read.position.len() != sorts_by => {
                "found a paging cookie that was given before a table or a link changed"
            }
            Some(read) => return Some(read),
        };
        self.report(|source| {
            let error = source.error(code::BAD_COOKIE, cookie.span.clone(), problem);
            error.help("leave it out: the page's number is enough, unless rows come and go")
        });
        None
    }
}

/// A number for the query without its pages: that of its text in canonical form (FNV-1a).
fn fingerprint(fetch: &ast::Fetch) -> u64 {
    let (paging, comments) = (Paging::default(), Comments::default());
    let whole = ast::Fetch { paging, comments, ..fetch.clone() };
    let text = crate::dsl::print(&whole);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
