//! The grammar of commands (RFC 2449 §3): a keyword, and what follows it.

use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::space0;
use nom::combinator::{all_consuming, map_opt, opt, rest, value};
use nom::sequence::{preceded, separated_pair, terminated};
use nom::{IResult, Parser};

/// `command = keyword *(SP param)`: the keyword in upper case, and what follows the space, as it is: a password may
/// begin and end with spaces.
pub fn command(line: &[u8]) -> Option<(String, &[u8])> {
    let (_, (keyword, arguments)) = (keyword, opt(preceded(tag(" "), rest))).parse(line).ok()?;
    let is_whole = arguments.is_some() || line.len() == keyword.len();
    is_whole.then(|| (String::from_utf8_lossy(keyword).to_ascii_uppercase(), arguments.unwrap_or_default()))
}

/// Nothing, or blanks.
pub fn nothing(input: &[u8]) -> Option<()> {
    complete(input, |input| value((), space0).parse(input))
}

/// `message = 1*DIGIT`, of LIST, UIDL, RETR and DELE.
pub fn message(input: &[u8]) -> Option<u32> {
    complete(input, number)
}

/// `message SP lines`, of TOP. More lines than can be counted are all of them.
pub fn message_and_lines(input: &[u8]) -> Option<(u32, u64)> {
    complete(input, |input| separated_pair(number, take_while1(|octet| octet == b' '), lines).parse(input))
}

/// `sasl-mech [SP initial-response]`, of AUTH (RFC 5034 §5).
pub fn mechanism(input: &[u8]) -> Option<(&str, Option<&[u8]>)> {
    complete(input, |input| {
        let name = take_while_m_n(1, 20, |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet));
        let name = map_opt(name, |name| std::str::from_utf8(name).ok());
        (name, opt(preceded(tag(" "), take_while1(|octet: u8| octet != b' ')))).parse(input)
    })
}

/// One word in ASCII, such as the language range of LANG (RFC 6856 §3.2).
pub fn word(input: &[u8]) -> Option<&str> {
    let word = complete(input, |input| take_while1(|octet: u8| octet.is_ascii_graphic()).parse(input))?;
    std::str::from_utf8(word).ok()
}

/// `keyword = 3*4VCHAR`, of which letters and digits are in use.
fn keyword(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_while_m_n(3, 4, |octet: u8| octet.is_ascii_alphanumeric()).parse(input)
}

fn number(input: &[u8]) -> IResult<&[u8], u32> {
    map_opt(digits, |digits| digits.parse().ok()).parse(input)
}

fn lines(input: &[u8]) -> IResult<&[u8], u64> {
    digits.map(|digits| digits.parse().unwrap_or(u64::MAX)).parse(input)
}

fn digits(input: &[u8]) -> IResult<&[u8], &str> {
    map_opt(take_while1(|octet: u8| octet.is_ascii_digit()), |digits| std::str::from_utf8(digits).ok())
        .parse(input)
}

/// The rule, and nothing but blanks behind it.
fn complete<'a, T>(input: &'a [u8], rule: impl Fn(&'a [u8]) -> IResult<&'a [u8], T>) -> Option<T> {
    all_consuming(terminated(rule, space0)).parse(input).ok().map(|(_, read)| read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_keyword_is_read_in_any_case_and_the_rest_as_it_is() {
        assert_eq!(command(b"pass  a b "), Some(("PASS".to_owned(), &b" a b "[..])));
        assert_eq!(command(b"QUIT"), Some(("QUIT".to_owned(), &b""[..])));
        for wrong in [&b""[..], b"NO", b"HELLO", b"\xff\xff\xff", b"RETR\t1", b" RETR 1"] {
            assert_eq!(command(wrong), None);
        }
    }

    #[test]
    fn numbers_are_numbers() {
        assert_eq!(message(b"007 "), Some(7));
        assert_eq!(message_and_lines(b"1 99999999999999999999999"), Some((1, u64::MAX)));
        for wrong in [&b""[..], b"-1", b"1 2", b"4294967296", b"1a"] {
            assert_eq!(message(wrong), None);
        }
    }

    #[test]
    fn mechanisms_may_come_with_a_response() {
        assert_eq!(mechanism(b"PLAIN"), Some(("PLAIN", None)));
        assert_eq!(mechanism(b"SCRAM-SHA-256 ="), Some(("SCRAM-SHA-256", Some(&b"="[..]))));
        assert_eq!(mechanism(b"PLAIN a b"), None);
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(number in 1..=u32::MAX, lines: u64) {
            prop_assert_eq!(message(number.to_string().as_bytes()), Some(number));
            prop_assert_eq!(message_and_lines(format!("{number} {lines}").as_bytes()), Some((number, lines)));
        }

        #[test]
        fn garbage_never_panics(line in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = command(&line);
            let _ = (nothing(&line), message(&line), message_and_lines(&line), mechanism(&line), word(&line));
        }
    }
}
