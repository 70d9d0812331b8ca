//! ID (RFC 2971): who is who.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{map, value, verify};
use nom::sequence::{pair, preceded};

use crate::imap::answer::Answer;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{nstring, parenthesized, sp, string};

/// What a client says of itself: fields and their values, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    pub fields: Vec<(String, String)>,
}

/// `id = "ID" SP id-params-list`, `id-params-list = "(" *(string SP nstring) ")" / nil`, from the space on
pub fn parse(input: &[u8]) -> Parsed<'_, Id> {
    let text = |octets: std::borrow::Cow<[u8]>| String::from_utf8_lossy(&octets).into_owned();
    let field = move |input| {
        map((string, sp, nstring), |(name, (), content)| (text(name), content.map(text).unwrap_or_default()))
            .parse(input)
    };
    let nothing = || alt((value((), tag_no_case("NIL")), value((), pair(char('('), char(')')))));
    // RFC 2971 §3.3: at most 30 pairs.
    let fields = verify(parenthesized(field), |fields: &Vec<_>| fields.len() <= FIELDS_MAX);
    map(preceded(sp, alt((map(nothing(), |()| Vec::new()), fields))), |fields| Id { fields }).parse(input)
}

impl Id {
    /// Notes who the client is, and says who the server is.
    pub fn respond(self, tag: &str) -> Answer {
        for (name, content) in self.fields.iter().filter(|(name, _)| {
            // RFC 2971 lets clients name their user and much else; only what helps to understand a quirk is noted.
            ["name", "version", "os"].iter().any(|known| name.eq_ignore_ascii_case(known))
        }) {
            tracing::debug!(%name, %content, "the client says who it is");
        }
        let version = env!("CARGO_PKG_VERSION");
        let untagged = format!("* ID (\"name\" \"Archiveopteryx\" \"version\" \"{version}\")\r\n");
        Answer::ok(tag, "ID completed").with_untagged(untagged.into_bytes())
    }
}

const FIELDS_MAX: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn clients_may_say_little_or_much() {
        let read = |input: &str| complete(input.as_bytes(), parse).map(|id| id.fields);
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(read(" NIL"), Ok(vec![]));
        assert_eq!(read(" ()"), Ok(vec![]));
        let expected = vec![pair("name", "mutt"), pair("os", "")];
        assert_eq!(read(" (\"name\" \"mutt\" \"os\" NIL)"), Ok(expected));
        assert!(read(" (\"name\")").is_err());
        assert!(read("").is_err());
    }
}
