//! STATUS (RFC 3501 §6.3.10): counts of a mailbox without opening it.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::{map, value};
use nom::error::context;
use nom::sequence::preceded;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{parenthesized, sp, word};
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::Rights;

/// What a client would like to know of which mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub name: MailboxName,
    pub items: Vec<Item>,
}

/// One count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    /// How far changes have come (RFC 7162 §3.1.7).
    HighestModSeq,
    /// Messages with \Deleted (RFC 9208 §4.1.4).
    Deleted,
    /// Their octets: what EXPUNGE would free.
    DeletedStorage,
}

/// `status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Status> {
    let arguments = (preceded(sp, mailbox(enabled)), preceded(sp, parenthesized(status_att)));
    map(arguments, |(name, items)| Status { name, items }).parse(input)
}

/// `status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN"`,
/// `status-att =/ "DELETED" / "DELETED-STORAGE"` (RFC 9208 §7)
fn status_att(input: &[u8]) -> Parsed<'_, Item> {
    let items = alt((
        value(Item::Messages, word("MESSAGES")),
        value(Item::Recent, word("RECENT")),
        value(Item::UidNext, word("UIDNEXT")),
        value(Item::UidValidity, word("UIDVALIDITY")),
        value(Item::Unseen, word("UNSEEN")),
        value(Item::HighestModSeq, word("HIGHESTMODSEQ")), // RFC 7162 §7
        value(Item::DeletedStorage, word("DELETED-STORAGE")),
        value(Item::Deleted, word("DELETED")),
    ));
    context("a status item", items).parse(input)
}

impl Status {
    /// Reads the mailbox's counters.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let enabled = user.enabled;
        let find = db::FindMailbox { viewer: user.viewer(), name: self.name.clone() };
        Plan::run(find, move |found, _| match found.map(readable) {
            Ok(Ok(found)) if found.deleted > 0 && self.items.contains(&Item::DeletedStorage) => {
                self.add_up(tag, found, enabled)
            }
            Ok(Ok(found)) => Plan::Done(self.respond(&tag, &found, 0, enabled)),
            Ok(Err(refusal)) => Plan::Done(Answer::failed(&tag, refusal)),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }

    /// Adds up what is kept in no counter.
    fn add_up(self, tag: String, found: db::FoundMailbox, enabled: Enabled) -> Plan {
        Plan::run(db::DeletedStorage { key: found.key }, move |octets, _| {
            Plan::Done(match octets {
                Ok(octets) => self.respond(&tag, &found, octets, enabled),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    fn respond(&self, tag: &str, found: &db::FoundMailbox, deleted_octets: u64, enabled: Enabled) -> Answer {
        Answer::ok(tag, "STATUS completed").with_untagged(self.untagged(found, deleted_octets, enabled))
    }

    /// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`
    fn untagged(&self, found: &db::FoundMailbox, deleted_octets: u64, enabled: Enabled) -> Vec<u8> {
        let count = |item: &Item| match item {
            Item::Messages => format!("MESSAGES {}", found.messages),
            // Those that came since a session last opened the mailbox for writing, as far as they are still there.
            Item::Recent => {
                let since = found.uidnext.saturating_sub(found.first_recent_uid);
                format!("RECENT {}", since.min(found.messages))
            }
            // A full mailbox has no next uid that IMAP can say.
            Item::UidNext => format!("UIDNEXT {}", found.uidnext.min(u32::MAX.into())),
            Item::UidValidity => format!("UIDVALIDITY {}", found.uidvalidity),
            Item::Unseen => format!("UNSEEN {}", found.unseen),
            Item::HighestModSeq => format!("HIGHESTMODSEQ {}", found.highestmodseq),
            Item::Deleted => format!("DELETED {}", found.deleted),
            // Octets, as RFC822.SIZE has them.
            Item::DeletedStorage => format!("DELETED-STORAGE {deleted_octets}"),
        };
        let counts: Vec<String> = self.items.iter().map(count).collect();
        let mut out = b"* STATUS ".to_vec();
        response::mailbox(&mut out, self.name.as_str(), enabled);
        out.extend_from_slice(format!(" ({})\r\n", counts.join(" ")).as_bytes());
        out
    }
}

/// The mailbox, if the user may read it (RFC 4314 §4, STATUS).
pub(super) fn readable(found: Option<db::FoundMailbox>) -> Result<db::FoundMailbox, Error> {
    let no_such = || Error::no(Code::NonExistent, "there is no such mailbox");
    db::FoundMailbox::for_whom_has(Rights::READ, found, no_such)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::mailbox::{AccountId, MailboxId, MailboxKey, ModSeq, UidValidity};
    use crate::policy::Permit;

    #[test]
    fn counts_come_in_the_order_asked_for() {
        let status = complete(
            b" \"Entw&APw-rfe\" (unseen MESSAGES RECENT UIDNEXT UIDVALIDITY deleted DELETED-STORAGE)",
            |input| parse(input, Enabled::default()),
        )
        .unwrap();
        let found = db::FoundMailbox {
            key: MailboxKey { account: AccountId(1), mailbox: MailboxId(2) },
            uidvalidity: UidValidity::new(77).unwrap(),
            uidnext: 20,
            highestmodseq: ModSeq(3),
            first_recent_uid: 18,
            messages: 9,
            unseen: 4,
            octets: 0,
            deleted: 2,
            permit: Permit::of(Rights::ALL),
            seen: None,
        };
        let said = String::from_utf8(status.untagged(&found, 700, Enabled::default())).unwrap();
        assert_eq!(
            said,
            "* STATUS Entw&APw-rfe (UNSEEN 4 MESSAGES 9 RECENT 2 UIDNEXT 20 UIDVALIDITY 77 DELETED 2 DELETED-STORAGE 700)\r\n"
        );
    }

    #[test]
    fn other_items_are_refused() {
        for input in [" INBOX", " INBOX ()", " INBOX (SIZES)", " INBOX MESSAGES", " (MESSAGES)"] {
            assert!(complete(input.as_bytes(), |input| parse(input, Enabled::default())).is_err(), "{input}");
        }
    }
}
