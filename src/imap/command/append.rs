//! APPEND (RFC 3501 §6.3.11) with APPENDUID (RFC 4315), MULTIAPPEND (RFC 3502) and CATENATE (RFC 4469): messages that
//! the client brings, or has put together.

pub mod catenate;
pub mod message;

use jiff::Timestamp;
use nom::Parser;
use nom::sequence::preceded;

use self::message::{AllBrought, AppendMessage, Brought, Session, append_message};
use super::store::annotate;
use crate::db::{self, Actor, Appending, NewMessage, Unit};
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::response;
use crate::mailbox::{Annotating, FlagSet, InternalDate, Located, MailboxKey, MailboxName, System, UidSet};
use crate::policy::{Rights, Viewer};

/// Messages and where they are to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub mailbox: MailboxName,
    /// All of them are stored, or none (RFC 3502 §6.3.11); one at least.
    messages: Vec<AppendMessage>,
}

/// `append = "APPEND" SP mailbox 1*append-message`, from the first space on (RFC 4466 §6)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Append> {
    let (rest, mailbox) = preceded(sp, mailbox(enabled)).parse(input)?;
    let (mut rest, first) = append_message(rest, enabled)?;
    let mut messages = vec![first];
    while rest.starts_with(b" ") && !rest.iter().all(|octet| *octet == b' ') {
        let (after, message) = append_message(rest, enabled)?;
        messages.push(message);
        rest = after;
    }
    Ok((rest, Append { mailbox, messages }))
}

/// Where messages are to go, and the octets of those that are there, if these arguments end where another one begins,
/// rather than in a literal before it.
pub fn announced(arguments: &[u8], enabled: Enabled) -> Option<(MailboxName, u64)> {
    let (rest, mailbox) = preceded(sp, mailbox(enabled)).parse(arguments).ok()?;
    Some((mailbox, message::announced(rest, enabled)?))
}

/// Asks whether there is room for a message before the client sends it: lets it go on, or forgets the command. What is
/// for a mailbox of others is only looked at when it is there: first the user's rights are checked.
pub fn plan_room(tag: String, mailbox: &MailboxName, octets: u64, user: &User) -> Plan {
    let go_ahead = || Answer { untagged: response::go_ahead("go ahead"), ..Answer::default() };
    if !matches!(Located::of(mailbox), Located::Own(_)) {
        return Plan::Done(go_ahead());
    }
    let room = db::FindQuotaRoom { account: user.account.id, octets };
    Plan::run(room, move |room, conversation| {
        Plan::Done(match room {
            Ok(()) => go_ahead(),
            Err(error) => {
                conversation.abandon_command();
                Answer::failed(&tag, error)
            }
        })
    })
}

impl Append {
    /// Finds the mailbox, takes the messages apart and stores them. `command` is all that the client said.
    pub fn plan(
        self,
        tag: String,
        command: Vec<u8>,
        (user, open): (&User, Option<&MailboxName>),
        now: Timestamp,
    ) -> Plan {
        let viewer = user.viewer();
        let Append { mailbox, messages } = self;
        if let Some(limit) = user.save_limit.filter(|limit| messages.len() > *limit as usize) {
            let tagged = response::message_limit(&tag, limit, None);
            return Plan::Done(Answer { tagged, sync: Some(true), ..Answer::default() });
        }
        let session = Session { append_limit: user.append_limit, open };
        let mut brought = message::take(messages, command, session);
        let actor = user.culprit("APPEND").actor();
        let find = db::FindMailbox { viewer, name: mailbox };
        Plan::run(find, move |found, conversation| {
            let no_such = || Error::no(Code::TryCreate, "there is no such mailbox; CREATE it and try again");
            let found = found.map_err(Error::from);
            match found.and_then(|found| db::FoundMailbox::for_whom_has(Rights::INSERT, found, no_such)) {
                Ok(found) => {
                    // RFC 4314 §4: flags that the user may not set are left out, and that is no failure.
                    let permitted = found.permit.rights.flags();
                    let within = |message: &mut Brought| message.flags = message.flags.within(permitted);
                    brought.messages.iter_mut().for_each(within);
                    // RFC 5257 §3.4: annotations that he may not write are refused.
                    let check = |message: &Brought| {
                        annotate::check(&message.annotations, &found.permit, viewer.anonymous)
                    };
                    if let Err(error) = brought.messages.iter().try_for_each(check) {
                        return Plan::Done(Answer::failed(&tag, error));
                    }
                    let target = Target { key: found.key, viewer, own_seen: found.seen.is_some(), actor };
                    target.prepare(tag, brought, now, conversation)
                }
                Err(error) => Plan::Done(Answer::failed(&tag, error)),
            }
        })
    }
}

/// Where a message goes, and who brings it.
#[derive(Debug, Clone)]
struct Target {
    key: MailboxKey,
    viewer: Viewer,
    /// \Seen is everybody's own there.
    own_seen: bool,
    /// Who acts, for the record.
    actor: Actor,
}

impl Target {
    /// Takes the messages apart, then stores them.
    fn prepare(
        self,
        tag: String,
        brought: AllBrought,
        now: Timestamp,
        conversation: &mut Conversation,
    ) -> Plan {
        let described =
            brought.messages.iter().map(|message| (message.flags.clone(), message.date)).collect();
        let whose = (self.key.account, self.viewer);
        let annotations = brought.messages.iter().map(|message| message.annotations.clone()).collect();
        let store = move |prepared: Result<Vec<NewMessage>, Error>, _: &mut Conversation| match prepared {
            Ok(prepared) => self.store(tag, prepared, described, annotations, now),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        };
        message::prepare(whose, brought, now, store, conversation)
    }

