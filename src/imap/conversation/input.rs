//! How much a client may say at each point of the conversation, and what becomes of what is too large.

use super::{Conversation, Event, Stage};
use crate::error::{Code, Error};
use crate::imap::command::store::annotate;
use crate::imap::command::{self, append};
use crate::imap::grammar::core;
use crate::imap::response;
use crate::limits;
use crate::wire::framer::{Bounds, Refusal};

impl Conversation {
    /// The client waits with a literal. If it is a message, there must be room for it.
    pub(super) fn go_ahead(&mut self, octets: u64) {
        let head = command::head_of(self.framer.command()).ok();
        let appending = head
            .filter(is_append)
            .and_then(|head| Some((head, append::announced(head.arguments, self.enabled())?)));
        match (&self.user, appending) {
            (Some(user), Some((head, (mailbox, before)))) => {
                let octets = octets.saturating_add(before);
                let plan = append::plan_room(head.tag.to_owned(), &mailbox, octets, user);
                self.queue.push_back(Event::Run(plan));
            }
            _ => self.send(response::go_ahead("go ahead")),
        }
    }

    /// Forgets a command whose literal the client has not been asked for.
    pub(in crate::imap) fn abandon_command(&mut self) {
        self.framer.abandon();
    }

    /// What the client may send at this point, by the beginning of the command.
    pub(super) fn bounds(&self) -> impl Fn(&[u8]) -> Bounds + use<> {
        let logged_in = self.user.is_some();
        let lines_only = !matches!(self.stage, Stage::Command);
        let literal_max = self.setup.literal_max;
        // RFC 7888 §5: LITERAL- is the same as LITERAL+ up to there.
        let unasked = if self.setup.literal_plus { u64::MAX } else { limits::IMAP_UNASKED_LITERAL_BYTES_MAX };
        move |head| {
            let line = match logged_in {
                true => limits::IMAP_LINE_BYTES_MAX,
                false => limits::IMAP_LINE_BYTES_BEFORE_LOGIN_MAX,
            };
            let (literal, literals) = match logged_in {
                true if may_bring_message(head) => {
                    (literal_max, literal_max + limits::IMAP_LITERAL_BYTES_MAX as u64)
                }
                true => (limits::IMAP_LITERAL_BYTES_MAX as u64, limits::IMAP_LITERALS_BYTES_MAX),
                false => {
                    let max = limits::IMAP_LITERAL_BYTES_BEFORE_LOGIN_MAX as u64;
                    (max, 2 * max)
                }
            };
            Bounds { line, literal: (!lines_only).then_some(literal), unasked, literals }
        }
    }

    /// A command was too large to be taken.
    pub(super) fn refuse(&mut self, head: &[u8], why: Refusal) {
        let tag = match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Authenticating { tag, .. } | Stage::Idling { tag } => Some(tag),
            _ => command::tag_of(head).map(str::to_owned),
        };
        let error = match why {
            Refusal::LineTooLong => Error::bad("the command is too long"),
            Refusal::LiteralUnasked => Error::bad("a literal of more than 4096 octets has to be asked for"),
            Refusal::LiteralTooLarge if may_bring_message(head) => {
                Error::no(Code::TooBig, format!("a message may have {} octets", self.setup.literal_max))
            }
            // RFC 5464 §4.3 has a code for that.
            Refusal::LiteralTooLarge if sets_metadata(head) => {
                let most = limits::METADATA_VALUE_BYTES_MAX;
                Error::no(Code::MetadataMaxSize, format!("a value may have {most} octets"))
            }
            // RFC 5257 §4.5 has one, too. Only values of annotations come to STORE as literals.
            Refusal::LiteralTooLarge if is_store(head) => annotate::too_big(),
            Refusal::LiteralTooLarge => Error::no(Code::TooBig, "the literal is too large for this command"),
        };
        self.fail(tag.as_deref().unwrap_or("*"), error);
    }
}

fn is_append(head: &command::Head<'_>) -> bool {
    !head.uid && head.name.eq_ignore_ascii_case("APPEND")
}

/// Whether a command begins so that sets a value of METADATA.
fn sets_metadata(head: &[u8]) -> bool {
    command::head_of(head).is_ok_and(|head| !head.uid && head.name.eq_ignore_ascii_case("SETMETADATA"))
}

/// Whether a command begins so that is STORE or UID STORE.
fn is_store(head: &[u8]) -> bool {
    command::head_of(head).is_ok_and(|head| head.name.eq_ignore_ascii_case("STORE"))
}

/// Whether a command that begins so may bring a whole message: APPEND, REPLACE, UID REPLACE. It may be cut anywhere.
fn may_bring_message(head: &[u8]) -> bool {
    let word = |input| -> crate::imap::grammar::Parsed<'_, &str> {
        let (rest, ()) = core::sp(input)?;
        core::atom(rest)
    };
    let Ok((rest, name)) = core::tag(head).and_then(|(rest, _)| word(rest)) else { return false };
    let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
    let replaces = |(_, name): (&[u8], &str)| is(name, "REPLACE");
    is(name, "APPEND") || is(name, "REPLACE") || is(name, "UID") && word(rest).is_ok_and(replaces)
}
