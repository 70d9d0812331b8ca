//! # MetadataWatch - who wants to be told what others write down about mailboxes and the server
//!
//! Hears:  Watch, Unwatch, Signalled, MayHaveMissed, Compared, Read
//! Says:   MetadataChanged → connections, Notifiers · Run → Database
//! Lives:  the server's life
//! Knows:  how often the metadata of each account was changed, and who wants to be told
//! Limits: one question to the database at a time, whatever happens meanwhile
//!
//! The database tells all servers when the metadata of an account was changed, with the number of the change. What it was,
//! and who may know of it, is read then: only for those who want to be told (RFC 5464 §4.1), at most clients of one site.

use std::collections::HashMap;

use actix::{Actor, AsyncContext};
use archiveopteryx::db::{self, ChangedMetadata};
use archiveopteryx::mailbox::AccountId;
use archiveopteryx::policy::Viewer;

use crate::database::{self, Database};
use crate::db_listener::{Attach, DbListener, Heard};
use crate::watches::WatchId;

/// Somebody is told, until this is dropped.
pub struct Watching {
    watch: actix::Addr<MetadataWatch>,
    id: WatchId,
    viewer: Viewer,
}

impl Watching {
    /// From now on, `told` hears what concerns `viewer` and was not changed by this connection. No other connection has
    /// that number, here or at another server.
    pub fn begin(
        watch: &actix::Addr<MetadataWatch>,
        connection: i64,
        viewer: Viewer,
        told: actix::Recipient<MetadataChanged>,
    ) -> Watching {
        let id = WatchId::new();
        watch.do_send(Watch { id, watcher: Watcher { viewer, connection, told } });
        Watching { watch: watch.clone(), id, viewer }
    }

    pub fn viewer(&self) -> Viewer {
        self.viewer
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.watch.do_send(Unwatch(self.id));
    }
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Watch {
    id: WatchId,
    watcher: Watcher,
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Unwatch(WatchId);

/// To who watches: others have changed this.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct MetadataChanged(Vec<ChangedMetadata>);

impl MetadataChanged {
    /// Adds it to what is still to be told, in which each entry is once.
    pub fn add_to(self, untold: &mut Vec<ChangedMetadata>) {
        for changed in self.0 {
            match untold.iter_mut().find(|untold| untold.mailbox == changed.mailbox) {
                Some(untold) => untold.entries.extend(changed.entries),
                None => untold.push(changed),
            }
        }
    }
}

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Signalled(Vec<(AccountId, i64)>);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct MayHaveMissed;

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Compared(Result<HashMap<AccountId, i64>, db::Error>);

#[derive(actix::Message)]
#[rtype(result = "()")]
struct Read {
    account: AccountId,
    asked: Vec<WatchId>,
    outcome: Result<db::MetadataChanges, db::Error>,
}

/// The actor. One per server.
pub struct MetadataWatch {
    database: actix::Addr<Database>,
    listener: actix::Addr<DbListener>,
    watchers: HashMap<WatchId, Watcher>,
    /// The last change of each account that was told; None until that has been read.
    told: Option<HashMap<AccountId, i64>>,
    /// What has been heard of since.
    due: HashMap<AccountId, i64>,
    asking: bool,
    /// Something may have been missed, so all has to be compared.
    owes: bool,
}

struct Watcher {
    viewer: Viewer,
    connection: i64,
    told: actix::Recipient<MetadataChanged>,
}

impl MetadataWatch {
    /// Starts it in an arbiter.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        database: actix::Addr<Database>,
        listener: actix::Addr<DbListener>,
    ) -> actix::Addr<MetadataWatch> {
        let (watchers, told, due) = (HashMap::new(), None, HashMap::new());
        MetadataWatch::start_in_arbiter(arbiter, move |_| MetadataWatch {
            database,
            listener,
            watchers,
            told,
            due,
            asking: false,
            owes: true,
        })
    }

    /// Asks what is due, unless an answer is still to come.
    fn ask(&mut self, ctx: &mut actix::Context<Self>) {
        if self.asking {
            return;
        }
        let (database, myself) = (self.database.clone(), ctx.address());
        if std::mem::take(&mut self.owes) {
            self.asking = true;
            actix_rt::spawn(async move {
                let outcome = database::run(&database, db::MetadataVersions).await;
                myself.do_send(Compared(outcome));
            });
            return;
        }
        let Some((account, since)) = self.next() else { return };
        self.asking = true;
        let watchers = self.watchers.iter().map(|(id, watcher)| (*id, (watcher.viewer, watcher.connection)));
        let (asked, watchers): (Vec<WatchId>, Vec<(Viewer, i64)>) = watchers.unzip();
        actix_rt::spawn(async move {
            let unit = db::ReadMetadataChanges { account, since, watchers };
            let outcome = database::run(&database, unit).await;
            myself.do_send(Read { account, asked, outcome });
        });
    }

    /// An account that has changed since it was told of, and what was told last. Where nobody wants to be told, what is
    /// due counts as told.
    fn next(&mut self) -> Option<(AccountId, i64)> {
        let told = self.told.as_mut()?;
        while let Some((account, version)) =
            self.due.iter().next().map(|(account, version)| (*account, *version))
        {
            self.due.remove(&account);
            let known = told.entry(account).or_default();
            if version > *known {
                if !self.watchers.is_empty() {
                    return Some((account, *known));
                }
                *known = version;
            }
        }
        None
    }
}

impl actix::Actor for MetadataWatch {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let myself = ctx.address();
        let tell = move |heard: &Heard| match heard {
            Heard::Metadata(changes) => myself.try_send(Signalled(changes.clone())).is_ok(),
            Heard::MayHaveMissed => myself.try_send(MayHaveMissed).is_ok(),
            _ => true,
        };
        self.listener.do_send(Attach(Box::new(tell)));
    }
}

