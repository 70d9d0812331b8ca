//! Messages that the client will ask for next: clients retrieve one after the other, and one question to the database
//! for many of them costs little more than for one.

use super::maildrop::Maildrop;
use crate::db::{Columns, Extent, FetchPage, FetchedMessage, FetchedPage, Wants};
use crate::limits;
use crate::mailbox::MessageId;
use crate::message::section::Section;

/// What is read of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Content {
    #[default]
    Header,
    /// All of it, the header included.
    Whole,
}

/// Messages that were read and not asked for yet.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    page: FetchedPage,
    content: Content,
    /// The number behind the last message of the page.
    end: u32,
    /// How many messages were read at once.
    count: usize,
}

impl ReadAhead {
    /// A message, if what is wanted of it has been read.
    pub fn get(&self, message: MessageId, content: Content) -> Option<&FetchedMessage> {
        self.page.get(message).filter(|_| self.content == content || self.content == Content::Whole)
    }

    /// What reads the message with this number, and as many behind it as the client is likely to want: more and more,
    /// as long as it asks for one after the other.
    pub fn unit(&mut self, maildrop: &Maildrop, number: u32, content: Content) -> FetchPage {
        let goes_on = number == self.end && content == self.content;
        self.count = if goes_on { (self.count * 4).min(limits::FETCH_PAGE_MESSAGES) } else { FIRST_MESSAGES };
        let mut messages = Vec::new();
        let mut bytes = 0;
        for (at, entry) in maildrop.from(number).take(self.count) {
            bytes += match content {
                Content::Whole => entry.size as usize,
                Content::Header => HEADER_BYTES.min(entry.size as usize),
            };
            if bytes > limits::POP3_READ_AHEAD_BYTES && !messages.is_empty() {
                break;
            }
            messages.push(entry.message);
            self.end = at + 1;
        }
        self.content = content;
        self.page = FetchedPage::default();
        let account = maildrop.key().account;
        let header = Columns { header: true, ..Columns::default() };
        match content {
            Content::Header => FetchPage { account, messages, columns: header, extents: Vec::new() },
            Content::Whole => {
                let extents = vec![Extent {
                    section: Section::default(),
                    origin: 0,
                    length: u64::MAX,
                    wants: Wants::Octets,
                }];
                FetchPage { account, messages, columns: Columns::default(), extents }
            }
        }
    }

    /// What that has read.
    pub fn keep(&mut self, page: FetchedPage) {
        self.page = page;
    }

    /// The client has been given a message: when it was the last one of the page, nothing is kept.
    pub fn given(&mut self, number: u32) {
        if number + 1 == self.end {
            self.page = FetchedPage::default();
        }
    }
}

/// How many messages are read at first.
const FIRST_MESSAGES: usize = 4;
/// What is reckoned for a header, whose length is not known beforehand.
const HEADER_BYTES: usize = 4096;

#[cfg(test)]
mod tests {
    use super::super::maildrop::tests::maildrop;
    use super::*;

    #[test]
    fn more_is_read_at_once_as_long_as_the_client_goes_on() {
        let maildrop = maildrop(&(1..=200).collect::<Vec<_>>());
        let mut ahead = ReadAhead::default();
        let mut pages = Vec::new();
        let mut number = 1;
        while number <= 200 {
            let unit = ahead.unit(&maildrop, number, Content::Whole);
            assert_eq!(unit.messages[0], MessageId(i64::from(number) + 100));
            pages.push(unit.messages.len());
            number = ahead.end;
        }
        assert_eq!(pages, [4, 16, 64, 116]);
        assert_eq!(ahead.unit(&maildrop, 50, Content::Whole).messages.len(), FIRST_MESSAGES);
        assert_eq!(ahead.unit(&maildrop, 54, Content::Header).messages.len(), FIRST_MESSAGES);
    }

    #[test]
    fn marked_messages_and_those_that_do_not_fit_are_not_read() {
        let big = limits::POP3_READ_AHEAD_BYTES as u32 / 10;
        let mut maildrop = maildrop(&[1, 2, 3, big, big + 1]);
        maildrop.mark(2).expect("it is there");
        let mut ahead = ReadAhead::default();
        let ids = |unit: FetchPage| unit.messages.iter().map(|id| id.0 - 100).collect::<Vec<_>>();
        assert_eq!(ids(ahead.unit(&maildrop, 1, Content::Whole)), [1, 3]);
        assert_eq!(ids(ahead.unit(&maildrop, 4, Content::Whole)), [i64::from(big)]);
        assert_eq!(ahead.end, 5);
    }
}
