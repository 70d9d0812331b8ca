//! One message on its way to the client, whole (RETR) or its beginning (TOP), from memory or piece by piece.

use std::ops::Range;

use super::command::Step;
use super::conversation::{After, Answer, Conversation, Plan};
use super::language::Text;
use super::read_ahead::Content;
use super::response::Reply;
use crate::db::{Columns, FetchPage, FetchedMessage, FetchedPage};
use crate::error::Error;
use crate::limits;
use crate::mailbox::MessageId;
use crate::wire::dots::Stuffer;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    number: u32,
    message: MessageId,
    octets: u64,
    /// How many lines of the body; None is all of the message.
    lines: Option<u64>,
}

/// RETR, or TOP with a number of lines.
pub(super) fn begin(number: u32, lines: Option<u64>, conversation: &mut Conversation) -> Step {
    let (read_ahead, maildrop, _) = conversation.reading();
    let entry = match maildrop.message(number) {
        Ok(entry) => *entry,
        Err(text) => return Step::Reply(Reply::err(text)),
    };
    let wanted = Wanted { number, message: entry.message, octets: entry.size.into(), lines };
    let content = if lines == Some(0) { Content::Header } else { Content::Whole };
    if content == Content::Whole && wanted.octets > limits::FETCH_PAGE_BYTES as u64 {
        return Step::Run(Large::begin(wanted, conversation));
    }
    if read_ahead.get(entry.message, content).is_some() {
        return wanted.write(content, conversation);
    }
    let unit = read_ahead.unit(maildrop, number, content);
    Step::Run(Plan::run(unit, move |outcome, conversation: &mut Conversation| {
        match outcome {
            Ok(page) => {
                conversation.read_ahead.keep(page);
                if let Step::Reply(reply) = wanted.write(content, conversation) {
                    conversation.reply(reply);
                }
            }
            Err(error) => conversation.reply(Error::from(error).into()),
        }
        Plan::Done(Answer::default())
    }))
}

impl Wanted {
    /// Writes the message out of what has been read ahead.
    fn write(self, content: Content, conversation: &mut Conversation) -> Step {
        let needs_ascii = conversation.needs_ascii();
        let language = conversation.language;
        let (read_ahead, maildrop, out) = conversation.reading();
        let Some(stored) = read_ahead.get(self.message, content) else {
            return Step::Reply(Reply::err(Text::MessageGone));
        };
        if needs_ascii && !stored.header.is_ascii() {
            return Step::Reply(Reply::refused("UTF8", Text::Utf8Needed));
        }
        let body = match content {
            Content::Header => Vec::new(),
            Content::Whole => {
                let Some(octets) =
                    stored.recipe.as_ref().and_then(|recipe| stored.octets(0..recipe.octets()))
                else {
                    let bug = Error::bug(format!("the content of message {} is incomplete", self.message));
                    return Step::Reply(bug.into());
                };
                octets
            }
        };
        self.first_line().write(out, language);
        let mut stuffer = Stuffer::default();
        match (content, self.lines) {
            (Content::Header, _) => stuffer.feed(&stored.header, out),
            (Content::Whole, None) => stuffer.feed(&body, out),
            (Content::Whole, Some(lines)) => {
                let header = stored.header.len();
                stuffer.feed(&body[..header + first_lines(&body[header..], lines).0], out);
            }
        }
        stuffer.end(out);
        read_ahead.given(self.number);
        if self.lines.is_none() {
            maildrop.note_read(self.number);
        }
        Step::Written
    }

    fn first_line(&self) -> Reply {
        Reply::ok(match self.lines {
            None => Text::Octets(self.octets),
            Some(_) => Text::TopFollows,
        })
    }
}

/// A message that is larger than a page: it leaves in pieces, and is never in memory whole.
struct Large {
    wanted: Wanted,
    stored: FetchedMessage,
    stuffer: Stuffer,
    /// Lines of the body that are still to come.
    lines: u64,
}

