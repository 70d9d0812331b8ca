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
use crate::mailbox::object_id::mailbox_id;
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
    /// The octets of all messages (RFC 8438).
    Size,
    /// The octets of the largest message that APPEND takes (RFC 7889 §4).
    AppendLimit,
    /// What the mailbox is called, whatever its name (RFC 8474 §4.3).
    MailboxId,
}

/// What does not come from the mailbox itself.
#[derive(Debug, Clone, Copy)]
pub(in crate::imap) struct Terms {
    pub enabled: Enabled,
    pub append_limit: u64,
}

/// `status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Status> {
    let arguments = (preceded(sp, mailbox(enabled)), preceded(sp, parenthesized(status_att)));
    map(arguments, |(name, items)| Status { name, items }).parse(input)
}

/// `status-att = "MESSAGES" / "RECENT" / "UIDNEXT" / "UIDVALIDITY" / "UNSEEN"`,
/// `status-att =/ "DELETED" / "DELETED-STORAGE"` (RFC 9208 §7), `"SIZE"` (RFC 8438 §2), `"APPENDLIMIT"` (RFC 7889 §6),
/// `"MAILBOXID"` (RFC 8474 §7), `"HIGHESTMODSEQ"` (RFC 7162 §7)
pub(super) fn status_att(input: &[u8]) -> Parsed<'_, Item> {
    let items = alt((
        value(Item::Messages, word("MESSAGES")),
        value(Item::Recent, word("RECENT")),
        value(Item::UidNext, word("UIDNEXT")),
        value(Item::UidValidity, word("UIDVALIDITY")),
        value(Item::Unseen, word("UNSEEN")),
        value(Item::HighestModSeq, word("HIGHESTMODSEQ")),
        value(Item::Size, word("SIZE")),
        value(Item::AppendLimit, word("APPENDLIMIT")),
        value(Item::MailboxId, word("MAILBOXID")),
        value(Item::DeletedStorage, word("DELETED-STORAGE")),
        value(Item::Deleted, word("DELETED")),
    ));
    context("a status item", items).parse(input)
}

impl Status {
    /// Reads the mailbox's counters.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let find = db::FindMailbox { viewer: user.viewer(), name: self.name.clone() };
        let terms = Terms { enabled: user.enabled, append_limit: user.append_limit };
        Plan::run(find, move |found, _| match found.map_err(Error::from).and_then(readable) {
            Ok(found) if sums(&self.items).of(&found).is_any() => self.add_up(tag, found, terms),
            Ok(mailbox) => Plan::Done(self.respond(&tag, &db::FoundStatus::of(mailbox), terms)),
            Err(refusal) => Plan::Done(Answer::failed(&tag, refusal)),
        })
    }

    /// Adds up what is kept in no counter.
    fn add_up(self, tag: String, mailbox: db::FoundMailbox, terms: Terms) -> Plan {
        let unit = db::AddUp { mailbox, sums: sums(&self.items) };
        Plan::run(unit, move |found, _| {
            Plan::Done(match found {
                Ok(found) => self.respond(&tag, &found, terms),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    fn respond(&self, tag: &str, found: &db::FoundStatus, terms: Terms) -> Answer {
        let mut untagged = Vec::new();
        write(&mut untagged, &self.name, &self.items, found, terms);
        Answer::ok(tag, "STATUS completed").with_untagged(untagged)
    }
}

/// What the items ask for that is kept in no counter.
pub(super) fn sums(items: &[Item]) -> db::Sums {
    db::Sums { deleted_storage: items.contains(&Item::DeletedStorage), recent: items.contains(&Item::Recent) }
}

/// `"STATUS" SP mailbox SP "(" [status-att-list] ")"`, as a line of its own.
pub(in crate::imap) fn write(
    out: &mut Vec<u8>,
    name: &MailboxName,
    items: &[Item],
    found: &db::FoundStatus,
    terms: Terms,
) {
    let db::FoundStatus { mailbox: found, deleted_storage, recent } = found;
    let count = |item: &Item| match item {
        Item::Messages => format!("MESSAGES {}", found.messages),
        Item::Recent => format!("RECENT {recent}"),
        // A full mailbox has no next uid that IMAP can say.
        Item::UidNext => format!("UIDNEXT {}", found.uidnext.min(u32::MAX.into())),
        Item::UidValidity => format!("UIDVALIDITY {}", found.uidvalidity),
        Item::Unseen => format!("UNSEEN {}", found.unseen),
        Item::HighestModSeq => format!("HIGHESTMODSEQ {}", found.highestmodseq),
        Item::Deleted => format!("DELETED {}", found.deleted),
        // Octets, as RFC822.SIZE has them.
        Item::DeletedStorage => format!("DELETED-STORAGE {deleted_storage}"),
        Item::Size => format!("SIZE {}", found.octets),
        Item::AppendLimit => format!("APPENDLIMIT {}", terms.append_limit),
        Item::MailboxId => format!("MAILBOXID ({})", mailbox_id(found.key.mailbox)),
    };
    let counts: Vec<String> = items.iter().map(count).collect();
    out.extend_from_slice(b"* STATUS ");
    response::mailbox(out, name.as_str(), terms.enabled);
    out.extend_from_slice(format!(" ({})\r\n", counts.join(" ")).as_bytes());
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
            b" \"Entw&APw-rfe\" (unseen MESSAGES RECENT UIDNEXT UIDVALIDITY deleted DELETED-STORAGE SIZE)",
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
            octets: 7_000_000_000,
            deleted: 2,
            permit: Permit::of(Rights::ALL),
            seen: None,
        };
        let terms = Terms { enabled: Enabled::default(), append_limit: 9 };
        let found = db::FoundStatus { mailbox: found, deleted_storage: 700, recent: 2 };
        let mut said = Vec::new();
        write(&mut said, &status.name, &status.items, &found, terms);
        let said = String::from_utf8(said).unwrap();
        assert_eq!(
            said,
            "* STATUS Entw&APw-rfe (UNSEEN 4 MESSAGES 9 RECENT 2 UIDNEXT 20 UIDVALIDITY 77 DELETED 2 DELETED-STORAGE 700 SIZE 7000000000)\r\n"
        );
    }

    #[test]
    fn other_items_are_refused() {
        for input in [" INBOX", " INBOX ()", " INBOX (SIZES)", " INBOX MESSAGES", " (MESSAGES)"] {
            assert!(complete(input.as_bytes(), |input| parse(input, Enabled::default())).is_err(), "{input}");
        }
    }
}
