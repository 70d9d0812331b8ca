//! Looks for messages in one mailbox after the other: what `aox search` and `aox undelete` have in common.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::answer::Reply;
use super::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db::{LoadSnapshot, SearchPage, SearchedMailbox, SearchedPlace};
use crate::error::Error;
use crate::mailbox::{Snapshot, Uid};
use crate::plan::Plan;
use crate::search::{Collation, Inquiry, Scope, Selector};

/// A search under way. `S` is what those who asked have gathered.
pub(super) struct Seek<S> {
    pub selector: Selector,
    /// What ages count from.
    pub now: Timestamp,
    /// The mailboxes that are still to be looked into.
    pub rest: VecDeque<SearchedMailbox>,
    pub way: Way,
    pub state: S,
    /// What is done with the messages of a mailbox, if there are any; it ends with [`Seek::next`].
    pub visit: fn(Hit, Seek<S>) -> Plan<Context, Outcome>,
    /// What is done when all mailboxes have been looked into.
    pub end: fn(S, &Context) -> Plan<Context, Outcome>,
    /// How far it is, for whoever looks on.
    pub progress: fn(&S) -> String,
}

/// How far it is through all mailboxes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    total: i64,
    /// With the mailbox that it is in.
    passed: i64,
    /// What that mailbox counts.
    here: i64,
}

impl Way {
    /// Before the first of these.
    pub fn through(mailboxes: &[SearchedMailbox]) -> Way {
        Way { total: mailboxes.iter().map(Way::weight).sum(), ..Way::default() }
    }

    /// An empty mailbox takes time, too.
    fn weight(mailbox: &SearchedMailbox) -> i64 {
        1 + mailbox.messages
    }

    fn enter(&mut self, mailbox: &SearchedMailbox) {
        self.here = Way::weight(mailbox);
        self.passed += self.here;
    }

    /// Tells that of what was found in this mailbox, `left` of `found` is still to be done.
    pub fn told(self, left: usize, found: usize, text: String) -> Reply {
        let ahead = self.here * left as i64 / found.max(1) as i64;
        Reply::Share { done: self.passed - ahead, total: self.total, text }
    }
}

/// Messages that were found in one mailbox.
pub(super) struct Hit {
    pub mailbox: SearchedMailbox,
    pub snapshot: Snapshot,
    pub uids: Vec<Uid>,
}

/// One mailbox, some of whose messages have to be asked.
struct Asking<S> {
    seek: Seek<S>,
    mailbox: SearchedMailbox,
    snapshot: Snapshot,
    inquiry: Inquiry,
}

impl<S: Send + 'static> Seek<S> {
    /// Looks into the next mailbox.
    pub fn next(mut self) -> Plan<Context, Outcome> {
        let progress = (self.progress)(&self.state);
        let told = self.way.told(0, 0, progress).to_line();
        let Some(mailbox) = self.rest.pop_front() else {
            let (end, state) = (self.end, self.state);
            return Plan::emit(told, move |context| end(state, context));
        };
        self.way.enter(&mailbox);
        let load = move |_: &mut Context| {
            Plan::run(LoadSnapshot { key: mailbox.key }, move |loaded, _: &mut Context| match loaded {
                // It has been deleted meanwhile.
                Ok(None) => self.next(),
                Ok(Some(loaded)) => self.look_into(mailbox, loaded.snapshot),
                Err(error) => Plan::Done(Err(Error::from(error))),
            })
        };
        Plan::emit(told, load)
    }

    fn look_into(self, mailbox: SearchedMailbox, snapshot: Snapshot) -> Plan<Context, Outcome> {
        let inquiry = Inquiry::new(&self.selector, Scope::new(&snapshot, self.now));
        Asking { seek: self, mailbox, snapshot, inquiry }.next_page()
    }
}

impl<S: Send + 'static> Asking<S> {
    fn next_page(mut self) -> Plan<Context, Outcome> {
        let Some(messages) = self.inquiry.next_page(&self.snapshot) else { return self.visit() };
        let (key, leaves) = (self.mailbox.key, self.inquiry.leaves().to_vec());
        let unit = SearchPage { key, messages, leaves, collation: Collation::default(), reader: None };
        Plan::run(unit, move |outcome, _: &mut Context| match outcome {
            Ok(answers) => {
                self.inquiry.take(answers);
                self.next_page()
            }
            Err(error) => Plan::Done(Err(Error::from(error))),
        })
    }

    fn visit(self) -> Plan<Context, Outcome> {
        let heard = self.inquiry.finish();
        let uids = self.seek.selector.evaluate(Scope::new(&self.snapshot, self.seek.now), &heard.answers);
        match uids.is_empty() {
            true => self.seek.next(),
            false => {
                let hit = Hit { mailbox: self.mailbox, snapshot: self.snapshot, uids };
                (self.seek.visit)(hit, self.seek)
            }
        }
    }
}

/// Where an administrator looks: a path for one mailbox, a login for all of a user's.
pub(super) fn place(text: &str) -> Result<SearchedPlace, Error> {
    let path = MailboxPath::parse(text)?;
    Ok(match text.starts_with('/') {
        true => SearchedPlace::Mailbox(path.login, path.mailbox),
        false => SearchedPlace::User(path.login),
    })
}
