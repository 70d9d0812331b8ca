//! Tells a user that there is not much room left, by a message in INBOX.

use jiff::Timestamp;

use super::append::{Append, Appending};
use super::audit::Actor;
use super::new_message::NewMessage;
use super::read_quotas::quotas_of;
use super::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Change, FlagSet, InternalDate, MailboxId, MailboxKey};
use crate::policy::quota::Root;
use crate::policy::quota_warning::QuotaWarning;

/// Puts the warning into INBOX, if one is due: once, however many notice it at the same time.
pub struct WarnOfQuota {
    pub account: AccountId,
    /// The server's name, in whose name it is sent.
    pub hostname: String,
    pub now: Timestamp,
}

impl Unit for WarnOfQuota {
    /// What happened to INBOX.
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Option<Change>, Error> {
        let lock = include_str!("sql/lock_mailbox_by_name.sql");
        let Some(inbox) = db.query_opt(lock, &[&self.account.0, &"INBOX"]).await? else { return Ok(None) };
        let sent = db.execute(include_str!("sql/update_warning_sent.sql"), &[&self.account.0]).await?;
        let quota = quotas_of(db, self.account).await?.into_iter().next();
        let Some((quota, Root::User(login))) = quota.map(|quota| (quota.clone(), quota.root)) else {
            return Ok(None);
        };
        if sent == 0 {
            return Ok(None);
        }
        let (limits, usage, now) = (quota.limits, quota.usage, self.now);
        let text = QuotaWarning { hostname: self.hostname, login, limits, usage, now }.message();
        let message = Appending {
            message: NewMessage::prepare(self.account, text, now),
            flags: FlagSet::default(),
            internal_date: InternalDate { seconds: now.as_second(), zone_minutes: 0 },
        };
        let key = MailboxKey { account: self.account, mailbox: MailboxId(inbox.get(0)) };
        let actor = Actor { account: None, door: "aox", client: None };
        // The last room is for this message.
        let append = Append { key, saved_at: now, messages: vec![message], is_limited: false, actor };
        Ok(Some(append.run(db).await?.change))
    }
}
