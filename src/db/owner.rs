//! Whose mailbox is meant by a name that somebody says, and what he may do there: shared by the units that act for him.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::mailbox_row::modseq;
use super::pipeline::pipelined;
use super::unit::{Access, Error, Lent, Unit};
use crate::error;
use crate::mailbox::{AccountId, Located, MailboxKey, MailboxName, OwnSeen, UidSet};
use crate::policy::{Ban, Permit, Rights, Standing, Viewer};

/// A mailbox by its owner, and the name it has there. It need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub account: AccountId,
    pub name: MailboxName,
}

/// Where a name leads that `viewer` says, for whoever is about to change something there; None when nothing can be
/// there. One's own names cost no query.
pub(super) async fn locate(
    db: &Lent<'_>,
    viewer: Viewer,
    name: &MailboxName,
) -> Result<Option<Place>, Error> {
    match Located::of(name) {
        Located::Own(name) => Ok(Some(Place { account: viewer.account, name })),
        Located::Level => Ok(None),
        Located::Deleted(_) => Err(only_to_look_at().into()),
        Located::Foreign { login, name } => {
            let sql = include_str!("sql/select_owner.sql");
            let row = db.query_opt(sql, &[&login, &viewer.account.0]).await?;
            Ok(row.map(|row| Place { account: AccountId(row.get(0)), name }))
        }
    }
}

/// Nobody makes or changes anything among what was deleted.
pub(super) fn only_to_look_at() -> error::Error {
    let text = "What was deleted is there to be looked at, and to be moved or copied to other mailboxes; nothing can be \
                put there or changed";
    error::Error::no(error::Code::Cannot, text)
}

/// What `viewer` may do in a mailbox, as of now.
pub(super) async fn permit(db: &Lent<'_>, viewer: Viewer, key: MailboxKey) -> Result<Permit, Error> {
    let sql = include_str!("sql/select_rights_of.sql");
    let row = db.query_one(sql, &questions(&viewer, &key)).await?;
    Ok(granted(viewer, key, &row))
}

/// How many stand to mailboxes, in the order of the questions.
pub(super) async fn standings(db: &Lent<'_>, asked: &[(Viewer, MailboxKey)]) -> Result<Vec<Standing>, Error> {
    let viewers: Vec<i64> = asked.iter().map(|(viewer, _)| viewer.account.0).collect();
    let anonymous: Vec<bool> = asked.iter().map(|(viewer, _)| viewer.anonymous).collect();
    let acting: Vec<i64> = asked.iter().map(|(viewer, _)| viewer.acting.0).collect();
    let accounts: Vec<i64> = asked.iter().map(|(_, key)| key.account.0).collect();
    let mailboxes: Vec<i64> = asked.iter().map(|(_, key)| key.mailbox.0).collect();
    let sql = include_str!("sql/select_standings.sql");
    let rows = db.query(sql, &[&viewers, &anonymous, &acting, &accounts, &mailboxes]).await?;
    let standing = |(row, (viewer, key)): (&Row, &(Viewer, MailboxKey))| Standing {
        permit: granted(*viewer, *key, row),
        seen: own_seen(row, 2),
    };
    Ok(rows.iter().zip(asked).map(standing).collect())
}

/// The parameters of `select_rights_of.sql`.
fn questions<'a>(viewer: &'a Viewer, key: &'a MailboxKey) -> [&'a (dyn ToSql + Sync); 5] {
    [&viewer.account.0, &viewer.anonymous, &viewer.acting.0, &key.account.0, &key.mailbox.0]
}

/// What a row says that begins with what was given to the one who asks, and what keeps him from deleting.
fn granted(viewer: Viewer, key: MailboxKey, row: &Row) -> Permit {
    viewer.permit(key.account, Rights::from_bits(row.get(0)), ban(row, 1))
}

/// What keeps somebody from deleting, as a column says it.
pub(super) fn ban(row: &Row, at: usize) -> Option<Ban> {
    row.get::<_, Option<&str>>(at).map(Ban::new)
}

/// What the columns `seen_per_user`, first and last uids, and mod-sequences of changes with their first and last uids say
/// of the one who asks, from `at` on.
pub(super) fn own_seen(row: &Row, at: usize) -> Option<Arc<OwnSeen>> {
    if !row.get::<_, bool>(at) {
        return None;
    }
    let ranges = |at: usize| {
        let (firsts, lasts): (Vec<i64>, Vec<i64>) = (row.get(at), row.get(at + 1));
        let number = |column: i64| u32::try_from(column).unwrap_or(u32::MAX);
        firsts.into_iter().zip(lasts).map(move |(first, last)| (number(first), number(last)))
    };
    let modseqs = row.get::<_, Vec<i64>>(at + 3).into_iter().map(modseq);
    Some(Arc::new(OwnSeen::new(UidSet::from_ranges(ranges(at + 1)), modseqs.zip(ranges(at + 4)))))
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
        let params = questions(&self.viewer, &self.key);
        let client = db.client();
        // Two statements, so that the second sees what was committed while the first one waited.
        let mut answers = pipelined(vec![
            Box::pin(async { Ok(client.query(&lock, &lock_params).await?) }),
            Box::pin(async { Ok(client.query(&rights, &params).await?) }),
        ])
        .await?;
        let row = answers.pop().and_then(|rows| rows.into_iter().next());
        let permit = row.map_or_else(Permit::default, |row| granted(self.viewer, self.key, &row));
        if !permit.rights.contains(self.needed) {
            return Err(permit.lacking(self.needed).into());
        }
        self.unit.run(db).await
    }
}
