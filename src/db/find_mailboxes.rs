//! Finds many mailboxes with their counters: what LIST with STATUS asks.

use std::collections::HashMap;

use super::add_up::{AddUp, FoundStatus, Sums};
use super::find_mailbox::{FindMailbox, FoundMailbox, found};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{Located, MailboxName};
use crate::policy::{Rights, Viewer};

/// Finds the mailboxes that `viewer` means by some names; names of none are left out.
pub struct FindMailboxes {
    pub viewer: Viewer,
    pub names: Vec<MailboxName>,
    /// What is to be added up.
    pub sums: Sums,
}

impl Unit for FindMailboxes {
    type Output = HashMap<MailboxName, FoundStatus>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let account = self.viewer.account;
        let is_own = |name: &&MailboxName| matches!(Located::of(name), Located::Own(_));
        let own: Vec<&str> = self.names.iter().filter(is_own).map(MailboxName::as_str).collect();
        let sql = include_str!("sql/select_mailboxes_by_name.sql");
        let marks = db.recent_marks();
        let rows = db.query(sql, &[&account.0, &own]).await?;
        let mut all: HashMap<MailboxName, FoundMailbox> = HashMap::new();
        for row in &rows {
            if let Ok(name) = MailboxName::new(row.get(9)) {
                // Who may delete there is not asked here.
                let permit = self.viewer.permit(account, Rights::ALL, None);
                all.insert(name, found(account, permit, row, &marks));
            }
        }
        // Those of others are few, and each has to be asked what this user may do there.
        for name in self.names.iter().filter(|name| !is_own(name)) {
            let find = FindMailbox { viewer: self.viewer, name: name.clone() };
            all.extend(find.run(db).await?.map(|mailbox| (name.clone(), mailbox)));
        }
        let mut statuses = HashMap::with_capacity(all.len());
        for (name, mailbox) in all {
            statuses.insert(name, AddUp { mailbox, sums: self.sums }.run(db).await?);
        }
        Ok(statuses)
    }
}
