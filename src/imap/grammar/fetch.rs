//! What FETCH asks for.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{map, not, opt, peek, value, verify};
use nom::error::context;
use nom::multi::many0;
use nom::sequence::{delimited, preceded};

use super::Parsed;
use super::annotation::fetch_annotation;
use super::core::{astring, is_atom_char, number64, nz_number, parenthesized, sp};
use super::modseq::mod_sequence_valzer;
use super::returns::{PartialRange, partial_range};
use crate::imap::command::fetch::{BinaryItem, Item, Partial, SectionItem, Spelling};
use crate::limits;
use crate::mailbox::ModSeq;
use crate::message::section::{Section, SectionText};

/// `"ALL" / "FULL" / "FAST" / fetch-att / "(" fetch-att *(SP fetch-att) ")"`
pub fn fetch_atts(input: &[u8]) -> Parsed<'_, Vec<Item>> {
    let one = map(fetch_att, |item| vec![item]);
    context("what to fetch", alt((macro_name, parenthesized(fetch_att), one))).parse(input)
}

/// The macros of RFC 3501 §6.4.5, which stand alone.
fn macro_name(input: &[u8]) -> Parsed<'_, Vec<Item>> {
    let fast = [Item::Flags, Item::InternalDate, Item::Size];
    let all = [&fast[..], &[Item::Envelope]].concat();
    let full = [&all[..], &[Item::Body]].concat();
    alt((value(fast.to_vec(), whole("FAST")), value(all, whole("ALL")), value(full, whole("FULL"))))
        .parse(input)
}

/// `fetch-att = "ENVELOPE" / "FLAGS" / "INTERNALDATE" / "RFC822" [".HEADER" / ".SIZE" / ".TEXT"] /
/// "BODY" ["STRUCTURE"] / "UID" / "BODY" section ["<" number "." nz-number ">"] /
/// "BODY.PEEK" section ["<" number "." nz-number ">"]`
pub fn fetch_att(input: &[u8]) -> Parsed<'_, Item> {
    let simple = alt((
        value(Item::Flags, whole("FLAGS")),
        value(Item::Uid, whole("UID")),
        value(Item::InternalDate, whole("INTERNALDATE")),
        value(Item::Envelope, whole("ENVELOPE")),
        value(Item::BodyStructure, whole("BODYSTRUCTURE")),
        value(Item::Size, whole("RFC822.SIZE")),
        value(Item::ModSeq, whole("MODSEQ")),   // RFC 7162 §7
        value(Item::EmailId, whole("EMAILID")), // RFC 8474 §7
        value(Item::ThreadId, whole("THREADID")),
        value(Item::SaveDate, whole("SAVEDATE")), // RFC 8514 §4.2
    ));
    let preview = (whole("PREVIEW"), opt(preceded(sp, preceded(peek(char('(')), preview_modifiers))));
    let other = alt((
        map(binary, Item::Binary),
        map(preceded(tag_no_case("BINARY.SIZE"), section_binary), Item::BinarySize),
        value(Item::Preview, preview),
        map(fetch_annotation, Item::Annotation), // RFC 5257 §5
    ));
    let section = alt((body_section, rfc822));
    // A section that cannot be read is the mistake, not what follows a BODY without one.
    let body = value(Item::Body, (whole("BODY"), not(char('['))));
    context("a fetch item", alt((simple, map(section, Item::Section), other, body))).parse(input)
}

/// Which messages of the set FETCH is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchModifiers {
    pub changed_since: Option<ModSeq>,
    pub vanished: bool,
    pub partial: Option<PartialRange>,
}

/// `fetch-modifiers = SP "(" fetch-modifier *(SP fetch-modifier) ")"` (RFC 4466 §6), or nothing
pub fn fetch_modifiers(input: &[u8]) -> Parsed<'_, FetchModifiers> {
    let list = preceded(sp, preceded(peek(char('(')), parenthesized(fetch_modifier)));
    let (rest, modifiers) = opt(list).parse(input)?;
    let mut all = FetchModifiers::default();
    for modifier in modifiers.unwrap_or_default() {
        match modifier {
            FetchModifier::ChangedSince(modseq) => all.changed_since = Some(modseq),
            FetchModifier::Vanished => all.vanished = true,
            FetchModifier::Partial(range) => all.partial = Some(range),
        }
    }
    Ok((rest, all))
}

