//! Finding the mailboxes that an address stands for.

use std::collections::BTreeSet;

use super::domains;
use super::find_quota_room::has_room;
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{AccountId, MailboxId, MailboxKey};
use crate::wire::address::{Address, localpart_key};

/// Finds who gets mail for an address.
#[derive(Debug, Clone)]
pub struct ResolveRecipient {
    /// As the client wrote it. Without a domain it is `<postmaster>`, who is found in any.
    pub address: Address,
    /// The characters that part who from which mailbox is wished.
    pub separators: String,
    /// How long the message will be, if that is known: there must be room for it.
    pub octets: Option<u64>,
}

/// Who gets mail for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolvedRecipient {
    /// These, each once; at least one.
    Mailboxes(Vec<MailboxKey>),
    Nobody,
    /// A quota leaves no room for the message in one of the mailboxes.
    OverQuota,
    /// Nobody, because the site names its domains and this is none of them.
    ForeignDomain,
    /// More than [`limits::RECIPIENT_MAILBOXES_MAX`].
    TooMany,
}

impl Unit for ResolveRecipient {
    type Output = ResolvedRecipient;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<ResolvedRecipient, Error> {
        let rooms = resolve(db, &self.address, &self.separators).await?;
        let mailboxes: Vec<MailboxKey> = rooms.iter().map(|room| room.key).collect();
        if mailboxes.len() > limits::RECIPIENT_MAILBOXES_MAX {
            return Ok(ResolvedRecipient::TooMany);
        }
        if !rooms.iter().all(|room| has_room(room.messages, room.octets, self.octets)) {
            return Ok(ResolvedRecipient::OverQuota);
        }
        if !mailboxes.is_empty() {
            return Ok(ResolvedRecipient::Mailboxes(mailboxes));
        }
        match domains::is_ours(db, &self.address.domain_key()).await? {
            true => Ok(ResolvedRecipient::Nobody),
            false => Ok(ResolvedRecipient::ForeignDomain),
        }
    }
}

/// A mailbox, and how much more its account may hold; None is no limit.
pub(super) struct Room {
    pub key: MailboxKey,
    messages: Option<i64>,
    octets: Option<i64>,
}

/// The mailboxes that mail for `address` goes to, in order; one more than there may be, when there are too many.
pub(super) async fn resolve(db: &Lent<'_>, address: &Address, separators: &str) -> Result<Vec<Room>, Error> {
    let domains = if address.domain.is_empty() {
        let rows = db.query(include_str!("sql/select_domains_of_postmaster.sql"), &[]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    } else {
        vec![address.domain_key()]
    };
    if let Some(rooms) = resolve_plainly(db, address).await? {
        return Ok(rooms);
    }
    let whole = [(address.localpart.as_str(), "")];
    let take_all = [("", "")];
    let parted = address.subaddresses(separators);
    let (localparts, details): (Vec<&str>, Vec<&str>) =
        whole.into_iter().chain(parted).chain(take_all).unzip();
    let keys: Vec<String> = localparts.iter().map(|localpart| localpart_key(localpart)).collect();
    let many = limits::RECIPIENT_MAILBOXES_MAX as i64 + 1;
    let sql = include_str!("sql/resolve_recipient.sql");
    let rows = db.query(sql, &[&domains, &localparts, &keys, &details, &many]).await?;
    // An account without the mailbox and without INBOX is being deleted.
    let target = |row: &tokio_postgres::Row| {
        let key =
            MailboxKey { account: AccountId(row.get(0)), mailbox: MailboxId(row.get::<_, Option<i64>>(1)?) };
        Some(Room { key, messages: row.get(2), octets: row.get(3) })
    };
    Ok(rows.iter().filter_map(target).collect())
}

/// The same for an address as most are: what stands for it are aliases of exactly that address, which lead to mailboxes,
/// and nobody has a quota. None when it is not one of these. What is general takes PostgreSQL four times as long to begin with.
async fn resolve_plainly(db: &Lent<'_>, address: &Address) -> Result<Option<Vec<Room>>, Error> {
    let many = limits::RECIPIENT_MAILBOXES_MAX as i64 + 1;
    let key = localpart_key(&address.localpart);
    let sql = include_str!("sql/select_plain_recipient.sql");
    let mut rows = db.query(sql, &[&address.domain_key(), &address.localpart, &key, &many]).await?;
    if rows.len() as i64 == many {
        return Ok(None);
    }
    // Of two that differ in case only, the one that is written exactly so is better.
    if rows.iter().any(|row| row.get(2)) {
        rows.retain(|row| row.get(2));
    }
    let mailbox = |row: &tokio_postgres::Row| {
        Some(MailboxKey { account: AccountId(row.get(0)), mailbox: MailboxId(row.get::<_, Option<i64>>(1)?) })
    };
    let mailboxes: Option<BTreeSet<MailboxKey>> = rows.iter().map(mailbox).collect();
    let rooms =
        mailboxes.unwrap_or_default().into_iter().map(|key| Room { key, messages: None, octets: None });
    Ok(Some(rooms.collect()).filter(|rooms: &Vec<Room>| !rooms.is_empty()))
}
