//! Deletes an account: its mail becomes tombstones; its addresses, passwords, rights and the like are laid aside, so that
//! they can come back with it; its row stays as evidence.

use jiff::Timestamp;

use super::change_rights::rights_changed;
use super::expunge::{Culprit, expunge_all};
use super::show_user::{UserDetails, details};
use super::thin_out::{ThinnedOut, thin_out};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Change, Login, MailboxId, MailboxKey};

/// Deletes the account of that login.
pub struct DeleteUser {
    pub login: String,
    /// Only say what would go.
    pub rehearse: bool,
    pub now: Timestamp,
    /// How far the units before this one have come.
    pub so_far: ThinnedOut,
}

/// What is gone.
#[derive(Debug)]
pub struct DeletedUser {
    pub had: UserDetails,
    /// What became of its mailboxes.
    pub changes: Vec<Change>,
    /// It has more messages than one unit takes out, and is there as before: another unit has to go on.
    pub rest: Option<ThinnedOut>,
}

impl Unit for DeleteUser {
    /// None when there is no such account.
    type Output = Option<DeletedUser>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Option<DeletedUser>, Error> {
        let Some(had) = details(db, &self.login).await? else { return Ok(None) };
        if self.rehearse {
            return Ok(Some(DeletedUser { had, changes: Vec::new(), rest: None }));
        }
        let by = Culprit { account: None, door: "aox", client: None, reason: "delete user" };
        if let Some((rest, changes)) = self.thin_out(db, &by).await? {
            return Ok(Some(DeletedUser { had, changes, rest: Some(rest) }));
        }
        let sql = include_str!("sql/update_account_deleted.sql");
        let Some(row) = db.query_opt(sql, &[&Login::key_of(&self.login), &self.now]).await? else {
            return Ok(None);
        };
        let account: i64 = row.get(0);
        let mut changes = Vec::new();
        let mailboxes = db.query(include_str!("sql/lock_mailboxes_of_account.sql"), &[&account]).await?;
        for mailbox in &mailboxes {
            let key = MailboxKey { account: AccountId(account), mailbox: MailboxId(mailbox.get(0)) };
            changes.extend(match expunge_all(db, key, &by).await? {
                Some(change) => Some(Change { rights: true, ..change }),
                None => rights_changed(db, key).await?,
            });
        }
        for sql in [
            include_str!("sql/delete_aliases_of_account.sql"),
            include_str!("sql/delete_credentials_of_account.sql"),
            include_str!("sql/delete_subscriptions_of_account.sql"),
            include_str!("sql/delete_group_members_of_account.sql"),
        ] {
            db.execute(sql, &[&account]).await?;
        }
        db.execute(include_str!("sql/delete_rights_of_user.sql"), &[&account]).await?;
        let sql = include_str!("sql/update_mailboxes_deleted_of_account.sql");
        db.execute(sql, &[&account, &self.now]).await?;
        Ok(Some(DeletedUser { had, changes, rest: None }))
    }
}

impl DeleteUser {
    /// Takes some of very many messages out of its mailboxes.
    async fn thin_out(
        &self,
        db: &Lent<'_>,
        by: &Culprit,
    ) -> Result<Option<(ThinnedOut, Vec<Change>)>, Error> {
        let sql = include_str!("sql/select_full_mailboxes.sql");
        let rows = db.query(sql, &[&Login::key_of(&self.login)]).await?;
        let mailbox = |row: &tokio_postgres::Row| {
            let key = MailboxKey { account: AccountId(row.get(0)), mailbox: MailboxId(row.get(1)) };
            (key, u64::try_from(row.get::<_, i64>(2)).unwrap_or_default())
        };
        let mailboxes: Vec<(MailboxKey, u64)> = rows.iter().map(mailbox).collect();
        thin_out(db, &mailboxes, self.so_far, by).await
    }
}
