//! What a server says: strings in the form that fits them, lists, and status responses (RFC 3501 §7).

use crate::error::{Code, Error};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::core::is_atom_char;
use crate::mailbox::{FlagSet, Uid};
use crate::wire::utf7;

/// `string`, as a literal only where quotes cannot hold it.
pub fn string(out: &mut Vec<u8>, octets: &[u8]) {
    // 8-bit octets in quotes are for clients of RFC 9051 only; a literal is understood by all.
    let quotable = |octet: &u8| (0x20..0x7f).contains(octet) || *octet == b'\t';
    if octets.len() > QUOTED_OCTETS_MAX || !octets.iter().all(quotable) {
        return literal(out, octets);
    }
    quoted(out, octets);
}

/// `literal = "{" number "}" CRLF *CHAR8`
pub fn literal(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(format!("{{{}}}\r\n", octets.len()).as_bytes());
    out.extend_from_slice(octets);
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`
fn quoted(out: &mut Vec<u8>, octets: &[u8]) {
    out.push(b'"');
    for octet in octets {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
}

/// `astring`, bare where that is possible.
pub fn astring(out: &mut Vec<u8>, octets: &[u8]) {
    // NIL as an atom would be read as no string at all by some clients, and a bracket as the beginning of a section.
    let bare = !octets.is_empty()
        && octets.iter().all(|octet| is_atom_char(*octet) && *octet != b'[')
        && !octets.eq_ignore_ascii_case(b"NIL");
    match bare {
        true => out.extend_from_slice(octets),
        false => string(out, octets),
    }
}

/// `nstring`
pub fn nstring(out: &mut Vec<u8>, octets: Option<&[u8]>) {
    match octets {
        Some(octets) => string(out, octets),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// `nstring / literal8` (RFC 4466 §6): no other string holds a NUL.
pub fn nstring8(out: &mut Vec<u8>, octets: Option<&[u8]>) {
    if octets.is_some_and(|octets| octets.contains(&0)) {
        out.push(b'~');
    }
    nstring(out, octets);
}

/// `oldname-extended-item`, in the parentheses that it has behind a LIST (RFC 9051 §6.3.9.7)
pub fn oldname(out: &mut Vec<u8>, old: &str, enabled: Enabled) {
    out.extend_from_slice(b" (\"OLDNAME\" (");
    mailbox(out, old, enabled);
    out.extend_from_slice(b"))");
}

/// `mailbox`, in modified UTF-7, or in UTF-8 for clients that have enabled that.
pub fn mailbox(out: &mut Vec<u8>, name: &str, enabled: Enabled) {
    match enabled.utf8_names() {
        // A name has no line ends, and RFC 9051 §9 has UTF-8 in quotes.
        true if !name.is_ascii() => quoted(out, name.as_bytes()),
        true => astring(out, name.as_bytes()),
        false => astring(out, utf7::encode(name).as_bytes()),
    }
}

/// `flag-list = "(" [flag *(SP flag)] ")"`
pub fn flag_list(out: &mut Vec<u8>, flags: &FlagSet) {
    out.extend_from_slice(format!("({flags})").as_bytes());
}

/// `tag SP "OK" SP ["[" code "]" SP] text CRLF`; the tag is `*` for an untagged response.
pub fn ok(tag: &str, code: Option<&str>, text: &str) -> Vec<u8> {
    status(tag, "OK", code, text)
}

/// The one place where failures become responses: the client's mistake is BAD, a refusal is NO with its code, and a
/// bug of ours is logged in full and told in general.
pub fn failure(tag: &str, error: &Error) -> Vec<u8> {
    match error {
        Error::Bad(text) => status(tag, "BAD", None, text),
        Error::No { code: Code::BadCharset, text } => {
            status(tag, "NO", Some("BADCHARSET (US-ASCII UTF-8)"), text)
        }
        Error::No { code: Code::FilterCharset, text } => {
            status(tag, "BAD", Some("BADCHARSET (US-ASCII UTF-8)"), text)
        }
        Error::No { code: Code::ClientBug, text } => status(tag, "BAD", Code::ClientBug.imap(), text),
        Error::No { code: Code::UndefinedFilter, text: name } => {
            status(tag, "NO", Some(&format!("UNDEFINED-FILTER {name}")), "there is no such filter")
        }
        Error::No { code: Code::BadUrl, text: url } => bad_url(tag, url),
        Error::No { code, text } => status(tag, "NO", code.imap(), text),
        Error::Bug(text) => {
            tracing::error!(tag, "a command failed by a bug: {text}");
            status(tag, "NO", Some("SERVERBUG"), "internal error, which has been logged")
        }
    }
}

/// `badurl-response-code = "BADURL" SP url-resp-text`, any TEXT-CHAR but `]` and `\` (RFC 4469 §5)
fn bad_url(tag: &str, url: &str) -> Vec<u8> {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, ']' | '\\');
    let url: String = url.chars().map(|c| if fits(c) { c } else { '?' }).collect();
    status(tag, "NO", Some(&format!("BADURL {url}")), "This URL leads to nothing that can be read")
}

/// A command names messages by their places, though the client has enabled UIDONLY (RFC 9586 §3).
pub fn uid_required(tag: &str) -> Vec<u8> {
    status(tag, "BAD", Some("UIDREQUIRED"), "messages are named by their uids, after UIDONLY")
}

/// COMPRESS a second time. RFC 4978 §3 has BAD when it was COMPRESS that has begun before.
pub fn compression_active(tag: &str) -> Vec<u8> {
    status(tag, "BAD", Some("COMPRESSIONACTIVE"), "DEFLATE is active by COMPRESS already")
}

/// `resp-text-code =/ "MESSAGELIMIT" SP message-limit [SP uniqueid]` (RFC 9738 §5)
pub fn message_limit_code(limit: u32, lowest: Option<Uid>) -> String {
    let lowest = lowest.map(|uid| format!(" {uid}")).unwrap_or_default();
    format!("MESSAGELIMIT {limit}{lowest}")
}

/// A command is about too many messages: nothing is done, or (with `*` for the tag) the rest is not.
pub fn message_limit(tag: &str, limit: u32, lowest: Option<Uid>) -> Vec<u8> {
    let text = format!("One command may be about {limit} messages");
    status(tag, "NO", Some(&message_limit_code(limit, lowest)), &text)
}

/// What a client is told beside the answer to the command that has nearly used up a quota (RFC 9208 §4.3.1).
pub fn nearly_full() -> Vec<u8> {
    status("*", "NO", Code::OverQuota.imap(), "Your mailboxes are nearly full")
}

/// The same where nothing can be told but that the command with this tag is at work.
pub fn at_work(tag: &str) -> Vec<u8> {
    let code = format!("INPROGRESS ({} NIL NIL)", quoted_tag(tag));
    status("*", "OK", Some(&code), "The command is at work")
}

/// `resp-text-code =/ "INPROGRESS" SP "(" (quoted / nil) SP (number / nil) SP (number / nil) ")"` (RFC 9585 §5): so many
/// messages of all that the command with this tag looks at are done.
pub fn in_progress(tag: &str, done: u64, all: u64) -> Vec<u8> {
    let tag = quoted_tag(tag);
    let percent = done * 100 / all.max(1);
    status("*", "OK", Some(&format!("INPROGRESS ({tag} {done} {all})")), &format!("{percent}% is done"))
}

/// `(quoted / nil)`: a tag with a bracket would end the code (RFC 9585 §4).
fn quoted_tag(tag: &str) -> String {
    if tag.is_empty() || tag.contains(']') { "NIL".to_owned() } else { format!("\"{tag}\"") }
}

/// `resp-text-code =/ "NOUPDATE" SP quoted` (RFC 5267 §5): the search of that tag is not kept up to date.
pub fn no_update(tag: &str, text: &str) -> Vec<u8> {
    status("*", "NO", Some(&format!("NOUPDATE \"{tag}\"")), text)
}

/// `resp-text-code =/ "NOTIFICATIONOVERFLOW"` (RFC 5465 §5.8): from now on it is as after NOTIFY NONE.
pub fn overflow(why: &Error) -> Vec<u8> {
    status("*", "OK", Code::NotificationOverflow.imap(), &why.to_string())
}

/// `* BYE text`
pub fn bye(text: &str) -> Vec<u8> {
    status("*", "BYE", None, text)
}

/// `"+" SP text CRLF`
pub fn go_ahead(text: &str) -> Vec<u8> {
    format!("+ {text}\r\n").into_bytes()
}

/// `resp-cond-state` and its like.
fn status(tag: &str, word: &str, code: Option<&str>, text: &str) -> Vec<u8> {
    let code = code.map(|code| format!("[{code}] ")).unwrap_or_default();
    // resp-text is TEXT-CHAR only; what is quoted of others in an error text must not break the line.
    let printable = |c: char| if (' '..='~').contains(&c) { c } else { '?' };
    let text: String = text.chars().map(printable).collect();
    format!("{tag} {word} {code}{text}\r\n").into_bytes()
}

/// Longer strings become literals: some clients bound what they take in quotes (RFC 2683 §3.2.1.5).
const QUOTED_OCTETS_MAX: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::imap::grammar::{self, core};
    use crate::mailbox::MailboxName;
    use proptest::prelude::*;

    fn printed(print: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        print(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn progress_is_told_by_numbers() {
        let said = |tag: &str| String::from_utf8(in_progress(tag, 454, 1000)).unwrap();
        assert_eq!(said("A001"), "* OK [INPROGRESS (\"A001\" 454 1000)] 45% is done\r\n");
        let at_work = String::from_utf8(at_work("A001")).unwrap();
        assert_eq!(at_work, "* OK [INPROGRESS (\"A001\" NIL NIL)] The command is at work\r\n");
        assert_eq!(said("a]"), "* OK [INPROGRESS (NIL 454 1000)] 45% is done\r\n");
    }

    #[test]
    fn strings_take_the_form_that_fits() {
        assert_eq!(printed(|out| astring(out, b"Sent")), "Sent");
        assert_eq!(printed(|out| astring(out, b"")), "\"\"");
        assert_eq!(printed(|out| astring(out, b"nil")), "\"nil\"");
        assert_eq!(printed(|out| astring(out, b"BODY[")), "\"BODY[\"");
        assert_eq!(printed(|out| string(out, b"a\"b\\")), "\"a\\\"b\\\\\"");
        assert_eq!(printed(|out| string(out, b"a\r\nb")), "{4}\r\na\r\nb");
        assert_eq!(printed(|out| nstring(out, None)), "NIL");
        assert_eq!(printed(|out| mailbox(out, "Entwürfe", Enabled::default())), "Entw&APw-rfe");
        let utf8 = Enabled { utf8: true, ..Enabled::default() };
        assert_eq!(printed(|out| mailbox(out, "Entwürfe \"&", utf8)), "\"Entwürfe \\\"&\"");
        assert_eq!(printed(|out| mailbox(out, "R&D", utf8)), "R&D");
    }

    #[test]
    fn failures_are_sorted() {
        let said = |error| String::from_utf8(failure("a1", &error)).unwrap();
        assert_eq!(said(Error::bad("what?")), "a1 BAD what?\r\n");
        assert_eq!(said(Error::no(Code::NonExistent, "no")), "a1 NO [NONEXISTENT] no\r\n");
        assert_eq!(said(Error::no(Code::Other, "a\r\nb")), "a1 NO a??b\r\n");
        assert!(said(Error::no(Code::BadCharset, "x")).contains("[BADCHARSET (US-ASCII UTF-8)]"));
        assert!(!said(Error::bug("secret")).contains("secret"));
    }

    proptest! {
        #[test]
        fn a_printed_string_is_read_again(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut out = Vec::new();
            astring(&mut out, &octets);
            let read = complete(&out, core::astring).map(|octets| octets.into_owned());
            prop_assert_eq!(read, Ok(octets));
        }

        #[test]
        fn a_printed_name_is_read_again(name in "[^/\\p{C}\\p{Z}]{1,20}", utf8 in any::<bool>()) {
            let enabled = Enabled { utf8, ..Enabled::default() };
            let name = MailboxName::new(&name).unwrap();
            let mut out = Vec::new();
            mailbox(&mut out, name.as_str(), enabled);
            prop_assert_eq!(complete(&out, grammar::mailbox::mailbox(enabled)), Ok(name));
        }
    }
}
