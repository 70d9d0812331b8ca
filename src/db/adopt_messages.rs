//! Makes messages of one account into messages of another: what COPY between accounts begins with.

use tokio_postgres::Row;

use super::fetch_page::{Columns, FetchPage};
use super::mailbox_row::range_columns;
use super::unit::{Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MailboxKey, MessageId, UidSet};

/// Messages and those that stand for them in the other account, side by side.
#[derive(Default)]
pub(super) struct Adopted {
    pub old_ids: Vec<i64>,
    pub new_ids: Vec<i64>,
}

/// Gives `account` messages of its own that are the same as those of a mailbox of another account. Everything that is
/// kept of a message is copied, but for the bodies, which all accounts share.
pub(super) async fn adopt(
    db: &Lent<'_>,
    source: MailboxKey,
    uids: &UidSet,
    account: AccountId,
) -> Result<Adopted, Error> {
    let (firsts, lasts) = range_columns(uids);
    let (owner, mailbox) = (source.account.0, source.mailbox.0);
    let sql = include_str!("sql/adopt_messages.sql");
    let rows = db.query(sql, &[&owner, &mailbox, &firsts, &lasts, &account.0]).await?;
    refer_to_copies(db, source.account, &rows, account).await
}

/// Finishes what a statement began that returned each old id of `owner` with a new one of `account`.
pub(super) async fn refer_to_copies(
    db: &Lent<'_>,
    owner: AccountId,
    rows: &[Row],
    account: AccountId,
) -> Result<Adopted, Error> {
    let (old_ids, new_ids): (Vec<i64>, Vec<i64>) =
        rows.iter().map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1))).unzip();
    for (old_ids, new_ids) in
        old_ids.chunks(limits::FETCH_PAGE_MESSAGES).zip(new_ids.chunks(limits::FETCH_PAGE_MESSAGES))
    {
        refer_to_bodies(db, owner, old_ids, account, new_ids).await?;
    }
    Ok(Adopted { old_ids, new_ids })
}

/// Notes that the new messages use the bodies of the old ones, which only the recipes tell.
async fn refer_to_bodies(
    db: &Lent<'_>,
    owner: AccountId,
    old_ids: &[i64],
    account: AccountId,
    new_ids: &[i64],
) -> Result<(), Error> {
    let messages: Vec<MessageId> = old_ids.iter().map(|id| MessageId(*id)).collect();
    let columns = Columns { recipe: true, ..Columns::default() };
    let page = FetchPage { account: owner, messages, columns, extents: Vec::new() }.run(db).await?;
    let mut rows: Vec<([u8; 32], i64)> = Vec::new();
    for (old_id, new_id) in old_ids.iter().zip(new_ids) {
        let recipe = page.get(MessageId(*old_id)).and_then(|message| message.recipe.as_ref());
        rows.extend(recipe.iter().flat_map(|recipe| recipe.shared()).map(|hash| (hash, *new_id)));
    }
    rows.sort_unstable();
    rows.dedup();
    let hashes: Vec<&[u8]> = rows.iter().map(|(hash, _)| hash.as_slice()).collect();
    let ids: Vec<i64> = rows.iter().map(|(_, id)| *id).collect();
    db.execute(include_str!("sql/insert_body_refs_of_copies.sql"), &[&hashes, &ids, &account.0]).await?;
    Ok(())
}
