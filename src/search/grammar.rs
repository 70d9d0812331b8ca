//! Search keys as people and programs write them: in IMAP's SEARCH, in the administrator's commands, in stored policies.

use encoding_rs::{Encoding, WINDOWS_1252};
use jiff::civil::Date;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag_no_case, take_while1};
use nom::character::complete::{alpha1, char};
use nom::combinator::{map, not, opt, peek, value, verify};
use nom::error::context;
use nom::sequence::{delimited, preceded, terminated};

use super::{AnnotationText, Field, PlacedLeaf, Selector, StoredLeaf};
use crate::error::{Code, Error};
use crate::grammar::core::{
    astring, atom, is_astring_char, literal, number64, nz_number, quoted, sp, string,
};
use crate::grammar::fault::{complete, complete_or_where, fail, refused};
use crate::grammar::keyword::flag_keyword;
use crate::grammar::set::sequence_set;
use crate::grammar::time::date;
use crate::grammar::{Fault, Parsed};
use crate::limits;
use crate::mailbox::object_id::is_object_id;
use crate::mailbox::{EntryMatch, Scope, SequenceNumber, SequenceSet, System};

impl Selector {
    /// Reads what [`Display`](std::fmt::Display) prints, and whatever else a client may write: one or more keys, all of
    /// which a message must satisfy. A selector in the form that this returns comes back as it was printed.
    pub fn parse(text: &str) -> Result<Selector, Error> {
        Selector::parse_or_where(text).map_err(|(_, error)| error)
    }

    /// The same, with the octet at which the text stopped making sense, from 0 on.
    pub fn parse_or_where(text: &str) -> Result<Selector, (usize, Error)> {
        let place = Place { charset: None, depth: 1, filters: Filters::Unknown };
        complete_or_where(text.as_bytes(), |input| checked(input, place))
    }
}

/// How the strings of one program are to be read, and how deep the program is here.
#[derive(Clone, Copy)]
struct Place {
    charset: Option<&'static Encoding>,
    depth: usize,
    filters: Filters,
}

/// Whether FILTER is a key here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filters {
    Known,
    /// The program names a charset that filters are not written in (RFC 5466 §3.1).
    OtherCharset,
    /// Nobody has written down any that could be meant.
    Unknown,
}

impl Filters {
    /// In a program whose charset has this name.
    fn in_charset(label: &[u8]) -> Filters {
        let known = ["utf-8", "utf8", "us-ascii", "ascii"];
        match known.iter().any(|known| label.eq_ignore_ascii_case(known.as_bytes())) {
            true => Filters::Known,
            false => Filters::OtherCharset,
        }
    }
}

/// `search-program = ["CHARSET" SP charset SP] search-key *(SP search-key)`, where `charset = atom / quoted`
pub fn search_program(input: &[u8]) -> Parsed<'_, Selector> {
    let (rest, label) = opt(delimited((tag_no_case("CHARSET"), sp), astring, sp)).parse(input)?;
    let (charset, filters) = match label {
        Some(label) => (Some(charset(input, &label)?), Filters::in_charset(&label)),
        None => (None, Filters::Known),
    };
    checked(rest, Place { charset, depth: 1, filters })
}

/// `search-criteria = charset 1*(SP search-key)` (RFC 5256 §5)
pub fn search_criteria(input: &[u8]) -> Parsed<'_, Selector> {
    let (rest, label) = terminated(astring, sp).parse(input)?;
    let filters = Filters::in_charset(&label);
    checked(rest, Place { charset: Some(charset(input, &label)?), depth: 1, filters })
}

/// The value of a filter: `search-criteria = search-key *(SP search-key)`, all of it "encoded in UTF-8" (RFC 5466 §4)
pub fn filter_value(value: &[u8]) -> Result<Selector, Error> {
    if std::str::from_utf8(value).is_err() {
        return Err(Error::bad("it is not in UTF-8"));
    }
    let place = Place { charset: None, depth: 1, filters: Filters::Known };
    complete(value, |input| checked(input, place))
}

/// The charset of that name, for the program that begins at `input`.
fn charset(input: &[u8], label: &[u8]) -> Result<&'static Encoding, nom::Err<Fault>> {
    match Encoding::for_label_no_replacement(label) {
        Some(charset) => Ok(charset),
        None => Err(refused(input, Error::no(Code::BadCharset, "this charset is not known"))),
    }
}

