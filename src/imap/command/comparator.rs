//! COMPARATOR (RFC 5255 §4.7): how SEARCH, SORT and THREAD compare texts, told or chosen.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::{char, satisfy};
use nom::combinator::{all_consuming, map, map_opt, opt, recognize, value, verify};
use nom::error::context;
use nom::multi::many0;
use nom::sequence::{pair, preceded, terminated};

use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp};
use crate::search::collation::{Collation, Comparator};

/// What the client would like, the best first; without anything, it asks what there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    wishes: Vec<Wish>,
}

/// One argument: a name that may have wildcards, and the direction.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    reverse: bool,
    pattern: String,
}

/// `comparator-cmd = "COMPARATOR" *(SP comp-order-quoted)`, from behind the word on, where
/// `comp-order-quoted = astring`
pub fn parse(input: &[u8]) -> Parsed<'_, Choice> {
    let wish = context("a collation", map_opt(astring, |name| wish(&name)));
    map(many0(preceded(sp, wish)), |wishes| Choice { wishes }).parse(input)
}

/// What stands in one argument.
fn wish(name: &[u8]) -> Option<Wish> {
    let read: Parsed<'_, Wish> = all_consuming(collation_order).parse(name);
    Some(read.ok()?.1)
}

/// `collation-order = ["+" / "-"] collation-wild` (RFC 4790 §3.3)
fn collation_order(input: &[u8]) -> Parsed<'_, Wish> {
    let sign = alt((value(false, char('+')), value(true, char('-'))));
    let wish = |(reverse, pattern): (Option<bool>, &[u8])| Wish {
        reverse: reverse.unwrap_or_default(),
        pattern: String::from_utf8_lossy(pattern).into_owned(),
    };
    map(pair(opt(sign), collation_wild), wish).parse(input)
}

/// `collation-wild = ("*" / (ALPHA ["*"])) *(collation-char ["*"])` with 254 characters at most, where
/// `collation-char = ALPHA / DIGIT / "-" / ";" / "=" / "."` (RFC 4790 §3.2)
fn collation_wild(input: &[u8]) -> Parsed<'_, &[u8]> {
    let is_char = |octet: u8| octet.is_ascii_alphanumeric() || b"-;=.".contains(&octet);
    let letter = satisfy(|c| c.is_ascii_alphabetic());
    let first = alt((recognize(char('*')), recognize(terminated(letter, opt(char('*'))))));
    let run = terminated(take_while1(is_char), opt(char('*')));
    verify(recognize(pair(first, many0(run))), |name: &[u8]| name.len() <= NAME_LENGTH_MAX).parse(input)
}

impl Choice {
    /// Chooses the first that is there, and says so.
    pub fn respond(self, tag: &str, enabled: &mut Enabled) -> Answer {
        let mut matching: Vec<Comparator> = Vec::new();
        for comparator in self.wishes.iter().flat_map(Wish::matching) {
            if !matching.iter().any(|known| known.collation == comparator.collation) {
                matching.push(comparator);
            }
        }
        match matching.first() {
            Some(first) => enabled.comparator = *first,
            None if self.wishes.is_empty() => (),
            None => {
                let error =
                    Error::no(Code::BadComparator, "There is no such collation; try COMPARATOR \"*\"");
                return Answer::failed(tag, error);
            }
        }
        let untagged = comparator_data(enabled.comparator, &matching);
        Answer::ok(tag, &format!("Texts are compared by {}", enabled.comparator)).with_untagged(untagged)
    }
}

impl Wish {
    /// The collations that it means, the most widely useful first.
    fn matching(&self) -> impl Iterator<Item = Comparator> {
        let is_default = self.pattern.eq_ignore_ascii_case("default");
        let is_meant = move |collation: &Collation| match is_default {
            true => *collation == Collation::default(),
            false => matches(self.pattern.as_bytes(), collation.name().as_bytes()),
        };
        let comparator = |collation| Comparator { collation, reverse: self.reverse };
        Collation::ALL.into_iter().filter(is_meant).map(comparator)
    }
}

