//! URLs of messages and of parts of them (RFC 5092 §11), as CATENATE and URLAUTH have them.

use jiff::Timestamp;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{take, take_while1};
use nom::character::complete::char;
use nom::combinator::{map, map_opt, opt, value, verify};
use nom::error::context;
use nom::sequence::{delimited, preceded};

use super::Parsed;
use super::core::{number64, nz_number, word};
use super::fault::complete;
use super::fetch::section_spec;
use crate::error::Error;
use crate::imap::command::fetch::Partial;
use crate::mailbox::{MailboxName, Uid, UidValidity};
use crate::message::section::Section;

/// A message, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageUrl {
    /// The user of the server who has the mailbox under that name; None in a URL that is relative to a session.
    pub user: Option<String>,
    /// None for the mailbox that is open.
    pub mailbox: Option<MailboxName>,
    pub uidvalidity: Option<UidValidity>,
    pub uid: Uid,
    /// Empty for the whole message.
    pub section: Section,
    pub partial: Option<Partial>,
}

/// A URL with who may use it (RFC 4467 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizedUrl {
    pub message: MessageUrl,
    pub expires: Option<Timestamp>,
    pub access: Access,
    /// The URL without the verifier: what a token is made of, octet by octet.
    pub rump: String,
    pub verifier: Option<Verifier>,
}

/// `iua-verifier = ":" uauth-mechanism ":" enc-urlauth`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    pub mechanism: String,
    pub token: String,
}

/// `access = ("submit+" enc-user) / ("user+" enc-user) / "authuser" / "anonymous"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Whoever submits messages for others, this user among them.
    Submit(String),
    User(String),
    /// Everybody who has logged in under a name.
    AuthUser,
    Anonymous,
}

/// Reads a URL that is relative to a session (RFC 4469 §3): `iabsolute-path / irelative-path` about a message.
pub fn relative(url: &[u8]) -> Result<MessageUrl, Error> {
    complete(url, |url| {
        let mailbox = delimited(char('/'), imailbox_ref, char('/'));
        let mailbox = map(mailbox, |(mailbox, uidvalidity)| (Some(mailbox), uidvalidity));
        // RFC 4469 §3: what names no mailbox is in the one that is open.
        let mailbox = map(opt(mailbox), Option::unwrap_or_default);
        map((mailbox, imsg_or_part), |(mailbox, part)| message_url(None, mailbox, part)).parse(url)
    })
}

/// Reads a URL that names its user and who may use it: `authimapurlrump / authimapurlfull`.
pub fn authorized(url: &[u8]) -> Result<AuthorizedUrl, Error> {
    let text = std::str::from_utf8(url).map_err(|_| Error::bad("a URL has no 8-bit octets"))?;
    complete(url, |url| {
        let (after, user) = preceded(word("imap://"), iserver).parse(url)?;
        let (after, mailbox) = preceded(char('/'), imailbox_ref).parse(after)?;
        let (after, part) = preceded(char('/'), imsg_or_part).parse(after)?;
        let (after, expires) = opt(expire).parse(after)?;
        let missing = "a URL that says by ;URLAUTH= who may use it";
        let (after, access) = context(missing, preceded(word(";URLAUTH="), access)).parse(after)?;
        let rump = text[..url.len() - after.len()].to_owned();
        let (after, verifier) = opt(iua_verifier).parse(after)?;
        let (mailbox, uidvalidity) = mailbox;
        let message = message_url(Some(user), (Some(mailbox), uidvalidity), part);
        Ok((after, AuthorizedUrl { message, expires, access, rump, verifier }))
    })
}

type Part = (Uid, Section, Option<Partial>);

fn message_url(
    user: Option<String>,
    (mailbox, uidvalidity): (Option<MailboxName>, Option<UidValidity>),
    (uid, section, partial): Part,
) -> MessageUrl {
    MessageUrl { user, mailbox, uidvalidity, uid, section, partial }
}

/// `iserver = iuserinfo "@" host [":" port]`, `iuserinfo = enc-user [iauth]`, `iauth = ";AUTH=" ( "*" / enc-auth-type )`.
/// RFC 4467 §7 wants the user. The host is this one, whatever the client calls it.
fn iserver(input: &[u8]) -> Parsed<'_, String> {
    let host = take_while1(|octet: u8| octet.is_ascii_graphic() && !b"/;?#@".contains(&octet));
    let iauth = (word(";AUTH="), take_while1(is_achar));
    let (rest, (user, _, _, _)) =
        (context("the user who has the mailbox", enc_user), opt(iauth), char('@'), host).parse(input)?;
    Ok((rest, user))
}