/// `search-key *(SP search-key)`, within the limits
fn checked(input: &[u8], place: Place) -> Parsed<'_, Selector> {
    let (rest, keys) = search_keys(input, place)?;
    match keys.check() {
        Ok(()) => Ok((rest, keys)),
        Err(error) => fail(input, error),
    }
}

/// `search-key *(SP search-key)`, all of which a message must satisfy
fn search_keys(input: &[u8], place: Place) -> Parsed<'_, Selector> {
    let (mut rest, first) = search_key(input, place)?;
    let mut keys = vec![first];
    // A space may also stand before a closing parenthesis, so another key is tried for rather than required.
    while let Ok((after, ())) = sp(rest)
        && !after.starts_with(b")")
    {
        let (after, key) = search_key(after, place)?;
        keys.push(key);
        rest = after;
    }
    match <[Selector; 1]>::try_from(keys) {
        Ok([only]) => Ok((rest, only)),
        Err(keys) => Ok((rest, Selector::And(keys))),
    }
}

/// `search-key = "ALL" / "ANSWERED" / "BCC" SP astring / ... / sequence-set / "(" search-key *(SP search-key) ")"`
fn search_key(input: &[u8], place: Place) -> Parsed<'_, Selector> {
    if place.depth > limits::SEARCH_DEPTH_MAX {
        return fail(input, Error::no(Code::Limit, "the search program is nested too deeply"));
    }
    let deeper = Place { depth: place.depth + 1, ..place };
    match input.first() {
        Some(b'(') => {
            let spaces = |input| opt(sp).parse(input);
            let inside = |input| search_keys(input, deeper);
            delimited((char('('), spaces), inside, (spaces, char(')'))).parse(input)
        }
        Some(b'0'..=b'9' | b'*' | b'$') => map(sequence_set, Selector::Messages).parse(input),
        _ => {
            let (rest, word) = context("a search key", alpha1).parse(input)?;
            let word = String::from_utf8_lossy(word).to_ascii_uppercase();
            named_key(&word, rest, deeper)
                .unwrap_or_else(|| context("a search key", nom::combinator::fail()).parse(input))
        }
    }
}

/// The key that begins with `word`, from behind the word on; None when no key does.
fn named_key<'a>(word: &str, input: &'a [u8], place: Place) -> Option<Parsed<'a, Selector>> {
    let has = |flag| Some(Ok((input, Selector::Has(flag))));
    let lacks = |flag| Some(Ok((input, Selector::Has(flag).not())));
    let is = |key| Some(Ok((input, key)));
    match word {
        "ALL" => is(Selector::All),
        "ANSWERED" => has(System::ANSWERED),
        "DELETED" => has(System::DELETED),
        "DRAFT" => has(System::DRAFT),
        "FLAGGED" => has(System::FLAGGED),
        "SEEN" => has(System::SEEN),
        "UNANSWERED" => lacks(System::ANSWERED),
        "UNDELETED" => lacks(System::DELETED),
        "UNDRAFT" => lacks(System::DRAFT),
        "UNFLAGGED" => lacks(System::FLAGGED),
        "UNSEEN" => lacks(System::SEEN),
        "NEW" => is(Selector::new_mail()),
        "OLD" => is(Selector::old_mail()),
        "RECENT" => is(Selector::Recent),
        "KEYWORD" => Some(preceded(sp, map(flag_keyword, Selector::Keyword)).parse(input)),
        "UNKEYWORD" => Some(preceded(sp, map(flag_keyword, |k| Selector::Keyword(k).not())).parse(input)),
        "LARGER" => Some(preceded(sp, map(number64, Selector::Larger)).parse(input)),
        "SMALLER" => Some(preceded(sp, map(number64, Selector::Smaller)).parse(input)),
        // RFC 5032: `search-key =/ ("OLDER" / "YOUNGER") SP nz-number`
        "OLDER" => Some(preceded(sp, map(nz_number, Selector::Older)).parse(input)),
        "YOUNGER" => Some(preceded(sp, map(nz_number, Selector::Younger)).parse(input)),
        "BEFORE" => Some(dated(input, Selector::Before)),
        "ON" => Some(dated(input, Selector::On)),
        "SINCE" => Some(dated(input, Selector::Since)),
        "MODSEQ" => Some(preceded(sp, search_modsequence).parse(input)),
        "UID" => Some(preceded(sp, map(sequence_set, Selector::Uids)).parse(input)),
        "FILTER" => filter(input, place),
        // RFC 9738 §3.2
        "UIDAFTER" => Some(preceded(sp, map(nz_number, uid_after)).parse(input)),
        "UIDBEFORE" => Some(preceded(sp, map(nz_number, uid_before)).parse(input)),
        "NOT" => Some(map(preceded(sp, |input| search_key(input, place)), Selector::not).parse(input)),
        "OR" => Some(or_keys(input, place)),
        // RFC 6203: `search-key =/ "FUZZY" SP search-key`
        "FUZZY" => Some(map(preceded(sp, |input| search_key(input, place)), Selector::fuzzy).parse(input)),
        // We keep save dates for every mailbox (RFC 8514 §4.3).
        "SAVEDATESUPPORTED" => is(Selector::All),
        _ => stored_key(word, input, place).or_else(|| placed_key(word, input)),
    }
}

