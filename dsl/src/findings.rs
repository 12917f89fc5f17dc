//! What is found in one text: as many diagnostics as people mend at once, and how many more.

use crate::{
    diagnostic::{Diagnostic, Severity, code},
    source::{Source, Span},
};

/// Diagnostics of one text that one look at it lists: enough to mend it, and a bound on the work.
pub(crate) const LISTED_MAX: usize = 50;

/// What is found in one text.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<Diagnostic>,
    errors_left: usize,
    warnings_left: usize,
    first_left: Option<Span>,
}

impl Findings {
    /// With what was found before.
    pub(crate) fn new(listed: Vec<Diagnostic>) -> Self {
        Self { listed, ..Self::default() }
    }

    /// Lists a diagnostic, or counts it. It is made only if there is room, since to look for a name
    /// that was meant takes time. Errors may take the place of warnings, so that no mistake is ever
    /// let through.
    pub(crate) fn add(
        &mut self,
        severity: Severity,
        make: impl FnOnce() -> Diagnostic,
    ) -> Option<&mut Diagnostic> {
        if self.listed.len() < LISTED_MAX {
            self.listed.push(make());
            return self.listed.last_mut();
        }
        let replaceable = self.listed.iter().position(|found| !found.is_error());
        match (severity, replaceable) {
            (Severity::Error, Some(at)) => {
                self.warnings_left += 1;
                self.listed[at] = make();
                return self.listed.get_mut(at);
            }
            (Severity::Error, None) => self.errors_left += 1,
            (Severity::Warning, _) => self.warnings_left += 1,
        }
        if self.first_left.is_none() {
            self.first_left = Some(make().span);
        }
        None
    }

    /// What is listed so far.
    pub(crate) fn listed(&self) -> &[Diagnostic] {
        &self.listed
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.listed.iter().any(Diagnostic::is_error)
    }

    /// In the order of the text: the errors if there is any, else the warnings; and at the end how
    /// many more there are.
    pub(crate) fn finish(mut self, source: &Source) -> Vec<Diagnostic> {
        self.listed.sort_by_key(|diagnostic| diagnostic.span.start);
        let has_errors = self.has_errors();
        if has_errors {
            self.listed.retain(Diagnostic::is_error);
        }
        let span = self.first_left.unwrap_or_default();
        if has_errors && self.errors_left > 0 {
            let message = and_more(self.errors_left, "error");
            self.listed.push(source.error(code::LIMIT, span, message));
        } else if !has_errors && self.warnings_left > 0 {
            let message = and_more(self.warnings_left, "warning");
            self.listed.push(source.warning(code::LIMIT, span, message));
        }
        self.listed
    }
}

fn and_more(count: usize, what: &str) -> String {
    format!("and {count} more {what}{}", if count == 1 { "" } else { "s" })
}
