//! Makes a deleted account be there again with all that belonged to it; its mail is taken back after that.

use jiff::Timestamp;

use super::add_alias::lead_to;
use super::alias::{lock_address, targets_of};
use super::count_usage::settle_members;
use super::domains;
use super::revive_mailbox::{RevivedMailbox, check_quota};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Login, MailboxId, MailboxKey};
use crate::wire::address::Address;

/// Brings back the account with that login which was deleted last. What was begun before and broke off goes on.
pub struct ReviveUser {
    pub login: String,
    /// Only say what would come back.
    pub rehearse: bool,
    /// Quotas do not count.
    pub beyond_quota: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct RevivedUser {
    pub login: String,
    pub mailboxes: Vec<RevivedMailbox>,
    pub addresses: Vec<Address>,
    /// Addresses that it had, and that are somebody else's now, or in a domain that the site has no longer.
    pub lost: Vec<Address>,
    pub passwords: u64,
    pub groups: u64,
}

impl Unit for ReviveUser {
    type Output = RevivedUser;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<RevivedUser, Error> {
        let sql = include_str!("sql/select_deleted_account.sql");
        let rows = db.query(sql, &[&Login::key_of(&self.login)]).await?;
        let Some(first) = rows.first() else { return Err(self.nobody().into()) };
        let (account, login): (i64, String) = (first.get(0), first.get(1));
        let deleted_at: Option<Timestamp> = first.get(3);
        let sql = include_str!("sql/select_revived_mailboxes.sql");
        let mailboxes = db.query(sql, &[&account, &deleted_at, &USER_REASONS]).await?;
        let mailbox = |row: &tokio_postgres::Row| RevivedMailbox {
            key: MailboxKey { account: AccountId(account), mailbox: MailboxId(row.get(0)) },
            name: row.get(1),
            messages: row.get(2),
        };
        let mailboxes: Vec<RevivedMailbox> = mailboxes.iter().map(mailbox).collect();
        let mut revived = RevivedUser {
            login,
            mailboxes,
            addresses: Vec::new(),
            lost: Vec::new(),
            passwords: 0,
            groups: 0,
        };
        if !first.get::<_, bool>(2) {
            // It is there already. If not all of its mail is, the rest shall come.
            let is_unfinished = !revived.mailboxes.is_empty();
            return if is_unfinished { Ok(revived) } else { Err(self.not_deleted(rows.len() > 1).into()) };
        }
        db.execute(include_str!("sql/revive_account.sql"), &[&account]).await?;
        let sql = include_str!("sql/revive_mailboxes_of_account.sql");
        db.execute(sql, &[&account, &deleted_at]).await?;
        self.restore(db, account, &mut revived).await?;
        if !self.beyond_quota {
            check_quota(db, AccountId(account)).await?;
        }
        if self.rehearse {
            db.start_over().await?;
        }
        Ok(revived)
    }
}

impl ReviveUser {
    /// What was laid aside.
    async fn restore(&self, db: &Lent<'_>, account: i64, revived: &mut RevivedUser) -> Result<(), Error> {
        revived.passwords = db.execute(include_str!("sql/restore_credentials.sql"), &[&account]).await?;
        revived.groups = db.execute(include_str!("sql/restore_group_members.sql"), &[&account]).await?;
        db.execute(include_str!("sql/restore_subscriptions.sql"), &[&account]).await?;
        db.execute(include_str!("sql/restore_rights_of_user.sql"), &[&account]).await?;
        let sql = include_str!("sql/select_kept_aliases.sql");
        for row in db.query(sql, &[&account]).await? {
            let address = Address { localpart: row.get(0), domain: row.get(1) };
            let (mailbox, own): (i64, bool) = (row.get(2), row.get(3));
            lock_address(db, &address).await?;
            let taken = targets_of(db, &address).await?;
            // An address that is somebody's own leads nowhere else; an alias may lead to several mailboxes.
            let is_free = if own { taken.is_empty() } else { !taken.iter().any(|alias| alias.own) };
            if is_free && domains::is_ours(db, &address.domain).await? {
                lead_to(db, &address, account, mailbox, own).await?;
                revived.addresses.push(address);
            } else {
                revived.lost.push(address);
            }
        }
        db.execute(include_str!("sql/delete_kept_aliases.sql"), &[&account]).await?;
        settle_members(db).await
    }

    fn nobody(&self) -> error::Error {
        let text = format!("there was no user {} that could be taken back", self.login);
        error::Error::no(Code::NonExistent, text)
    }

    fn not_deleted(&self, is_another: bool) -> error::Error {
        let text = match is_another {
            true => format!(
                "there is another user {0} now; after `aox rename user {0} NEWLOGIN` the deleted one can come back",
                self.login
            ),
            false => format!("the user {} is not deleted", self.login),
        };
        error::Error::no(Code::AlreadyExists, text)
    }
}

/// Why messages went that went with their account.
pub const USER_REASONS: &[&str] = &["delete user"];