#[derive(Debug, Clone, Copy)]
enum FetchModifier {
    ChangedSince(ModSeq),
    Vanished,
    Partial(PartialRange),
}

/// `fetch-modifier =/ chgsince-fetch-mod / rexpunges-fetch-mod`,
/// `chgsince-fetch-mod = "CHANGEDSINCE" SP mod-sequence-value`, `rexpunges-fetch-mod = "VANISHED"` (RFC 7162 §7),
/// `fetch-modifier =/ modifier-partial`, `modifier-partial = "PARTIAL" SP partial-range` (RFC 9394 §4)
fn fetch_modifier(input: &[u8]) -> Parsed<'_, FetchModifier> {
    let changed_since = preceded((tag_no_case("CHANGEDSINCE"), sp), quirk_changed_since_0);
    let modifiers = alt((
        map(changed_since, FetchModifier::ChangedSince),
        value(FetchModifier::Vanished, whole("VANISHED")),
        map(preceded((tag_no_case("PARTIAL"), sp), partial_range), FetchModifier::Partial),
    ));
    context("a fetch modifier", modifiers).parse(input)
}

/// CHANGEDSINCE 0, which the grammar does not have: clients that know nothing yet say it, and mean everything (2026-11).
fn quirk_changed_since_0(input: &[u8]) -> Parsed<'_, ModSeq> {
    mod_sequence_valzer(input)
}

/// `("BODY" / "BODY.PEEK") section ["<" number "." nz-number ">"]`
fn body_section(input: &[u8]) -> Parsed<'_, SectionItem> {
    let name = alt((value(true, tag_no_case("BODY.PEEK")), value(false, tag_no_case("BODY"))));
    map((name, section, opt(partial)), |(peek, section, partial)| SectionItem {
        section,
        peek,
        partial,
        spelling: Spelling::Body,
    })
    .parse(input)
}

/// `"BINARY" [".PEEK"] section-binary [partial]` (RFC 3516 §7)
fn binary(input: &[u8]) -> Parsed<'_, BinaryItem> {
    let name = alt((value(true, tag_no_case("BINARY.PEEK")), value(false, tag_no_case("BINARY"))));
    let item = |(peek, part, partial)| BinaryItem { part, peek, partial };
    map((name, section_binary, opt(partial)), item).parse(input)
}

/// `section-binary = "[" [section-part] "]"` (RFC 3516 §7)
fn section_binary(input: &[u8]) -> Parsed<'_, Vec<u32>> {
    let part = map(opt(section_part), Option::unwrap_or_default);
    context("the number of a part", delimited(char('['), part, char(']'))).parse(input)
}

/// `"(" preview-mod *(SP preview-mod) ")"`, `preview-mod = "LAZY"` (RFC 8970 §7). Previews are made so fast that nobody
/// need be told to come again.
fn preview_modifiers(input: &[u8]) -> Parsed<'_, Vec<()>> {
    parenthesized(whole("LAZY"))(input)
}

/// `"RFC822" [".HEADER" / ".TEXT"]`: `BODY[]`, `BODY.PEEK[HEADER]` and `BODY[TEXT]` by their older names.
fn rfc822(input: &[u8]) -> Parsed<'_, SectionItem> {
    let item = |text, peek| SectionItem {
        section: Section { part: Vec::new(), text },
        peek,
        partial: None,
        spelling: Spelling::Rfc822,
    };
    alt((
        value(item(Some(SectionText::Header), true), whole("RFC822.HEADER")),
        value(item(Some(SectionText::Text), false), whole("RFC822.TEXT")),
        value(item(None, false), whole("RFC822")),
    ))
    .parse(input)
}

/// `section = "[" [section-spec] "]"`
pub fn section(input: &[u8]) -> Parsed<'_, Section> {
    let spec = map(opt(section_spec), Option::unwrap_or_default);
    context("a section", delimited(char('['), spec, char(']'))).parse(input)
}

