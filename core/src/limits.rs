//! Every bound of the system, with its reason. Nothing below the edge grows without one.

/// Length of a table's, column's or relationship's name, in bytes. Dataverse schema names end at 100.
pub const NAME_LENGTH_MAX: usize = 100;
/// Length of a profile's name, in characters (Dataverse: 255).
pub const PROFILE_NAME_LENGTH_MAX: usize = 255;
/// Length of a profile's description, in characters (Dataverse: 2,000).
pub const PROFILE_DESCRIPTION_LENGTH_MAX: usize = 2_000;
/// Sync interval of a profile item, in minutes: shortest, longest, and the one not given (Microsoft's
/// powerapps-docs, `reference/entities/mobileofflineprofileitem.md`), in extended too.
pub const SYNC_INTERVAL_MINUTES_MIN: u32 = 5;
/// See [`SYNC_INTERVAL_MINUTES_MIN`].
pub const SYNC_INTERVAL_MINUTES_MAX: u32 = 1_440;
/// See [`SYNC_INTERVAL_MINUTES_MIN`].
pub const SYNC_INTERVAL_MINUTES_DEFAULT: u32 = 10;
/// The sync interval that longer ones come to in classic, in minutes: "Even if the value for Sync
/// interval is set to be less frequent than Every 1 hour, data will currently still be synched every
/// hour" (powerapps-docs, `mobile/setup-mobile-offline-classic.md`, step 2).
pub const SYNC_INTERVAL_MINUTES_CLASSIC_MAX: u32 = 60;
/// Relationships of one profile item in classic, counted transitively (powerapps-docs,
/// `mobile/offline-limitations.md`: 15; 10 before the middle of 2022).
pub const RELATIONSHIPS_PER_ITEM_CLASSIC_MAX: usize = 15;
/// Different many-to-many or one-to-many relationships among them (same source).
pub const MULTIPLYING_RELATIONSHIPS_PER_ITEM_CLASSIC_MAX: usize = 1;
/// Image columns of all tables of a profile in classic: each is a relationship of its own there
/// (powerapps-docs, `mobile/offline-capabilities.md`).
pub const IMAGE_COLUMNS_PER_PROFILE_CLASSIC_MAX: usize = 14;
/// Rows on one device in classic, those of tables of pairs included (powerapps-docs,
/// `mobile/offline-limitations.md`).
pub const ROWS_PER_DEVICE_CLASSIC_MAX: usize = 3_000_000;
/// Nested levels of a profile's custom filter in classic; the outermost group is level 1
/// (powerapps-docs, `mobile/setup-mobile-offline-classic.md`: "filters up to three levels").
pub const CUSTOM_FILTER_LEVELS_CLASSIC_MAX: usize = 3;
/// Operators that a profile's custom filter may have in classic (same source); the table of operators
/// says which.
pub const CUSTOM_FILTER_OPERATORS_CLASSIC: usize = 25;

/// Columns of one table.
pub const COLUMNS_PER_TABLE_MAX: usize = 256;
/// Length of a string column that gives no `max_length`, in characters.
pub const STRING_LENGTH_DEFAULT: u32 = 4_000;
/// Length of a memo, file or image column that gives no `max_length`, in characters.
pub const MEMO_LENGTH_DEFAULT: u32 = 1_048_576;
/// One encoded event, in bytes: a row as large as a memo column allows, and room to spare.
pub const EVENT_BYTES_MAX: usize = 16 << 20;
/// One encoded section of a stored state, in bytes, unless it holds a single thing that is larger:
/// small beside the state, and large enough to be compressed and checked at little cost.
pub const SECTION_BYTES: usize = 256 << 10;
/// One encoded section with a single thing, in bytes: a row that several events made, or a profile's
/// draft beside what of it is in force. A state that needs more is not stored.
pub const SECTION_BYTES_MAX: usize = 64 << 20;

