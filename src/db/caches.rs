//! What the connections of a process keep in memory together.

use super::keys_cache::KeysCache;
use super::message_cache::MessageCache;

/// Everything that was read lately and is likely to be wanted again.
#[derive(Default)]
pub struct Caches {
    /// Small messages.
    pub(super) messages: MessageCache,
    /// What SORT and THREAD compare.
    pub(super) keys: KeysCache,
}
