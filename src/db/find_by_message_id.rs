//! Finds messages by their Message-ID in all accounts: the text index tells which may be meant.

use std::collections::BTreeSet;
use std::pin::pin;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use postgres_types::ToSql;
use tokio_postgres::Row;

use super::unit::{Error, Lent};
use crate::mailbox::{AccountId, MessageId};
use crate::search::index::probe::{OpenList, Verdict};
use crate::search::index::{EDITION, List, Member, PackedList, Probe, block};

/// The messages that are known by one of these ids, the latest first; `limit` at most. Those whose mailbox has them no
/// more are among them, until they end.
pub(super) async fn find_by_message_id(
    db: &Lent<'_>,
    ids: &[String],
    limit: usize,
) -> Result<Vec<(AccountId, MessageId)>, Error> {
    // Those that wait come first: what is put into a block in between is then found twice, and not passed over.
    let mut found: BTreeSet<Found> = waiting(db, ids).await?;
    found.extend(indexed(db, ids).await?);
    let latest = found.into_iter().rev().take(limit);
    Ok(latest.map(|(_, account, message)| (AccountId(account), MessageId(message))).collect())
}

/// When it arrived, its account, and its id.
type Found = (Timestamp, i64, i64);

/// Among the messages that the index has not reached.
async fn waiting(db: &Lent<'_>, ids: &[String]) -> Result<BTreeSet<Found>, Error> {
    let rows = db.query(include_str!("sql/find_unindexed_by_message_id.sql"), &[&ids]).await?;
    Ok(rows.iter().map(found).collect())
}

/// Among all others.
async fn indexed(db: &Lent<'_>, ids: &[String]) -> Result<BTreeSet<Found>, Error> {
    let probe = Probe::of_message_ids(ids);
    let lists: Vec<i16> = probe.lists().into_iter().map(|list: List| list as i16).collect();
    let statement = db.prepare(include_str!("sql/select_text_lists_of_all.sql")).await?;
    let params: [&(dyn ToSql + Sync); 2] = [&EDITION, &lists];
    let mut rows = pin!(db.client().query_raw(&statement, params).await?);
    let (mut accounts, mut messages) = (Vec::new(), Vec::new());
    while let Some(row) = rows.try_next().await? {
        let Some(members) = block::members_from_bytes(row.get(2)) else {
            tracing::warn!(
                block = row.get::<_, i64>(1),
                "a block of the text index is damaged, and not used"
            );
            continue;
        };
        for message in may_be_meant(&probe, &members, &row) {
            accounts.push(row.get::<_, i64>(0));
            messages.push(message.0);
        }
    }
    let sql = include_str!("sql/select_messages_known_by.sql");
    Ok(db.query(sql, &[&accounts, &messages, &ids]).await?.iter().map(found).collect())
}

/// The members of a block that have to be looked at: all of them, when its list cannot be read. There is one list of
/// Message-IDs in a block, and so one row, or a row without a list.
fn may_be_meant(probe: &Probe, members: &[Member], row: &Row) -> Vec<MessageId> {
    let count = members.len() as u32;
    let mut asking = probe.ask(members);
    if let Some(list) = row.get::<_, Option<i16>>(3).and_then(List::from_number) {
        let packed = PackedList { words: row.get(4), columns: row.get(5) };
        let looked = OpenList::new(&packed, count).and_then(|mut open| asking.look(list, &mut open));
        if looked.is_none() {
            return members.iter().map(|member| member.message).collect();
        }
    }
    let found = asking.found();
    let columns = (0..count).zip(members).filter(|(column, _)| found.verdict(*column) != Verdict::No);
    columns.map(|(_, member)| member.message).collect()
}

fn found(row: &Row) -> Found {
    (row.get(2), row.get(0), row.get(1))
}