/// Events of one commit group, and submissions in it, unless one step is larger.
pub const GROUP_EVENTS_MAX: usize = 1_024;
/// Lines of one `begin` ... `commit` step, and so events of one group at the most.
pub const STEP_LINES_MAX: usize = 10_000;
/// Submissions that may wait for the committer; further writers wait at the door.
pub const COMMIT_QUEUE_MAX: usize = 4_096;
/// Groups that may be shown and not yet followed by those who keep something up to date; further
/// writers wait.
pub const FOLLOWED_GROUPS_MAX: usize = 64;
/// Size of one value in sled, in bytes, at the most. Larger ones end in `blobs/` files, which sled
/// never syncs; the store packs smaller ones still, because a leaf of many large values ends there
/// too (docs/decisions/0002-sled-log-layout.md).
pub const LOG_VALUE_BYTES_MAX: usize = 16 << 10;
/// Length at which a segment of the journal takes no more groups, in bytes: what a start-up reads at
/// the most, and what a damaged header takes to be found again.
pub const JOURNAL_SEGMENT_BYTES: u64 = 8 << 20;
/// How far ahead of small groups the journal is filled with zeros, in bytes.
pub const JOURNAL_AHEAD_BYTES: u64 = 256 << 10;
/// Groups that may be acknowledged and not yet in sled; further writers wait.
pub const UNINDEXED_GROUPS_MAX: usize = 64;
/// Bytes that sled takes before it's synced.
pub const INDEX_UNSYNCED_BYTES_MAX: usize = 8 << 20;
/// Seconds after which sled is synced and a checkpoint is signed, if there is anything new.
pub const CHECKPOINT_SECONDS: u64 = 1;
/// Seconds without work after which the log is looked at a little more, for damage.
pub const SCRUB_SECONDS: u64 = 10;
/// Events that are looked at then: a million in about half an hour.
pub const SCRUB_EVENTS: u64 = 5_000;
/// The events of one commit group, encoded, in bytes: it's kept in memory when it's made and read.
pub const GROUP_BYTES_MAX: usize = 1 << 30;
/// Length of one piece of an exported log, in bytes: a group that can't be compressed, and its keys.
pub const EXPORT_PIECE_BYTES_MAX: u64 = 5 << 28;
/// Events between two snapshots: so many are folded within a second, and so any moment is reached.
pub const SNAPSHOT_EVENTS: u64 = 150_000;
/// The same while a document is loaded: its rows are folded more than twice as fast as edits are judged, and
/// nobody works meanwhile.
pub const SNAPSHOT_EVENTS_OF_LOAD: u64 = 600_000;
/// Events since the newest snapshot at which one is written when an environment is closed.
pub const SNAPSHOT_EVENTS_AT_CLOSE: u64 = 20_000;
/// Length of a device's name, in characters.
pub const DEVICE_NAME_LENGTH_MAX: usize = 255;
/// Length at which a segment of the record of deliveries takes no more, in bytes: what opening it reads.
pub const DELIVERY_SEGMENT_BYTES: u64 = 8 << 20;
/// Length of the record of deliveries, in bytes: beyond it the oldest segment goes. Of devices with ten
/// tables it keeps about a million acknowledgements.
pub const DELIVERIES_BYTES_MAX: u64 = 256 << 20;
/// One encoded delivery, in bytes: thousands of tables. A larger one is not written down.
pub const DELIVERY_BYTES_MAX: usize = 1 << 20;
/// Deliveries that may wait to be written down. A further one is not; the device's next pull brings it.
pub const DELIVERIES_WAITING_MAX: usize = 4_096;
/// Seconds after which deliveries that were written down are synced.
pub const DELIVERIES_SYNC_SECONDS: u64 = 1;
/// Mutations of one push.
pub const PUSH_MUTATIONS_MAX: usize = 10_000;
/// What a device keeps in memory of a stream between two lines of progress, as lines, in bytes. A server
/// tells progress every thousand lines.
pub const RECEIVED_BYTES_MAX: usize = 64 << 20;
/// Edits that a device keeps: those that are not sent, and those that were not applied and that the app
/// has not acknowledged. More are refused, so that none is lost.
pub const OUTBOX_EDITS_MAX: usize = 100_000;
/// Length of one line of newline-delimited input, in bytes.
pub const LINE_BYTES_MAX: usize = 16 << 20;
/// Size of an environment document's `environment.json`, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 256 << 20;

/// Text of one query, or of one file of them, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 << 10;
/// Queries of one file: more belong into several.
pub const QUERIES_PER_FILE_MAX: usize = 100;
/// Parameters of one query: each is looked up wherever one is used.
pub const PARAMETERS_MAX: usize = 50;
/// Nesting of groups and links in a query's filter.
pub const FILTER_DEPTH_MAX: usize = 16;
/// Conditions of one query in classic (Dataverse: 500).
pub const CONDITIONS_CLASSIC_MAX: usize = 500;
/// Conditions of one query: lints compare each with each, in some 10 ms then.
pub const CONDITIONS_MAX: usize = 1_000;
/// Links of one query in classic, filter links included (Dataverse: 15), and so related tables of a
/// custom filter (powerapps-docs, `mobile/setup-mobile-offline.md`: 15).
pub const LINKS_CLASSIC_MAX: usize = 15;
/// Links of one query, filter links included: each may multiply the rows of an answer.
pub const LINKS_MAX: usize = 100;
/// Levels that the hierarchy operators of rows walk, up or down (Dataverse: 100).
pub const HIERARCHY_LEVELS_MAX: usize = 100;
/// Values of one `in` list.
pub const LIST_VALUES_MAX: usize = 2_000;
/// `top` of a query, and rows of a page, in classic (Dataverse: 5,000).
pub const TOP_MAX: u32 = 5_000;
/// Length of a `like` pattern, in characters, so that matching stays linear in practice.
pub const LIKE_PATTERN_LENGTH_MAX: usize = 4_000;

/// Levels of managers or positions that the hierarchy operators may walk.
pub const HIERARCHY_DEPTH_MAX: u32 = 100;
/// Levels of business units; a guard against cycles as much as a bound.
pub const BUSINESS_UNIT_DEPTH_MAX: usize = 100;

/// Comings and goings of a row that an explanation lists; of more, the last ones.
pub const EXPLAIN_TURNS_MAX: usize = 1_000;
/// Moments between events at which the clock may have changed what belongs on a device, and that a look
/// back goes through: 136 days of minutes or 22 years of hours. At each the device is evaluated anew.
pub const CLOCK_STEPS_MAX: usize = 200_000;
/// Linked rows that an explanation names for each condition on them.
pub const EXPLAIN_LINKED_ROWS_MAX: usize = 3;
/// Rows that an explanation names on the way to one that a criterion selects.
pub const EXPLAIN_WAY_MAX: usize = 100;