/// `section-spec = section-msgtext / (section-part ["." section-text])`
pub fn section_spec(input: &[u8]) -> Parsed<'_, Section> {
    let whole_message = map(section_msgtext, |text| Section { part: Vec::new(), text: Some(text) });
    let of_part =
        map((section_part, opt(preceded(char('.'), section_text))), |(part, text)| Section { part, text });
    alt((whole_message, of_part)).parse(input)
}

/// `section-part = nz-number *("." nz-number)`
fn section_part(input: &[u8]) -> Parsed<'_, Vec<u32>> {
    let further = many0(preceded(char('.'), nz_number));
    let part = map((nz_number, further), |(first, further)| [&[first], &further[..]].concat());
    verify(part, |part: &Vec<u32>| part.len() <= limits::PART_DEPTH_MAX).parse(input)
}

/// `section-text = section-msgtext / "MIME"`
fn section_text(input: &[u8]) -> Parsed<'_, SectionText> {
    alt((section_msgtext, value(SectionText::Mime, whole("MIME")))).parse(input)
}

/// `section-msgtext = "HEADER" / "HEADER.FIELDS" [".NOT"] SP header-list / "TEXT"`
fn section_msgtext(input: &[u8]) -> Parsed<'_, SectionText> {
    let fields_not = preceded((tag_no_case("HEADER.FIELDS.NOT"), sp), header_list);
    let fields = preceded((tag_no_case("HEADER.FIELDS"), sp), header_list);
    alt((
        map(fields_not, SectionText::HeaderFieldsNot),
        map(fields, SectionText::HeaderFields),
        value(SectionText::Header, whole("HEADER")),
        value(SectionText::Text, whole("TEXT")),
    ))
    .parse(input)
}

/// `header-list = "(" header-fld-name *(SP header-fld-name) ")"`, `header-fld-name = astring`. The names are said again in
/// the response, between brackets, where there is no place for what ends a line; nor has a field such a name.
fn header_list(input: &[u8]) -> Parsed<'_, Vec<String>> {
    let name = |input| {
        let one_line = verify(astring, |name: &[u8]| !name.iter().any(u8::is_ascii_control));
        map(one_line, |name| String::from_utf8_lossy(&name).into_owned()).parse(input)
    };
    context("a list of field names", parenthesized(name)).parse(input)
}

/// `"<" number "." nz-number ">"`; 64 bits as RFC 9051 §9 has them.
fn partial(input: &[u8]) -> Parsed<'_, Partial> {
    let length = verify(number64, |length| *length > 0);
    let range = map((number64, char('.'), length), |(origin, _, length)| Partial { origin, length });
    context("a partial", delimited(char('<'), range, char('>'))).parse(input)
}