/// `search-key =/ "FILTER" SP filter-name`, `filter-name = 1*<any ATOM-CHAR except "/">` (RFC 5466 §4), from behind the word
/// on
fn filter(input: &[u8], place: Place) -> Option<Parsed<'_, Selector>> {
    let name = verify(atom, |name: &str| !name.contains('/'));
    let mut named = preceded(sp, map(name, |name: &str| Selector::Filter(name.to_owned())));
    match place.filters {
        Filters::Known => Some(named.parse(input)),
        Filters::OtherCharset => {
            Some(fail(input, Error::no(Code::FilterCharset, "filters are written in UTF-8")))
        }
        Filters::Unknown => None,
    }
}

/// `"UID" SP <uid>+1 ":*"`, but that `*` may not be less.
fn uid_after(uid: u32) -> Selector {
    uids_within(uid.checked_add(1), u32::MAX)
}

/// `"UID" SP "1:" <uid>-1`
fn uid_before(uid: u32) -> Selector {
    uids_within((uid > 1).then_some(1), uid - 1)
}

/// Uids from one to another; none if there is no first one.
fn uids_within(first: Option<u32>, last: u32) -> Selector {
    let number = SequenceNumber::Number;
    let set = first.and_then(|first| SequenceSet::new(vec![(number(first), number(last))]));
    set.map_or_else(|| Selector::All.not(), Selector::Uids)
}

/// The keys that ask what a message says.
fn stored_key<'a>(word: &str, input: &'a [u8], place: Place) -> Option<Parsed<'a, Selector>> {
    let address = |field| Some(texted(input, place, |text| StoredLeaf::Address { field, text }));
    match word {
        "BCC" => address(Field::Bcc),
        "CC" => address(Field::Cc),
        "FROM" => address(Field::From),
        "TO" => address(Field::To),
        "SUBJECT" => Some(texted(input, place, StoredLeaf::Subject)),
        "BODY" => Some(texted(input, place, StoredLeaf::Body)),
        "TEXT" => Some(texted(input, place, StoredLeaf::Text)),
        "ANNOTATION" if place.filters != Filters::Unknown => Some(annotation(input, place)),
        "HEADER" => {
            let header = |(name, text)| Selector::Stored(StoredLeaf::Header { name, text });
            let arguments =
                (preceded(sp, |input| text(input, place)), preceded(sp, |input| text(input, place)));
            Some(map(arguments, header).parse(input))
        }
        "SENTBEFORE" => Some(dated(input, |day| Selector::Stored(StoredLeaf::SentBefore(day)))),
        "SENTON" => Some(dated(input, |day| Selector::Stored(StoredLeaf::SentOn(day)))),
        "SENTSINCE" => Some(dated(input, |day| Selector::Stored(StoredLeaf::SentSince(day)))),
        _ => None,
    }
}

/// The keys of RFC 8474 §7, `"EMAILID" SP objectid / "THREADID" SP objectid`, and of RFC 8514 §5, `"SAVEDBEFORE" SP date /
/// "SAVEDON" SP date / "SAVEDSINCE" SP date`
fn placed_key<'a>(word: &str, input: &'a [u8]) -> Option<Parsed<'a, Selector>> {
    let placed = |leaf| Selector::Stored(StoredLeaf::Placed(leaf));
    let named = |leaf: fn(String) -> PlacedLeaf| {
        Some(map(preceded(sp, objectid), |id| placed(leaf(id))).parse(input))
    };
    match word {
        "EMAILID" => named(PlacedLeaf::EmailId),
        "THREADID" => named(PlacedLeaf::ThreadId),
        "SAVEDBEFORE" => Some(dated(input, |day| placed(PlacedLeaf::SavedBefore(day)))),
        "SAVEDON" => Some(dated(input, |day| placed(PlacedLeaf::SavedOn(day)))),
        "SAVEDSINCE" => Some(dated(input, |day| placed(PlacedLeaf::SavedSince(day)))),
        _ => None,
    }
}

