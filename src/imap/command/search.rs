//! SEARCH and UID SEARCH (RFC 3501 §6.4.4): which messages?

use nom::Parser;
use nom::combinator::map;
use nom::sequence::preceded;

use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::search::search_program;
use crate::search::Selector;

/// What the messages must satisfy. Texts are decoded, and the program is within the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub selector: Selector,
}

/// `search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)`, from the space after the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Search> {
    map(preceded(sp, search_program), |selector| Search { selector }).parse(input)
}
