//! Puts a message in place of another one: IMAP REPLACE.

use super::append::{Append, Appended, persevere};
use super::append_annotated::annotate;
use super::count_usage::{Deltas, count};
use super::expunge::{Culprit, expunge};
use super::owner::standings;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Annotating, Change, MailboxKey, Uid};
use crate::policy::{Rights, Viewer};

/// Appends a message and takes another one out, both or none (RFC 8508 §3).
pub struct ReplaceMessage {
    pub viewer: Viewer,
    /// The new message, and where it goes.
    pub append: Append,
    /// The annotations that its messages come with.
    pub annotations: Vec<Vec<Annotating>>,
    /// Where the old one is.
    pub source: MailboxKey,
    pub uid: Uid,
    /// How large the old one is: it makes room for the new one.
    pub octets: u32,
    pub by: Culprit,
}

/// What was done.
#[derive(Debug)]
pub struct Replaced {
    pub appended: Appended,
    pub expunged: Change,
}

impl Unit for ReplaceMessage {
    type Output = Replaced;
    const ACCESS: Access = Access::Write;

    async fn run(mut self, db: &Lent<'_>) -> Result<Replaced, Error> {
        self.append.reserve_ids(db).await?;
        persevere(db, async || self.attempt(db).await).await
    }
}

impl ReplaceMessage {
    async fn attempt(&self, db: &Lent<'_>) -> Result<Replaced, Error> {
        let target = self.append.key;
        // In the order of their keys, as everybody does, and before the usage is counted, which locks that.
        let mut keys = [self.source, target];
        keys.sort();
        for key in keys {
            let (account, mailboxes) = (key.account.0, vec![key.mailbox.0]);
            db.query(include_str!("sql/lock_mailboxes.sql"), &[&account, &mailboxes]).await?;
        }
        let standings = standings(db, &[(self.viewer, target), (self.viewer, self.source)]).await?;
        let [there, here] = &standings[..] else { return Err(no_target().into()) };
        if !here.permit.rights.contains(REMOVING) {
            return Err(here.permit.lacking(REMOVING).into());
        }
        there.permit.demand(Rights::INSERT, no_target)?;
        let (mut leaving, mut counted_later) = (Deltas::default(), Deltas::default());
        leaving.remove(self.source.account, i64::from(self.octets));
        counted_later.add(self.source.account, 1, i64::from(self.octets));
        let appended = self.append.attempt(db, leaving, async { Ok(()) }).await?;
        // To expunge it counts it again.
        count(db, &counted_later).await?;
        annotate(db, target, &appended, &self.annotations, self.viewer.account).await?;
        let expunged = expunge(db, self.source, &[self.uid], false, &self.by).await?;
        let gone = || error::Error::no(Code::NonExistent, "The message has been expunged by somebody else");
        Ok(Replaced { appended, expunged: expunged.ok_or_else(gone)? })
    }
}

/// What somebody needs in the mailbox that a message leaves.
const REMOVING: Rights = Rights::MARK_DELETED.with(Rights::EXPUNGE);

fn no_target() -> error::Error {
    error::Error::no(Code::TryCreate, "There is no mailbox with that name")
}