/// `objectid = 1*255(ALPHA / DIGIT / "_" / "-")`; letters of either case are different ones
fn objectid(input: &[u8]) -> Parsed<'_, String> {
    let id = map(atom, str::to_owned);
    context("an object id", verify(id, |id: &String| is_object_id(id))).parse(input)
}

/// `search-key =/ "ANNOTATION" SP entry-match SP att-search SP value`,
/// `att-search = "value" / "value.priv" / "value.shared"`, `value = nstring / literal8` (RFC 5257 §5), from behind the word
/// on. NIL is the value of an entry that is not there.
fn annotation(input: &[u8], place: Place) -> Parsed<'_, Selector> {
    let (rest, entry) = preceded(sp, entry_match).parse(input)?;
    let (rest, attribute) = preceded(sp, context("an attribute", astring)).parse(rest)?;
    let scope = match &attribute[..] {
        b"value" => None,
        b"value.priv" => Some(Scope::Private),
        b"value.shared" => Some(Scope::Shared),
        _ => return fail(input, Error::bad("value, value.priv and value.shared can be searched")),
    };
    let find = |text| {
        Selector::Stored(StoredLeaf::Placed(PlacedLeaf::Annotation(AnnotationText {
            entry: entry.clone(),
            scope,
            text,
        })))
    };
    let nil = (tag_no_case("NIL"), not(take_while1(is_astring_char)));
    let nothing = map(nil, |_| find(String::new()).not());
    let octets = preceded(char('~'), literal);
    let text = alt((map(octets, |octets| place.decoded(octets)), |input| text(input, place)));
    preceded(sp, alt((nothing, map(text, find)))).parse(rest)
}

/// `entry-match = list-mailbox` (RFC 5257 §5)
pub fn entry_match(input: &[u8]) -> Parsed<'_, EntryMatch> {
    let list_char = |octet| is_astring_char(octet) || octet == b'%' || octet == b'*';
    let octets = alt((map(take_while1(list_char), std::borrow::Cow::Borrowed), string));
    let (rest, name) = context("the name of an entry", octets).parse(input)?;
    match EntryMatch::new(&String::from_utf8_lossy(&name)) {
        Ok(pattern) => Ok((rest, pattern)),
        Err(error) => fail(input, error),
    }
}

/// `"OR" SP search-key SP search-key`, from behind the word on.
///
/// Clients join thousands of alternatives as `OR a OR b OR c ...`; such a chain is read in a loop, and is not deep.
fn or_keys(input: &[u8], place: Place) -> Parsed<'_, Selector> {
    let mut alternatives = Vec::new();
    let mut rest = input;
    loop {
        let key = |input| search_key(input, place);
        let (after, first) = terminated(preceded(sp, key), sp).parse(rest)?;
        alternatives.push(first);
        match preceded(tag_no_case("OR"), peek(char(' '))).parse(after) {
            Ok((after, _)) => rest = after,
            Err::<_, nom::Err<Fault>>(_) => {
                let (after, last) = search_key(after, place)?;
                alternatives.push(last);
                return Ok((after, Selector::Or(alternatives)));
            }
        }
    }
}

/// `search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer`, from behind the first space on, where
/// `search-modseq-ext = SP entry-name SP entry-type-req` (RFC 7162 §7)
///
/// An entry, as `"/flags/\\seen" all`, changes nothing: RFC 7162 §3.1.5 lets servers disregard it that keep one
/// mod-sequence for a whole message.
fn search_modsequence(input: &[u8]) -> Parsed<'_, Selector> {
    let entry_type_req = alt((tag_no_case("priv"), tag_no_case("shared"), tag_no_case("all")));
    let search_modseq_ext = (entry_name, sp, entry_type_req, sp);
    map(preceded(opt(search_modseq_ext), number64), Selector::ModSeq).parse(input)
}

