//! Everything that is known of one message: how it came, where it is or went, and what keeps it.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;

use super::find_by_message_id::find_by_message_id;
use super::policies::ListedPolicy;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login, MessageId};

/// Finds the messages that an administrator may mean.
pub struct FindMessages {
    pub meant: MeantMessage,
    /// How many at most.
    pub limit: u32,
}

/// How an administrator names a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeantMessage {
    /// By the id that the database gave to it.
    Id(MessageId),
    /// By its place, which it may have left.
    Place { login: String, mailbox: String, uid: u32 },
    /// By its Message-ID, in angle brackets or without.
    MessageId(String),
}

/// Tells everything of one message.
pub struct TellMessage {
    pub account: AccountId,
    pub message: MessageId,
}

/// What is known of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldMessage {
    pub message: MessageId,
    pub login: String,
    pub octets: i64,
    pub subject: Option<String>,
    pub message_id: Option<String>,
    pub arrived_at: Timestamp,
    /// How it came; None when that was before such things were recorded.
    pub arrival: Option<Arrival>,
    pub places: Vec<PlaceOfMessage>,
    pub tombstones: Vec<Tombstone>,
    /// Those that cover it, first what keeps it.
    pub policies: Vec<ListedPolicy>,
}

/// The event by which a message came.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    pub event: i64,
    pub at: Timestamp,
    pub kind: String,
    /// The login of who brought it, when it was a user.
    pub by: Option<String>,
    pub door: String,
    pub client: Option<String>,
    /// What the event tells of this message.
    pub detail: Value,
}

/// A mailbox in which a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOfMessage {
    pub mailbox: String,
    pub uid: i64,
    pub flags: i16,
    pub keywords: Vec<String>,
    pub saved_at: Timestamp,
    /// Why the owner may not delete it there.
    pub ban: Option<String>,
}

/// A mailbox out of which a message was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    pub mailbox: String,
    pub uid: i64,
    pub deleted_at: Timestamp,
    /// The login of who did it, when it was a user.
    pub by: Option<String>,
    pub door: String,
    pub client: Option<String>,
    pub reason: String,
    /// Until when it can be taken back in any case.
    pub until: Timestamp,
    /// When it was taken back.
    pub restored_at: Option<Timestamp>,
}

impl Unit for FindMessages {
    type Output = Vec<(AccountId, MessageId)>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let limit = i64::from(self.limit);
        let rows = match &self.meant {
            MeantMessage::Id(id) => {
                db.query(include_str!("sql/find_message_by_id.sql"), &[&id.0, &limit]).await?
            }
            MeantMessage::Place { login, mailbox, uid } => {
                let sql = include_str!("sql/find_message_by_place.sql");
                db.query(sql, &[&Login::key_of(login), mailbox, &i64::from(*uid), &limit]).await?
            }
            MeantMessage::MessageId(text) => {
                let inner = text.trim_start_matches('<').trim_end_matches('>');
                let ids = [format!("<{inner}>"), inner.to_owned()];
                return find_by_message_id(db, &ids, self.limit as usize).await;
            }
        };
        Ok(rows.iter().map(|row| (AccountId(row.get(0)), MessageId(row.get(1)))).collect())
    }
}

impl Unit for TellMessage {
    /// None when it has ended meanwhile.
    type Output = Option<ToldMessage>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (account, message) = (self.account.0, self.message.0);
        let sql = include_str!("sql/tell_message.sql");
        let Some(row) = db.query_opt(sql, &[&account, &message]).await? else { return Ok(None) };
        let arrived_at: Timestamp = row.get(4);
        let arrival = db.query_opt(include_str!("sql/tell_arrival.sql"), &[&message, &arrived_at]).await?;
        let places = db.query(include_str!("sql/tell_places.sql"), &[&account, &message]).await?;
        let tombstones = db.query(include_str!("sql/tell_tombstones.sql"), &[&account, &message]).await?;
        let sql = include_str!("sql/select_policies_of_message.sql");
        let policies = db.query(sql, &[&account, &message]).await?;
        Ok(Some(ToldMessage {
            message: self.message,
            login: row.get(0),
            octets: row.get(1),
            subject: row.get(2),
            message_id: row.get(3),
            arrived_at,
            arrival: arrival.as_ref().map(Arrival::read),
            places: places.iter().map(PlaceOfMessage::read).collect(),
            tombstones: tombstones.iter().map(Tombstone::read).collect(),
            policies: policies.iter().map(ListedPolicy::of).collect::<Result<_, _>>()?,
        }))
    }
}

impl Arrival {
    fn read(row: &Row) -> Arrival {
        Arrival {
            event: row.get(0),
            at: row.get(1),
            kind: row.get(2),
            by: row.get(3),
            door: row.get(4),
            client: row.get(5),
            detail: serde_json::from_str(row.get(6)).unwrap_or_default(),
        }
    }
}

impl PlaceOfMessage {
    fn read(row: &Row) -> PlaceOfMessage {
        PlaceOfMessage {
            mailbox: row.get(0),
            uid: row.get(1),
            flags: row.get(2),
            keywords: row.get(3),
            saved_at: row.get(4),
            ban: row.get(5),
        }
    }
}

impl Tombstone {
    fn read(row: &Row) -> Tombstone {
        Tombstone {
            mailbox: row.get(0),
            uid: row.get(1),
            deleted_at: row.get(2),
            by: row.get(3),
            door: row.get(4),
            client: row.get(5),
            reason: row.get(6),
            until: row.get(7),
            restored_at: row.get(8),
        }
    }
}
