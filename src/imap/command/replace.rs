//! REPLACE and UID REPLACE (RFC 8508): a message instead of another one, as for drafts.

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map_opt, value};
use nom::sequence::preceded;

use super::append::message::{self, AllBrought, AppendMessage, Session, append_message};
use super::append::{appending, appenduid};
use super::store::annotate;
use crate::db::{self, Append, NewMessage, ReplaceMessage};
use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{nz_number, sp};
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::uid_set::{SequenceNumber, SequenceSet};
use crate::mailbox::{Annotating, FlagSet, InternalDate, MailboxKey, MailboxName, Uid};
use crate::plan::Plan;
use crate::policy::Rights;

/// Which message is to be replaced, by what, and where that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// One sequence number, or one uid in UID REPLACE.
    set: SequenceSet,
    mailbox: MailboxName,
    message: AppendMessage,
}

/// The same with the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replace {
    set: SequenceSet,
    mailbox: MailboxName,
    /// The only one.
    brought: AllBrought,
}

/// `replace = "REPLACE" SP seq-number SP mailbox append-message`, from the first space on (RFC 8508 §5)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Replacement> {
    let (rest, (set, mailbox)) = (preceded(sp, one_message), preceded(sp, mailbox(enabled))).parse(input)?;
    let (rest, message) = append_message(rest, enabled)?;
    Ok((rest, Replacement { set, mailbox, message }))
}

/// `seq-number = nz-number / "*"`
fn one_message(input: &[u8]) -> Parsed<'_, SequenceSet> {
    let number = nom::combinator::map(nz_number, SequenceNumber::Number);
    let number = alt((number, value(SequenceNumber::Star, char('*'))));
    map_opt(number, |number| SequenceSet::new(vec![(number, number)])).parse(input)
}

impl Replacement {
    /// Takes the message out of all that the client said.
    pub fn with_message(self, command: Vec<u8>, session: Session) -> Replace {
        let Replacement { set, mailbox, message } = self;
        Replace { set, mailbox, brought: message::take(vec![message], command, session) }
    }
}

impl Replace {
    /// One unit appends the message and takes the other one out, or does nothing.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        if let Err(error) = selected.check_rights(Rights::MARK_DELETED.with(Rights::EXPUNGE)) {
            return running.failed(selected, error);
        }
        let uid = match selected.messages(&self.set, running.uid).map(|uids| uids.first()) {
            Ok(Some(uid)) => uid,
            Ok(None) => {
                return running.failed(selected, Error::no(Code::NonExistent, "There is no such message"));
            }
            Err(error) => return running.failed(selected, error),
        };
        let find = db::FindMailbox { viewer: selected.viewer(), name: self.mailbox.clone() };
        Plan::run(find, move |found, selected: &mut Selected| {
            let no_such = || Error::no(Code::TryCreate, "there is no such mailbox; CREATE it and try again");
            let found = found.map_err(Error::from);
            match found.and_then(|found| db::FoundMailbox::for_whom_has(Rights::INSERT, found, no_such)) {
                Ok(found) => self.prepare(uid, &found, running, selected),
                Err(error) => running.failed(selected, error),
            }
        })
    }

    /// Takes the message apart, then stores it.
    fn prepare(self, uid: Uid, found: &db::FoundMailbox, running: Running, selected: &mut Selected) -> Step {
        let Replace { mut brought, .. } = self;
        let now = running.now;
        let message = brought.messages.first_mut().expect("there is one message");
        message.flags = message.flags.within(found.permit.rights.flags());
        let is_anonymous = selected.viewer().anonymous;
        if let Err(error) = annotate::check(&message.annotations, &found.permit, is_anonymous) {
            return running.failed(selected, error);
        }
        let annotations = vec![message.annotations.clone()];
        let described = (message.flags.clone(), message.date);
        let target = found.key;
        let store = move |prepared: Result<Vec<NewMessage>, Error>, selected: &mut Selected| match prepared {
            Ok(prepared) => store(prepared, (described, annotations), (target, uid), running, selected),
            Err(error) => running.failed(selected, error),
        };
        message::prepare((target.account, selected.viewer()), brought, now, store, selected)
    }
}

/// The flags and the date of a message.
type Described = (FlagSet, Option<InternalDate>);

fn store(
    prepared: Vec<NewMessage>,
    (described, annotations): (Described, Vec<Vec<Annotating>>),
    (target, uid): (MailboxKey, Uid),
    running: Running,
    selected: &mut Selected,
) -> Step {
    let messages = appending(prepared, vec![described], running.now);
    let (source, by) = (selected.key(), selected.culprit("replace"));
    let actor = by.actor();
    let append = Append { key: target, saved_at: running.now, messages, is_limited: true, actor };
    let octets = selected.view.told().by_uid(uid).map_or(0, |(_, entry)| entry.size);
    let viewer = selected.viewer();
    let unit = ReplaceMessage { viewer, append, annotations, source, uid, octets, by };
    Plan::run(unit, move |outcome, selected: &mut Selected| match outcome {
        Ok(replaced) => respond(replaced, running, selected),
        Err(error) => running.failed(selected, error),
    })
}

/// RFC 8508 §3.3: APPENDUID comes before the expunge.
fn respond(replaced: db::Replaced, mut running: Running, selected: &mut Selected) -> Step {
    let db::Replaced { appended, expunged } = replaced;
    running.untagged = response::ok("*", Some(&appenduid(&appended)), "Replacement message ready");
    if appended.is_nearly_full {
        running.untagged.extend(response::nearly_full());
    }
    selected.absorb(running, vec![appended.change, expunged], |running, selected| running.done(selected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn one_message_is_replaced_by_one() {
        let read = |input: &str| complete(input.as_bytes(), |all| parse(all, Enabled::default()));
        let replacement = read(" 4 Drafts (\\Seen) {2}\r\nab").unwrap();
        assert_eq!((replacement.set.to_string().as_str(), replacement.mailbox.as_str()), ("4", "Drafts"));
        assert!(read(" * Drafts {2+}\r\nab").is_ok());
        for wrong in
            [" 1:2 Drafts {2}\r\nab", " 0 Drafts {2}\r\nab", " 1 Drafts", " 1 Drafts {1}\r\na {1}\r\nb"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
