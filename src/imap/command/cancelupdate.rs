//! CANCELUPDATE (RFC 5267 §4.3.5): searches are no longer kept up to date.

use nom::Parser;
use nom::combinator::{map, map_opt};
use nom::multi::many1;
use nom::sequence::preceded;

use crate::error::{Code, Error};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{quoted, sp};
use crate::imap::selected::{Running, Selected, Step};

/// Which searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelUpdate {
    /// The tags of their commands; never empty.
    pub tags: Vec<String>,
}

/// `"CANCELUPDATE" 1*(SP quoted)`, from behind the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, CancelUpdate> {
    let tag = map_opt(quoted, |octets| String::from_utf8(octets.into_owned()).ok());
    map(many1(preceded(sp, tag)), |tags| CancelUpdate { tags }).parse(input)
}

impl CancelUpdate {
    /// Forgets them, if all of them are there.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        match selected.contexts.cancel(&self.tags) {
            true => running.done(selected),
            false => running
                .failed(selected, Error::no(Code::Other, "No search with such a tag is kept up to date")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn tags_are_read() {
        let read = |input: &str| complete(input.as_bytes(), parse).map(|cancel| cancel.tags);
        assert_eq!(read(" \"B01\" \"b2\""), Ok(vec!["B01".to_string(), "b2".to_string()]));
        assert!(read("").is_err() && read(" B01").is_err());
    }
}
