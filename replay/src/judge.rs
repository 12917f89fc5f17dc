//! Judging a device's edit: a function of the state, the edit and the policy.
//!
//! What is refused is refused first, under either policy. Then: has anyone else written the row
//! since the version that the device had seen?

use std::collections::BTreeSet;

use haversack_core::{
    Name, Row, Values,
    event::{DeviceEdit, EditRequest, Operation, Refusal, Side, Verdict},
    schema::{Table, TableKind},
    security::Privilege,
    settings::{Granularity, Policy},
};

use crate::{
    Past, PastError, State,
    effect::{Image, changed_by_others, images, owned_values, seen},
};

/// A verdict, and what the fold needs to carry it out.
#[derive(Debug)]
pub(crate) struct Judgement {
    pub verdict: Verdict,
    /// The row to bring back, if it was deleted since.
    pub seen: Option<Row>,
    /// Columns that the edit does not write because others changed them and the server wins.
    pub spared: BTreeSet<Name>,
    /// Whether the edit makes a version of the row.
    pub is_version: bool,
}

impl Judgement {
    fn of(verdict: Verdict) -> Self {
        let is_version = match verdict {
            Verdict::Applied | Verdict::Conflict { winner: Side::Client } => true,
            Verdict::Conflict { winner: Side::Server } | Verdict::Refused(_) => false,
        };
        Self { verdict, seen: None, spared: BTreeSet::new(), is_version }
    }

    fn refused(refusal: Refusal) -> Self {
        Self::of(Verdict::Refused(refusal))
    }
}

/// The verdict on an edit as the next event after `state`.
///
/// # Errors
/// If the past of a deleted row can't be read.
pub fn judge(
    state: &State,
    edit: &DeviceEdit,
    policy: Policy,
    past: &(impl Past + ?Sized),
) -> Result<Verdict, PastError> {
    judgement(state, edit, policy, past).map(|judgement| judgement.verdict)
}

pub(crate) fn judgement(
    state: &State,
    edit: &DeviceEdit,
    policy: Policy,
    past: &(impl Past + ?Sized),
) -> Result<Judgement, PastError> {
    let (operation, values) = match &edit.request {
        EditRequest::Fits { operation, values } => (*operation, values),
        EditRequest::Misfits { refusal, .. } => return Ok(Judgement::refused(*refusal)),
    };
    let Some(table) = state.catalog.table(&edit.key.table) else {
        return Ok(Judgement::refused(Refusal::UnknownTable));
    };
    if table.kind != TableKind::Data {
        return Ok(Judgement::refused(Refusal::ReadOnly));
    }
    if let Some(refusal) = lacks_required(table, operation, values) {
        return Ok(Judgement::refused(refusal));
    }
    if edit.base.offset().is_some_and(|base| base.get() > state.cursor.count()) {
        return Ok(Judgement::refused(Refusal::UnknownBase));
    }
    let case = Case { state, edit, table, policy };
    match (operation, state.current(&edit.key).as_ref()) {
        (Operation::Create, now) => Ok(case.create(now, values)),
        (Operation::Update, Some(now)) => case.change(now, Privilege::Write, Some(values), past),
        (Operation::Delete, Some(now)) => case.change(now, Privilege::Delete, None, past),
        (Operation::Update, None) => case.deleted_since(Privilege::Write, past),
        (Operation::Delete, None) => case.deleted_since(Privilege::Delete, past),
    }
}

/// A create names every required column; an update empties none.
fn lacks_required(table: &Table, operation: Operation, values: &Values) -> Option<Refusal> {
    let lacking = match operation {
        Operation::Create => table.missing_required(values),
        Operation::Update => table.emptied_required(values),
        Operation::Delete => None,
    };
    lacking.map(|_| Refusal::Required)
}

struct Case<'a> {
    state: &'a State,
    edit: &'a DeviceEdit,
    table: &'a Table,
    policy: Policy,
}

