//! Which messages are \Recent to nobody any more, as far as the database is still to hear of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::mailbox::MailboxKey;

/// For some mailboxes, the first uid that no session has been told of as \Recent (RFC 3501 §2.3.2): those that the database
/// does not know yet.
#[derive(Default)]
pub struct RecentMarks(Mutex<Marks>);

/// All of them at one moment.
#[derive(Clone, Default)]
pub(super) struct Marks(Arc<HashMap<MailboxKey, u32>>);

impl RecentMarks {
    /// A session is about to be told of the messages below this uid. Who reads the database from now on counts them no more.
    pub fn note(&self, key: MailboxKey, first: u32) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = Arc::make_mut(&mut marks.0).entry(key).or_default();
        *mark = first.max(*mark);
    }

    /// The database knows this one now.
    pub fn forget(&self, key: MailboxKey, first: u32) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.0.get(&key).is_some_and(|mark| *mark <= first) {
            Arc::make_mut(&mut marks.0).remove(&key);
        }
    }

    /// What is among these is not in the database yet, perhaps; what is not, whoever reads it afterwards finds there.
    pub(super) fn now(&self) -> Marks {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Marks {
    /// The first uid of a mailbox that no session has been told of as \Recent, where the database says `stored`.
    pub fn first_recent(&self, key: MailboxKey, stored: u64) -> u64 {
        self.0.get(&key).map_or(stored, |mark| stored.max((*mark).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{AccountId, MailboxId};

    #[test]
    fn a_mark_stays_until_the_database_knows_it() {
        let key = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };
        let marks = RecentMarks::default();
        marks.note(key, 5);
        marks.note(key, 7);
        marks.forget(key, 5);
        let read_before = marks.now();
        marks.forget(key, 7);
        assert_eq!((read_before.first_recent(key, 5), read_before.first_recent(key, 9)), (7, 9));
        assert_eq!(marks.now().first_recent(key, 7), 7);
        assert!(marks.0.into_inner().unwrap().0.is_empty());
    }
}