/// Whether a name is one that a pattern means; `*` stands for any characters.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    // How much of the pattern the name may have fulfilled so far, by its length.
    let mut reached = vec![false; pattern.len() + 1];
    reached[0] = true;
    let pass_wildcards = |reached: &mut Vec<bool>| {
        for (at, octet) in pattern.iter().enumerate() {
            reached[at + 1] |= reached[at] && *octet == b'*';
        }
    };
    pass_wildcards(&mut reached);
    for octet in name {
        let mut next = vec![false; reached.len()];
        for (at, wanted) in pattern.iter().enumerate().filter(|(at, _)| reached[*at]) {
            match wanted {
                b'*' => next[at] = true,
                wanted => next[at + 1] |= wanted.eq_ignore_ascii_case(octet),
            }
        }
        pass_wildcards(&mut next);
        reached = next;
    }
    reached[pattern.len()]
}

/// `comparator-data = "COMPARATOR" SP comp-sel-quoted [SP "(" comp-id-quoted *(SP comp-id-quoted) ")"]`; the list is there
/// when more than one matches (RFC 5255 §4.8). The names are atoms, all of them.
fn comparator_data(active: Comparator, matching: &[Comparator]) -> Vec<u8> {
    let names: Vec<&str> = matching.iter().map(|comparator| comparator.collation.name()).collect();
    let list = if names.len() > 1 { format!(" ({})", names.join(" ")) } else { String::new() };
    format!("* COMPARATOR {active}{list}\r\n").into_bytes()
}

/// RFC 4790 §3.1
const NAME_LENGTH_MAX: usize = 254;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::imap::grammar::fault::complete;

    fn told(input: &str) -> String {
        let choice = complete(input.as_bytes(), parse).expect(input);
        let Answer { untagged, tagged, .. } = choice.respond("a", &mut Enabled::default());
        String::from_utf8([untagged, tagged].concat()).unwrap().lines().next().unwrap().to_owned()
    }

    #[test]
    fn the_first_wish_that_can_be_fulfilled_counts() {
        let all = "i;unicode-casemap i;ascii-casemap i;octet";
        for (input, expected) in [
            ("", "* COMPARATOR i;unicode-casemap".to_owned()),
            (" i;octet", "* COMPARATOR i;octet".to_owned()),
            (" \"cz;*\" I;OCTET", "* COMPARATOR i;octet".to_owned()),
            (" \"+i;octet\"", "* COMPARATOR i;octet".to_owned()),
            (" -default", "* COMPARATOR -i;unicode-casemap".to_owned()),
            (" \"*\"", format!("* COMPARATOR i;unicode-casemap ({all})")),
            (
                " \"i;a*\" i;basic i;octet",
                "* COMPARATOR i;ascii-casemap (i;ascii-casemap i;octet)".to_owned(),
            ),
            (
                " {9+}\r\n*casemap*",
                "* COMPARATOR i;unicode-casemap (i;unicode-casemap i;ascii-casemap)".into(),
            ),
            (
                " i;ascii-numeric",
                "a NO [BADCOMPARATOR] There is no such collation; try COMPARATOR \"*\"".to_owned(),
            ),
        ] {
            assert_eq!(told(input), expected, "{input}");
        }
    }

    #[test]
    fn malformed_names_are_refused() {
        let long = format!(" \"i;{}\"", "x".repeat(253));
        for bad in [" \"\"", " \"i;**\"", " 9;octet", " \"+\"", " \"i octet\"", " ;octet", &long] {
            assert!(matches!(complete(bad.as_bytes(), parse), Err(Error::Bad(_))), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_wildcard_stands_for_anything(before in "[ab;]{0,4}", between in "[ab;]{0,6}", behind in "[ab;]{0,4}") {
            let pattern = format!("{before}*{behind}");
            let name = format!("{before}{between}{behind}");
            prop_assert!(matches(pattern.as_bytes(), name.as_bytes()));
            let other = format!("{name}x");
            prop_assert_eq!(matches(pattern.as_bytes(), other.as_bytes()), behind.is_empty());
        }
    }
}
