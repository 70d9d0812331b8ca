//! The words that everything else is made of: atoms, strings, literals, numbers, lists.

use std::borrow::Cow;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag as octets, tag_no_case, take, take_while, take_while1};
use nom::character::complete::{char, digit1};
use nom::combinator::{map, map_opt, opt, value, verify};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, terminated};

use super::Parsed;

/// `SP`; more than one is taken too, see `quirk_spaces`.
pub fn sp(input: &[u8]) -> Parsed<'_, ()> {
    context("a space", value((), quirk_spaces)).parse(input)
}

/// `1*SP` where the grammar has `SP`: hand-written scripts, old Outlook and imapfilter send more than one (2026-11).
fn quirk_spaces(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|octet| octet == b' ')(input)
}

/// A word of the protocol, in whatever case.
pub fn word<'a>(text: &'static str) -> impl FnMut(&'a [u8]) -> Parsed<'a, ()> {
    move |input| value((), tag_no_case(text)).parse(input)
}

/// `ATOM-CHAR = <any CHAR except atom-specials>`
pub fn is_atom_char(octet: u8) -> bool {
    // atom-specials = "(" / ")" / "{" / SP / CTL / list-wildcards / quoted-specials / resp-specials
    octet > 0x20 && octet < 0x7f && !b"(){%*\"\\]".contains(&octet)
}

/// `ASTRING-CHAR = ATOM-CHAR / resp-specials`; 8-bit octets too, see `quirk_bare_utf8`.
pub fn is_astring_char(octet: u8) -> bool {
    is_atom_char(octet) || octet == b']' || quirk_bare_utf8(octet)
}

/// Bare UTF-8 in an astring: mutt with `imap_qresync`-era patches, and scripts, name mailboxes so (2026-11).
fn quirk_bare_utf8(octet: u8) -> bool {
    octet >= 0x80
}

/// `atom = 1*ATOM-CHAR`
pub fn atom(input: &[u8]) -> Parsed<'_, &str> {
    let text = |octets| std::str::from_utf8(octets).ok();
    context("an atom", map_opt(take_while1(is_atom_char), text)).parse(input)
}

/// `tag = 1*<any ASTRING-CHAR except "+">`
pub fn tag(input: &[u8]) -> Parsed<'_, &str> {
    let tag_char = |octet| (is_atom_char(octet) || octet == b']') && octet != b'+';
    let text = |octets| std::str::from_utf8(octets).ok();
    context("a tag", map_opt(take_while1(tag_char), text)).parse(input)
}

/// `astring = 1*ASTRING-CHAR / string`
pub fn astring(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    context("an astring", alt((map(take_while1(is_astring_char), Cow::Borrowed), string))).parse(input)
}

/// `string = quoted / literal`
pub fn string(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    context("a string", alt((quoted, map(literal, Cow::Borrowed)))).parse(input)
}

/// `nstring = string / nil`
pub fn nstring(input: &[u8]) -> Parsed<'_, Option<Cow<'_, [u8]>>> {
    context("a string or NIL", alt((map(string, Some), value(None, tag_no_case("NIL"))))).parse(input)
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`,
/// `QUOTED-CHAR = <any TEXT-CHAR except quoted-specials> / "\" quoted-specials`
///
/// 8-bit octets are taken as they are (RFC 9051 §9 has UTF-8 there).
pub fn quoted(input: &[u8]) -> Parsed<'_, Cow<'_, [u8]>> {
    let (mut rest, _) = char('"')(input)?;
    let plain = |octet: u8| !matches!(octet, b'"' | b'\\' | b'\r' | b'\n' | 0);
    let (after, first) = take_while(plain)(rest)?;
    if after.first() == Some(&b'"') {
        return Ok((&after[1..], Cow::Borrowed(first)));
    }
    let mut unescaped = Vec::new();
    loop {
        let (after, run) = take_while(plain)(rest)?;
        unescaped.extend_from_slice(run);
        let (after, escaped) =
            opt(preceded(char('\\'), verify(take(1usize), |octet: &[u8]| plain_or_quoted(octet[0]))))
                .parse(after)?;
        match escaped {
            Some(octet) => unescaped.extend_from_slice(octet),
            None => {
                let (after, _) = char('"')(after)?;
                return Ok((after, Cow::Owned(unescaped)));
            }
        }
        rest = after;
    }
}

/// What may follow a backslash. The RFC has quoted-specials only; real clients escape other characters too.
fn plain_or_quoted(octet: u8) -> bool {
    !matches!(octet, b'\r' | b'\n' | 0)
}

/// `literal = "{" number ["+"] "}" CRLF *CHAR8` (RFC 7888 §8 has the plus)
///
/// The framer has asked for the octets and put them in their place, so here they are simply taken.
pub fn literal(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (input, length) =
        delimited(char('{'), number64, (opt(char('+')), char('}'), line_end)).parse(input)?;
    take(length)(input)
}

/// `CRLF`; a bare LF is taken for it, as the framer does.
fn line_end(input: &[u8]) -> Parsed<'_, ()> {
    value((), alt((octets("\r\n"), octets("\n")))).parse(input)
}

