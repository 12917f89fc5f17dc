//! Mistakes that either side of a sync could have made, to be switched on one at a time: the
//! simulation must find each of them. Without the feature `planted-bugs` none is compiled in.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// None of them.
    None,
    /// A stream goes on whatever has happened to profile and schema.
    SkipStands,
    /// A row is written whoever may read it by now.
    SkipRevoked,
    /// Rows that left are not told of.
    ForgetDels,
    /// Rows that look different though nobody wrote them do not come again.
    DropLooks,
    /// All of a device's rows are taken to be of the newest moment that its cursor tells.
    IgnoreStretches,
    /// What an app does not offer comes all the same.
    IgnoreApp,
    /// What was sent to a device last is kept under the moment of what it's sent now.
    KeepStaleDelivered,
    /// A row more comes than was asked for.
    OneRowMore,
    /// A stream that is full says that it is complete.
    CompleteWhenFull,
    /// A progress tells of the row after the last one.
    ProgressAhead,
    /// A cursor ahead of the log is taken.
    SkipLogBehind,
    /// A cursor of a log that was put back and went on otherwise is taken.
    ForgetHistory,
    /// Lines written once are given out under another catalog, too.
    StaleLines,
    /// The fingerprint of metadata is kept when the catalog changes.
    StaleMetadata,
    /// A poke comes for rows to put only.
    PokeForPutsOnly,
    /// An edit that was sent again is judged again.
    JudgeAgain,
    /// Another edit under a known number is answered as the first.
    AnswerReused,
    /// A gap before an edit is let pass.
    TakeGaps,
    /// The row of a conflict is told to whoever asks.
    TellServerRow,
    /// A group that is not durable is shown and answered.
    AcknowledgeBeforeDurable,
    /// The last mutation told is the one before.
    LastMutationLags,
    /// Past moments are evaluated by the catalog of the one looked at before.
    StalePast,
    /// A device forgets which edits it has sent.
    ForgetSent,
    /// A device goes on before its rows are durable.
    SkipRowSync,
    /// What a device showed stays under rows that it has downloaded anew.
    KeepShown,
    /// A device does not look whether another sends edits by its number.
    SkipNumbers,
    /// A device takes edits whatever its user's roles say.
    SkipPrivilege,
    /// A device does not show edits that were not sent.
    HideEdits,
}

/// All of them.
pub const BUGS: [Bug; 28] = [
    Bug::SkipStands,
    Bug::SkipRevoked,
    Bug::ForgetDels,
    Bug::DropLooks,
    Bug::IgnoreStretches,
    Bug::IgnoreApp,
    Bug::KeepStaleDelivered,
    Bug::OneRowMore,
    Bug::CompleteWhenFull,
    Bug::ProgressAhead,
    Bug::SkipLogBehind,
    Bug::ForgetHistory,
    Bug::StaleLines,
    Bug::StaleMetadata,
    Bug::PokeForPutsOnly,
    Bug::JudgeAgain,
    Bug::AnswerReused,
    Bug::TakeGaps,
    Bug::TellServerRow,
    Bug::AcknowledgeBeforeDurable,
    Bug::LastMutationLags,
    Bug::StalePast,
    Bug::ForgetSent,
    Bug::SkipRowSync,
    Bug::KeepShown,
    Bug::SkipNumbers,
    Bug::SkipPrivilege,
    Bug::HideEdits,
];

#[cfg(feature = "planted-bugs")]
static ACTIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Switches one mistake on, and all others off.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Bug) {
    ACTIVE.store(bug as u8, std::sync::atomic::Ordering::SeqCst);
}

/// Whether a mistake is on.
#[cfg(feature = "planted-bugs")]
#[must_use]
pub fn planted(bug: Bug) -> bool {
    ACTIVE.load(std::sync::atomic::Ordering::SeqCst) == bug as u8
}

/// Whether a mistake is on: none is compiled in.
#[cfg(not(feature = "planted-bugs"))]
#[must_use]
pub const fn planted(_bug: Bug) -> bool {
    false
}
