//! The kinds of events, by name: what proofs and lists of events call them. A disk format.

use super::Event;

impl Event {
    /// The name of the event's kind: lower case with `_`, and never changed.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::EnvironmentCreated { .. } => "environment_created",
            Self::LoadStarted { .. } => "load_started",
            Self::SettingsChanged(_) => "settings_changed",
            Self::BusinessUnitPut(_) => "business_unit_put",
            Self::PositionPut(_) => "position_put",
            Self::RolePut(_) => "role_put",
            Self::UserPut(_) => "user_put",
            Self::TeamPut(_) => "team_put",
            Self::TablePut(_) => "table_put",
            Self::RelationshipPut(_) => "relationship_put",
            Self::AppPut(_) => "app_put",
            Self::ProfileDrafted(_) => "profile_drafted",
            Self::ProfilePublished { .. } => "profile_published",
            Self::ProfileUnpublished { .. } => "profile_unpublished",
            Self::MemberAdded { .. } => "member_added",
            Self::MemberRemoved { .. } => "member_removed",
            Self::RowWritten(_) => "row_written",
            Self::DeviceRegistered(_) => "device_registered",
            Self::DeviceEdited(_) => "device_edited",
            Self::DeviceAppChanged { .. } => "device_app_changed",
            Self::TokenIssued(_) => "token_issued",
            Self::TokenRevoked { .. } => "token_revoked",
        }
    }
}
