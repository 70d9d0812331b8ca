//! Compares what is counted with what is there, and counts anew where that differs.

use tokio_postgres::Row;

use super::count_usage::settle;
use super::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Compares one page of accounts. What it sees is of one moment, so that work that goes on does not show as an error.
pub struct CheckUsage {
    /// The last account of the page before.
    pub after: AccountId,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckedUsage {
    /// How many accounts.
    pub accounts: i64,
    /// The last of them; None when there are no more.
    pub last: Option<AccountId>,
    pub wrong: Vec<WrongUsage>,
}

/// An account that is not counted as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongUsage {
    pub account: AccountId,
    pub login: String,
    pub counted_messages: i64,
    pub counted_octets: i64,
    pub messages: i64,
    pub octets: i64,
}

/// Counts one account anew, out of the messages in its mailboxes.
pub struct RepairUsage {
    pub account: AccountId,
}

/// Finds the quotas of groups and domains whose pool is not what their members hold.
pub struct CheckPools;

/// A pool that is not counted as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongPool {
    pub root: String,
    pub counted_messages: i64,
    pub counted_octets: i64,
    pub messages: i64,
    pub octets: i64,
    quota: i64,
}

/// Counts a pool anew.
pub struct RepairPool {
    quota: i64,
}

impl WrongPool {
    /// What mends it.
    pub fn repair(&self) -> RepairPool {
        RepairPool { quota: self.quota }
    }
}

impl Unit for CheckUsage {
    type Output = CheckedUsage;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<CheckedUsage, Error> {
        let sql = include_str!("sql/select_usage_to_check.sql");
        let rows = db.query(sql, &[&self.after.0, &PAGE_ACCOUNTS]).await?;
        let wrong = |row: &Row| {
            let usage = WrongUsage {
                account: AccountId(row.get(0)),
                login: row.get(1),
                counted_messages: row.get(2),
                counted_octets: row.get(3),
                messages: row.get(4),
                octets: row.get(5),
            };
            let is_right = (usage.counted_messages, usage.counted_octets) == (usage.messages, usage.octets);
            (!is_right).then_some(usage)
        };
        Ok(CheckedUsage {
            accounts: rows.len() as i64,
            last: rows.last().map(|row| AccountId(row.get(0))),
            wrong: rows.iter().filter_map(wrong).collect(),
        })
    }
}

impl Unit for RepairUsage {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        // Nothing comes or goes meanwhile.
        db.query(include_str!("sql/lock_mailboxes_of_account.sql"), &[&self.account.0]).await?;
        db.execute(include_str!("sql/update_usage.sql"), &[&self.account.0]).await?;
        settle(db, [self.account]).await
    }
}

impl Unit for CheckPools {
    type Output = Vec<WrongPool>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<WrongPool>, Error> {
        let rows = db.query(include_str!("sql/select_wrong_pools.sql"), &[]).await?;
        let wrong = |row: &Row| WrongPool {
            quota: row.get(0),
            root: row.get(1),
            counted_messages: row.get(2),
            counted_octets: row.get(3),
            messages: row.get(4),
            octets: row.get(5),
        };
        Ok(rows.iter().map(wrong).collect())
    }
}

impl Unit for RepairPool {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        // Whoever is, was or becomes a member is settled first, so that the shares are what they must be; their sum is
        // the pool.
        let rows = db.query(include_str!("sql/select_quota_sharers.sql"), &[&self.quota]).await?;
        settle(db, rows.iter().map(|row| AccountId(row.get(0)))).await?;
        db.execute(include_str!("sql/update_quota_pool.sql"), &[&self.quota]).await?;
        Ok(())
    }
}

/// How many accounts are compared in one statement.
const PAGE_ACCOUNTS: i64 = 200;
