//! Whose mailbox is meant by a name that somebody says, and what he may do there: shared by the units that act for him.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::pipeline::pipelined;
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::mailbox::{AccountId, Located, MailboxKey, MailboxName, UidSet};
use crate::policy::viewer::lacking;
use crate::policy::{Rights, Viewer};

/// A mailbox by its owner, and the name it has there. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub account: AccountId,
    pub name: MailboxName,
}

/// Where a name leads that `viewer` says; None when nothing can be there. One's own names cost no query.
pub(super) async fn locate(
    db: &Lent<'_>,
    viewer: Viewer,
    name: &MailboxName,
) -> Result<Option<Place>, Error> {
    match Located::of(name) {
        Located::Own(name) => Ok(Some(Place { account: viewer.account, name })),
        Located::Level => Ok(None),
        Located::Foreign { login, name } => {
            let sql = include_str!("sql/select_owner.sql");
            let row = db.query_opt(sql, &[&login, &viewer.account.0]).await?;
            Ok(row.map(|row| Place { account: AccountId(row.get(0)), name }))
        }
    }
}

/// What `viewer` may do in a mailbox, as of now. The owner is not asked about.
pub(super) async fn rights(db: &Lent<'_>, viewer: Viewer, key: MailboxKey) -> Result<Rights, Error> {
    if viewer.owns(key.account) {
        return Ok(Rights::ALL);
    }
    let sql = include_str!("sql/select_rights_of.sql");
    let params: [&(dyn ToSql + Sync); 4] =
        [&viewer.account.0, &viewer.anonymous, &key.account.0, &key.mailbox.0];
    let row = db.query_one(sql, &params).await?;
    Ok(viewer.rights(key.account, Rights::from_bits(row.get(0))))
}

/// What the columns `seen_per_user`, first and last uids say of the one who asks, from `at` on.
pub(super) fn own_seen(row: &Row, at: usize) -> Option<Arc<UidSet>> {
    let (firsts, lasts): (Vec<i64>, Vec<i64>) = (row.get(at + 1), row.get(at + 2));
    let number = |column: i64| u32::try_from(column).unwrap_or(u32::MAX);
    let ranges = firsts.into_iter().zip(lasts).map(|(first, last)| (number(first), number(last)));
    row.get::<_, bool>(at).then(|| Arc::new(UidSet::from_ranges(ranges)))
}

/// A unit that is run only if somebody has the rights for it in a mailbox that is not his own. Whoever changes those
/// rights waits until it has ended, and is waited for.
pub struct Guarded<U> {
    pub viewer: Viewer,
    pub key: MailboxKey,
    pub needed: Rights,
    pub unit: U,
}

impl<U: Unit> Unit for Guarded<U> {
    type Output = U::Output;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<U::Output, Error> {
        let lock = db.prepare(include_str!("sql/lock_mailbox_for_guest.sql")).await?;
        let rights = db.prepare(include_str!("sql/select_rights_of.sql")).await?;
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let lock_params: [&(dyn ToSql + Sync); 2] = [&account, &mailbox];
        let params: [&(dyn ToSql + Sync); 4] =
            [&self.viewer.account.0, &self.viewer.anonymous, &account, &mailbox];
        let client = db.client();
        // Two statements, so that the second sees what was committed while the first one waited.
        let mut answers = pipelined(vec![
            Box::pin(async { Ok(client.query(&lock, &lock_params).await?) }),
            Box::pin(async { Ok(client.query(&rights, &params).await?) }),
        ])
        .await?;
        let granted = answers.pop().and_then(|rows| rows.first().map(|row| row.get(0))).unwrap_or_default();
        let rights = self.viewer.rights(self.key.account, Rights::from_bits(granted));
        if !rights.contains(self.needed) {
            return Err(refused(self.needed.without(rights)));
        }
        self.unit.run(db).await
    }
}

/// Rights are lacking in a mailbox of which it is known already that it is there.
pub(super) fn refused(lacking_rights: Rights) -> Error {
    let refusal: error::Error = lacking(lacking_rights);
    refusal.into()
}
