//! How many rows, and which of them.

use haversack_core::{limits::TOP_MAX, settings::Compatibility};

use super::Resolver;
use crate::{
    ast::{self, Paging, Spanned},
    diagnostic::code,
    query::{Cookie, Page},
};

impl Resolver<'_> {
    /// The page that is asked for, if one is. A row sorts by so many things.
    pub(super) fn page(&self, fetch: &ast::Fetch, sorts_by: usize) -> Option<Option<Page>> {
        let paging = &fetch.paging;
        self.check_size("top", paging.top.as_ref());
        self.check_size("a page of", paging.size.as_ref());
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
        let number = paging.page.as_ref().map_or(next, |page| page.node);
        let size = paging.size.as_ref().map_or(TOP_MAX, |size| size.node);
        Some(Some(Page { number, size, after, fingerprint }))
    }

    fn check_size(&self, what: &str, size: Option<&Spanned<u32>>) {
        let is_classic = self.catalog.settings.compatibility == Compatibility::Classic;
        let Some(size) = size.filter(|size| is_classic && size.node > TOP_MAX) else { return };
        self.report(|source| {
            let message = format!("found {what} {}", size.node);
            let error = source.error(code::LIMIT, size.span.clone(), message);
            error.expected(format!("{TOP_MAX} at the most in classic"))
        });
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
    let whole = ast::Fetch { paging: Paging::default(), ..fetch.clone() };
    let text = crate::dsl::print(&whole);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