/// `imailbox-ref = enc-mailbox [uidvalidity]`, `enc-mailbox = 1*bchar`, `uidvalidity = ";UIDVALIDITY=" nz-number`
fn imailbox_ref(input: &[u8]) -> Parsed<'_, (MailboxName, Option<UidValidity>)> {
    // RFC 5092 §8: UTF-8, and no modified UTF-7.
    let name = |name: Vec<u8>| MailboxName::new(std::str::from_utf8(&name).ok()?).ok();
    let uidvalidity = preceded(word(";UIDVALIDITY="), map_opt(nz_number, UidValidity::new));
    (context("a mailbox", map_opt(encoded, name)), opt(uidvalidity)).parse(input)
}

/// `1*bchar`, decoded. A slash before `;` is no part of it: it belongs to what follows.
fn encoded(input: &[u8]) -> Parsed<'_, Vec<u8>> {
    let goes_on = |at: usize| is_bchar(input[at]) && !input[at..].starts_with(b"/;");
    let end = (0..input.len()).find(|at| !goes_on(*at)).unwrap_or(input.len());
    map_opt(verify(take(end), |found: &[u8]| !found.is_empty()), decoded).parse(input)
}

/// `iuid-only ["/" isection-only] ["/" ipartial-only]`, `iuid-only = ";UID=" nz-number`,
/// `isection-only = ";SECTION=" enc-section`, `ipartial-only = ";PARTIAL=" partial-range`
fn imsg_or_part(input: &[u8]) -> Parsed<'_, Part> {
    let iuid = preceded(word(";UID="), map_opt(nz_number, Uid::new));
    let isection = preceded(word("/;SECTION="), enc_section);
    let ipartial = preceded(word("/;PARTIAL="), partial_range);
    let part = (iuid, opt(isection), opt(ipartial));
    map(part, |(uid, section, partial)| (uid, section.unwrap_or_default(), partial)).parse(input)
}

/// `enc-section = 1*bchar`, which is an encoded `section-spec`
fn enc_section(input: &[u8]) -> Parsed<'_, Section> {
    map_opt(encoded, |section| complete(&section, section_spec).ok()).parse(input)
}

/// `partial-range = number ["." nz-number]`
fn partial_range(input: &[u8]) -> Parsed<'_, Partial> {
    let length = preceded(char('.'), verify(number64, |length| *length > 0));
    map((number64, opt(length)), |(origin, length)| Partial { origin, length: length.unwrap_or(u64::MAX) })
        .parse(input)
}

/// `expire = ";EXPIRE=" date-time`, where date-time is that of RFC 3339
fn expire(input: &[u8]) -> Parsed<'_, Timestamp> {
    let date_time = take_while1(|octet: u8| octet.is_ascii_alphanumeric() || b"-:.+".contains(&octet));
    let moment = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    preceded(word(";EXPIRE="), map_opt(date_time, moment)).parse(input)
}

fn access(input: &[u8]) -> Parsed<'_, Access> {
    alt((
        map(preceded(word("submit+"), enc_user), Access::Submit),
        map(preceded(word("user+"), enc_user), Access::User),
        value(Access::AuthUser, word("authuser")),
        value(Access::Anonymous, word("anonymous")),
    ))
    .parse(input)
}

/// `iua-verifier = ":" uauth-mechanism ":" enc-urlauth`, `enc-urlauth = 32*HEXDIG`
fn iua_verifier(input: &[u8]) -> Parsed<'_, Verifier> {
    let hex = verify(take_while1(|octet: u8| octet.is_ascii_hexdigit()), |hex: &[u8]| hex.len() >= 32);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let (rest, (mechanism, hex)) =
        (delimited(char(':'), mechanism, char(':')), map(hex, text)).parse(input)?;
    Ok((rest, Verifier { mechanism, token: hex }))
}

/// `uauth-mechanism = "INTERNAL" / 1*(ALPHA / DIGIT / "-" / ".")`
pub fn mechanism(input: &[u8]) -> Parsed<'_, String> {
    let name = take_while1(|octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    map(name, |name| String::from_utf8_lossy(name).to_ascii_uppercase()).parse(input)
}

/// `enc-user = 1*achar`
fn enc_user(input: &[u8]) -> Parsed<'_, String> {
    map_opt(take_while1(is_achar), |user| String::from_utf8(decoded(user)?).ok()).parse(input)
}

/// `achar = uchar / "&" / "="`, `uchar = unreserved / sub-delims-sh / pct-encoded`
fn is_achar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$'()*+,&=%".contains(&octet)
}

