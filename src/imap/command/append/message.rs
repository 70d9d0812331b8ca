//! A message that comes with a command: APPEND (RFC 4466 §6) and REPLACE (RFC 8508).

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt};
use nom::error::context;
use nom::sequence::{delimited, preceded};

use crate::db::NewMessage;
use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{literal, sp, word};
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::flags::flag_list;
use crate::imap::grammar::time::date_time;
use crate::limits;
use crate::mailbox::{AccountId, FlagSet, InternalDate};
use crate::plan::Plan;
use jiff::Timestamp;

/// A message as the command describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage {
    pub flags: FlagSet,
    /// When the message came, as the client has it; None means now.
    pub date: Option<InternalDate>,
    /// It may hold any octets (RFC 3516 §4.4): parts that are no lines of text become base64.
    binary: bool,
    /// Where the message is in the command, counted from its end: so that 50 MB need not be copied to be parsed.
    octets: usize,
    behind: usize,
}

/// A message with its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    pub flags: FlagSet,
    pub date: Option<InternalDate>,
    binary: bool,
    octets: Vec<u8>,
}

/// `append-message = append-opts SP append-data` (RFC 4466 §6)
pub fn append_message(input: &[u8], enabled: Enabled) -> Parsed<'_, AppendMessage> {
    let (rest, (flags, date)) = append_opts(input)?;
    let (rest, ()) = sp(rest)?;
    let (rest, Data { binary, octets, behind }) = append_data(rest, enabled)?;
    Ok((rest, AppendMessage { flags: flags.unwrap_or_default(), date, binary, octets, behind }))
}

/// `append-opts = [SP flag-list] [SP date-time]`
fn append_opts(input: &[u8]) -> Parsed<'_, (Option<FlagSet>, Option<InternalDate>)> {
    (opt(preceded(sp, flag_list)), opt(preceded(sp, date_time))).parse(input)
}

struct Data {
    binary: bool,
    octets: usize,
    behind: usize,
}

/// `append-data = literal / literal8 / append-data-ext` (RFC 4466 §6, RFC 3516 §7),
/// `append-data =/ "UTF8" SP "(" literal8 ")"` (RFC 6855 §4)
fn append_data(input: &[u8], enabled: Enabled) -> Parsed<'_, Data> {
    if let Ok((_, _)) = utf8_begins(input) {
        if !enabled.utf8 {
            return fail(input, Error::bad("UTF8=ACCEPT has to be enabled first"));
        }
        return delimited(utf8_begins, literal8, char(')')).parse(input);
    }
    context("a literal", alt((literal8, place_of_literal))).parse(input)
}

fn utf8_begins(input: &[u8]) -> Parsed<'_, ()> {
    map((word("UTF8"), sp, char('(')), |_| ()).parse(input)
}

/// `literal8 = "~{" number ["+"] "}" CRLF *OCTET` (RFC 3516 §7)
fn literal8(input: &[u8]) -> Parsed<'_, Data> {
    map(preceded(char('~'), place_of_literal), |data| Data { binary: true, ..data }).parse(input)
}

fn place_of_literal(input: &[u8]) -> Parsed<'_, Data> {
    let (rest, octets) = literal(input)?;
    Ok((rest, Data { binary: false, octets: octets.len(), behind: rest.len() }))
}

/// How many octets of messages there are in the arguments behind the mailbox, if a message is announced at their end.
pub fn announced(arguments: &[u8], enabled: Enabled) -> Option<u64> {
    let (mut rest, mut octets) = (arguments, 0);
    while let Ok((after, message)) = append_message(rest, enabled) {
        (rest, octets) = (after, octets + message.octets as u64);
    }
    let (rest, _) = (append_opts, sp, opt(utf8_begins), opt(char('~'))).parse(rest).ok()?;
    rest.starts_with(b"{").then_some(octets)
}

/// The messages, out of the command that they were parsed from.
pub fn take(messages: Vec<AppendMessage>, mut command: Vec<u8>) -> Vec<Brought> {
    let length = command.len();
    let mut brought: Vec<Brought> = messages
        .into_iter()
        .rev()
        .map(|AppendMessage { flags, date, binary, octets, behind }| {
            command.truncate(length - behind);
            let octets = command.split_off(length - behind - octets);
            Brought { flags, date, binary, octets }
        })
        .collect();
    brought.reverse();
    brought
}

/// Takes messages apart, large ones where that keeps nobody waiting, then goes on with them.
pub fn prepare<C: 'static, A: 'static>(
    account: AccountId,
    messages: Vec<Brought>,
    now: Timestamp,
    then: impl FnOnce(Result<Vec<NewMessage>, Error>, &mut C) -> Plan<C, A> + Send + 'static,
    context: &mut C,
) -> Plan<C, A> {
    if messages.iter().any(|message| message.octets.is_empty()) {
        return then(Err(Error::no(Code::Cannot, "an empty message cannot be stored")), context);
    }
    let size: usize = messages.iter().map(|message| message.octets.len()).sum();
    let prepare = move || -> Vec<NewMessage> {
        let new = |message: Brought| match message.binary {
            true => NewMessage::prepare_binary(account, message.octets, now),
            false => NewMessage::prepare(account, message.octets, now),
        };
        messages.into_iter().map(new).collect()
    };
    match size <= limits::INLINE_MESSAGE_BYTES_MAX {
        true => then(Ok(prepare()), context),
        false => Plan::compute(prepare, |prepared, context| then(prepared.map_err(Error::from), context)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str, enabled: Enabled) -> Vec<String> {
        let mut messages = Vec::new();
        let mut rest = input.as_bytes();
        while let Ok((after, message)) = append_message(rest, enabled) {
            messages.push(message);
            rest = after;
        }
        assert_eq!(rest, b"", "{input}");
        let brought = take(messages, format!("a APPEND x{input}").into_bytes());
        brought.iter().map(|one| String::from_utf8(one.octets.clone()).unwrap()).collect()
    }

    #[test]
    fn messages_are_found_in_their_command() {
        let utf8 = Enabled { utf8: true, ..Enabled::default() };
        assert_eq!(read(" {4}\r\na\r\nb", Enabled::default()), ["a\r\nb"]);
        assert_eq!(read(" ~{2+}\r\nab (\\Seen) {1}\r\nc", Enabled::default()), ["ab", "c"]);
        assert_eq!(read(" UTF8 (~{2}\r\nab) () {0}\r\n", utf8), ["ab", ""]);
        assert!(append_message(b" UTF8 (~{2}\r\nab)", Enabled::default()).is_err());
        assert!(append_message(b" UTF8 ({2}\r\nab)", utf8).is_err());
    }

    #[test]
    fn what_is_announced_is_told_from_what_is_there() {
        let octets = |input: &str| announced(input.as_bytes(), Enabled::default());
        assert_eq!(octets(" {5}\r\n"), Some(0));
        assert_eq!(octets(" (\\Seen) ~{5}\r\n"), Some(0));
        assert_eq!(octets(" {2}\r\nab (\\Seen) {5}\r\n"), Some(2));
        assert_eq!(octets(" {2}\r\nab"), None);
        assert_eq!(octets(" NIL"), None);
    }
}
