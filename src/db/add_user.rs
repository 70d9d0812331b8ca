//! Adds an account with what belongs to it: its password, its first mailboxes, the address that leads to them.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::wire::password::Verifiers;

/// Adds a user.
pub struct AddUser {
    pub login: String,
    pub alias: AliasAddress,
    /// None for a user whom somebody else lets in: a directory, an authorization server.
    pub verifiers: Option<Verifiers>,
    /// Uidvalidities are taken from the time.
    pub now: Timestamp,
}

/// An address as aliases keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasAddress {
    pub localpart: String,
    pub localpart_key: String,
    pub domain: String,
}

/// How it went. Nothing is written unless it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddedUser {
    Added,
    LoginTaken,
    /// The address leads to this mailbox already.
    AddressTaken(String),
}

impl Unit for AddUser {
    type Output = AddedUser;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<AddedUser, Error> {
        let AliasAddress { localpart, localpart_key, domain } = &self.alias;
        let taken = db.query(include_str!("sql/select_alias_targets.sql"), &[domain, localpart_key]).await?;
        if let Some(row) = taken.first() {
            return Ok(AddedUser::AddressTaken(row.get(0)));
        }
        let login_key = self.login.to_lowercase();
        let sql = include_str!("sql/insert_account.sql");
        let Some(row) = db.query_opt(sql, &[&self.login, &login_key, &self.now]).await? else {
            return Ok(AddedUser::LoginTaken);
        };
        let account: i64 = row.get(0);
        if let Some(Verifiers { argon2id, scram_sha_256, scram_sha_1 }) = &self.verifiers {
            let sql = include_str!("sql/insert_password.sql");
            db.execute(sql, &[&account, argon2id, scram_sha_256, scram_sha_1, &self.now]).await?;
        }
        let (names, uses): (Vec<&str>, Vec<Option<&str>>) = FIRST_MAILBOXES.iter().copied().unzip();
        let sql = include_str!("sql/insert_first_mailboxes.sql");
        db.execute(sql, &[&account, &names, &uses, &self.now.as_second()]).await?;
        let sql = include_str!("sql/insert_alias.sql");
        db.execute(sql, &[localpart, localpart_key, domain, &account, &"INBOX"]).await?;
        Ok(AddedUser::Added)
    }
}

/// What every account has at first, with the uses of RFC 6154.
const FIRST_MAILBOXES: [(&str, Option<&str>); 6] = [
    ("INBOX", None),
    ("Sent", Some("sent")),
    ("Drafts", Some("drafts")),
    ("Trash", Some("trash")),
    ("Junk", Some("junk")),
    ("Archive", Some("archive")),
];
