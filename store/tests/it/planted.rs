//! The crash and damage tests, tested: each planted mistake must be found by one of them.
#![cfg(feature = "planted-bugs")]

use std::panic::catch_unwind;

use haversack_store::{Bug, plant};

use crate::{crash, damage, unreadable};

/// A test, by its name; whether it passes.
type Finder = (&'static str, fn() -> bool);

/// What is run for each mistake; a mistake is found if one of them fails.
fn finders() -> Vec<Finder> {
    fn passes(test: fn()) -> bool {
        catch_unwind(test).is_ok()
    }
    vec![
        ("failed sync", || passes(damage::failed_sync_ends_writing_until_the_log_is_opened_again)),
        ("full disk", || passes(damage::full_disk_refuses_and_takes_more_when_there_is_space)),
        ("head's slot", || passes(damage::damaged_slot_of_the_head_does_not_shorten_the_log)),
        ("both copies", || passes(damage::event_that_both_copies_lost_is_refused_and_named)),
        ("tail", || passes(damage::tail_that_is_gone_from_both_copies_is_refused)),
        ("signed size", || passes(damage::log_shorter_than_its_signed_checkpoint_is_refused)),
        ("misplaced write", || passes(damage::misplaced_write_is_found_and_mended)),
        ("restart", || passes(unreadable::group_whose_sync_failed_is_written_again)),
        ("crashes", || crash::crash_everywhere(1).is_ok()),
    ]
}

#[test]
fn every_planted_bug_is_found() {
    std::panic::set_hook(Box::new(|_| {}));
    let bugs = [
        Bug::AcknowledgeBeforeSync,
        Bug::ShowBeforeSync,
        Bug::SkipHead,
        Bug::SkipSyncs,
        Bug::BothSlots,
        Bug::HeadBeforeJournal,
        Bug::SkipDirectorySync,
        Bug::SkipChain,
        Bug::SkipSignedSize,
        Bug::CutTail,
        Bug::ShareSector,
        Bug::RetrySync,
        Bug::SkipAfterFull,
        Bug::TrustMemory,
        Bug::SkipCatchUp,
    ];
    let mut missed = Vec::new();
    for bug in bugs {
        plant(bug);
        let found = finders().into_iter().find(|(_, passes)| !passes());
        println!("{bug:?}: {}", found.map_or("not found", |(name, _)| name));
        if found.is_none() {
            missed.push(bug);
        }
    }
    plant(Bug::None);
    let sound: Vec<&str> =
        finders().into_iter().filter(|(_, passes)| !passes()).map(|(name, _)| name).collect();
    let _ = std::panic::take_hook();
    assert_eq!(missed, [], "planted and not found");
    assert_eq!(sound, Vec::<&str>::new(), "found where nothing was planted");
}
