//! What is written down about mailboxes and about the server (RFC 5464): reading and setting it.

use std::collections::HashMap;

use serde_json::json;

use super::audit::{Actor, Event, EventKind, record};
use super::change_rights::Administered;
use super::find_mailbox::FindMailbox;
use super::owner::only_to_look_at;
use super::special_use::{SPECIAL_USE_ENTRY, set_special_use};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{AccountId, Depth, MailboxId, MailboxKey, MailboxName, MetadataEntry};
use crate::policy::{Permit, Rights, Viewer};

/// About what something is written down, and who asks for it or changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataPlace {
    /// By a user, about the mailbox that he calls so; without a name about the server.
    By(Viewer, Option<MailboxName>),
    /// By an administrator, about a mailbox of the account with that login, or about the server.
    Of(Option<(String, MailboxName)>),
}

/// Which entries are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataWanted {
    pub entries: Vec<MetadataEntry>,
    pub depth: Depth,
    /// Longer values are only said to be there.
    pub octets_max: u32,
}

/// An entry that has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataValue {
    pub entry: String,
    pub octets: u32,
    /// None when it is longer than what was asked for.
    pub value: Option<Vec<u8>>,
}

/// Reads some entries.
pub struct GetMetadata {
    pub place: MetadataPlace,
    pub wanted: MetadataWanted,
}

/// Reads some entries of several mailboxes. Of those that the viewer may not ask about, nothing is said.
pub struct GetMetadataOfMailboxes {
    pub viewer: Viewer,
    pub names: Vec<MailboxName>,
    pub wanted: MetadataWanted,
}

/// Sets some entries to values, all or none of them; None removes one.
pub struct SetMetadata {
    pub place: MetadataPlace,
    pub values: Vec<(MetadataEntry, Option<Vec<u8>>)>,
    /// The connection that need not be told; 0 for none.
    pub connection: i64,
    /// Who does it, for the audit log; None for a command of an administrator, which is there already.
    pub by: Option<Actor>,
}

/// Where the rows are.
struct Rows {
    /// The account, if it is known by now, and the mailbox of what all share; 0 for the server.
    shared: AccountId,
    mailbox: MailboxId,
    /// The account of what is private to somebody, and who that is; nobody for the administrator.
    private: AccountId,
    reader: AccountId,
    /// What he may do there.
    permit: Permit,
}

impl Unit for GetMetadata {
    type Output = Vec<MetadataValue>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = self.place.find(db).await?;
        rows.read(db, &self.wanted).await
    }
}

impl Unit for GetMetadataOfMailboxes {
    type Output = HashMap<MailboxName, Vec<MetadataValue>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let mut all = HashMap::new();
        for name in self.names {
            match MetadataPlace::By(self.viewer, Some(name.clone())).find(db).await {
                Ok(rows) => all.insert(name, rows.read(db, &self.wanted).await?),
                Err(Error::Refused(_)) => continue,
                Err(error) => return Err(error),
            };
        }
        Ok(all)
    }
}

impl Unit for SetMetadata {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let rows = self.place.find(db).await?;
        self.check(&rows)?;
        if let Some((_, value)) = self.values.iter().rfind(|(entry, _)| is_special_use(entry)) {
            let key = MailboxKey { account: rows.shared, mailbox: rows.mailbox };
            set_special_use(db, key, value.as_deref()).await?;
        } else if rows.mailbox != SERVER {
            // As every writer does: whoever renames or deletes it waits, and is waited for.
            let sql = include_str!("sql/lock_mailbox_for_guest.sql");
            db.query_opt(sql, &[&rows.shared.0, &rows.mailbox.0]).await?;
        }
        // Of the server, what all share and what is private belongs to two accounts; users may change only the latter.
        let of_private = self.values.iter().all(|(entry, _)| entry.is_private());
        let account = if of_private { rows.private } else { rows.shared };
        let version: i64 =
            db.query_one(include_str!("sql/next_metadata_version.sql"), &[&account.0]).await?.get(0);
        let reader = |entry: &MetadataEntry| if entry.is_private() { rows.reader.0 } else { NOBODY };
        // Of an entry that is named twice the last value counts, and PostgreSQL would refuse both.
        let kept = self.values.iter().filter(|(entry, _)| !is_special_use(entry));
        let values: HashMap<&MetadataEntry, Option<&[u8]>> =
            kept.map(|(entry, value)| (entry, value.as_deref())).collect();
        let readers: Vec<i64> = values.keys().map(|entry| reader(entry)).collect();
        let entries: Vec<&str> = values.keys().map(|entry| entry.as_str()).collect();
        let values: Vec<Option<&[u8]>> = values.into_values().collect();
        let sql = include_str!("sql/upsert_metadata.sql");
        let mailbox = rows.mailbox.0;
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&account.0, &mailbox, &readers, &entries, &values, &version, &self.connection];
        db.execute(sql, &params).await?;
        let forgotten = version - limits::METADATA_REMOVALS_KEPT;
        let sql = include_str!("sql/delete_removed_metadata.sql");
        db.execute(sql, &[&account.0, &mailbox, &forgotten]).await?;
        self.check_room(db, account, rows.mailbox).await?;
        self.record(db, account, rows.mailbox).await
    }
}