/// `entry-name = DQUOTE "/flags/" attr-flag DQUOTE`, where a backslash is doubled
fn entry_name(input: &[u8]) -> Parsed<'_, ()> {
    let is_flag = |name: &[u8]| name.len() > 7 && name[..7].eq_ignore_ascii_case(b"/flags/");
    context("the name of a flag", value((), verify(quoted, |name: &[u8]| is_flag(name)))).parse(input)
}

fn dated(input: &[u8], key: impl Fn(Date) -> Selector) -> Parsed<'_, Selector> {
    preceded(sp, map(date, key)).parse(input)
}

fn texted(input: &[u8], place: Place, leaf: impl Fn(String) -> StoredLeaf) -> Parsed<'_, Selector> {
    map(preceded(sp, |input| text(input, place)), |text| Selector::Stored(leaf(text))).parse(input)
}

/// `astring`, decoded from the program's charset; without one, from UTF-8.
fn text(input: &[u8], place: Place) -> Parsed<'_, String> {
    map(astring, |octets| place.decoded(&octets)).parse(input)
}

impl Place {
    /// A text in the program's charset.
    fn decoded(self, octets: &[u8]) -> String {
        match (self.charset, std::str::from_utf8(octets)) {
            (Some(charset), _) => charset.decode_without_bom_handling(octets).0.into_owned(),
            (None, Ok(text)) => text.to_owned(),
            (None, Err(_)) => quirk_unnamed_charset(octets),
        }
    }
}

