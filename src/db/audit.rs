//! Writes down what happened, in the transaction in which it happens.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::unit::{Access, ErasedUnit, Error, Lent, Running, Unit};
use crate::mailbox::{AccountId, MailboxId};

/// Something that happened, as the audit log tells it. When it was, the database says.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: EventKind,
    /// Whose mail or account it is about, when it is one's.
    pub account: Option<AccountId>,
    pub mailbox: Option<MailboxId>,
    pub actor: Actor,
    /// Which messages of the mailbox, as a set.
    pub uids: Option<String>,
    /// What else there is to tell.
    pub detail: Value,
}

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// None for an administrator, a mail server, or the program itself.
    pub account: Option<AccountId>,
    pub door: &'static str,
    /// The client's address.
    pub client: Option<String>,
}

/// What sort of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    Append,
    Command,
    Delivery,
    /// Old rows of a log were removed, as the settings wish.
    Forgetting,
    /// Something was written down about a mailbox or the server (RFC 5464).
    Metadata,
    Policy,
    Rights,
    Undelete,
}

impl EventKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Append => "append",
            EventKind::Command => "command",
            EventKind::Delivery => "delivery",
            EventKind::Forgetting => "forgetting",
            EventKind::Metadata => "metadata",
            EventKind::Policy => "policy",
            EventKind::Rights => "rights",
            EventKind::Undelete => "undelete",
        }
    }
}

/// Writes one event down by itself.
pub struct RecordEvent(pub Event);

impl Unit for RecordEvent {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        record(db, &self.0).await
    }
}

/// Writes an event down, within another unit.
pub(super) async fn record(db: &Lent<'_>, event: &Event) -> Result<(), Error> {
    let Event { kind, account, mailbox, actor, uids, detail } = event;
    let (account, mailbox) = (account.map(|account| account.0), mailbox.map(|mailbox| mailbox.0));
    let by = actor.account.map(|account| account.0);
    let detail = without_nul(&detail.to_string());
    db.execute(RECORD, &[&kind.word(), &account, &mailbox, &by, &actor.door, &actor.client, uids, &detail])
        .await?;
    Ok(())
}

/// JSON that PostgreSQL can keep: U+0000 is none of its characters.
fn without_nul(json: &str) -> String {
    match json.contains("\\u0000") {
        true => json.replace("\\u0000", "\\ufffd"),
        false => json.to_owned(),
    }
}

/// Says within another unit who changes rights or policies: the database notes those changes by itself.
pub(super) async fn act_as(db: &Lent<'_>, actor: &Actor) -> Result<(), Error> {
    let account = actor.account.map(|account| account.0.to_string()).unwrap_or_default();
    let client = actor.client.clone().unwrap_or_default();
    db.query(include_str!("sql/set_acting.sql"), &[&account, &actor.door, &client]).await?;
    Ok(())
}

/// A unit of work with the event that it is, or is a part of: both are committed, or neither.
pub struct Audited {
    pub unit: Box<dyn ErasedUnit>,
    pub event: Event,
    /// Whether the event was recorded with an earlier unit; then only those who note changes hear who makes them.
    pub is_recorded: bool,
    /// Becomes true when the unit has not failed.
    pub recorded: Arc<AtomicBool>,
}

impl ErasedUnit for Audited {
    fn access(&self) -> Access {
        Access::Write
    }

    fn is_abandonable(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        self.unit.name()
    }

    fn run_erased<'a>(self: Box<Self>, db: &'a Lent<'a>) -> Running<'a> {
        Box::pin(async move {
            let Audited { unit, event, is_recorded, recorded } = *self;
            act_as(db, &event.actor).await?;
            // Before the work: that may send its COMMIT by itself.
            if !is_recorded {
                record(db, &event).await?;
            }
            let outcome: Box<dyn Any + Send> = unit.run_erased(db).await?;
            recorded.store(true, Ordering::Release);
            Ok(outcome)
        })
    }
}

pub(super) const RECORD: &str = include_str!("sql/insert_event.sql");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgresql_cannot_keep_is_replaced() {
        let json = serde_json::json!({"a": "x\0y"}).to_string();
        assert_eq!(without_nul(&json), "{\"a\":\"x\\ufffdy\"}");
    }
}