/// `number = 1*DIGIT`, `(0 <= n < 4,294,967,296)`
pub fn number(input: &[u8]) -> Parsed<'_, u32> {
    context("a number", map_opt(digit1, digits)).parse(input)
}

/// `number64 = 1*DIGIT`, `(0 <= n <= 9,223,372,036,854,775,807)` (RFC 9051 §9)
pub fn number64(input: &[u8]) -> Parsed<'_, u64> {
    let bounded = |octets| digits(octets).filter(|number: &u64| *number <= i64::MAX as u64);
    context("a number", map_opt(digit1, bounded)).parse(input)
}

/// `nz-number = digit-nz *DIGIT`, `(0 < n < 4,294,967,296)`
pub fn nz_number(input: &[u8]) -> Parsed<'_, u32> {
    context("a number above zero", verify(map_opt(digit1, digits), |number| *number > 0)).parse(input)
}

fn digits<N: std::str::FromStr>(octets: &[u8]) -> Option<N> {
    std::str::from_utf8(octets).ok()?.parse().ok()
}

/// `"(" item *(SP item) ")"`, the shape of every list that may not be empty.
pub fn parenthesized<'a, T>(
    item: impl FnMut(&'a [u8]) -> Parsed<'a, T>,
) -> impl FnMut(&'a [u8]) -> Parsed<'a, Vec<T>> {
    let mut list = delimited(
        terminated(char('('), quirk_inner_spaces),
        separated_list1(sp, item),
        preceded(quirk_inner_spaces, char(')')),
    );
    move |input| list.parse(input)
}

/// Spaces just inside parentheses: some Perl and PHP libraries join empty words (2026-11).
fn quirk_inner_spaces(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|octet| octet == b' ')(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_in_three_forms() {
        for (input, expected) in [
            (&b"INBOX"[..], &b"INBOX"[..]),
            (b"a]b", b"a]b"),
            (b"\"a b\"", b"a b"),
            (b"\"a \\\"b\\\\ c\"", b"a \"b\\ c"),
            (b"\"\"", b""),
            (b"{3}\r\na\r\n", b"a\r\n"),
            (b"{3+}\r\na\"b", b"a\"b"),
            (b"{0}\n", b""),
        ] {
            assert_eq!(astring(input), Ok((&b""[..], Cow::Borrowed(expected))), "{input:?}");
        }
    }

    #[test]
    fn broken_strings_are_refused() {
        for input in [
            &b"\"abc"[..],
            b"\"a\r\n\"",
            b"\"a\\",
            b"{4}\r\nabc",
            b"{x}\r\n",
            b"(",
            b"",
            b"{99999999999999999999}\r\n",
        ] {
            assert!(astring(input).is_err(), "{input:?}");
        }
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(number(b"4294967295 "), Ok((&b" "[..], u32::MAX)));
        assert!(number(b"4294967296").is_err());
        assert!(nz_number(b"0").is_err());
        assert!(number64(b"9223372036854775808").is_err());
    }

    #[test]
    fn a_list_needs_an_item() {
        assert_eq!(parenthesized(atom)(b"(a B  c )x"), Ok((&b"x"[..], vec!["a", "B", "c"])));
        assert!(parenthesized(atom)(b"()").is_err());
    }
}
