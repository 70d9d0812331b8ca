//! Units that many tests run, with what does not matter to them filled in.

use archiveopteryx::db::{Actor, Append, Appending, Culprit, Expunge, NewMessage};
use archiveopteryx::mailbox::{AccountId, FlagSet, InternalDate, MailboxKey, System, Uid};
use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

/// What runs units one after another.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime starts")
}

/// An actor for units that ask for one.
pub fn nobody() -> Actor {
    Actor { account: None, door: "imap", client: None }
}

/// A message without flags that came in September 2001.
pub fn appending(account: AccountId, octets: impl Into<Vec<u8>>) -> Appending {
    Appending {
        message: NewMessage::prepare(account, octets.into(), Timestamp::UNIX_EPOCH),
        flags: FlagSet::new(System::default(), []),
        internal_date: InternalDate { seconds: 1_000_000_000, zone_minutes: 0 },
    }
}

/// Whatever its owner's quota says.
pub fn append(key: MailboxKey, messages: impl IntoIterator<Item = Appending>) -> Append {
    let messages = messages.into_iter().collect();
    Append { key, saved_at: Timestamp::UNIX_EPOCH, messages, is_limited: false, actor: nobody() }
}

/// By its owner.
pub fn expunge(key: MailboxKey, uids: Vec<Uid>) -> Expunge {
    let by = Culprit { account: Some(key.account), door: "imap", client: None, reason: "EXPUNGE" };
    Expunge { key, uids, only_deleted: false, by }
}
