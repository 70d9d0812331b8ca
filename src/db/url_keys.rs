//! The keys by which URLs are authorized (RFC 4467 §2.2): each user has one of his own for each mailbox.

use super::find_mailbox::{FindMailbox, FoundMailbox};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login, MailboxName, UidValidity};
use crate::policy::{Rights, Viewer};

/// The key of `viewer` for a mailbox that he may read; made if there is none. None when there is no such mailbox.
pub struct MakeUrlKey {
    pub viewer: Viewer,
    pub mailbox: MailboxName,
    /// That of the mailbox must be this one, if it is given.
    pub uidvalidity: Option<UidValidity>,
    /// Whether a new one takes the place of one that there is, so that nothing opens any more what that has.
    pub renew: bool,
}

impl Unit for MakeUrlKey {
    type Output = Option<Vec<u8>>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let MakeUrlKey { viewer, mailbox, uidvalidity, renew } = self;
        let found = readable(FindMailbox { viewer, name: mailbox }.run(db).await?);
        let is_meant = |found: &FoundMailbox| uidvalidity.is_none_or(|wanted| wanted == found.uidvalidity);
        let Some(found) = found.filter(is_meant) else { return Ok(None) };
        let (owner, mailbox) = (found.key.account.0, found.key.mailbox.0);
        let sql = include_str!("sql/upsert_url_key.sql");
        Ok(Some(db.query_one(sql, &[&viewer.account.0, &owner, &mailbox, &renew]).await?.get(0)))
    }
}

/// Takes all keys of a user away: no URL of his opens anything any more.
pub struct DeleteUrlKeys {
    pub account: AccountId,
}

impl Unit for DeleteUrlKeys {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        db.execute(include_str!("sql/delete_url_keys.sql"), &[&self.account.0]).await?;
        Ok(())
    }
}

/// What is needed to look at a URL: the user whose mailbox it names, and his key for that. None when there is no such
/// user, mailbox or key.
pub struct FindUrlKey {
    /// As the URL has it.
    pub user: String,
    pub mailbox: MailboxName,
}

/// As whom a URL is read, and with which key it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundUrlKey {
    pub viewer: Viewer,
    pub key: Vec<u8>,
}

impl Unit for FindUrlKey {
    type Output = Option<FoundUrlKey>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let login = Login::key_of(&self.user);
        let Some(row) = db.query_opt(include_str!("sql/select_url_owner.sql"), &[&login]).await? else {
            return Ok(None);
        };
        let account = AccountId(row.get(0));
        let viewer = Viewer { account, anonymous: false, acting: account };
        let Some(found) = readable(FindMailbox { viewer, name: self.mailbox }.run(db).await?) else {
            return Ok(None);
        };
        let (owner, mailbox) = (found.key.account.0, found.key.mailbox.0);
        let row =
            db.query_opt(include_str!("sql/select_url_key.sql"), &[&account.0, &owner, &mailbox]).await?;
        Ok(row.map(|row| FoundUrlKey { viewer, key: row.get(0) }))
    }
}

/// What was deleted has no uids that a URL could keep.
fn readable(found: Option<FoundMailbox>) -> Option<FoundMailbox> {
    found.filter(|found| found.permit.rights.contains(Rights::READ) && !found.key.is_of_deleted())
}
