//! Writes down who has tried to log in, and counts what failed.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;

use super::audit::{Actor, Event, EventKind, record};
use super::find_login::LoginFailures;
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::AccountId;

/// One attempt to log in.
#[derive(Debug, Clone)]
pub struct LoginRecord {
    pub at: Timestamp,
    /// What may be shown of the name that was given.
    pub login: String,
    /// The account that was asked for, when there is one.
    pub account: Option<AccountId>,
    /// The administrator who acted for that account.
    pub by: Option<AccountId>,
    pub door: &'static str,
    pub address: IpAddr,
    /// The address as failures are counted for it.
    pub place: String,
    pub mechanism: &'static str,
    pub tls: bool,
    pub outcome: LoginOutcome,
    /// The application's password that was used.
    pub token: Option<i64>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginOutcome {
    In,
    /// What was to prove it did not.
    Failed,
    /// The proof was right, and the account is switched off.
    Disabled,
    /// The proof was right, and this user may not do that.
    NotPermitted,
}

impl LoginOutcome {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            LoginOutcome::In => "in",
            LoginOutcome::Failed => "failed",
            LoginOutcome::Disabled => "disabled",
            LoginOutcome::NotPermitted => "not permitted",
        }
    }
}

/// Writes attempts down. Those that succeeded are gathered first, as they are many; those that failed come at once.
pub struct RecordLogins {
    pub records: Vec<LoginRecord>,
    /// What a failure counts for; nothing when the records are of successes.
    pub failed: Vec<String>,
    /// What is not to be held against anyone any more.
    pub forgiven: Vec<String>,
    pub now: Timestamp,
}

impl Unit for RecordLogins {
    /// The failures of all that failed, this one included.
    type Output = Vec<LoginFailures>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<LoginFailures>, Error> {
        insert_records(db, &self.records).await?;
        let entered = || self.records.iter().filter(|record| record.outcome == LoginOutcome::In);
        let used: (Vec<i64>, Vec<&str>) = entered()
            // An administrator's own place says nothing about the user acted for.
            .filter(|record| record.by.is_none())
            .filter_map(|record| Some((record.account?.0, record.place.as_str())))
            .unzip();
        if !used.0.is_empty() {
            let sql = include_str!("sql/insert_login_places.sql");
            db.execute(sql, &[&used.0, &used.1, &self.now]).await?;
        }
        let tokens: (Vec<i64>, Vec<i64>) =
            entered().filter_map(|record| Some((record.by.or(record.account)?.0, record.token?))).unzip();
        if !tokens.0.is_empty() {
            let sql = include_str!("sql/update_credentials_used.sql");
            db.execute(sql, &[&tokens.0, &tokens.1, &self.now]).await?;
        }
        if !self.forgiven.is_empty() {
            db.execute(include_str!("sql/delete_login_failures.sql"), &[&self.forgiven]).await?;
        }
        if self.failed.is_empty() {
            return Ok(Vec::new());
        }
        let (half, max) = (limits::LOGIN_FAILURES_HALVE_SECONDS, limits::LOGIN_FAILURES_MAX);
        let sql = include_str!("sql/count_login_failures.sql");
        let rows = db.query(sql, &[&self.failed, &self.now, &half, &max]).await?;
        Ok(rows.iter().map(LoginFailures::read).collect())
    }
}

async fn insert_records(db: &Lent<'_>, records: &[LoginRecord]) -> Result<(), Error> {
    fn column<'a, T>(records: &'a [LoginRecord], of: impl Fn(&'a LoginRecord) -> T) -> Vec<T> {
        records.iter().map(of).collect()
    }
    let account = |id: Option<AccountId>| id.map(|id| id.0);
    let sql = include_str!("sql/insert_logins.sql");
    db.execute(
        sql,
        &[
            &column(records, |record| record.at),
            &column(records, |record| record.login.as_str()),
            &column(records, |record| account(record.account)),
            &column(records, |record| account(record.by)),
            &column(records, |record| record.door),
            &column(records, |record| record.address),
            &column(records, |record| record.mechanism),
            &column(records, |record| record.tls),
            &column(records, |record| record.outcome.word()),
        ],
    )
    .await?;
    Ok(())
}

/// Forgets what is too old to be of use.
pub struct ForgetLogins {
    /// Attempts before this are not shown any more.
    pub records_before: Timestamp,
    /// Failures before this make nobody wait any more.
    pub failures_before: Timestamp,
    /// Places not used since then are new again.
    pub places_before: Timestamp,
}

/// Attempts that one statement forgets: it stays far below its deadline. There is a next time for the rest.
const FORGET_PORTION: i64 = 50_000;
const FORGET_PORTIONS_MAX: u32 = 20;

impl Unit for ForgetLogins {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let sql = include_str!("sql/delete_old_logins.sql");
        let mut forgotten = 0;
        for _ in 0..FORGET_PORTIONS_MAX {
            let portion = db.execute(sql, &[&self.records_before, &FORGET_PORTION]).await?;
            forgotten += portion;
            if portion < FORGET_PORTION as u64 {
                break;
            }
        }
        if forgotten > 0 {
            record(db, &self.event(forgotten)).await?;
        }
        db.execute(include_str!("sql/delete_old_login_failures.sql"), &[&self.failures_before]).await?;
        db.execute(include_str!("sql/delete_old_login_places.sql"), &[&self.places_before]).await?;
        Ok(())
    }
}

impl ForgetLogins {
    /// Without it, logins that were forgotten would look like logins that somebody has removed.
    fn event(&self, forgotten: u64) -> Event {
        Event {
            kind: EventKind::Forgetting,
            account: None,
            mailbox: None,
            actor: Actor { account: None, door: "aox", client: None },
            uids: None,
            detail: json!({"what": "logins", "before": self.records_before.to_string(), "count": forgotten}),
        }
    }
}
