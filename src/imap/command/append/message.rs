//! A message that comes with a command: APPEND (RFC 4466 §6) and REPLACE (RFC 8508).

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt};
use nom::error::context;
use nom::multi::many0;
use nom::sequence::{delimited, preceded};

use super::catenate::{self, Part, Piece, catenate};
use crate::db::NewMessage;
use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::annotation::att_annotate;
use crate::imap::grammar::core::{literal, sp, word};
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::flags::flag_list;
use crate::imap::grammar::time::date_time;
use crate::limits;
use crate::mailbox::{AccountId, Annotating, FlagSet, InternalDate, MailboxName};
use crate::plan::Plan;
use crate::policy::Viewer;
use jiff::Timestamp;

/// A message as the command describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage {
    pub flags: FlagSet,
    /// When the message came, as the client has it; None means now.
    pub date: Option<InternalDate>,
    /// What it is put together of; one part, if it simply comes.
    parts: Vec<Part>,
    /// Its annotations (RFC 5257 §4.7).
    pub annotations: Vec<Annotating>,
}

/// A message with its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    pub flags: FlagSet,
    pub date: Option<InternalDate>,
    pub annotations: Vec<Annotating>,
    /// It may hold any octets (RFC 3516 §4.4): parts that are no lines of text become base64.
    binary: bool,
    pieces: Vec<Piece>,
}

/// Where messages come to.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Octets of the largest message.
    pub append_limit: u64,
    /// The mailbox that is open.
    pub open: Option<&'a MailboxName>,
}

/// Messages that have come, and how large each may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllBrought {
    pub messages: Vec<Brought>,
    octets_max: u64,
}

/// `append-message = append-opts SP append-data` (RFC 4466 §6)
pub fn append_message(input: &[u8], enabled: Enabled) -> Parsed<'_, AppendMessage> {
    let (rest, (flags, date, annotations)) = append_opts(input)?;
    let (rest, ()) = sp(rest)?;
    let (rest, parts) = append_data(rest, enabled)?;
    Ok((rest, AppendMessage { flags: flags.unwrap_or_default(), date, annotations, parts }))
}

/// `append-opts = [SP flag-list] [SP date-time] *(SP append-ext)`, where `append-ext =/ att-annotate` (RFC 5257 §5)
fn append_opts(input: &[u8]) -> Parsed<'_, (Option<FlagSet>, Option<InternalDate>, Vec<Annotating>)> {
    let annotations = map(many0(preceded(sp, att_annotate)), |lists| lists.into_iter().flatten().collect());
    (opt(preceded(sp, flag_list)), opt(preceded(sp, date_time)), annotations).parse(input)
}

/// Where octets are in the command, counted from its end: so that 50 MB need not be copied to be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Data {
    binary: bool,
    octets: usize,
    behind: usize,
}

/// `append-data = literal / literal8 / append-data-ext` (RFC 4466 §6, RFC 3516 §7),
/// `append-data =/ utf8-literal` (RFC 6855 §4), `append-data =/ "CATENATE" SP ...` (RFC 4469 §5)
fn append_data(input: &[u8], enabled: Enabled) -> Parsed<'_, Vec<Part>> {
    if word("CATENATE")(input).is_ok() {
        return catenate(input, enabled);
    }
    let utf8 = move |input| utf8_literal(input, enabled);
    let whole = alt((utf8, literal8, place_of_literal));
    context("a literal", map(whole, |data| vec![Part::Text(data)])).parse(input)
}

/// `utf8-literal = "UTF8" SP "(" literal8 ")"` (RFC 6855 §4)
pub fn utf8_literal(input: &[u8], enabled: Enabled) -> Parsed<'_, Data> {
    utf8_begins(input)?;
    if !enabled.utf8 {
        return fail(input, Error::bad("UTF8=ACCEPT has to be enabled first"));
    }
    delimited(utf8_begins, literal8, char(')')).parse(input)
}

fn utf8_begins(input: &[u8]) -> Parsed<'_, ()> {
    map((word("UTF8"), sp, char('(')), |_| ()).parse(input)
}

/// `literal8 = "~{" number ["+"] "}" CRLF *OCTET` (RFC 3516 §7)
pub fn literal8(input: &[u8]) -> Parsed<'_, Data> {
    map(preceded(char('~'), place_of_literal), |data| Data { binary: true, ..data }).parse(input)
}

/// `literal`, as the place where it is.
pub fn place_of_literal(input: &[u8]) -> Parsed<'_, Data> {
    let (rest, octets) = literal(input)?;
    Ok((rest, Data { binary: false, octets: octets.len(), behind: rest.len() }))
}

/// How many octets of messages there are in the arguments behind the mailbox, if a message is announced at their end.
pub fn announced(arguments: &[u8], enabled: Enabled) -> Option<u64> {
    let (mut rest, mut octets) = (arguments, 0);
    while let Ok((after, message)) = append_message(rest, enabled) {
        (rest, octets) = (after, octets + message.octets());
    }
    let (rest, _) = (append_opts, sp, opt(utf8_begins), opt(char('~'))).parse(rest).ok()?;
    rest.starts_with(b"{").then_some(octets)
}

impl AppendMessage {
    /// Octets of it that came with the command.
    fn octets(&self) -> u64 {
        let octets = |part: &Part| if let Part::Text(data) = part { data.octets as u64 } else { 0 };
        self.parts.iter().map(octets).sum()
    }