impl Case<'_> {
    fn may(&self, privilege: Privilege, values: &Values) -> bool {
        self.state.catalog.allows(self.edit.user, privilege, self.table, values)
    }

    fn conflict(&self) -> Verdict {
        Verdict::Conflict {
            winner: match self.policy {
                Policy::ClientWins => Side::Client,
                Policy::ServerWins => Side::Server,
            },
        }
    }

    fn others_wrote_since(&self) -> bool {
        let touches = self.state.touches(&self.edit.key);
        touches.unseen_by(self.edit.base, self.edit.device).next().is_some()
    }

    /// Creating an id that exists is a conflict, whoever wrote it.
    fn create(&self, now: Option<&Row>, values: &Values) -> Judgement {
        let new = owned_values(&self.state.catalog, self.edit, values);
        let over = now.is_none_or(|row| {
            self.may(Privilege::Read, &row.values) && self.may(Privilege::Write, &row.values)
        });
        if !over || !self.may(Privilege::Create, &new) {
            return Judgement::refused(Refusal::NoPrivilege);
        }
        let conflicts = now.is_some() || self.others_wrote_since();
        Judgement::of(if conflicts { self.conflict() } else { Verdict::Applied })
    }

    /// An update (with its values) or a delete of a row that is there.
    fn change(
        &self,
        now: &Row,
        privilege: Privilege,
        update: Option<&Values>,
        past: &(impl Past + ?Sized),
    ) -> Result<Judgement, PastError> {
        if let Some(refusal) = self.forbidden(privilege, &now.values) {
            return Ok(Judgement::refused(refusal));
        }
        if !self.others_wrote_since() {
            return Ok(Judgement::of(Verdict::Applied));
        }
        match (self.state.catalog.settings.conflict_granularity, update) {
            (Granularity::Column, Some(values)) => self.change_by_column(values, past),
            _ => Ok(Judgement::of(self.conflict())),
        }
    }

    /// Only the columns that both sides changed conflict; the rest of the edit is applied.
    fn change_by_column(
        &self,
        values: &Values,
        past: &(impl Past + ?Sized),
    ) -> Result<Judgement, PastError> {
        let images = images(self.state, &self.edit.key, past)?;
        let theirs = changed_by_others(&images, self.edit.base, self.edit.device);
        if !values.iter().any(|(name, _)| theirs.contains(name)) {
            return Ok(Judgement::of(Verdict::Applied));
        }
        let mut judgement = Judgement::of(self.conflict());
        if judgement.verdict.winner() == Some(Side::Server) {
            judgement.is_version = values.iter().any(|(name, _)| !theirs.contains(name));
            judgement.spared = theirs;
        }
        Ok(judgement)
    }

    /// An update or delete of a row that is not there: a conflict if somebody else deleted it above
    /// the base, and the base has the row to bring back.
    fn deleted_since(
        &self,
        privilege: Privilege,
        past: &(impl Past + ?Sized),
    ) -> Result<Judgement, PastError> {
        if !self.others_wrote_since() {
            return Ok(Judgement::refused(Refusal::UnknownRow));
        }
        let images: Vec<Image> = images(self.state, &self.edit.key, past)?;
        let Some(row) = seen(&images, self.edit.base, self.edit.device) else {
            return Ok(Judgement::refused(Refusal::UnknownRow));
        };
        if let Some(refusal) = self.forbidden(privilege, &row.values) {
            return Ok(Judgement::refused(refusal));
        }
        let mut judgement = Judgement::of(self.conflict());
        judgement.seen = Some(row.clone());
        Ok(judgement)
    }

    /// A row that may not be read is refused in the same words as one that is not there.
    fn forbidden(&self, privilege: Privilege, values: &Values) -> Option<Refusal> {
        if !self.may(Privilege::Read, values) {
            Some(Refusal::UnknownRow)
        } else if !self.may(privilege, values) {
            Some(Refusal::NoPrivilege)
        } else {
            None
        }
    }
}
