//! A registry without a database: what that would say, the tests say.

use std::path::Path;

use actix::Actor;
use archiveopteryx::mailbox::{AccountId, FlagSet, InternalDate, Loaded as Message, MailboxId, MessageId};
use archiveopteryx::mailbox::{Uid, UidValidity};
use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::*;
use crate::company::Company;
use crate::db_connection::Keeping;
use crate::postgres::Target;

const KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };

/// Hands on what a session hears.
struct Session(mpsc::UnboundedSender<Changed>);

impl actix::Actor for Session {
    type Context = actix::Context<Self>;
}

impl actix::Handler<Changed> for Session {
    type Result = ();

    fn handle(&mut self, changed: Changed, _: &mut Self::Context) {
        self.0.send(changed).expect("the test listens");
    }
}

fn registry(alone: bool) -> actix::Addr<MailboxRegistry> {
    let nowhere = || Target::local(Path::new("/nonexistent"), "aox_server", "aox");
    let keeping = Keeping { caches: Arc::default(), quota_warn_percent: 0, hides_deleted: false };
    let database = Database::start_in(&actix::Arbiter::current(), nowhere(), keeping, 1);
    let company = Company::default();
    company.seen(0, alone);
    let recents = Recents::new(database.clone(), Arc::default(), company.clone());
    let listener = DbListener::start_for(nowhere(), "here".into(), company);
    let guests = Guests::new(database.clone()).start();
    let watches = Watches::new(listener.clone()).start();
    MailboxRegistry::new(database, recents, listener, guests, watches).start()
}

/// A change that brings one message with this uid, as the modseq of the same number.
fn brings(number: u32) -> Change {
    let modseq = ModSeq(u64::from(number));
    let message = Message {
        uid: Uid::new(number).expect("a uid is above 0"),
        message: MessageId(i64::from(number)),
        modseq,
        size: 1,
        internal_date: InternalDate { seconds: 0, zone_minutes: 0 },
        flags: FlagSet::default(),
    };
    Change { appended: vec![message], ..Change::new(KEY, ModSeq(modseq.0 - 1), modseq) }
}

/// What a session gets that opens the mailbox, in which there is nothing, and what it hears.
async fn open(registry: &actix::Addr<MailboxRegistry>) -> (Subscribed, mpsc::UnboundedReceiver<Changed>) {
    let (hears, heard) = mpsc::unbounded_channel();
    let session = Session(hears).start().recipient();
    let subscribe =
        Subscribe { key: KEY, at_least: ModSeq(0), first_recent_uid: 1, read_write: true, session };
    let subscribed = registry.send(subscribe);
    let uidvalidity = UidValidity::new(1).expect("it is above 0");
    let snapshot = Snapshot::load(uidvalidity, 1, ModSeq(0), []);
    let mailbox = db::LoadedMailbox { snapshot, first_recent_uid: 1 };
    registry.do_send(Loaded { key: KEY, outcome: Ok(Some(mailbox)) });
    let subscribed = subscribed.await.expect("the registry is there").expect("it has been loaded");
    (subscribed, heard)
}

#[actix_rt::test]
async fn a_writer_goes_on_when_all_can_see_what_it_has_changed() {
    let registry = registry(true);
    let (Subscribed { shared, .. }, _heard) = open(&registry).await;
    registry.send(Delivered { changes: vec![brings(1)] }).await.expect("it is taken");
    assert_eq!(shared.current().len(), 1);
    // What another writer has changed before has not been heard of, and is read.
    let mut third = Box::pin(registry.send(Delivered { changes: vec![brings(3)] }));
    registry.send(Ended).await.expect("all before has been dealt with");
    assert!((&mut third).now_or_never().is_none());
    assert_eq!(shared.current().len(), 1);
    let read =
        Change { appended: [brings(2), brings(3)].map(|change| change.appended).concat(), ..brings(3) };
    let read = Change { after: ModSeq(1), ..read };
    registry.do_send(CaughtUp { key: KEY, outcome: Ok(Some(read)) });
    third.await.expect("it is taken");
    assert_eq!(shared.current().len(), 3);
}

/// RFC 3501 §2.3.2: where another server may have told of a message, the database says whose it is before anybody hears of it.
#[actix_rt::test]
async fn what_is_new_is_told_when_it_is_known_whose_it_is() {
    let registry = registry(false);
    let (Subscribed { recent, .. }, mut heard) = open(&registry).await;
    assert!(recent.is_empty());
    let mut first = Box::pin(registry.send(Delivered { changes: vec![brings(1)] }));
    registry.send(Ended).await.expect("all before has been dealt with");
    assert!((&mut first).now_or_never().is_none());
    assert!(heard.try_recv().is_err(), "nobody knows yet whose it is");
    registry.do_send(Claimed { key: KEY, first: 2, before: Some(1) });
    first.await.expect("it is taken");
    let told = heard.recv().await.expect("the session is there");
    assert_eq!(told.recent, Some(UidSet::from_ranges([(1, 1)])));
    // The next one was told to a session of another server.
    let second = registry.send(Delivered { changes: vec![brings(2)] });
    registry.do_send(Claimed { key: KEY, first: 3, before: Some(3) });
    second.await.expect("it is taken");
    assert_eq!(heard.recv().await.expect("the session is there").recent, None);
}