impl SetMetadata {
    /// Says in the audit log which entries were set and which removed, not what was written.
    async fn record(&self, db: &Lent<'_>, account: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        let Some(actor) = self.by.clone() else { return Ok(()) };
        let named = |set: bool| -> Vec<&str> {
            let those = self.values.iter().filter(|(_, value)| value.is_some() == set);
            those.map(|(entry, _)| entry.as_str()).collect()
        };
        let event = Event {
            kind: EventKind::Metadata,
            account: Some(account),
            mailbox: (mailbox != SERVER).then_some(mailbox),
            actor,
            uids: None,
            detail: json!({"set": named(true), "removed": named(false)}),
        };
        record(db, &event).await
    }

    /// Refuses what may not be set there, by anybody or by this one.
    fn check(&self, rows: &Rows) -> Result<(), error::Error> {
        let too_long = |value: &Vec<u8>| value.len() > limits::METADATA_VALUE_BYTES_MAX;
        if self.values.iter().any(|(_, value)| value.as_ref().is_some_and(too_long)) {
            let most = limits::METADATA_VALUE_BYTES_MAX;
            let text = format!("A value may have {most} octets");
            return Err(error::Error::no(Code::MetadataMaxSize, text));
        }
        let (private, shared): (Vec<_>, Vec<_>) =
            self.values.iter().partition(|(entry, _)| entry.is_private());
        let is_anonymous = matches!(self.place, MetadataPlace::By(Viewer { anonymous: true, .. }, _));
        if !private.is_empty() && (rows.reader.0 == NOBODY || is_anonymous) {
            let text = "Only users have entries of their own";
            return Err(error::Error::no(Code::MetadataNoPrivate, text));
        }
        if private.iter().any(|(entry, _)| is_special_use(entry)) {
            let is_inbox = matches!(&self.place, MetadataPlace::By(_, Some(name)) if name.is_inbox());
            if rows.mailbox == SERVER || rows.reader != rows.shared || is_inbox {
                let text = "The owner of a mailbox says what it is for, and INBOX is for nothing else";
                return Err(error::Error::no(Code::Cannot, text));
            }
        }
        match &self.place {
            MetadataPlace::By(_, None) if !shared.is_empty() => {
                let text =
                    "What all share about the server is written by administrators, with aox set metadata";
                Err(error::Error::no(Code::NoPerm, text))
            }
            // RFC 5464 §3.3 only says what is needed at least, and who may only read changes nothing for others.
            MetadataPlace::By(_, Some(_)) if !shared.is_empty() => {
                rows.permit.demand(Rights::WRITE, no_mailbox)
            }
            _ => Ok(()),
        }
    }

    /// Refuses more than there is room for. Changes wait for each other, so all are counted.
    async fn check_room(&self, db: &Lent<'_>, account: AccountId, mailbox: MailboxId) -> Result<(), Error> {
        if self.values.iter().all(|(_, value)| value.is_none()) {
            return Ok(());
        }
        let rows = db.query(include_str!("sql/count_metadata.sql"), &[&account.0, &mailbox.0]).await?;
        let is_too_much = |row: &tokio_postgres::Row| {
            row.get::<_, i64>(0) > limits::METADATA_ENTRIES_MAX
                || row.get::<_, i64>(1) > limits::METADATA_BYTES_MAX
        };
        match rows.iter().any(is_too_much) {
            true => {
                let text = "There is no room for more entries; remove some";
                Err(error::Error::no(Code::MetadataTooMany, text).into())
            }
            false => Ok(()),
        }
    }
}