    /// The message with its octets, which are the last ones in a command that had `length` octets.
    fn take(self, command: &mut Vec<u8>, length: usize, session: Session) -> Brought {
        let is_binary = |part: &Part| matches!(part, Part::Text(Data { binary: true, .. }));
        let binary = self.parts.iter().any(is_binary);
        let take = |part| match part {
            Part::Url(url) => Piece::of_url(url, session.open),
            Part::Text(Data { octets, behind, .. }) => {
                command.truncate(length - behind);
                Piece::Octets(command.split_off(length - behind - octets))
            }
        };
        let AppendMessage { flags, date, annotations, parts } = self;
        let mut pieces: Vec<Piece> = parts.into_iter().rev().map(take).collect();
        pieces.reverse();
        Brought { flags, date, annotations, binary, pieces }
    }
}

/// The messages, out of the command that they were parsed from.
pub fn take(messages: Vec<AppendMessage>, mut command: Vec<u8>, session: Session) -> AllBrought {
    let length = command.len();
    let take = |message: AppendMessage| message.take(&mut command, length, session);
    let mut messages: Vec<Brought> = messages.into_iter().rev().map(take).collect();
    messages.reverse();
    AllBrought { messages, octets_max: session.append_limit }
}

/// Reads what is only referred to, and takes messages apart, large ones where that keeps nobody waiting; then goes on with
/// them.
pub fn prepare<C: 'static, A: 'static>(
    (account, viewer): (AccountId, Viewer),
    brought: AllBrought,
    now: Timestamp,
    then: impl FnOnce(Result<Vec<NewMessage>, Error>, &mut C) -> Plan<C, A> + Send + 'static,
    context: &mut C,
) -> Plan<C, A> {
    let AllBrought { messages, octets_max } = brought;
    let (binary, pieces): (Vec<bool>, Vec<Vec<Piece>>) =
        messages.into_iter().map(|message| (message.binary, message.pieces)).unzip();
    let read = move |pieces: Result<Vec<Vec<Piece>>, Error>, context: &mut C| match pieces {
        Ok(pieces) => {
            let whole = pieces.into_iter().map(joined).zip(binary).collect();
            prepare_whole(account, whole, now, then, context)
        }
        Err(error) => then(Err(error), context),
    };
    catenate::read(pieces, viewer, octets_max, Box::new(read), context)
}

/// A message in one piece. One that came so is not copied.
fn joined(pieces: Vec<Piece>) -> Vec<u8> {
    let octets = |piece| match piece {
        Piece::Octets(octets) => octets,
        Piece::Url(..) => unreachable!("what URLs lead to has been read"),
    };
    let mut pieces = pieces.into_iter().map(octets);
    let mut whole = pieces.next().unwrap_or_default();
    pieces.for_each(|piece| whole.extend_from_slice(&piece));
    whole
}

/// Takes messages apart, each of which is whole, and binary or not.
fn prepare_whole<C: 'static, A: 'static>(
    account: AccountId,
    messages: Vec<(Vec<u8>, bool)>,
    now: Timestamp,
    then: impl FnOnce(Result<Vec<NewMessage>, Error>, &mut C) -> Plan<C, A> + Send + 'static,
    context: &mut C,
) -> Plan<C, A> {
    if messages.iter().any(|(octets, _)| octets.is_empty()) {
        return then(Err(Error::no(Code::Cannot, "an empty message cannot be stored")), context);
    }
    let size: usize = messages.iter().map(|(octets, _)| octets.len()).sum();
    let prepare = move || -> Vec<NewMessage> {
        let new = |(octets, binary)| match binary {
            true => NewMessage::prepare_binary(account, octets, now),
            false => NewMessage::prepare(account, octets, now),
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
        let session = Session { append_limit: 100, open: Some(&MailboxName::inbox()) };
        let brought = take(messages, format!("a APPEND x{input}").into_bytes(), session);
        let shown = |piece: &Piece| match piece {
            Piece::Octets(octets) => String::from_utf8(octets.clone()).unwrap(),
            Piece::Url(url, meant) => {
                let meant = meant.as_ref().map_or("nothing", |url| url.mailbox.as_ref().unwrap().as_str());
                format!("{url}={meant}")
            }
        };
        let shown = |one: &Brought| one.pieces.iter().map(shown).collect::<Vec<_>>().join("+");
        brought.messages.iter().map(shown).collect()
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
    fn messages_are_put_together() {
        let off = Enabled::default();
        let input =
            " CATENATE (TEXT {2}\r\nab URL /x/;UID=1 TEXT ~{1+}\r\nc URL \";UID=2\") (\\Seen) {1}\r\nd";
        assert_eq!(read(input, off), ["ab+/x/;UID=1=x+c+;UID=2=INBOX", "d"]);
        let utf8 = Enabled { utf8: true, ..off };
        assert_eq!(read(" catenate (utf8 (~{2}\r\nab) url http://x)", utf8), ["ab+http://x=nothing"]);
        for wrong in [" CATENATE ()", " CATENATE (TEXT x)", " CATENATE (URL)", " CATENATE (UTF8 (~{1}\r\na))"]
        {
            assert!(append_message(wrong.as_bytes(), off).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_announced_is_told_from_what_is_there() {
        let octets = |input: &str| announced(input.as_bytes(), Enabled::default());
        assert_eq!(octets(" {5}\r\n"), Some(0));
        assert_eq!(octets(" (\\Seen) ~{5}\r\n"), Some(0));
        assert_eq!(octets(" {2}\r\nab (\\Seen) {5}\r\n"), Some(2));
        assert_eq!(octets(" (\\Seen) ANNOTATION (/a (value.priv {2}\r\nab)) {5}\r\n"), Some(0));
        assert_eq!(octets(" ANNOTATION (/a (value.priv {2}\r\n"), None);
        assert_eq!(octets(" {2}\r\nab"), None);
        assert_eq!(octets(" NIL"), None);
    }
}