impl actix::Handler<Watch> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, Watch { id, watcher }: Watch, _: &mut Self::Context) {
        self.watchers.insert(id, watcher);
    }
}

impl actix::Handler<Unwatch> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, Unwatch(id): Unwatch, _: &mut Self::Context) {
        self.watchers.remove(&id);
    }
}

impl actix::Handler<Signalled> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, Signalled(changes): Signalled, ctx: &mut Self::Context) {
        for (account, version) in changes {
            let due = self.due.entry(account).or_default();
            *due = version.max(*due);
        }
        self.ask(ctx);
    }
}

impl actix::Handler<MayHaveMissed> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, _: MayHaveMissed, ctx: &mut Self::Context) {
        self.owes = true;
        self.ask(ctx);
    }
}

impl actix::Handler<Compared> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, Compared(outcome): Compared, ctx: &mut Self::Context) {
        self.asking = false;
        match outcome {
            Ok(versions) if self.told.is_none() => self.told = Some(versions),
            Ok(versions) => {
                for (account, version) in versions {
                    let due = self.due.entry(account).or_default();
                    *due = version.max(*due);
                }
            }
            // The listener says again in a while that something may have been missed.
            Err(error) => return tracing::debug!(%error, "could not read how often metadata was changed"),
        }
        self.ask(ctx);
    }
}

impl actix::Handler<Read> for MetadataWatch {
    type Result = ();

    fn handle(&mut self, Read { account, asked, outcome }: Read, ctx: &mut Self::Context) {
        self.asking = false;
        let changes = match outcome {
            Ok(changes) => changes,
            Err(error) => return tracing::warn!(%error, "could not read which metadata was changed"),
        };
        if let Some(told) = &mut self.told {
            told.insert(account, changes.version);
        }
        for (id, changed) in asked.iter().zip(changes.told) {
            // Who has come meanwhile has no need of it, and who has gone is told nothing.
            if let Some(watcher) = self.watchers.get(id).filter(|_| !changed.is_empty()) {
                watcher.told.do_send(MetadataChanged(changed));
            }
        }
        self.ask(ctx);
    }
}