impl Large {
    /// Reads what it is made of.
    fn begin(wanted: Wanted, conversation: &mut Conversation) -> Plan {
        let account = conversation.maildrop().key().account;
        let columns = Columns { header: true, recipe: true, ..Columns::default() };
        let unit = FetchPage { account, messages: vec![wanted.message], columns, extents: Vec::new() };
        Plan::run(unit, move |outcome, conversation: &mut Conversation| {
            let reply = match outcome.map(FetchedPage::into_single) {
                Ok(Some(stored)) if conversation.needs_ascii() && !stored.header.is_ascii() => {
                    Reply::refused("UTF8", Text::Utf8Needed)
                }
                Ok(Some(stored)) => {
                    wanted.first_line().write(&mut conversation.out, conversation.language);
                    let out = std::mem::take(&mut conversation.out);
                    let lines = wanted.lines.unwrap_or(u64::MAX);
                    let large = Large { wanted, stored, stuffer: Stuffer::default(), lines };
                    return large.header(out);
                }
                Ok(None) => Reply::err(Text::MessageGone),
                Err(error) => Error::from(error).into(),
            };
            conversation.reply(reply);
            Plan::Done(Answer::default())
        })
    }

    /// The header is here already.
    fn header(mut self, mut out: Vec<u8>) -> Plan {
        self.stuffer.feed(&self.stored.header, &mut out);
        let header = self.stored.header.len() as u64;
        self.body(header, out)
    }

    /// Writes the next piece of the body, and goes on when it has left.
    fn body(mut self, start: u64, mut out: Vec<u8>) -> Plan {
        let octets = self.stored.recipe.as_ref().map_or(0, |recipe| recipe.octets());
        if start >= octets || self.lines == 0 {
            return self.end(out);
        }
        let end = octets.min(start + limits::FETCH_PAGE_BYTES as u64);
        let Some(piece) = self.stored.octets(start..end) else { return self.read(start..end, out) };
        let (taken, lines) = first_lines(&piece, self.lines);
        self.lines -= lines;
        self.stuffer.feed(&piece[..taken], &mut out);
        Plan::emit(out, move |_| self.body(end, Vec::new()))
    }

    fn end(self, mut out: Vec<u8>) -> Plan {
        self.stuffer.end(&mut out);
        Plan::emit(out, move |conversation: &mut Conversation| {
            if self.wanted.lines.is_none() {
                conversation.maildrop().note_read(self.wanted.number);
            }
            Plan::Done(Answer::default())
        })
    }

    /// Reads the content that a piece needs, and forgets other content.
    fn read(mut self, piece: Range<u64>, out: Vec<u8>) -> Plan {
        let (bodies, unit) = self.stored.replace_content(piece.clone());
        Plan::run(unit, move |outcome, _: &mut Conversation| {
            let error = match outcome {
                Ok(contents) => {
                    self.stored.content = bodies.into_iter().zip(contents).collect();
                    if self.stored.octets(piece.clone()).is_some() {
                        return self.body(piece.start, out);
                    }
                    Error::bug(format!("content of message {} is incomplete", self.wanted.message))
                }
                Err(error) => error.into(),
            };
            // The client would take whatever follows for mail, so nothing follows.
            tracing::error!(%error, "a message broke off in the middle, and so does its connection");
            Plan::Done(Answer { next: After::Close, ..Answer::default() })
        })
    }
}

/// How long the first `lines` lines are, and how many there are of them.
fn first_lines(body: &[u8], lines: u64) -> (usize, u64) {
    if lines == u64::MAX {
        return (body.len(), 0);
    }
    let mut at = 0;
    for line in 0..lines {
        match body[at..].iter().position(|&octet| octet == b'\n') {
            Some(end) => at += end + 1,
            None => return (body.len(), line),
        }
    }
    (at, lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_counted_off() {
        assert_eq!(first_lines(b"a\r\nb\r\nc", 0), (0, 0));
        assert_eq!(first_lines(b"a\r\nb\r\nc", 1), (3, 1));
        assert_eq!(first_lines(b"a\r\nb\r\nc", 2), (6, 2));
        assert_eq!(first_lines(b"a\r\nb\r\nc", 3), (7, 2));
        assert_eq!(first_lines(b"a\r\n", u64::MAX), (3, 0));
    }
}
