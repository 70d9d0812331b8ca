//! Limits what a user, a group or a domain may hold, or takes the limits back.

use super::count_usage::settle;
use super::read_quotas::{Target, target};
use super::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;
use crate::policy::quota::{Limits, Root};

/// Sets the limits of a quota root; those that it had before are gone. False when there is no such user, group or
/// domain.
pub struct SetQuota {
    pub root: Root,
    pub limits: Limits,
}

/// Deletes a quota. A user is under the default quota then. False when none was set.
pub struct DeleteQuota {
    pub root: Root,
}

impl Unit for SetQuota {
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let number = |limit: Option<u64>| limit.map(|limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let Limits { storage, messages, mailboxes, annotations } = self.limits;
        let (storage, messages) = (number(storage), number(messages));
        let (mailboxes, annotations) = (number(mailboxes), number(annotations));
        let Some(target) = target(db, &self.root).await? else { return Ok(false) };
        let Target { kind, account, group, domain } = target;
        db.execute(include_str!("sql/insert_quota.sql"), &[&kind, &account, &group, &domain]).await?;
        let row = db
            .query_one(
                include_str!("sql/update_quota.sql"),
                &[&kind, &account, &group, &domain, &storage, &messages, &mailboxes, &annotations],
            )
            .await?;
        let quota: i64 = row.get(0);
        let is_new_pool = db.execute(include_str!("sql/insert_quota_pool.sql"), &[&quota]).await? > 0;
        if is_new_pool {
            // What the members hold already is counted from here on.
            let rows = db.query(include_str!("sql/select_quota_members.sql"), &[&quota]).await?;
            settle(db, rows.iter().map(|row| AccountId(row.get(0)))).await?;
        }
        Ok(true)
    }
}

impl Unit for DeleteQuota {
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let Some(target) = target(db, &self.root).await? else { return Ok(false) };
        let Target { kind, account, group, domain } = target;
        let sql = include_str!("sql/delete_quota.sql");
        Ok(!db.query(sql, &[&kind, &account, &group, &domain]).await?.is_empty())
    }
}
