//! The grammar of envelopes: paths and parameters of RFC 5321 §4.1.2, with the UTF-8 of RFC 6531 §3.3.
//!
//! Lenient where real addresses are: dots may stand anywhere in a local-part, and a domain may hold underscores.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while1};
use nom::character::complete::{char, satisfy};
use nom::combinator::{all_consuming, map, map_res, opt, recognize, rest, value};
use nom::multi::{fold_many0, many0_count, many1_count, separated_list0};
use nom::sequence::{delimited, pair, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use crate::wire::address::{Address, is_atext};

/// A parameter of MAIL or RCPT: keyword in upper case, and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// In upper case: keywords compare without regard to case.
    pub keyword: String,
    /// What follows the `=`.
    pub value: Option<String>,
}

/// `"FROM:" Reverse-path [SP Mail-parameters]`; None is the empty path. Blanks after the colon are forgiven.
pub fn mail_arguments(input: &str) -> Option<(Option<Address>, Vec<Parameter>)> {
    arguments("FROM:", input, reverse_path)
}

/// `"TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]`.
pub fn rcpt_arguments(input: &str) -> Option<(Address, Vec<Parameter>)> {
    arguments("TO:", input, alt((postmaster, forward_path)))
}

/// `chunk-size [SP "LAST"]` of BDAT (RFC 3030 §2).
pub fn bdat_arguments(input: &str) -> Option<(u64, bool)> {
    let (size, last) = match input.split_once(' ') {
        None => (input, false),
        Some((size, last)) if last.trim().eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return None,
    };
    let digits = !size.is_empty() && size.bytes().all(|c| c.is_ascii_digit());
    if digits { Some((size.parse().ok()?, last)) } else { None }
}

fn arguments<'a, T>(
    word: &'static str,
    input: &'a str,
    path: impl Parser<&'a str, Output = T, Error = nom::error::Error<&'a str>>,
) -> Option<(T, Vec<Parameter>)> {
    let (prefix, input) = input.split_at_checked(word.len())?;
    if !prefix.eq_ignore_ascii_case(word) {
        return None;
    }
    let parameters = opt(preceded(blanks1, parameters));
    let mut all = all_consuming(terminated(preceded(blanks0, pair(path, parameters)), blanks0));
    let (_, (path, parameters)) = all.parse(input).ok()?;
    Some((path, parameters.unwrap_or_default()))
}

/// `Reverse-path = Path / "<>"`
pub fn reverse_path(input: &str) -> IResult<&str, Option<Address>> {
    alt((value(None, tag("<>")), map(path, Some))).parse(input)
}

/// `Forward-path = Path`
pub fn forward_path(input: &str) -> IResult<&str, Address> {
    path(input)
}

/// `"<Postmaster>"`: the one address that needs no domain (RFC 5321 §4.5.1).
fn postmaster(input: &str) -> IResult<&str, Address> {
    let (rest, word) =
        delimited(char('<'), take_while1(|c: char| c.is_ascii_alphabetic()), char('>')).parse(input)?;
    if !word.eq_ignore_ascii_case("postmaster") {
        return Err(nom::Err::Error(nom::error::Error::new(input, nom::error::ErrorKind::Verify)));
    }
    Ok((rest, Address::new(word, "")))
}

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`
pub fn path(input: &str) -> IResult<&str, Address> {
    delimited(char('<'), preceded(opt(a_d_l), mailbox), char('>')).parse(input)
}

/// `A-d-l = At-domain *( "," At-domain )`: a source route, which is to be ignored (RFC 5321 appendix C).
fn a_d_l(input: &str) -> IResult<&str, ()> {
    let at_domain = pair(char('@'), domain);
    value((), (separated_list0(char(','), at_domain), char(':'))).parse(input)
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`
pub fn mailbox(input: &str) -> IResult<&str, Address> {
    map(separated_pair(local_part, char('@'), alt((domain, address_literal))), |(localpart, domain)| {
        Address::new(&localpart, domain)
    })
    .parse(input)
}

