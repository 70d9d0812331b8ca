//! How the columns of the mailbox tables become values of `mailbox`: shared by the units that read them.

use std::collections::HashMap;

use postgres_types::{FromSql, Type};
use tokio_postgres::{Client, Row, Statement};

use super::keywords::KeywordIds;
use super::unit::Error;
use crate::mailbox::{
    FlagSet, InternalDate, Keyword, Loaded, MailboxKey, MessageId, ModSeq, System, Uid, UidSet, UidValidity,
};

/// Where a mailbox stands, from `select_mailbox_state.sql`.
pub(super) struct MailboxState {
    pub uidvalidity: UidValidity,
    pub uidnext: u64,
    pub highestmodseq: ModSeq,
    pub first_recent_uid: u32,
    /// When the rights in it changed last.
    pub rights_modseq: ModSeq,
    /// Whether everybody but the owner has a \Seen of his own there.
    pub seen_per_user: bool,
}

impl MailboxState {
    /// Sends the statement; None when there is no such mailbox.
    pub async fn select(
        client: &Client,
        statement: &Statement,
        key: MailboxKey,
    ) -> Result<Option<MailboxState>, Error> {
        let row = client.query_opt(statement, &[&key.account.0, &key.mailbox.0]).await?;
        Ok(row.map(|row| MailboxState {
            uidvalidity: uidvalidity(row.get(0)),
            uidnext: row.get::<_, i64>(1) as u64,
            highestmodseq: modseq(row.get(2)),
            first_recent_uid: row.get::<_, i64>(3).try_into().unwrap_or(u32::MAX),
            rights_modseq: modseq(row.get(4)),
            seen_per_user: row.get(5),
        }))
    }
}

/// The keywords of one mailbox by their ids.
#[derive(Default)]
pub(super) struct KeywordNames(HashMap<i32, Keyword>);

impl KeywordNames {
    /// From rows of (id, name).
    pub fn new(rows: &[Row]) -> KeywordNames {
        let named = |row: &Row| Some((row.get(0), Keyword::new(row.get(1))?));
        KeywordNames(rows.iter().filter_map(named).collect())
    }

    /// The other way round.
    pub fn of(ids: &KeywordIds) -> KeywordNames {
        KeywordNames(ids.iter().map(|(keyword, id)| (*id, keyword.clone())).collect())
    }

    /// The flags that two columns mean. An id that has no name was never committed, so there is none.
    pub fn flag_set(&self, system: i16, keywords: &Ids) -> FlagSet {
        FlagSet::new(System(system as u8), keywords.0.iter().filter_map(|id| self.0.get(id).cloned()))
    }
}

/// An array of keyword ids or null, read without an allocation for null.
pub(super) struct Ids(pub Vec<i32>);

impl<'a> FromSql<'a> for Ids {
    fn from_sql(
        ty: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + std::marker::Sync + Send>> {
        Vec::from_sql(ty, raw).map(Ids)
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + std::marker::Sync + Send>> {
        Ok(Ids(Vec::new()))
    }

    fn accepts(ty: &Type) -> bool {
        <Vec<i32> as FromSql>::accepts(ty)
    }
}

/// A timestamptz as whole seconds since 1970, without the way through a calendar.
pub(super) struct Seconds(pub i64);

impl<'a> FromSql<'a> for Seconds {
    fn from_sql(
        _: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + std::marker::Sync + Send>> {
        // PostgreSQL counts microseconds from 2000-01-01.
        const SECONDS_TO_2000: i64 = 946_684_800;
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Seconds(micros.div_euclid(1_000_000) + SECONDS_TO_2000))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// One message, from the columns uid, message, modseq, flags, keywords, internal_date, internal_zone, octets.
pub(super) struct MessageRow {
    uid: Uid,
    message: MessageId,
    modseq: ModSeq,
    system: i16,
    keywords: Ids,
    internal_date: InternalDate,
    size: u32,
}

impl MessageRow {
    pub fn new(row: &Row) -> MessageRow {
        MessageRow {
            uid: uid(row.get(0)),
            message: MessageId(row.get(1)),
            modseq: modseq(row.get(2)),
            system: row.get(3),
            keywords: row.get(4),
            internal_date: InternalDate { seconds: row.get::<_, Seconds>(5).0, zone_minutes: row.get(6) },
            size: row.get::<_, i64>(7).try_into().unwrap_or(u32::MAX),
        }
    }

    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The message with its flags spelled out.
    pub fn loaded(&self, names: &KeywordNames) -> Loaded {
        Loaded {
            uid: self.uid,
            message: self.message,
            modseq: self.modseq,
            size: self.size,
            internal_date: self.internal_date,
            flags: names.flag_set(self.system, &self.keywords),
        }
    }
}

/// A uid column. What gives out uids never gives out one that IMAP cannot say.
pub(super) fn uid(column: i64) -> Uid {
    u32::try_from(column).ok().and_then(Uid::new).expect("uids are given out between 1 and 2^32-1")
}

/// A uidvalidity column.
pub(super) fn uidvalidity(column: i64) -> UidValidity {
    u32::try_from(column).ok().and_then(UidValidity::new).expect("a uidvalidity is between 1 and 2^32-1")
}

/// A modseq column.
pub(super) fn modseq(column: i64) -> ModSeq {
    ModSeq(u64::try_from(column).expect("modseqs count upwards from 1"))
}

/// The ranges of a set as two arrays, as `unnest($1, $2)` wants them.
pub(super) fn range_columns(uids: &UidSet) -> (Vec<i64>, Vec<i64>) {
    uids.ranges().map(|(first, last)| (i64::from(first.get()), i64::from(last.get()))).unzip()
}
