//! Counting what accounts hold, and what their quotas have to say about it: part of every unit that changes that.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::{Error, Lent};
use crate::error::{self, Code};
use crate::mailbox::AccountId;

/// How much more, or less, each account holds than before.
#[derive(Debug, Default)]
pub(super) struct Deltas(BTreeMap<AccountId, (i64, i64)>);

impl Deltas {
    /// Notes messages that have come into a mailbox of the account.
    pub fn add(&mut self, account: AccountId, messages: usize, octets: i64) {
        let delta = self.0.entry(account).or_default();
        delta.0 += messages as i64;
        delta.1 += octets;
    }

    /// Notes a message that leaves a mailbox of the account.
    pub fn remove(&mut self, account: AccountId, octets: i64) {
        let delta = self.0.entry(account).or_default();
        delta.0 -= 1;
        delta.1 -= octets;
    }
}

/// What one quota says about one account: that too much is there now, or nearly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    pub account: AccountId,
    pub quota: i64,
    /// Accounts share what the quota leaves; otherwise each account that is under it has all of it.
    pub is_shared: bool,
    pub too_many_messages: i64,
    pub too_many_octets: i64,
    /// The threshold of warnings is reached.
    pub is_nearly_full: bool,
    /// The user has not yet been told.
    pub is_warning_due: bool,
}

impl Verdict {
    /// Whether both are about the same room.
    pub fn is_of_the_same_as(&self, other: &Verdict) -> bool {
        self.quota == other.quota && (self.is_shared || self.account == other.account)
    }

    /// The transaction may not be committed as it is.
    pub fn is_over(&self) -> bool {
        self.too_many_messages > 0 || self.too_many_octets > 0
    }
}

/// What is sent by [`count`], so that it can be prepared and pipelined.
pub(super) const COUNT: &str = include_str!("sql/count_usage.sql");

/// Counts. Locks the usage of these accounts, so that the unit locks no mailbox after it.
pub(super) async fn count(db: &Lent<'_>, deltas: &Deltas) -> Result<Vec<Verdict>, Error> {
    count_or_fail(db, deltas, false).await
}

/// Counts, and when `must_fit` has the statement fail if something is too much, so that nothing behind it is done.
pub(super) async fn count_or_fail(
    db: &Lent<'_>,
    deltas: &Deltas,
    must_fit: bool,
) -> Result<Vec<Verdict>, Error> {
    let accounts: Vec<i64> = deltas.0.keys().map(|account| account.0).collect();
    let (messages, octets): (Vec<i64>, Vec<i64>) = deltas.0.values().copied().unzip();
    let percent = i32::from(db.quota_warn_percent());
    let rows = db.query(COUNT, &[&accounts, &messages, &octets, &percent, &must_fit]).await?;
    Ok(rows.iter().map(verdict).collect())
}

/// Counts what has come into one account, and refuses what is too much. True when a quota is nearly used up now.
pub(super) async fn count_limited(db: &Lent<'_>, deltas: &Deltas) -> Result<bool, Error> {
    let verdicts = count(db, deltas).await?;
    match verdicts.iter().any(Verdict::is_over) {
        true => Err(over_quota().into()),
        false => Ok(verdicts.iter().any(|verdict| verdict.is_nearly_full)),
    }
}

/// Makes the limits of groups and domains know to whom these accounts belong now. For whatever changes that.
pub(super) async fn settle(
    db: &Lent<'_>,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<(), Error> {
    let mut deltas = Deltas::default();
    accounts.into_iter().for_each(|account| deltas.add(account, 0, 0));
    count(db, &deltas).await?;
    Ok(())
}

/// Does so for everybody whose groups or addresses have changed: the last thing that a unit does which changes them.
pub(super) async fn settle_members(db: &Lent<'_>) -> Result<(), Error> {
    let rows = db.query(include_str!("sql/select_unsettled_accounts.sql"), &[]).await?;
    match rows.is_empty() {
        true => Ok(()),
        false => settle(db, rows.iter().map(|row| AccountId(row.get(0)))).await,
    }
}

/// The refusal of what does not fit.
pub(super) fn over_quota() -> error::Error {
    error::Error::no(Code::OverQuota, "the quota leaves no room for this")
}

fn verdict(row: &Row) -> Verdict {
    Verdict {
        account: AccountId(row.get(0)),
        quota: row.get(1),
        is_shared: row.get(2),
        too_many_messages: row.get(3),
        too_many_octets: row.get(4),
        is_nearly_full: row.get(5),
        is_warning_due: row.get(6),
    }
}