    /// Stores them.
    fn store(
        self,
        tag: String,
        prepared: Vec<NewMessage>,
        described: Vec<(FlagSet, Option<InternalDate>)>,
        annotations: Vec<Vec<Annotating>>,
        now: Timestamp,
    ) -> Plan {
        let all_flags = described.iter().fold(FlagSet::default(), |all, (flags, _)| all.union(flags));
        let needed = Rights::INSERT.with(Rights::to_change(&all_flags));
        let seen: Vec<bool> =
            described.iter().map(|(flags, _)| flags.system.contains(System::SEEN)).collect();
        let messages = appending(prepared, described, now);
        let actor = self.actor.clone();
        let unit = db::Append { key: self.key, saved_at: now, messages, is_limited: true, actor };
        let marks_seen = self.own_seen && seen.contains(&true);
        let target = self.clone();
        let told = move |appended: Result<db::Appended, db::Error>| match appended {
            Ok(appended) if marks_seen => self.mark_seen(tag, appended, &seen),
            Ok(appended) => Plan::Done(respond(&tag, appended)),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        };
        match annotations.iter().all(Vec::is_empty) {
            true => target.run(needed, unit, told),
            false => {
                let needed = annotations.iter().fold(needed, |all, each| all.with(annotate::needed(each)));
                let reader = target.viewer.account;
                target.run(needed, db::AppendAnnotated { append: unit, annotations, reader }, told)
            }
        }
    }

    /// Runs a unit: in another's mailbox only if the right to do so has not been taken away meanwhile.
    fn run<U: Unit>(
        self,
        needed: Rights,
        unit: U,
        then: impl FnOnce(Result<U::Output, db::Error>) -> Plan + Send + 'static,
    ) -> Plan {
        let Target { key, viewer, .. } = self;
        match viewer.owns(key.account) {
            true => Plan::run(unit, |outcome, _| then(outcome)),
            false => Plan::run(db::Guarded { viewer, key, needed, unit }, |outcome, _| then(outcome)),
        }
    }

    /// Who brings a message as one that is \Seen has seen it himself.
    fn mark_seen(self, tag: String, appended: db::Appended, seen: &[bool]) -> Plan {
        let (key, reader) = (self.key, self.viewer.account);
        let uids = appended.uids.iter().zip(seen).filter(|(_, seen)| **seen).map(|(uid, _)| *uid).collect();
        self.run(Rights::SEEN, db::SetSeen { key, reader, uids, seen: true }, move |seen| {
            let mut answer = respond(&tag, appended);
            // The message is there, come what may.
            answer.changes.extend(seen);
            Plan::Done(answer)
        })
    }
}

/// What is to be stored.
pub(super) fn appending(
    prepared: Vec<NewMessage>,
    described: Vec<(FlagSet, Option<InternalDate>)>,
    now: Timestamp,
) -> Vec<Appending> {
    // Without a date it is the time of arrival, said in UTC (RFC 3501 §6.3.11).
    let today = InternalDate { seconds: now.as_second(), zone_minutes: 0 };
    let one = |(message, (flags, date)): (NewMessage, (FlagSet, Option<InternalDate>))| Appending {
        message,
        flags,
        internal_date: date.unwrap_or(today),
    };
    prepared.into_iter().zip(described).map(one).collect()
}

/// `resp-code-apnd = "APPENDUID" SP nz-number SP append-uid` (RFC 4315 §4)
pub(super) fn appenduid(appended: &db::Appended) -> String {
    // Several messages get uids that follow each other (RFC 4315 §3).
    let uids: UidSet = appended.uids.iter().copied().collect();
    format!("APPENDUID {} {uids}", appended.uidvalidity)
}

fn respond(tag: &str, appended: db::Appended) -> Answer {
    let code = appenduid(&appended);
    let untagged = if appended.is_nearly_full { response::nearly_full() } else { Vec::new() };
    Answer::ok_code(tag, Some(&code), "APPEND completed")
        .with_untagged(untagged)
        .with_changes(vec![appended.change])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> Result<Append, Error> {
        complete(input.as_bytes(), |input| parse(input, Enabled::default()))
    }

    #[test]
    fn there_may_be_several_messages() {
        assert_eq!(read(" Sent {5}\r\na\r\nb ").unwrap().messages.len(), 1);
        assert_eq!(read(" {4}\r\nSent {3+}\r\n({2").unwrap().mailbox.as_str(), "Sent");
        let input = " Sent (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {1}\r\na ~{1+}\r\nb (\\Draft) {1}\r\nc ";
        let append = read(input).unwrap();
        let flags: Vec<String> = append.messages.iter().map(|message| message.flags.to_string()).collect();
        assert_eq!(flags, ["\\Seen", "", "\\Draft"]);
        assert_eq!(append.messages[0].date.unwrap().zone_minutes, -420);
    }

    #[test]
    fn the_message_is_told_from_literals_before_it() {
        for (arguments, expected) in [
            (&b" Sent {5}\r\n"[..], true),
            (b" Sent (\\Seen) {5}\r\n", true),
            (b" {4}\r\nSent {5}\r\n", true),
            (b" {4}\r\n", false),
            (b" Sent NIL", false),
        ] {
            let found = announced(arguments, Enabled::default()).is_some();
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(arguments));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for input in
            [" Sent", " Sent \"a\"", " Sent {1}\r\nab", " Sent () () {1}\r\na", " Sent {1}\r\na {x}\r\n"]
        {
            assert!(read(input).is_err(), "{input}");
        }
    }
}
