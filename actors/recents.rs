//! Which messages are \Recent to nobody any more: known here before a session is told, and to the database later.

use std::sync::Arc;

use archiveopteryx::db;
use archiveopteryx::mailbox::{MailboxKey, ModSeq};

use crate::database::{self, Database};
use crate::db_listener::{self, DbListener, News};

/// Where that is noted.
#[derive(Clone)]
pub struct Recents {
    database: actix::Addr<Database>,
    caches: Arc<db::Caches>,
    listener: actix::Addr<DbListener>,
}

impl Recents {
    /// Noted in `caches` for whoever reads the database here, and in `database`.
    pub fn new(
        database: actix::Addr<Database>,
        caches: Arc<db::Caches>,
        listener: actix::Addr<DbListener>,
    ) -> Recents {
        Recents { database, caches, listener }
    }

    /// Messages below this uid belong to a session here from now on. The other servers hear of what has come when the
    /// database knows that. Losing it in a crash only shows \Recent twice.
    pub fn take(&self, key: MailboxKey, first: u32, come: Option<ModSeq>) {
        self.caches.recent.note(key, first);
        let recents = self.clone();
        actix_rt::spawn(async move {
            let listener = recents.listener.clone();
            recents.claim(key, first).await;
            if let Some(modseq) = come {
                listener.do_send(db_listener::Announce(News::Changed(key, modseq)));
            }
        });
    }

    /// Asks the database for the messages below this uid: those from the uid on that it answers are this server's. None when
    /// it cannot be asked.
    pub async fn claim(self, key: MailboxKey, first: u32) -> Option<u32> {
        let unit = db::MarkRecent { key, first_recent_uid: first };
        match database::run(&self.database, unit).await {
            Ok(before) => {
                self.caches.recent.forget(key, first);
                Some(before)
            }
            Err(error) => {
                tracing::debug!(%error, mailbox = key.mailbox.0, "could not store which messages are recent");
                None
            }
        }
    }
}
