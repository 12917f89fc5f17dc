//! Mistakes that the store could have made, to be switched on one at a time: the crash tests must
//! find each of them. Without the feature `planted-bugs` none is compiled in.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// None of them.
    None,
    /// A group is answered before its segment is synced.
    AcknowledgeBeforeSync,
    /// A group is shown before its segment is synced.
    ShowBeforeSync,
    /// The head is not written.
    SkipHead,
    /// The head is written and not synced, and the segment is not either.
    SkipSyncs,
    /// Both slots of the head are written at once.
    BothSlots,
    /// The head is written before the segment is synced.
    HeadBeforeJournal,
    /// A new segment's name is not made durable.
    SkipDirectorySync,
    /// What lies behind the head is taken whatever it follows.
    SkipChain,
    /// A log that is shorter than what was signed of it is opened.
    SkipSignedSize,
    /// What lies behind the head is cut off, although the newest slot may be the damaged one.
    CutTail,
    /// A frame begins in the sector in which the one before it ends.
    ShareSector,
    /// A failed sync is tried again and believed.
    RetrySync,
    /// After a full disk the place of the next frame is not where the last one ended.
    SkipAfterFull,
    /// After a restart, what a failed sync left in the system's memory is taken for written.
    TrustMemory,
    /// What sled lacks is not given to it at the start.
    SkipCatchUp,
}

#[cfg(feature = "planted-bugs")]
static ACTIVE: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

/// Switches one mistake on, and all others off.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Bug) {
    ACTIVE.store(bug as u8, std::sync::atomic::Ordering::SeqCst);
}

/// Whether a mistake is on.
#[cfg(feature = "planted-bugs")]
pub(crate) fn planted(bug: Bug) -> bool {
    ACTIVE.load(std::sync::atomic::Ordering::SeqCst) == bug as u8
}

#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn planted(_bug: Bug) -> bool {
    false
}
