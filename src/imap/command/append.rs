//! APPEND (RFC 3501 §6.3.11) with APPENDUID (RFC 4315): a message that the client brings.

use jiff::Timestamp;
use nom::Parser;
use nom::combinator::{map, opt};
use nom::error::context;
use nom::sequence::{preceded, terminated};

use crate::db::{self, Actor, Appending, NewMessage, Unit};
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{literal, sp};
use crate::imap::grammar::flags::flag_list;
use crate::imap::grammar::mailbox::mailbox;
use crate::imap::grammar::time::date_time;
use crate::imap::response;
use crate::limits;
use crate::mailbox::{FlagSet, InternalDate, Located, MailboxKey, MailboxName, System};
use crate::policy::{Rights, Viewer};

/// A message and where it is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    pub mailbox: MailboxName,
    pub flags: FlagSet,
    /// When the message came, as the client has it; None means now.
    pub date: Option<InternalDate>,
    /// The message; see [`Append::take_message`].
    message: Tail,
}

/// Where the message is in the command, counted from its end: so that 50 MB need not be copied to be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tail {
    octets: usize,
    behind: usize,
}

/// `append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal`, from the first space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Append> {
    let (rest, (mailbox, flags, date)) = head(input, enabled)?;
    let message = context("a literal", map(literal, <[u8]>::len));
    let (rest, octets) = { message }.parse(rest)?;
    let message = Tail { octets, behind: rest.len() };
    Ok((rest, Append { mailbox, flags: flags.unwrap_or_default(), date, message }))
}

/// All that comes before the literal.
fn head(input: &[u8], enabled: Enabled) -> Parsed<'_, (MailboxName, Option<FlagSet>, Option<InternalDate>)> {
    let words = (preceded(sp, mailbox(enabled)), opt(preceded(sp, flag_list)), opt(preceded(sp, date_time)));
    terminated(words, sp).parse(input)
}

/// Where the message is to go, if these arguments end where it begins, rather than in a literal before it.
pub fn announced(arguments: &[u8], enabled: Enabled) -> Option<MailboxName> {
    let (rest, (mailbox, _, _)) = head(arguments, enabled).ok()?;
    rest.starts_with(b"{").then_some(mailbox)
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
    /// The message, out of the command that this was parsed from.
    pub fn take_message(&self, mut command: Vec<u8>) -> Vec<u8> {
        let end = command.len() - self.message.behind;
        command.truncate(end);
        command.drain(..end - self.message.octets);
        command
    }

    /// Finds the mailbox, takes the message apart and stores it.
    pub fn plan(self, tag: String, message: Vec<u8>, user: &User, now: Timestamp) -> Plan {
        if message.is_empty() {
            return Plan::Done(Answer::failed(
                &tag,
                Error::no(Code::Cannot, "an empty message cannot be stored"),
            ));
        }
        let viewer = user.viewer();
        let find = db::FindMailbox { viewer, name: self.mailbox.clone() };
        let actor = user.culprit("APPEND").actor();
        Plan::run(find, move |found, _| {
            let no_such = || Error::no(Code::TryCreate, "there is no such mailbox; CREATE it and try again");
            let found = found.map_err(Error::from);
            match found.and_then(|found| db::FoundMailbox::for_whom_has(Rights::INSERT, found, no_such)) {
                Ok(found) => {
                    // RFC 4314 §4: flags that the user may not set are left out, and that is no failure.
                    let flags = self.flags.within(found.permit.rights.flags());
                    let target = Target { key: found.key, viewer, own_seen: found.seen.is_some(), actor };
                    Append { flags, ..self }.prepare(tag, message, target, now)
                }
                Err(error) => Plan::Done(Answer::failed(&tag, error)),
            }
        })
    }

    /// Takes the message apart: a large one where that keeps nobody waiting.
    fn prepare(self, tag: String, message: Vec<u8>, target: Target, now: Timestamp) -> Plan {
        let account = target.key.account;
        if message.len() <= limits::INLINE_MESSAGE_BYTES_MAX {
            let prepared = NewMessage::prepare(account, message, now);
            return self.store(tag, target, prepared, now);
        }
        Plan::compute(
            move || NewMessage::prepare(account, message, now),
            move |prepared, _| match prepared {
                Ok(prepared) => self.store(tag, target, prepared, now),
                Err(error) => Plan::Done(Answer::failed(&tag, error)),
            },
        )
    }

    /// Stores it.
    fn store(self, tag: String, target: Target, message: NewMessage, now: Timestamp) -> Plan {
        // Without a date it is the time of arrival, said in UTC (RFC 3501 §6.3.11).
        let today = InternalDate { seconds: now.as_second(), zone_minutes: 0 };
        let internal_date = self.date.unwrap_or(today);
        let needed = Rights::INSERT.with(Rights::to_change(&self.flags));
        let seen = target.own_seen && self.flags.system.contains(System::SEEN);
        let messages = vec![Appending { message, flags: self.flags, internal_date }];
        let unit = db::Append {
            key: target.key,
            saved_at: now,
            messages,
            is_limited: true,
            actor: target.actor.clone(),
        };
        target.clone().run(needed, unit, move |appended| match appended {
            Ok(appended) if seen => target.mark_seen(tag, appended),
            Ok(appended) => Plan::Done(respond(&tag, appended)),
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
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
    fn mark_seen(self, tag: String, appended: db::Appended) -> Plan {
        let (key, reader) = (self.key, self.viewer.account);
        let uids = appended.uids.iter().copied().collect();
        self.run(Rights::SEEN, db::SetSeen { key, reader, uids, seen: true }, move |seen| {
            let mut answer = respond(&tag, appended);
            // The message is there, come what may.
            answer.changes.extend(seen);
            Plan::Done(answer)
        })
    }
}

/// `resp-code-apnd = "APPENDUID" SP nz-number SP append-uid` (RFC 4315 §4)
fn respond(tag: &str, appended: db::Appended) -> Answer {
    let uids: Vec<String> = appended.uids.iter().map(ToString::to_string).collect();
    let code = format!("APPENDUID {} {}", appended.uidvalidity, uids.join(","));
    let untagged = if appended.is_nearly_full { response::nearly_full() } else { Vec::new() };
    Answer::ok_code(tag, Some(&code), "APPEND completed")
        .with_untagged(untagged)
        .with_changes(vec![appended.change])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> (Append, String) {
        let append = complete(input.as_bytes(), |input| parse(input, Enabled::default())).expect(input);
        let message = append.take_message(format!("a APPEND{input}").into_bytes());
        (append, String::from_utf8(message).unwrap())
    }

    #[test]
    fn the_message_is_the_last_literal() {
        let (append, message) = read(" Sent (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {5}\r\na\r\nb ");
        assert_eq!(append.flags.to_string(), "\\Seen");
        assert_eq!(append.date.unwrap().zone_minutes, -420);
        assert_eq!(message, "a\r\nb ");
        let (append, message) = read(" {4}\r\nSent {3+}\r\n({2");
        assert_eq!((append.mailbox.as_str(), append.date, message.as_str()), ("Sent", None, "({2"));
        assert_eq!(read(" Sent {1}\r\na ").1, "a");
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
            [" Sent", " Sent \"a\"", " Sent (\\Nonsense) {1}\r\na", " Sent {1}\r\nab", " Sent () () {1}\r\na"]
        {
            assert!(complete(input.as_bytes(), |input| parse(input, Enabled::default())).is_err(), "{input}");
        }
    }
}
