//! Looks whether what is stored fits together, and whether PostgreSQL keeps and guards it as it should. Changes nothing.

use tokio_postgres::Row;

use super::unit::{Access, Error, Lent, Unit};

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The mailbox, account, table, index or role.
    pub place: String,
    pub wrong: String,
}

/// Foreign keys that were not checked, indexes that cannot be used, and what roles may do that they must not.
pub struct CheckCatalog;

/// Compares what a page of mailboxes counts with their messages. What it sees is of one moment.
pub struct CheckMailboxes {
    /// Account and id of the last mailbox of the page before.
    pub after: (i64, i64),
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckedMailboxes {
    pub mailboxes: i64,
    /// Where the next page begins; None when there is none.
    pub last: Option<(i64, i64)>,
    pub findings: Vec<Finding>,
}

/// Looks for rows of one account that belong to nothing, or that lack what they name.
pub struct CheckAccount {
    /// The account before.
    pub after: i64,
}

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAccount {
    pub account: i64,
    pub findings: Vec<Finding>,
}

/// The indexes, and whether they can be compared with their tables.
pub struct ListIndexes;

/// An index that can be compared with its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexToCheck {
    name: String,
}

/// Compares one index with its table, by the extension amcheck. It takes no more of a lock than a reader.
pub struct CheckIndex {
    pub index: IndexToCheck,
}

impl Unit for CheckCatalog {
    type Output = Vec<Finding>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Finding>, Error> {
        let mut rows = db.query(include_str!("sql/check_catalog.sql"), &[]).await?;
        rows.extend(db.query(include_str!("sql/check_grants.sql"), &[]).await?);
        Ok(rows.iter().map(finding).collect())
    }
}

impl Unit for CheckMailboxes {
    type Output = CheckedMailboxes;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<CheckedMailboxes, Error> {
        let sql = include_str!("sql/check_mailboxes.sql");
        let rows = db.query(sql, &[&self.after.0, &self.after.1, &PAGE_MAILBOXES]).await?;
        let wrong = |row: &Row| {
            let wrong: Vec<String> = row.get(3);
            let place = format!("mailbox {} of {}", row.get::<_, i64>(1), row.get::<_, String>(2));
            (!wrong.is_empty()).then(|| Finding { place, wrong: wrong.join(", ") })
        };
        Ok(CheckedMailboxes {
            mailboxes: rows.len() as i64,
            last: rows.last().map(|row| (row.get(0), row.get(1))),
            findings: rows.iter().filter_map(wrong).collect(),
        })
    }
}

impl Unit for CheckAccount {
    /// None when there is no further account.
    type Output = Option<CheckedAccount>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Option<CheckedAccount>, Error> {
        let next = db.query_opt(include_str!("sql/select_next_account.sql"), &[&self.after]).await?;
        let Some(next) = next else { return Ok(None) };
        let (account, login): (i64, String) = (next.get(0), next.get(1));
        let mut rows = Vec::new();
        // One by one, so that a large account has time for each.
        for kind in 1..=KINDS_IN_ACCOUNT {
            rows.extend(db.query(include_str!("sql/check_account.sql"), &[&account, &kind]).await?);
        }
        let finding = |row: &Row| Finding {
            place: format!("account {login}"),
            wrong: format!("{} {}", row.get::<_, i64>(1), row.get::<_, String>(0)),
        };
        Ok(Some(CheckedAccount { account, findings: rows.iter().map(finding).collect() }))
    }
}

impl Unit for ListIndexes {
    type Output = (bool, Vec<IndexToCheck>);
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let usable = db.query_one(include_str!("sql/has_amcheck.sql"), &[]).await?;
        let rows = db.query(include_str!("sql/select_indexes.sql"), &[]).await?;
        Ok((usable.get(0), rows.iter().map(|row| IndexToCheck { name: row.get(0) }).collect()))
    }
}

impl Unit for CheckIndex {
    type Output = Option<Finding>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Option<Finding>, Error> {
        let IndexToCheck { name } = self.index;
        match db.query(include_str!("sql/check_index.sql"), &[&name]).await {
            Ok(_) => Ok(None),
            // That is how amcheck tells.
            Err(Error::Sql(error)) => {
                let wrong =
                    error.as_db_error().map_or_else(|| error.to_string(), |told| told.message().to_owned());
                Ok(Some(Finding { place: format!("index {name}"), wrong }))
            }
            Err(error) => Err(error),
        }
    }
}

fn finding(row: &Row) -> Finding {
    Finding { place: row.get(0), wrong: row.get(1) }
}

/// How many kinds of faults `check_account.sql` knows.
const KINDS_IN_ACCOUNT: i32 = 7;
/// How many mailboxes are compared in one statement.
const PAGE_MAILBOXES: i64 = 200;
