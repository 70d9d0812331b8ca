//! Reads quotas: those that an account is under, one by its name, and all.

use tokio_postgres::Row;

use super::{Access, Error, Lent, Unit};
use crate::error;
use crate::mailbox::{AccountId, Login};
use crate::policy::quota::{Limits, Root, Usage};
use crate::wire::address;

/// One quota root with its limits, and what is used of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub root: Root,
    pub limits: Limits,
    pub usage: Usage,
}

/// Reads the quotas that an account is under: the user's own first, be it without a limit, then those shared with
/// others. None when there is no such account.
pub struct ReadQuotas {
    pub account: AccountId,
}

/// The same by the login of the account.
pub struct ReadQuotasOfUser {
    pub login: String,
}

/// Reads one quota; None when there is no such user, group or domain.
pub struct ReadQuota {
    pub root: Root,
}

/// Reads every quota that was set.
pub struct ListQuotas;

impl Unit for ReadQuotas {
    type Output = Option<Vec<Quota>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let quotas = quotas_of(db, self.account).await?;
        Ok((!quotas.is_empty()).then_some(quotas))
    }
}

impl Unit for ReadQuotasOfUser {
    type Output = Option<Vec<Quota>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        match target(db, &Root::User(self.login)).await? {
            Some(Target { account: Some(account), .. }) => {
                ReadQuotas { account: AccountId(account) }.run(db).await
            }
            _ => Ok(None),
        }
    }
}

impl Unit for ReadQuota {
    type Output = Option<Quota>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let Some(target) = target(db, &self.root).await? else { return Ok(None) };
        // A user is under the default quota without having one.
        if let Some(account) = target.account {
            return Ok(quotas_of(db, AccountId(account)).await?.into_iter().next());
        }
        let Target { kind, account, group, domain } = target;
        let rows = db.query(SELECT_QUOTAS, &[&Some(kind), &account, &group, &domain]).await?;
        let unlimited =
            || Quota { root: self.root.clone(), limits: Limits::default(), usage: Usage::default() };
        Ok(Some(rows.first().map(quota).transpose()?.unwrap_or_else(unlimited)))
    }
}

impl Unit for ListQuotas {
    type Output = Vec<Quota>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Quota>, Error> {
        let rows =
            db.query(SELECT_QUOTAS, &[&None::<i16>, &None::<i64>, &None::<i64>, &None::<String>]).await?;
        rows.iter().map(quota).collect()
    }
}

/// The work of [`ReadQuotas`], within another unit.
pub(super) async fn quotas_of(db: &Lent<'_>, account: AccountId) -> Result<Vec<Quota>, Error> {
    let rows = db.query(include_str!("sql/select_quotas_of_account.sql"), &[&account.0]).await?;
    rows.iter().map(quota).collect()
}

/// Whom a root means, as the tables have it.
pub(super) struct Target {
    pub kind: i16,
    pub account: Option<i64>,
    pub group: Option<i64>,
    pub domain: Option<String>,
}

/// Finds out whom a root means; None when there is no such user, group or domain.
pub(super) async fn target(db: &Lent<'_>, root: &Root) -> Result<Option<Target>, Error> {
    let kind = kind(root);
    let row = db.query_opt(include_str!("sql/select_quota_target.sql"), &[&kind, &key(root)]).await?;
    Ok(row.map(|row| Target { kind, account: row.get(0), group: row.get(1), domain: row.get(2) }))
}

/// The kind of a root as the tables have it.
fn kind(root: &Root) -> i16 {
    match root {
        Root::Default => 0,
        Root::User(_) => 1,
        Root::Group(_) => 2,
        Root::Domain(_) => 3,
    }
}

/// What a root is found by, besides its kind.
fn key(root: &Root) -> String {
    match root {
        Root::Default => String::new(),
        Root::User(name) | Root::Group(name) => Login::key_of(name),
        Root::Domain(name) => address::parse_domain(name).unwrap_or_default(),
    }
}

/// A row of name, four limits, octets, messages, mailboxes, octets of annotations.
fn quota(row: &Row) -> Result<Quota, Error> {
    let limit = |column: usize| row.get::<_, Option<i64>>(column).map(i64::unsigned_abs);
    // Usage below zero would be a bug, which `aox check quota` finds.
    let count = |column: usize| u64::try_from(row.get::<_, i64>(column)).unwrap_or_default();
    let name: &str = row.get(0);
    let nameless = || error::Error::bug(format!("a quota root is called \"{name}\""));
    Ok(Quota {
        root: Root::parse(name).ok_or_else(nameless)?,
        limits: Limits { storage: limit(1), messages: limit(2), mailboxes: limit(3), annotations: limit(4) },
        usage: Usage { storage: count(5), messages: count(6), mailboxes: count(7), annotations: count(8) },
    })
}

const SELECT_QUOTAS: &str = include_str!("sql/select_quotas.sql");
