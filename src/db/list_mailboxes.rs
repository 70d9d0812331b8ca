//! Lists the mailboxes of an account and its subscriptions: what LIST and LSUB choose from.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Lists every mailbox of an account, and every name it has subscribed to, in the order of the names.
pub struct ListMailboxes {
    pub account: AccountId,
}

/// A name that an account has something to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMailbox {
    pub name: String,
    /// False for a subscription that has outlived its mailbox.
    pub exists: bool,
    pub subscribed: bool,
    /// RFC 6154, in lower case without the backslash.
    pub special_use: Option<String>,
}

impl Unit for ListMailboxes {
    type Output = Vec<ListedMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_mailbox_names.sql"), &[&self.account.0]).await?;
        let listed = rows.iter().map(|row| ListedMailbox {
            name: row.get(0),
            exists: row.get(1),
            subscribed: row.get(2),
            special_use: row.get(3),
        });
        Ok(listed.collect())
    }
}
