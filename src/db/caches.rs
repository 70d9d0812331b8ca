//! What the connections of a process keep in memory together.

use super::keys_cache::KeysCache;
use super::message_cache::MessageCache;
use super::printed_cache::PrintedCache;
use super::recent_marks::RecentMarks;

/// Everything that was read lately and is likely to be wanted again, and what is not written down yet.
#[derive(Default)]
pub struct Caches {
    /// Small messages.
    pub(super) messages: MessageCache,
    /// ENVELOPE and BODYSTRUCTURE.
    pub(super) printed: PrintedCache,
    /// What SORT and THREAD compare.
    pub(super) keys: KeysCache,
    /// What the database does not know yet.
    pub recent: RecentMarks,
}
