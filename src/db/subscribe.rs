//! Subscribes an account to a name, or takes that back.

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MailboxName};

/// SUBSCRIBE and UNSUBSCRIBE. Neither minds when there is nothing to do; whether the mailbox exists does not matter
/// (RFC 3501 §6.3.6 lets the server choose, and a subscription outlives its mailbox anyway).
pub struct Subscribe {
    pub account: AccountId,
    pub name: MailboxName,
    /// False takes the subscription back.
    pub subscribed: bool,
}

impl Unit for Subscribe {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let sql = if self.subscribed {
            include_str!("sql/insert_subscription.sql")
        } else {
            include_str!("sql/delete_subscription.sql")
        };
        db.execute(sql, &[&self.account.0, &self.name.as_str()]).await?;
        Ok(())
    }
}