/// A whole word: what follows may not go on with it, so that BODY does not begin BODYSTRUCTURE.
fn whole<'a>(name: &'static str) -> impl FnMut(&'a [u8]) -> Parsed<'a, ()> {
    move |input| {
        let (rest, _) = tag_no_case(name)(input)?;
        let goes_on = verify(nom::bytes::complete::take(1usize), |next: &[u8]| {
            is_atom_char(next[0]) && next[0] != b'<' && next[0] != b'['
        });
        value((), peek(not(goes_on))).parse(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use proptest::prelude::*;

    fn names(input: &str) -> String {
        let items = complete(input.as_bytes(), fetch_atts).expect(input);
        items.iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn items_are_read() {
        for (input, expected) in [
            ("ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"),
            ("fast", "FLAGS INTERNALDATE RFC822.SIZE"),
            ("FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY"),
            ("body", "BODY"),
            ("(UID BODYSTRUCTURE modseq)", "UID BODYSTRUCTURE MODSEQ"),
            ("BODY[]", "BODY[]"),
            ("BODY.PEEK[]<0.100>", "BODY[]<0>"),
            ("(rfc822 RFC822.HEADER rfc822.text)", "RFC822 RFC822.HEADER RFC822.TEXT"),
            ("BODY[1.2.MIME]", "BODY[1.2.MIME]"),
            ("BODY[3.header.fields (From \"to\")]", "BODY[3.HEADER.FIELDS (From to)]"),
            ("BODY[HEADER.FIELDS.NOT ({2}\r\nCc)]<7.9>", "BODY[HEADER.FIELDS.NOT (Cc)]<7>"),
            ("( FLAGS  UID )", "FLAGS UID"),
            ("(BINARY[1.2]<3.4> binary.peek[] BINARY.SIZE[1])", "BINARY[1.2]<3> BINARY[] BINARY.SIZE[1]"),
            ("(preview (LAZY) UID)", "PREVIEW UID"),
            ("PREVIEW", "PREVIEW"),
            ("(EMAILID threadid SaveDate)", "EMAILID THREADID SAVEDATE"),
        ] {
            assert_eq!(names(input), expected);
        }
    }

    #[test]
    fn modifiers_are_read() {
        let read = |input: &str| complete(input.as_bytes(), fetch_modifiers);
        let since = |modseq| Some(ModSeq(modseq));
        assert_eq!(read(""), Ok(FetchModifiers::default()));
        let expected = FetchModifiers { changed_since: since(12345), ..FetchModifiers::default() };
        assert_eq!(read(" (CHANGEDSINCE 12345)"), Ok(expected));
        let expected = FetchModifiers { changed_since: since(1), vanished: true, partial: None };
        assert_eq!(read(" (changedsince 1 vanished)"), Ok(expected));
        let both = read(" (PARTIAL -1:-30 CHANGEDSINCE 98305)").unwrap();
        assert_eq!(both.partial.map(|range| range.to_string()), Some("-1:-30".to_string()));
        assert_eq!(read(" (CHANGEDSINCE 0)").unwrap().changed_since, since(0));
        for wrong in [" ()", " (CHANGEDSINCE)", " CHANGEDSINCE 1", " (X)", " (PARTIAL 1)"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_peeked_at_is_told() {
        let section = |input: &[u8]| match fetch_att(input).unwrap().1 {
            Item::Section(section) => section,
            other => panic!("{other}"),
        };
        assert!(section(b"BODY.PEEK[1]").peek);
        assert!(!section(b"BODY[1]").peek);
        assert!(section(b"RFC822.HEADER").peek);
        assert!(!section(b"RFC822").peek);
        assert_eq!(section(b"BODY[]<5.6>").partial, Some(Partial { origin: 5, length: 6 }));
    }

    #[test]
    fn other_items_are_refused() {
        for input in [
            "",
            "()",
            "FLAG",
            "FLAGSX",
            "BODY[MIME]",
            "BODY[HEADER.FIELDS ({2}\r\n\r\n)]",
            "BODY[0]",
            "BODY[1",
            "BODY[]<0.0>",
            "BODY[1.]",
            "BODYX",
            "BINARY[1.MIME]",
            "BINARY",
            "PREVIEW ()",
            "ALL FLAGS",
            "(ALL)",
        ] {
            assert!(complete(input.as_bytes(), fetch_atts).is_err(), "{input}");
        }
    }

    #[test]
    fn a_section_that_cannot_be_read_is_named() {
        let fault = complete(b"BODY[0]", fetch_atts).unwrap_err();
        assert_eq!(fault, crate::error::Error::bad("expected a section at octet 5 of the arguments"));
        assert!(
            complete(b"(BODY[1.0])", fetch_atts).unwrap_err().to_string().contains("a section at octet 6")
        );
    }

    fn sections() -> impl Strategy<Value = Section> {
        let names = || proptest::collection::vec("[!-~ ]{0,8}", 1..4);
        let text = prop_oneof![
            Just(SectionText::Header),
            Just(SectionText::Text),
            names().prop_map(SectionText::HeaderFields),
            names().prop_map(SectionText::HeaderFieldsNot),
        ];
        (proptest::collection::vec(1u32..99, 0..5), proptest::option::of(text), any::<bool>()).prop_map(
            |(part, text, mime)| match mime && !part.is_empty() {
                true => Section { part, text: Some(SectionText::Mime) },
                false => Section { part, text },
            },
        )
    }

    proptest! {
        #[test]
        fn a_printed_section_is_read_again(expected in sections()) {
            let printed = format!("[{expected}]");
            prop_assert_eq!(complete(printed.as_bytes(), section), Ok(expected));
        }

        #[test]
        fn garbage_does_not_panic(input in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = fetch_atts(&input);
        }
    }
}
