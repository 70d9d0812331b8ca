//! Reads which metadata has changed since it was looked at last, and who is to be told of it.

use std::collections::{BTreeSet, HashMap};

use tokio_postgres::Row;

use super::metadata::{NOBODY, SERVER};
use super::owner::standings;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::namespace::seen_by_others;
use crate::mailbox::{AccountId, MailboxId, MailboxKey};
use crate::policy::{Rights, Standing, Viewer};

/// Reads how often the metadata of each account was changed.
pub struct MetadataVersions;

impl Unit for MetadataVersions {
    type Output = HashMap<AccountId, i64>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_metadata_versions.sql"), &[]).await?;
        Ok(rows.iter().map(|row| (AccountId(row.get(0)), row.get(1))).collect())
    }
}

/// Reads what has changed in an account's metadata, for those who want to be told.
pub struct ReadMetadataChanges {
    pub account: AccountId,
    /// The number of the last change that they know.
    pub since: i64,
    /// Who they are, and the connection of each, which does not hear of what it has changed by itself.
    pub watchers: Vec<(Viewer, i64)>,
}

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataChanges {
    /// The number of the last change that was read.
    pub version: i64,
    /// What each of the watchers is to be told, in their order.
    pub told: Vec<Vec<ChangedMetadata>>,
}

/// Entries of one mailbox that have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedMetadata {
    /// As the watcher calls it; None for the server.
    pub mailbox: Option<String>,
    pub entries: BTreeSet<String>,
}

/// A changed entry.
struct Changed {
    key: MailboxKey,
    name: Option<String>,
    login: String,
    reader: i64,
    entry: String,
    version: i64,
    by: i64,
}

impl Unit for ReadMetadataChanges {
    type Output = MetadataChanges;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = include_str!("sql/select_changed_metadata.sql");
        let rows = db.query(sql, &[&self.account.0, &self.since]).await?;
        let changed: Vec<Changed> = rows.iter().map(|row| Changed::new(self.account, row)).collect();
        let version = changed.iter().map(|changed| changed.version).max().unwrap_or(self.since);
        let keys: BTreeSet<MailboxKey> = changed.iter().map(|changed| changed.key).collect();
        let is_guest = |(viewer, _): &&(Viewer, i64)| !viewer.owns(self.account);
        let guests: Vec<Viewer> = self.watchers.iter().filter(is_guest).map(|(viewer, _)| *viewer).collect();
        let asked: Vec<(Viewer, MailboxKey)> = keys
            .iter()
            .filter(|key| key.mailbox != SERVER)
            .flat_map(|key| guests.iter().map(|viewer| (*viewer, *key)))
            .collect();
        let standings = if asked.is_empty() { Vec::new() } else { standings(db, &asked).await? };
        let standings: HashMap<(Viewer, MailboxKey), Standing> = asked.into_iter().zip(standings).collect();
        let told = self.watchers.iter().map(|watcher| told(&changed, *watcher, &standings)).collect();
        Ok(MetadataChanges { version, told })
    }
}

impl Changed {
    fn new(account: AccountId, row: &Row) -> Changed {
        Changed {
            key: MailboxKey { account, mailbox: MailboxId(row.get(0)) },
            name: row.get(1),
            login: row.get(2),
            reader: row.get(3),
            entry: row.get(4),
            version: row.get(5),
            by: row.get(6),
        }
    }

    /// How somebody calls the mailbox.
    fn name_for(&self, viewer: Viewer) -> Option<String> {
        let name = self.name.as_ref()?;
        match viewer.owns(self.key.account) {
            true => Some(name.clone()),
            false => Some(seen_by_others(&self.login, name)),
        }
    }
}

/// What one watcher is to be told.
fn told(
    changed: &[Changed],
    (viewer, connection): (Viewer, i64),
    standings: &HashMap<(Viewer, MailboxKey), Standing>,
) -> Vec<ChangedMetadata> {
    let may_know = |changed: &Changed| {
        let is_private = changed.reader != NOBODY;
        if changed.by == connection || is_private && (changed.reader != viewer.account.0 || viewer.anonymous)
        {
            return false;
        }
        if changed.key.mailbox == SERVER || viewer.owns(changed.key.account) {
            return true;
        }
        standings.get(&(viewer, changed.key)).is_some_and(|standing| {
            let rights = standing.permit.rights;
            rights.contains(Rights::LOOKUP) && rights.has_any(Rights::ANNOTATING)
        })
    };
    let mut told: Vec<ChangedMetadata> = Vec::new();
    for changed in changed.iter().filter(|changed| may_know(changed)) {
        let mailbox = changed.name_for(viewer);
        let entry = changed.entry.clone();
        match told.iter_mut().find(|told| told.mailbox == mailbox) {
            Some(told) => drop(told.entries.insert(entry)),
            None => told.push(ChangedMetadata { mailbox, entries: BTreeSet::from([entry]) }),
        }
    }
    told
}
