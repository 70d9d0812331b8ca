//! Looks at a block of the text index that was not looked at for long: what is not there any more leaves it.

use std::collections::HashSet;

use jiff::Timestamp;

use super::text_blocks::{forget_blocks, may_change, read_blocks, replace_blocks};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, MessageId};
use crate::search::index::{Block, EDITION};

/// Looks at one block that was last looked at before `before`, or that another edition of the rules has made.
pub struct CheckTextBlock {
    pub before: Timestamp,
    pub now: Timestamp,
}

impl Unit for CheckTextBlock {
    /// Whether there was one.
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        if !may_change(db).await? {
            return Ok(false);
        }
        let stale =
            db.query_opt(include_str!("sql/select_stale_text_block.sql"), &[&EDITION, &self.before]).await?;
        let Some(stale) = stale else { return Ok(false) };
        let (account, block, edition) =
            (AccountId(stale.get(0)), stale.get::<_, i64>(1), stale.get::<_, i16>(2));
        if edition != EDITION {
            forget_blocks(db, account, &[block]).await?;
            return Ok(true);
        }
        let whole = read_blocks(db, account, &[block]).await?.and_then(|mut blocks| blocks.pop());
        let Some(whole) = whole else {
            forget_blocks(db, account, &[block]).await?;
            return Ok(true);
        };
        let ids: Vec<i64> = whole.members.iter().map(|member| member.message.0).collect();
        let rows = db.query(include_str!("sql/select_messages_there.sql"), &[&account.0, &ids]).await?;
        let there: HashSet<MessageId> = rows.iter().map(|row| MessageId(row.get(0))).collect();
        // The words of a message that has ended shall not outlive it for long, however few they are. Damage is found as well.
        match Block::merge(&[whole], |message| there.contains(&message)) {
            None => forget_blocks(db, account, &[block]).await?,
            Some(_) if there.len() == ids.len() => {
                let checked = include_str!("sql/update_text_block_checked.sql");
                db.execute(checked, &[&account.0, &block, &self.now]).await?;
            }
            Some(rest) => replace_blocks(db, account, &[block], &rest).await?,
        }
        Ok(true)
    }
}
