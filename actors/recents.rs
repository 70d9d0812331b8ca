//! Which messages are \Recent to nobody any more: said to the database, and known here before it knows.

use std::sync::Arc;

use archiveopteryx::db;
use archiveopteryx::mailbox::MailboxKey;

use crate::company::Company;
use crate::database::{self, Database};

/// Where that is noted.
#[derive(Clone)]
pub struct Recents {
    database: actix::Addr<Database>,
    caches: Arc<db::Caches>,
    company: Company,
}

impl Recents {
    /// Noted in `caches` for whoever reads the database here, and in `database`.
    pub fn new(database: actix::Addr<Database>, caches: Arc<db::Caches>, company: Company) -> Recents {
        Recents { database, caches, company }
    }

    /// What comes here is for sessions here, without asking the database: no other server can have told of it.
    pub fn are_ours(&self) -> bool {
        self.company.is_alone()
    }

    /// Messages below this uid belong to a session here from now on. Losing it in a crash only shows \Recent twice.
    pub fn take(&self, key: MailboxKey, first: u32) {
        actix_rt::spawn(self.claim(key, first));
    }

    /// Asks the database for the messages below this uid: those from the uid on that it answers are this server's. None when
    /// it cannot be asked. Whosever they are, they are \Recent to nobody else, which is known here at once.
    pub fn claim(&self, key: MailboxKey, first: u32) -> impl Future<Output = Option<u32>> + use<> {
        self.caches.recent.note(key, first);
        let Recents { database, caches, .. } = self.clone();
        async move {
            let unit = db::MarkRecent { key, first_recent_uid: first };
            match database::run(&database, unit).await {
                Ok(before) => {
                    caches.recent.forget(key, first);
                    Some(before)
                }
                Err(error) => {
                    tracing::debug!(%error, mailbox = key.mailbox.0, "could not store which messages are recent");
                    None
                }
            }
        }
    }
}
