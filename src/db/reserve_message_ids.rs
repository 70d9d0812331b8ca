//! Reserving message ids, so that who stores messages knows them without asking again.

use super::{Access, Error, Lent, Unit};
use crate::mailbox::MessageId;

/// Reserves a block of [`BLOCK`] ids and returns the first.
pub struct ReserveMessageIds;

/// How many ids one block has; the sequence steps by as many.
pub const BLOCK: i64 = 1000;

impl Unit for ReserveMessageIds {
    type Output = MessageId;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<MessageId, Error> {
        let row = db.query_one(include_str!("sql/next_message_ids.sql"), &[]).await?;
        Ok(MessageId(row.get(0)))
    }
}
