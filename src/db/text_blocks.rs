//! Blocks of the text index, whole: how they are read, replaced and stored.

use postgres_types::ToSql;

use super::unit::{Error, Lent};
use crate::mailbox::{AccountId, MessageId};
use crate::search::index::{Block, EDITION, List, PackedList, block};

/// Reads blocks with all of their lists, those with the older messages first; None when one is damaged.
pub(super) async fn read_blocks(
    db: &Lent<'_>,
    account: AccountId,
    blocks: &[i64],
) -> Result<Option<Vec<Block>>, Error> {
    let rows = db.query(include_str!("sql/select_whole_text_blocks.sql"), &[&account.0, &blocks]).await?;
    let mut found: Vec<(i64, Block)> = Vec::new();
    for row in &rows {
        let id: i64 = row.get(0);
        if found.last().is_none_or(|(last, _)| *last != id) {
            let Some(members) = block::members_from_bytes(row.get(1)) else { return Ok(None) };
            let octets = row.get::<_, i64>(2) as usize;
            found.push((id, Block { members, octets, ..Block::default() }));
        }
        let list = row.get::<_, Option<i16>>(3).and_then(List::from_number);
        if let (Some(list), Some((_, block))) = (list, found.last_mut()) {
            block.lists.insert(list, PackedList { words: row.get(4), columns: row.get(5) });
        }
    }
    Ok(Some(found.into_iter().map(|(_, block)| block).collect()))
}

/// Puts one block in the place of others; an empty one only ends those.
pub(super) async fn replace_blocks(
    db: &Lent<'_>,
    account: AccountId,
    old: &[i64],
    new: &Block,
) -> Result<(), Error> {
    if !old.is_empty() {
        db.execute(include_str!("sql/delete_text_blocks.sql"), &[&account.0, &old]).await?;
    }
    let ids = || new.members.iter().map(|member| member.message);
    let (Some(MessageId(first)), Some(MessageId(last))) = (ids().min(), ids().max()) else { return Ok(()) };
    let members = block::members_to_bytes(&new.members);
    let (messages, octets) = (new.members.len() as i32, new.octets as i64);
    let params: [&(dyn ToSql + Sync); 7] =
        [&account.0, &EDITION, &messages, &octets, &first, &last, &members];
    let row = db.query_one(include_str!("sql/insert_text_block.sql"), &params).await?;
    let id: i64 = row.get(0);
    let lists: Vec<i16> = new.lists.keys().map(|list| *list as i16).collect();
    let words: Vec<&[u8]> = new.lists.values().map(|list| &list.words[..]).collect();
    let columns: Vec<&[u8]> = new.lists.values().map(|list| &list.columns[..]).collect();
    let params: [&(dyn ToSql + Sync); 5] = [&account.0, &id, &lists, &words, &columns];
    db.execute(include_str!("sql/insert_text_lists.sql"), &params).await?;
    Ok(())
}

/// Takes blocks that cannot be used out of the index, and has the account's mailboxes gone through again.
pub(super) async fn forget_blocks(db: &Lent<'_>, account: AccountId, blocks: &[i64]) -> Result<(), Error> {
    db.execute(include_str!("sql/delete_text_blocks.sql"), &[&account.0, &blocks]).await?;
    db.execute(include_str!("sql/delete_text_mailboxes.sql"), &[&account.0]).await?;
    Ok(())
}

/// Whether the index may be changed in this transaction: one program at a time does that.
pub(super) async fn may_change(db: &Lent<'_>) -> Result<bool, Error> {
    Ok(db.query_one(include_str!("sql/lock_text_index.sql"), &[]).await?.get(0))
}