impl MetadataPlace {
    /// Finds the place, if the one who asks may know what is written there.
    async fn find(&self, db: &Lent<'_>) -> Result<Rows, Error> {
        match self {
            MetadataPlace::By(viewer, None) => Ok(Rows {
                shared: AccountId::SHARED,
                mailbox: SERVER,
                private: viewer.account,
                reader: if viewer.anonymous { AccountId(NOBODY) } else { viewer.account },
                permit: Permit::default(),
            }),
            MetadataPlace::By(viewer, Some(name)) => {
                let find = FindMailbox { viewer: *viewer, name: name.clone() };
                let found = find.run(db).await?.ok_or_else(no_mailbox)?;
                if found.key.is_of_deleted() {
                    return Err(only_to_look_at().into());
                }
                // RFC 5464 §3.3: "the "l" right and any one of the "r", "s", "w", "i", or "p" rights".
                found.permit.demand(Rights::LOOKUP, no_mailbox)?;
                if !found.permit.rights.has_any(Rights::ANNOTATING) {
                    return Err(found.permit.lacking(Rights::READ).into());
                }
                let MailboxKey { account, mailbox } = found.key;
                let reader = if viewer.anonymous { AccountId(NOBODY) } else { viewer.account };
                Ok(Rows { shared: account, mailbox, private: account, reader, permit: found.permit })
            }
            MetadataPlace::Of(None) => Ok(Rows::of_all(AccountId::SHARED, SERVER)),
            MetadataPlace::Of(Some((login, name))) => {
                let key = Administered::Of(login.clone(), name.clone()).find(db).await?;
                Ok(Rows::of_all(key.account, key.mailbox))
            }
        }
    }
}

impl Rows {
    /// What all share.
    fn of_all(account: AccountId, mailbox: MailboxId) -> Rows {
        let reader = AccountId(NOBODY);
        Rows { shared: account, mailbox, private: account, reader, permit: Permit::of(Rights::ALL) }
    }

    async fn read(&self, db: &Lent<'_>, wanted: &MetadataWanted) -> Result<Vec<MetadataValue>, Error> {
        let entries: Vec<&str> = wanted.entries.iter().map(MetadataEntry::as_str).collect();
        let depth: i32 = match wanted.depth {
            Depth::Zero => 0,
            Depth::One => 1,
            Depth::Infinity => 2,
        };
        let octets_max = i32::try_from(wanted.octets_max).unwrap_or(i32::MAX);
        let Rows { shared, mailbox, private, reader, .. } = self;
        let sql = include_str!("sql/select_metadata.sql");
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&shared.0, &mailbox.0, &private.0, &reader.0, &entries, &depth, &octets_max];
        let rows = db.query(sql, &params).await?;
        let value = |row: &tokio_postgres::Row| MetadataValue {
            entry: row.get(0),
            octets: row.get::<_, i32>(1).unsigned_abs(),
            value: row.get(2),
        };
        Ok(rows.iter().map(value).collect())
    }
}

/// Writes down about a mailbox what is written down about another one, within another unit. RFC 5464 §4.1 wants that
/// when INBOX is renamed, which stays.
pub(super) async fn copy_metadata(
    db: &Lent<'_>,
    account: AccountId,
    from: MailboxId,
    to: MailboxId,
) -> Result<(), Error> {
    let version: i64 =
        db.query_one(include_str!("sql/next_metadata_version.sql"), &[&account.0]).await?.get(0);
    let sql = include_str!("sql/copy_metadata.sql");
    db.execute(sql, &[&account.0, &from.0, &to.0, &version]).await?;
    Ok(())
}

fn is_special_use(entry: &MetadataEntry) -> bool {
    entry.as_str() == SPECIAL_USE_ENTRY
}

fn no_mailbox() -> error::Error {
    error::Error::no(Code::NonExistent, "There is no mailbox of that name")
}

/// The mailbox of what is written down about the server.
pub(super) const SERVER: MailboxId = MailboxId(0);
/// Whose the entries are that all share.
pub(super) const NOBODY: i64 = 0;
