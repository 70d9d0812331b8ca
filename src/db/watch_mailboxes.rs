//! Reads everything that a client may watch (RFC 5465): names, subscriptions, and the counters of mailboxes.

use std::collections::HashMap;

use super::add_up::{FoundStatus, Sums};
use super::find_mailboxes::FindMailboxes;
use super::list_mailboxes::{ListMailboxes, ListedMailbox};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{Located, MailboxName};
use crate::policy::Viewer;

/// Reads the mailboxes that `viewer` owns, and the names that he may know of or has subscribed to.
pub struct WatchMailboxes {
    pub viewer: Viewer,
    /// With what was deleted.
    pub deleted: bool,
    /// With the counters of mailboxes of others, which are read one by one.
    pub others: bool,
}

/// All of them, as they are.
pub struct Watched {
    pub listed: Vec<ListedMailbox>,
    pub found: HashMap<MailboxName, FoundStatus>,
}

impl Unit for WatchMailboxes {
    type Output = Watched;
    /// A mailbox that is renamed meanwhile is there under one name, and has been found under that one.
    const ACCESS: Access = Access::ReadAtOnce;

    async fn run(self, db: &Lent<'_>) -> Result<Watched, Error> {
        let WatchMailboxes { viewer, deleted, others } = self;
        let listed = ListMailboxes { viewer, deleted }.run(db).await?;
        let is_read = |name: &MailboxName| match Located::of(name) {
            Located::Own(_) => true,
            Located::Deleted(_) => deleted,
            Located::Foreign { .. } => others,
            Located::Level => false,
        };
        let there = listed.iter().filter(|mailbox| mailbox.exists);
        let names =
            there.filter_map(|mailbox| MailboxName::new(&mailbox.name).ok()).filter(is_read).collect();
        let found = FindMailboxes { viewer, names, sums: Sums::default() }.run(db).await?;
        Ok(Watched { listed, found })
    }
}