/// `bchar = achar / ":" / "@" / "/"`
fn is_bchar(octet: u8) -> bool {
    is_achar(octet) || b":@/".contains(&octet)
}

/// `pct-encoded = "%" HEXDIG HEXDIG` wherever it stands. None when a `%` is not followed by those.
fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet != b'%' {
            decoded.push(octet);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        // A sign is no digit, though a number may have one.
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        decoded.push(is_hex.then(|| u8::from_str_radix(digits, 16).ok())??);
        rest = &rest[2..];
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &MessageUrl) -> String {
        let mailbox = url.mailbox.as_ref().map_or("-", MailboxName::as_str);
        let uidvalidity = url.uidvalidity.map_or(0, UidValidity::get);
        let partial = url.partial.map(|Partial { origin, length }| (origin, length));
        format!("{mailbox} {uidvalidity} {} {} {partial:?}", url.uid, url.section)
    }

    #[test]
    fn relative_urls_are_read() {
        for (url, expected) in [
            ("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER", "Drafts 385759045 20 HEADER None"),
            ("/Drafts/;uid=20/;Section=1.2.MIME", "Drafts 0 20 1.2.MIME None"),
            ("/a%2Fb/c%20%C3%BC/;UID=7", "a/b/c \u{fc} 0 7  None"),
            ("/x/;UID=7/;SECTION=1/;PARTIAL=5.10", "x 0 7 1 Some((5, 10))"),
            ("/x/;UID=7/;PARTIAL=5", "x 0 7  Some((5, 18446744073709551615))"),
            ("/x/;UID=7/;SECTION=HEADER.FIELDS%20(TO)", "x 0 7 HEADER.FIELDS (TO) None"),
            (";UID=7/;SECTION=TEXT", "- 0 7 TEXT None"),
        ] {
            assert_eq!(relative(url.as_bytes()).map(|url| parts(&url)), Ok(expected.to_owned()), "{url}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for url in [
            "",
            "/",
            "/x",
            "/x/",
            "/x/;UID=0",
            "/x/;UID=7/;SECTION=9.X",
            "/x/;UID=7?SUBJECT%20a",
            "/x?ALL",
            "/%zz/;UID=7",
            "/%+1/;UID=7",
            "/%FF/;UID=7",
            "//host/x/;UID=7",
            "imap://anna@host/x/;UID=7",
            "http://host/x",
            "/x/;UID=7/;PARTIAL=5.0",
            "/x/;UID=7;URLAUTH=anonymous",
        ] {
            assert!(relative(url.as_bytes()).is_err(), "{url}");
        }
    }

    #[test]
    fn authorized_urls_are_read() {
        let token = "0123456789abcdef".repeat(3);
        let rump = "imap://joe;AUTH=*@example.com:143/INBOX/;uid=20/;section=1.2;expire=2030-01-02T03:04:05Z\
                    ;urlauth=submit+fr%65d";
        let url = authorized(format!("{rump}:internal:{token}").as_bytes()).unwrap();
        assert_eq!(parts(&url.message), "INBOX 0 20 1.2 None");
        assert_eq!(url.message.user.as_deref(), Some("joe"));
        assert_eq!((url.rump.as_str(), url.access), (rump, Access::Submit("fred".into())));
        assert_eq!(url.expires.unwrap().to_string(), "2030-01-02T03:04:05Z");
        assert_eq!(url.verifier, Some(Verifier { mechanism: "INTERNAL".into(), token }));
        let rump = authorized(b"imap://joe@example.com/x/;uid=20;URLAUTH=AUTHUSER").unwrap();
        assert_eq!((rump.access, rump.verifier), (Access::AuthUser, None));
    }

    #[test]
    fn urls_without_user_access_or_message_are_refused() {
        for url in [
            "imap://joe@example.com/INBOX/;uid=20/;section=1.2",
            "imap://example.com/Shared/;uid=20/;section=1.2;urlauth=submit+fred",
            "imap://joe@example.com/INBOX;urlauth=anonymous",
            "imap://joe@example.com/;urlauth=anonymous",
            "imap://joe@example.com/INBOX?ALL;urlauth=anonymous",
            "imap://joe@example.com/INBOX/;uid=20;urlauth=user+",
            "imap://joe@example.com/INBOX/;uid=20;urlauth=anonymous:internal:1234",
            "imap://joe@example.com/INBOX/;uid=20;expire=yesterday;urlauth=anonymous",
        ] {
            assert!(authorized(url.as_bytes()).is_err(), "{url}");
        }
    }
}
