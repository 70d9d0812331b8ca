//! The text index: which messages have a text, without reading them.
//!
//! The messages of an account are gathered in blocks, in which each is a column. A block has [lists](List) of the words
//! that stand in a place, such as the subjects, and for each word the columns that have it. A text that is looked for and
//! lies within one word is found by looking through the words, which are much fewer than what was written with them; the
//! answer is exact then. Of a text of several words, the index tells which messages have all of them somewhere, and those
//! have to be read. Everything is folded as the [`Matcher`](super::Matcher) folds it, and made of what it looks at.
//!
//! Messages of which no block knows, and those with too much text, may have anything: they are read.

pub mod block;
pub mod days;
pub mod fuzzy;
pub mod hash;
pub mod list;
pub mod pace;
pub mod probe;
pub mod words;

pub use block::{Block, Gathering, Member};
pub use list::PackedList;
pub use pace::Pace;
pub use probe::{Found, Probe};

/// Of what the index is made: what is decoded, and how it is folded and cut. A block that another edition has made is
/// not used, and made again.
pub const EDITION: i16 = 6;

/// Where the words of a list stand. The numbers are those in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// The names of header fields, whole.
    Names = 1,
    /// The words of the subject.
    Subject = 2,
    /// The addresses of From, whole.
    From = 3,
    To = 4,
    Cc = 5,
    Bcc = 6,
    /// The words of header fields, those of parts included, and of their names that consist of the letters from a to z.
    HeaderLetters = 7,
    /// Those that consist of hexadecimal digits, among them one of 0 to 9 at least.
    HeaderDigits = 8,
    /// All others.
    HeaderOthers = 9,
    /// The words of the texts, in the same way. Numbers are many, and who looks for a word need not look at them.
    BodyLetters = 10,
    BodyDigits = 11,
    BodyOthers = 12,
    /// The Message-IDs by which messages are known, whole and in their own case.
    MessageIds = 13,
    /// The days that stand in the field Date, see [`days`].
    SentOn = 14,
}

/// All lists that a block may have.
pub const LISTS: [List; 14] = [
    List::Names,
    List::Subject,
    List::From,
    List::To,
    List::Cc,
    List::Bcc,
    List::HeaderLetters,
    List::HeaderDigits,
    List::HeaderOthers,
    List::BodyLetters,
    List::BodyDigits,
    List::BodyOthers,
    List::MessageIds,
    List::SentOn,
];

impl List {
    /// The list with this number.
    pub fn from_number(number: i16) -> Option<List> {
        LISTS.into_iter().find(|list| *list as i16 == number)
    }
}

/// Words of header fields or of texts, by what they consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trio([List; 3]);

const HEADER: Trio = Trio([List::HeaderLetters, List::HeaderDigits, List::HeaderOthers]);
const BODY: Trio = Trio([List::BodyLetters, List::BodyDigits, List::BodyOthers]);

impl Trio {
    /// The list in which this word is.
    fn of(self, word: &[u8]) -> List {
        let [letters, digits, others] = self.0;
        if word.iter().all(u8::is_ascii_lowercase) {
            letters
        } else if word.iter().all(is_hexadecimal) {
            digits
        } else {
            others
        }
    }

    /// The lists in which a word may be that has this piece.
    fn may_have(self, piece: &[u8]) -> Vec<List> {
        let [letters, digits, others] = self.0;
        let mut lists = vec![others];
        if piece.iter().all(u8::is_ascii_lowercase) {
            lists.push(letters);
        }
        if piece.iter().all(is_hexadecimal) {
            lists.push(digits);
        }
        lists
    }
}

fn is_hexadecimal(octet: &u8) -> bool {
    matches!(octet, b'0'..=b'9' | b'a'..=b'f')
}
