//! APPEND: stores messages and puts them into one mailbox, all or none.

use futures_util::future;
use jiff::Timestamp;
use serde_json::json;

use super::audit::{self, Actor, Event, EventKind};
use super::count_usage::{COUNT, Deltas, count_or_fail, over_quota};
use super::new_message::NewMessage;
use super::pipeline::pipelined;
use super::reserve_message_ids::{BLOCK, ReserveMessageIds};
use super::store_message::{self, Placed, Placing, PlacingMessage};
use super::unit::Refusal;
use super::{Access, Error, Lent, Unit};
use crate::db::keywords::{KeywordIds, ensure_keywords};
use crate::error::{self, Code};
use crate::mailbox::{Change, FlagSet, InternalDate, MailboxKey, MessageId, Uid, UidValidity};

/// Appends `messages` to a mailbox in their order. Refused with [`Code::TryCreate`] when the mailbox is gone.
#[derive(Debug, Clone)]
pub struct Append {
    /// Where they go.
    pub key: MailboxKey,
    /// When that happens.
    pub saved_at: Timestamp,
    /// What goes there.
    pub messages: Vec<Appending>,
    /// Whether quotas are obeyed: too much is refused with [`Code::OverQuota`].
    pub is_limited: bool,
    /// Who brings them.
    pub actor: Actor,
}

/// One message to be appended.
#[derive(Debug, Clone)]
pub struct Appending {
    /// The message; the unit gives it its id.
    pub message: NewMessage,
    /// The flags it begins with.
    pub flags: FlagSet,
    /// Its internal date.
    pub internal_date: InternalDate,
}

/// What an [`Append`] did.
#[derive(Debug, Clone)]
pub struct Appended {
    /// For those who watch the mailbox.
    pub change: Change,
    /// For APPENDUID (RFC 4315 §3), with `uids`.
    pub uidvalidity: UidValidity,
    /// One for each message, in their order.
    pub uids: Vec<Uid>,
    /// A quota is nearly used up now.
    pub is_nearly_full: bool,
}

impl Unit for Append {
    type Output = Appended;
    const ACCESS: Access = Access::Write;

    async fn run(mut self, db: &Lent<'_>) -> Result<Appended, Error> {
        self.reserve_ids(db).await?;
        persevere(db, async || self.attempt(db, Deltas::default(), db.commit()).await).await
    }
}

impl Append {
    /// The work within another unit, which begins anew when a body has ended meanwhile.
    pub(super) async fn within(mut self, db: &Lent<'_>) -> Result<Appended, Error> {
        self.reserve_ids(db).await?;
        self.attempt(db, Deltas::default(), future::ready(Ok(()))).await
    }

    /// Sends `last` behind its own statements: what must not be stored fails before that. `deltas` is what else the unit
    /// changes, and counts for the quota.
    pub(super) async fn attempt(
        &self,
        db: &Lent<'_>,
        mut deltas: Deltas,
        last: impl Future<Output = Result<(), Error>>,
    ) -> Result<Appended, Error> {
        let placing = self.placing();
        let messages: Vec<&NewMessage> = self.messages.iter().map(|m| &m.message).collect();
        store_message::prepare(db).await?;
        db.prepare(COUNT).await?;
        db.prepare(audit::RECORD).await?;
        let known = store_message::known_bodies(db, &messages).await?;
        let mut keywords = KeywordIds::new();
        let mut statements = store_message::store(db, &messages, &known);
        if self.messages.iter().any(|m| !m.flags.keywords().is_empty()) {
            // Keywords get their ids under the mailbox's lock, so everything that others might wait for goes first.
            pipelined(std::mem::take(&mut statements)).await?;
            keywords = self.lock_and_name(db).await?;
        }
        statements.push(Box::pin(self.record(db)));
        statements.push(Box::pin(store_message::place(db, &placing, &keywords, true)));
        let octets = messages.iter().map(|message| i64::from(message.octets)).sum();
        deltas.add(self.key.account, messages.len(), octets);
        let counted = count_or_fail(db, &deltas, self.is_limited);
        let sent = future::try_join3(pipelined(statements), counted, last);
        let (answers, verdicts, ()) = sent.await.map_err(refused)?;
        let placed = answers.into_iter().next_back().flatten().ok_or_else(gone)?;
        let is_nearly_full = verdicts.iter().any(|verdict| verdict.is_nearly_full);
        let change = placed.change(&placing);
        let uids = change.appended.iter().map(|loaded| loaded.uid).collect();
        Ok(Appended { change, uidvalidity: placed.uidvalidity, uids, is_nearly_full })
    }

    /// Gives each message its id. What is left of a block is for the next messages of this connection.
    pub(super) async fn reserve_ids(&mut self, db: &Lent<'_>) -> Result<(), Error> {
        for appending in &mut self.messages {
            let left = db.kept().message_ids.borrow_mut().next();
            let id = match left {
                Some(id) => id,
                None => {
                    let first = ReserveMessageIds.run(db).await?.0;
                    db.kept().message_ids.replace(first + 1..first + BLOCK);
                    first
                }
            };
            appending.message.id = MessageId(id);
            appending.message.account = self.key.account;
        }
        Ok(())
    }

    fn placing(&self) -> Placing {
        let place = |appending: &Appending| PlacingMessage {
            message: appending.message.id,
            flags: appending.flags.clone(),
            internal_date: appending.internal_date,
            octets: appending.message.octets,
        };
        let messages = self.messages.iter().map(place).collect();
        Placing { key: self.key, saved_at: self.saved_at, messages }
    }

    /// One event for all of them.
    async fn record(&self, db: &Lent<'_>) -> Result<Option<Placed>, Error> {
        let message = |one: &Appending| json!({"message": one.message.id.0, "octets": one.message.octets});
        let event = Event {
            kind: EventKind::Append,
            account: Some(self.key.account),
            mailbox: Some(self.key.mailbox),
            actor: self.actor.clone(),
            uids: None,
            detail: json!({"messages": self.messages.iter().map(message).collect::<Vec<_>>()}),
        };
        audit::record(db, &event).await?;
        Ok(None)
    }

    async fn lock_and_name(&self, db: &Lent<'_>) -> Result<KeywordIds, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        db.query_opt(include_str!("sql/lock_mailbox.sql"), &[&account, &mailbox]).await?.ok_or_else(gone)?;
        ensure_keywords(db, self.key, self.messages.iter().flat_map(|m| m.flags.keywords())).await
    }
}

/// Tries again from the beginning when a body has ended meanwhile: it ends with its last message, and then it is gone. To
/// meet that once is rare, and twice hardly possible.
pub(super) async fn persevere<T>(
    db: &Lent<'_>,
    attempt: impl AsyncFn() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut outcome = attempt().await;
    for _ in 0..ATTEMPTS_MORE {
        if !matches!(&outcome, Err(error) if error.is_ended_body()) {
            break;
        }
        db.start_over().await?;
        outcome = attempt().await;
    }
    outcome
}

const ATTEMPTS_MORE: u32 = 3;

/// What a statement refused, as the client hears it.
fn refused(error: Error) -> Error {
    match error.refusal() {
        Some(Refusal::Gone) => gone(),
        Some(Refusal::Full) => store_message::full().into(),
        Some(Refusal::OverQuota) => over_quota().into(),
        Some(Refusal::Met) | None => error,
    }
}

fn gone() -> Error {
    error::Error::no(Code::TryCreate, "there is no such mailbox").into()
}
