//! APPEND of messages that come with annotations (RFC 5257 §4.7): all of that, or nothing.

use super::annotations::write;
use super::append::{Append, Appended, persevere};
use super::count_usage::Deltas;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Annotating, MailboxKey};

/// Appends messages, each with its annotations, which are written by `reader`.
pub struct AppendAnnotated {
    pub append: Append,
    /// One list for each message.
    pub annotations: Vec<Vec<Annotating>>,
    pub reader: AccountId,
}

impl Unit for AppendAnnotated {
    type Output = Appended;
    const ACCESS: Access = Access::Write;

    async fn run(mut self, db: &Lent<'_>) -> Result<Appended, Error> {
        self.append.reserve_ids(db).await?;
        persevere(db, async || {
            let appended = self.append.attempt(db, Deltas::default(), async { Ok(()) }).await?;
            annotate(db, self.append.key, &appended, &self.annotations, self.reader).await?;
            Ok(appended)
        })
        .await
    }
}

/// Gives messages that were just appended their annotations, within another unit.
pub(super) async fn annotate(
    db: &Lent<'_>,
    key: MailboxKey,
    appended: &Appended,
    annotations: &[Vec<Annotating>],
    reader: AccountId,
) -> Result<(), Error> {
    for (uid, values) in appended.uids.iter().zip(annotations) {
        if !values.is_empty() {
            write(db, key, &[i64::from(uid.get())], reader, values, appended.change.modseq).await?;
        }
    }
    Ok(())
}
