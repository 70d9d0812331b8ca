//! Lists the mailboxes that somebody may know of, and his subscriptions: what LIST and LSUB choose from.

use std::collections::BTreeMap;

use tokio_postgres::Row;

use super::owner::ban;
use super::pipeline::pipelined;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::namespace::{is_deleted, name_of_deleted, seen_by_others};
use crate::policy::{Rights, Viewer};

/// Lists every mailbox that `viewer` owns or may look up, and every name he has subscribed to, in the order of the names.
pub struct ListMailboxes {
    pub viewer: Viewer,
    /// With all in which there is deleted mail; otherwise of these only what he has subscribed to.
    pub deleted: bool,
}

/// A name that somebody has something to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedMailbox {
    /// As the viewer calls it.
    pub name: String,
    /// False for a subscription that has outlived its mailbox, or the right to know of it.
    pub exists: bool,
    pub subscribed: bool,
    /// RFC 6154, in lower case without the backslash. What others use their mailboxes for is their own business.
    pub special_use: Option<String>,
    /// What the viewer may do there.
    pub rights: Rights,
}

impl Unit for ListMailboxes {
    type Output = Vec<ListedMailbox>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let own = db.prepare(include_str!("sql/select_mailbox_names.sql")).await?;
        let others = db.prepare(include_str!("sql/select_mailboxes_of_others.sql")).await?;
        let Viewer { account, anonymous, acting } = self.viewer;
        let client = db.client();
        let mut rows = pipelined(vec![
            Box::pin(async { Ok(client.query(&own, &[&account.0, &acting.0]).await?) }),
            Box::pin(async { Ok(client.query(&others, &[&account.0, &anonymous, &acting.0]).await?) }),
        ])
        .await?;
        let others = rows.pop().unwrap_or_default();
        let mut listed: Vec<ListedMailbox> = rows.pop().unwrap_or_default().iter().map(own_name).collect();
        if !others.is_empty() {
            listed = merged(listed, &others);
        }
        let subscribed = listed.iter().any(|mailbox| is_deleted(&mailbox.name));
        if (self.deleted || subscribed) && !anonymous && !db.hides_deleted() {
            let rows = db.query(include_str!("sql/select_names_of_deleted.sql"), &[&account.0]).await?;
            listed = with_deleted(listed, &rows, self.deleted);
        }
        Ok(listed)
    }
}

fn own_name(row: &Row) -> ListedMailbox {
    let exists = row.get(1);
    let rights = match (exists, ban(row, 4)) {
        (true, None) => Rights::ALL,
        (true, Some(_)) => Rights::ALL.without(Rights::DELETING),
        (false, _) => Rights::NONE,
    };
    ListedMailbox { name: row.get(0), exists, subscribed: row.get(2), special_use: row.get(3), rights }
}

/// The same names with those of deleted mail: all, or those that are among them by a subscription.
fn with_deleted(own: Vec<ListedMailbox>, rows: &[Row], all: bool) -> Vec<ListedMailbox> {
    let mut listed: BTreeMap<String, ListedMailbox> =
        own.into_iter().map(|mailbox| (mailbox.name.clone(), mailbox)).collect();
    for row in rows {
        let name = name_of_deleted(row.get(0));
        let subscribed = listed.get(&name).is_some_and(|known| known.subscribed);
        let rights = Rights::TAKING_BACK;
        if all || subscribed {
            let mailbox =
                ListedMailbox { name: name.clone(), exists: true, subscribed, special_use: None, rights };
            listed.insert(name, mailbox);
        }
    }
    listed.into_values().collect()
}

/// The same names with those that others let him see, some of which he may have subscribed to.
fn merged(own: Vec<ListedMailbox>, others: &[Row]) -> Vec<ListedMailbox> {
    let mut listed: BTreeMap<String, ListedMailbox> =
        own.into_iter().map(|mailbox| (mailbox.name.clone(), mailbox)).collect();
    for row in others {
        let name = seen_by_others(row.get(0), row.get(1));
        let subscribed = listed.get(&name).is_some_and(|known| known.subscribed);
        let granted = Rights::from_bits(row.get(2));
        let rights = if ban(row, 3).is_some() { granted.without(Rights::DELETING) } else { granted };
        let mailbox =
            ListedMailbox { name: name.clone(), exists: true, subscribed, special_use: None, rights };
        listed.insert(name, mailbox);
    }
    listed.into_values().collect()
}
