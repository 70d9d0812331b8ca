//! Finds what a login's passwords are verified against, and what has failed before.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;
use crate::wire::scram::{Hash, Keys};

/// Finds the account that a login names, and the failures that an attempt with it is judged by.
pub struct FindLogin {
    /// The login as it is compared: in lower case.
    pub login_key: String,
    /// The group whose members may act for others, in lower case; empty when there is none.
    pub administrators_key: String,
    /// What failures are counted for.
    pub subjects: Vec<String>,
    /// Where the client is.
    pub place: String,
}

/// An account as a session knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub login: String,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct FoundLogin {
    /// None when there is no such account.
    pub person: Option<Person>,
    /// Those of the subjects that are remembered.
    pub failures: Vec<LoginFailures>,
    /// Whether the account has been used from that place before. Looked up only when there are failures.
    pub known_place: bool,
}

/// An account with the verifiers of its passwords.
#[derive(Debug, Clone)]
pub struct Person {
    pub account: Account,
    /// The site has switched the account off; only who knows the password may be told so.
    pub disabled: bool,
    /// The account may act for others.
    pub administrator: bool,
    /// A PHC string; None when the account has no password of its own here.
    pub argon2id: Option<String>,
    scram_sha_256: Option<String>,
    scram_sha_1: Option<String>,
    /// The passwords of applications.
    pub tokens: Vec<Token>,
}

/// The password of an application.
#[derive(Debug, Clone)]
pub struct Token {
    pub id: i64,
    pub sha_256: Vec<u8>,
}

/// How often something has failed.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginFailures {
    pub subject: String,
    /// As of `last`.
    pub count: f64,
    pub last: Timestamp,
}

impl Person {
    /// The keys of its password, for SCRAM with that hash.
    pub fn keys(&self, hash: Hash) -> Option<Keys> {
        let stored = match hash {
            Hash::Sha1 => &self.scram_sha_1,
            Hash::Sha256 => &self.scram_sha_256,
        };
        stored.as_ref()?.parse().ok().filter(|keys: &Keys| keys.hash == hash)
    }
}

impl Unit for FindLogin {
    type Output = FoundLogin;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<FoundLogin, Error> {
        let FindLogin { login_key, administrators_key, subjects, place } = &self;
        let sql = include_str!("sql/select_login.sql");
        let row = db.query_one(sql, &[login_key, administrators_key, subjects, place]).await?;
        let account = |id: i64| Account { id: AccountId(id), login: row.get(1) };
        let person = row.get::<_, Option<i64>>(0).map(|id| Person {
            account: account(id),
            disabled: row.get(2),
            argon2id: row.get(3),
            scram_sha_256: row.get(4),
            scram_sha_1: row.get(5),
            tokens: tokens(row.get(6), row.get(7)),
            administrator: row.get(8),
        });
        let failures = failures(row.get(9), row.get(10), row.get(11));
        Ok(FoundLogin { person, failures, known_place: row.get(12) })
    }
}

fn tokens(ids: Option<Vec<i64>>, digests: Option<Vec<Vec<u8>>>) -> Vec<Token> {
    let both = ids.unwrap_or_default().into_iter().zip(digests.unwrap_or_default());
    both.map(|(id, sha_256)| Token { id, sha_256 }).collect()
}

fn failures(
    subjects: Option<Vec<String>>,
    counts: Option<Vec<f64>>,
    times: Option<Vec<Timestamp>>,
) -> Vec<LoginFailures> {
    let counted = counts.unwrap_or_default().into_iter().zip(times.unwrap_or_default());
    let all = subjects.unwrap_or_default().into_iter().zip(counted);
    all.map(|(subject, (count, last))| LoginFailures { subject, count, last }).collect()
}

impl LoginFailures {
    /// From a row of subject, count, time.
    pub(super) fn read(row: &tokio_postgres::Row) -> LoginFailures {
        LoginFailures { subject: row.get(0), count: row.get(1), last: row.get(2) }
    }
}