/// `Local-part = Dot-string / Quoted-string`
fn local_part(input: &str) -> IResult<&str, String> {
    let dot_string = take_while1(|c: char| c == '.' || !c.is_ascii() || is_atext(c as u8));
    alt((map(dot_string, str::to_owned), quoted_string)).parse(input)
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`
fn quoted_string(input: &str) -> IResult<&str, String> {
    let qtext = satisfy(|c| !c.is_control() && c != '"' && c != '\\');
    let quoted_pair = preceded(char('\\'), satisfy(|c| !c.is_control()));
    let content = fold_many0(alt((qtext, quoted_pair)), String::new, |mut text, c| {
        text.push(c);
        text
    });
    delimited(char('"'), content, char('"')).parse(input)
}

/// `Domain = sub-domain *("." sub-domain)`
pub fn domain(input: &str) -> IResult<&str, &str> {
    let label = || take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii());
    recognize((label(), many0_count(pair(char('.'), label())), opt(char('.')))).parse(input)
}

/// `address-literal = "[" … "]"`. What stands inside is not looked into: no mail here is for a number.
fn address_literal(input: &str) -> IResult<&str, &str> {
    let inside = take_while1(|c: char| c.is_ascii_alphanumeric() || ".:-".contains(c));
    recognize(delimited(char('['), inside, char(']'))).parse(input)
}

/// `Mail-parameters = esmtp-param *(SP esmtp-param)`
fn parameters(input: &str) -> IResult<&str, Vec<Parameter>> {
    separated_list0(blanks1, esmtp_param).parse(input)
}

/// `esmtp-param = esmtp-keyword ["=" esmtp-value]`
fn esmtp_param(input: &str) -> IResult<&str, Parameter> {
    let keyword = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-');
    let esmtp_value = take_while1(|c: char| c > ' ' && c != '=' && c != '\x7f');
    map(pair(keyword, opt(preceded(char('='), esmtp_value))), |(keyword, value): (&str, Option<&str>)| {
        Parameter { keyword: keyword.to_ascii_uppercase(), value: value.map(str::to_owned) }
    })
    .parse(input)
}

fn blanks0(input: &str) -> IResult<&str, &str> {
    take_while(|c| c == ' ').parse(input)
}

fn blanks1(input: &str) -> IResult<&str, usize> {
    many1_count(char(' ')).parse(input)
}

/// The verb of a command line in upper case, and what follows the blank after it.
pub fn command_line(input: &str) -> IResult<&str, (String, &str)> {
    let verb = map_res(take_while1(|c: char| c.is_ascii_alphanumeric()), |verb: &str| {
        Ok::<_, std::convert::Infallible>(verb.to_ascii_uppercase())
    });
    pair(verb, alt((preceded(blanks1, rest), nom::combinator::eof))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rcpt(input: &str) -> Option<(String, String)> {
        rcpt_arguments(input).map(|(address, _)| (address.localpart, address.domain))
    }

    #[test]
    fn paths_are_read_as_they_are_meant() {
        let pair = |localpart: &str, domain: &str| Some((localpart.to_owned(), domain.to_owned()));
        assert_eq!(rcpt("TO:<Anna@Example.ORG>"), pair("Anna", "example.org"));
        assert_eq!(rcpt("to: <anna@example.org> "), pair("anna", "example.org"));
        assert_eq!(rcpt("TO:<@a.net,@b.net:anna@example.org>"), pair("anna", "example.org"));
        assert_eq!(rcpt("TO:<\"a b\\\"c\"@x>"), pair("a b\"c", "x"));
        assert_eq!(rcpt("TO:<a..b.@x>"), pair("a..b.", "x"));
        assert_eq!(rcpt("TO:<Postmaster>"), pair("Postmaster", ""));
        assert_eq!(rcpt("TO:<postmaster@x>"), pair("postmaster", "x"));
        assert_eq!(rcpt("TO:<a@[IPv6:::1]>"), pair("a", "[ipv6:::1]"));
        assert_eq!(rcpt("TO:<jürgen@müller.example>"), pair("jürgen", "müller.example"));
        for wrong in [
            "TO:<>",
            "TO:<anna>",
            "TO:anna@x",
            "TO:<a b@x>",
            "TO:<a@>",
            "TO:<@x>",
            "TO:<a@x",
            "FROM:<a@x>",
            "TO:<a@x>>",
        ] {
            assert_eq!(rcpt(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn parameters_follow_the_path() {
        let (sender, parameters) =
            mail_arguments("FROM:<> SIZE=12 body=8BITMIME SMTPUTF8").expect("it is valid");
        assert_eq!(sender, None);
        let shown: Vec<_> = parameters.iter().map(|p| (p.keyword.as_str(), p.value.as_deref())).collect();
        assert_eq!(shown, [("SIZE", Some("12")), ("BODY", Some("8BITMIME")), ("SMTPUTF8", None)]);
        assert!(mail_arguments("FROM:<a@b>SIZE=1").is_none());
        assert!(mail_arguments("FROM:<a@b> SIZE=").is_none());
    }

    #[test]
    fn chunks_have_a_size() {
        assert_eq!(bdat_arguments("0 last"), Some((0, true)));
        assert_eq!(bdat_arguments("86"), Some((86, false)));
        for wrong in ["", "-1", "+1", "1 FIRST", "99999999999999999999999", "1  "] {
            assert_eq!(bdat_arguments(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(localpart in "[ -~äß]{1,20}", domain in "[a-z0-9]{1,9}(\\.[a-z]{1,5}){0,3}") {
            let address = Address::new(&localpart, &domain);
            let printed = format!("<{address}>");
            prop_assert_eq!(path(&printed).expect("we printed it").1, address);
        }

        #[test]
        fn garbage_is_no_address(input in "\\PC{0,60}") {
            let _ = (rcpt_arguments(&input), mail_arguments(&input), bdat_arguments(&input), command_line(&input));
        }
    }
}