/// 8-bit text in a program that names no charset: scripts send it in what their terminal speaks, most often Latin-1
/// (2026-11).
fn quirk_unnamed_charset(octets: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Keyword, SequenceNumber, SequenceSet};
    use proptest::prelude::*;

    fn read(input: &str) -> String {
        complete(input.as_bytes(), search_program).expect(input).to_string()
    }

    #[test]
    fn programs_are_read() {
        for (input, expected) in [
            ("all", "ALL"),
            ("UNSEEN SINCE 1-Feb-1994 NOT FROM Smith", "(UNSEEN SINCE 1-Feb-1994 NOT FROM \"Smith\")"),
            ("OR SEEN (FLAGGED 1:3)", "OR SEEN (FLAGGED 1:3)"),
            ("OR 1 OR 2 OR 3 4", "OR 1 OR 2 OR 3 4"),
            ("NEW", "(RECENT UNSEEN)"),
            ("OLD", "OLD"),
            ("HEADER Message-ID {3}\r\n<a> BODY \"\"", "(HEADER \"Message-ID\" \"<a>\" BODY \"\")"),
            ("UID 7,* UNKEYWORD $Junk LARGER 10", "(UID 7,* UNKEYWORD $Junk LARGER 10)"),
            ("( SENTON \"3-Jan-2001\" )", "SENTON 3-Jan-2001"),
            ("CHARSET iso-8859-1 TEXT {1}\r\na", "TEXT \"a\""),
            ("$ UID $,1 OR 1:2,$ 5", "($ UID 1,$ OR 1:2,$ 5)"),
            ("older 86400 Younger 604800", "(OLDER 86400 YOUNGER 604800)"),
            ("MODSEQ \"/flags/\\\\draft\" all 620162338", "MODSEQ 620162338"),
            ("modseq 0", "MODSEQ 0"),
            ("FUZZY SUBJECT \"IMAP break\" SEEN", "(FUZZY SUBJECT \"IMAP break\" SEEN)"),
            (
                "fuzzy (FROM dave NOT BODY a SINCE 1-Feb-1994)",
                "(FUZZY FROM \"dave\" NOT FUZZY BODY \"a\" FUZZY SINCE 1-Feb-1994)",
            ),
            ("FUZZY FUZZY OR TEXT \"...\" TO a", "OR FUZZY TEXT \"...\" FUZZY TO \"a\""),
            ("emailid M6d_-9 ThreadID t1", "(EMAILID M6d_-9 THREADID t1)"),
            ("savedon \"3-Jan-2001\" savedatesupported", "(SAVEDON 3-Jan-2001 ALL)"),
            ("annotation /% value.priv \"IMAP4\"", "ANNOTATION \"/%\" value.priv \"IMAP4\""),
            ("ANNOTATION * value a", "ANNOTATION \"*\" value \"a\""),
            ("ANNOTATION /a value.shared nil", "NOT ANNOTATION \"/a\" value.shared \"\""),
            ("ANNOTATION /a value nile", "ANNOTATION \"/a\" value \"nile\""),
            ("ANNOTATION /a value ~{1+}\r\na", "ANNOTATION \"/a\" value \"a\""),
            ("FUZZY ANNOTATION /a value a", "FUZZY ANNOTATION \"/a\" value \"a\""),
            ("filter On-the-road SEEN", "(FILTER On-the-road SEEN)"),
            ("CHARSET utf-8 NOT FILTER a", "NOT FILTER a"),
        ] {
            assert_eq!(read(input), expected, "{input}");
        }
    }

    #[test]
    fn texts_are_decoded() {
        let subject = |input: &[u8]| match complete(input, search_program).unwrap() {
            Selector::Stored(StoredLeaf::Subject(text)) => text,
            other => panic!("{other}"),
        };
        assert_eq!(subject(b"CHARSET ISO-8859-1 SUBJECT {1}\r\n\xe9"), "é");
        assert_eq!(subject(b"CHARSET UTF-8 SUBJECT {2+}\r\n\xc3\xa9"), "é");
        assert_eq!(subject(b"SUBJECT \"\xc3\xa9\""), "é");
        assert_eq!(subject(b"SUBJECT \"\xe9\""), "é");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for input in [
            "",
            "FOO",
            "NOT",
            "OR SEEN",
            "(SEEN",
            "BEFORE yesterday",
            "KEYWORD \\Seen",
            "LARGER",
            "HEADER a",
            "SEEN)",
            "0",
            "UID",
            "SEENX",
            "OLDER 0",
            "MODSEQ",
            "MODSEQ x 1",
            "MODSEQ \"/flags/\" all 1",
            "MODSEQ \"/flags/a\" 1",
            "1:$",
            "YOUNGER yesterday",
            "EMAILID",
            "EMAILID \"M1\"",
            "THREADID a.b",
            "SAVEDON 3",
        ] {
            assert!(matches!(complete(input.as_bytes(), search_program), Err(Error::Bad(_))), "{input}");
        }
        let code = |input: &str| match complete(input.as_bytes(), search_program) {
            Err(Error::No { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code("CHARSET x-nonsense ALL"), Code::BadCharset);
        assert_eq!(code("CHARSET iso-8859-1 FILTER a"), Code::FilterCharset);
        assert!(matches!(Selector::parse("FILTER a"), Err(Error::Bad(_))), "whose would it be?");
        assert!(matches!(Selector::parse("ANNOTATION * value a"), Err(Error::Bad(_))), "of which mailbox?");
        for wrong in [
            "ANNOTATION /a size a",
            "ANNOTATION a value a",
            "ANNOTATION /a value",
            "FILTER",
            "FILTER a/b",
            "FILTER \"a\"",
            "FILTER (a)",
        ] {
            assert!(matches!(filter_value(wrong.as_bytes()), Err(Error::Bad(_))), "{wrong}");
        }
        assert_eq!(code(&format!("{}ALL", "NOT ".repeat(100))), Code::Limit);
        assert_eq!(code(&format!("{}ALL{}", "(".repeat(100), ")".repeat(100))), Code::Limit);
        assert_eq!(code(&format!("{}ALL", "OR SEEN ".repeat(100_000))), Code::Limit);
        let words: Vec<String> = (0..=limits::FUZZY_WORDS_MAX).map(|number| format!("w{number}")).collect();
        assert_eq!(code(&format!("FUZZY TEXT \"{}\"", words.join(" "))), Code::Limit);
    }

    #[test]
    fn what_prints_the_same_is_read_in_one_form() {
        let (seen, all) = (Selector::Has(System::SEEN), Selector::All);
        for (written, read) in [
            (Selector::And(vec![]), all.clone()),
            (Selector::And(vec![seen.clone()]), seen.clone()),
            (Selector::Or(vec![]), all.clone().not()),
            (Selector::Or(vec![seen.clone()]), seen.clone()),
            (Selector::Not(Box::new(Selector::Not(Box::new(seen.clone())))), seen),
        ] {
            assert_eq!(Selector::parse(&written.to_string()), Ok(read));
        }
        assert!(matches!(Selector::parse("CHARSET utf-8 ALL"), Err(Error::Bad(_))), "a text has none");
    }

    #[test]
    fn a_long_chain_of_alternatives_is_not_deep() {
        let chain = format!("{}ALL", "OR SEEN ".repeat(3000));
        assert_eq!(read(&chain), chain);
    }

    fn selectors() -> impl Strategy<Value = Selector> {
        let day =
            (1i16..9999, 1i8..13, 1i8..29).prop_map(|(year, month, day)| jiff::civil::date(year, month, day));
        let set = (1u32..99, 0u32..9).prop_map(|(first, more)| {
            let number = SequenceNumber::Number;
            SequenceSet::new(vec![(number(first), number(first + more))]).expect("not empty")
        });
        let leaf = prop_oneof![
            Just(Selector::All),
            Just(Selector::Recent),
            Just(Selector::Has(System::FLAGGED)),
            set.clone().prop_map(Selector::Messages),
            set.prop_map(Selector::Uids),
            "[a-z$]{1,5}".prop_map(|name| Selector::Keyword(Keyword::new(&name).expect("an atom"))),
            any::<u32>().prop_map(|octets| Selector::Smaller(octets.into())),
            (0..=i64::MAX as u64).prop_map(Selector::Larger),
            (1..=u32::MAX).prop_map(Selector::Older),
            Just(Selector::Messages(SequenceSet::saved())),
            (1..=u32::MAX).prop_map(Selector::Younger),
            any::<u32>().prop_map(|modseq| Selector::ModSeq(modseq.into())),
            day.clone().prop_map(Selector::On),
            day.clone().prop_map(|day| Selector::Stored(StoredLeaf::SentSince(day))),
            day.prop_map(|day| Selector::Stored(StoredLeaf::Placed(PlacedLeaf::SavedBefore(day)))),
            "[A-Za-z0-9_-]{1,9}"
                .prop_map(|id| Selector::Stored(StoredLeaf::Placed(PlacedLeaf::ThreadId(id)))),
            "[\\PC\r\n\0\"\\\\{}]{0,6}".prop_map(|text| Selector::Stored(StoredLeaf::Body(text))),
            "[a-z\"%*]{0,6}"
                .prop_map(|text| { Selector::Stored(StoredLeaf::Address { field: Field::Bcc, text }) }),
            ("[!-~]{1,6}", "\\PC{0,6}")
                .prop_map(|(name, text)| Selector::Stored(StoredLeaf::Header { name, text })),
        ];
        leaf.prop_recursive(4, 20, 4, |inner| {
            prop_oneof![
                inner.clone().prop_map(Selector::not),
                inner.clone().prop_map(Selector::fuzzy),
                proptest::collection::vec(inner.clone(), 2..4).prop_map(Selector::And),
                (inner.clone(), inner).prop_map(|(a, b)| in_one_list(a, b)),
            ]
        })
    }

    /// OR, whose last alternative is none that is read as a part of the same chain.
    fn in_one_list(a: Selector, b: Selector) -> Selector {
        match b {
            Selector::Or(more) => Selector::Or([vec![a], more].concat()),
            b => Selector::Or(vec![a, b]),
        }
    }

    proptest! {
        #[test]
        fn a_printed_program_is_read_again(expected in selectors()) {
            let printed = expected.to_string();
            prop_assert_eq!(Selector::parse(&printed), Ok(expected.clone()));
            prop_assert_eq!(complete(printed.as_bytes(), search_program), Ok(expected));
        }

        #[test]
        fn annotations_are_read_as_they_are_printed(
            entry in "/[a-z0-9 \"\\\\*%]{1,9}|[*%]",
            scope in prop::sample::select(vec![None, Some(Scope::Private), Some(Scope::Shared)]),
            text in "\\PC{0,6}|[a-z\r\n\"\\\\]{0,6}|nil",
        ) {
            let Ok(entry) = EntryMatch::new(&entry) else { return Ok(()) };
            let leaf = PlacedLeaf::Annotation(AnnotationText { entry, scope, text });
            let expected = Selector::Stored(StoredLeaf::Placed(leaf));
            let printed = expected.to_string();
            prop_assert_eq!(filter_value(printed.as_bytes()), Ok(expected.clone()), "{}", printed);
            prop_assert_eq!(complete(printed.as_bytes(), search_program), Ok(expected), "{}", printed);
        }

        #[test]
        fn garbage_does_not_panic(input in "(NOT |OR |\\(|\\)| |SEEN|1|:|\\*|BODY |\"|a){0,40}") {
            let _ = search_program(input.as_bytes());
        }
    }
}
