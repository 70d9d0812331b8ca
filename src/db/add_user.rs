//! Adds an account with what belongs to it: its password, its first mailboxes, the address that leads to them.

use jiff::Timestamp;

use super::add_address::claim;
use super::add_alias::lead_to;
use super::alias::{Alias, MailboxOf, mailbox_of};
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::mailbox::{FirstMailbox, Login, MailboxName};
use crate::wire::address::Address;
use crate::wire::password::Verifiers;

/// Adds a user.
pub struct AddUser {
    pub login: Login,
    /// What people call the user.
    pub display_name: Option<String>,
    pub address: Address,
    /// None for a user whom somebody else lets in: a directory, an authorization server.
    pub verifiers: Option<Verifiers>,
    /// What every account has at first beside INBOX.
    pub first_mailboxes: Vec<FirstMailbox>,
    /// Uidvalidities are taken from the time.
    pub now: Timestamp,
}

/// How it went. Nothing is written unless it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedUser {
    Added,
    LoginTaken,
    /// The address leads to this already.
    AddressTaken(Alias),
}

impl Unit for AddUser {
    type Output = AddedUser;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedUser, Error> {
        if let Some(taken) = claim(db, &self.address).await? {
            return Ok(AddedUser::AddressTaken(taken));
        }
        let (login, key) = (self.login.as_str(), self.login.key());
        let sql = include_str!("sql/insert_account.sql");
        let Some(row) = db.query_opt(sql, &[&login, &key, &self.display_name, &self.now]).await? else {
            return Ok(AddedUser::LoginTaken);
        };
        let account: i64 = row.get(0);
        if let Some(Verifiers { argon2id, scram_sha_256, scram_sha_1 }) = &self.verifiers {
            let sql = include_str!("sql/insert_password.sql");
            db.execute(sql, &[&account, argon2id, scram_sha_256, scram_sha_1, &self.now]).await?;
        }
        create_first_mailboxes(db, account, &self.first_mailboxes, self.now).await?;
        let inbox = mailbox_of(db, &MailboxOf::inbox_of(login)).await?;
        let (_, inbox) = inbox.ok_or_else(|| error::Error::bug("a new account has no INBOX"))?;
        lead_to(db, &self.address, account, inbox, true).await?;
        Ok(AddedUser::Added)
    }
}

/// INBOX and the others, with subscriptions to all of them.
pub(super) async fn create_first_mailboxes(
    db: &Lent<'_>,
    account: i64,
    others: &[FirstMailbox],
    now: Timestamp,
) -> Result<(), Error> {
    let inbox = MailboxName::inbox();
    let inbox = [(inbox.as_str(), None)];
    let others = others.iter().map(|mailbox| (mailbox.name.as_str(), mailbox.special_use));
    let (names, uses): (Vec<&str>, Vec<Option<&str>>) = inbox.into_iter().chain(others).unzip();
    let sql = include_str!("sql/insert_first_mailboxes.sql");
    db.execute(sql, &[&account, &names, &uses, &now.as_second()]).await?;
    Ok(())
}
