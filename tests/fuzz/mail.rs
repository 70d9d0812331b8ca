//! One message: whatever it looks like, it comes back to the byte, and what is derived of it can be told to a client.

use archiveopteryx::db::NewMessage;
use archiveopteryx::mailbox::AccountId;
use archiveopteryx::message::shape::Shape;
use archiveopteryx::message::{
    self, Changes, PartKind, Piece, Place, Recipe, Section, SectionBytes, SectionText, Segment, Source,
    TakenApart, canonical, canonical_binary, short_envelope, take_apart,
};
use jiff::Timestamp;

use super::{Target, reply, seeds};

pub const TARGET: Target = Target { name: "mail", seeds: seeds::messages, words: WORDS, run };

/// Takes `input` as a message, as APPEND does and as APPEND of a literal8 does.
pub fn run(input: &[u8]) {
    let mail = canonical(input.to_vec()).bytes;
    let apart = check("a message", &mail);
    told(&mail, &apart);
    let binary = canonical_binary(input.to_vec()).bytes;
    if binary != mail {
        check("a binary message", &binary);
    }
    assert_eq!(message::anonymise(&mail, 42).len(), mail.len(), "anonymised, it is longer or shorter");
}

/// What a client asks about a message is answered in a form that it can read.
fn told(mail: &[u8], apart: &TakenApart) {
    let derived = &apart.derived;
    let body = message::body_from_bodystructure(&derived.bodystructure);
    for (name, value) in
        [("ENVELOPE", &derived.envelope), ("BODYSTRUCTURE", &derived.bodystructure), ("BODY", &body)]
    {
        let response = [b"* 1 FETCH (", name.as_bytes(), b" ", value, b")\r\n"].concat();
        if let Err(why) = reply::responses(&response) {
            panic!("{why}");
        }
    }
    let header = &mail[..apart.recipe.header_octets as usize];
    let names = ["SUBJECT".to_string(), "TO".to_string()];
    let some = message::select_fields(header, &names, false);
    let others = message::select_fields(header, &names, true);
    // Each ends with the empty line, which the header may lack.
    assert!(some.len() + others.len() <= header.len() + 6, "a field is in both or came from nowhere");
    message::part_texts(&apart.recipe, &apart.header, &[]);
}

/// All promises about one message.
pub fn check(name: &str, original: &[u8]) -> TakenApart {
    let apart = take_apart(original);
    let recipe = Recipe::from_bytes(&apart.recipe.to_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(recipe, apart.recipe, "{name}: the stored recipe is another");
    let rebuilt = message::rebuild(&apart.header, &recipe, &bodies(&apart));
    assert!(rebuilt == original, "{name}: not rebuilt");
    assert!(message::has_digest(&rebuilt, &apart.digest), "{name}: digest");
    check_ranges(name, original, &apart);
    check_contents(name, original, &apart);
    check_sections(name, original, &recipe);
    check_derived(name, &apart);
    check_stored(name, original, &apart);
    apart
}

/// The form in which it is stored, with small texts in the recipe, gives the very same octets.
fn check_stored(name: &str, original: &[u8], apart: &TakenApart) {
    let taken = apart.clone();
    let stored = NewMessage::from_taken_apart(AccountId(1), taken, Changes::default(), Timestamp::UNIX_EPOCH);
    let recipe = Recipe::from_bytes(&stored.recipe).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut pieces = Vec::new();
    for (index, body) in recipe.bodies.iter().enumerate() {
        if let Place::Shared(hash) = body.place {
            assert!(stored.bodies.iter().any(|shared| shared.hash == hash), "{name}: a body is nowhere");
            pieces.push(Piece { body: index, offset: 0, octets: &apart.bodies[index].content });
        }
    }
    let rebuilt = recipe.rebuild_range(&stored.header, 0..recipe.octets, &pieces);
    assert!(rebuilt == original, "{name}: not rebuilt from what is stored");
    assert_eq!(short_envelope::expand(&stored.derived.envelope), apart.derived.envelope, "{name}");
}

/// What was quoted-printable is kept as a reader would decode it.
fn check_contents(name: &str, original: &[u8], apart: &TakenApart) {
    for part in &apart.recipe.parts {
        let segment = part.segment.map(|segment| &apart.recipe.segments[segment]);
        if let Some(Segment::Leaf { body, shape: Shape::QuotedPrintable(_), .. }) = segment {
            let encoded = &original[part.body.start as usize..part.body.end as usize];
            let decoded = message::transfer::decode(part.encoding, encoded);
            assert!(*decoded == apart.bodies[*body].content, "{name}: decoded otherwise");
        }
    }
}

/// Any range is rebuilt from only what it needs.
fn check_ranges(name: &str, original: &[u8], apart: &TakenApart) {
    let size = original.len() as u64;
    for (start, length) in
        [(0, 1), (size / 3, 100), (size / 2, 1000), (size.saturating_sub(50), 100), (size, 1)]
    {
        let range = start..(start + length).min(size);
        let needs = apart.recipe.needs(range.clone());
        let pieces: Vec<Piece<'_>> = needs
            .iter()
            .map(|need| {
                let content = &apart.bodies[need.body].content;
                let octets = &content[need.decoded.start as usize..need.decoded.end as usize];
                Piece { body: need.body, offset: need.decoded.start, octets }
            })
            .collect();
        let rebuilt = apart.recipe.rebuild_range(&apart.header, range.clone(), &pieces);
        assert!(rebuilt == original[range.start as usize..range.end as usize], "{name}: range {range:?}");
    }
}

/// Every section of every part has the octets that the part has in the original.
fn check_sections(name: &str, original: &[u8], recipe: &Recipe) {
    let range = |section: &Section| match recipe.section(section) {
        SectionBytes::Range(range) => range,
        other => panic!("{name}: {section} is {other:?}"),
    };
    let whole = |text| Section { part: vec![], text };
    assert_eq!(range(&whole(None)), 0..original.len() as u64);
    let (header, text) = (range(&whole(Some(SectionText::Header))), range(&whole(Some(SectionText::Text))));
    assert_eq!((header.start, header.end, text.end), (0, text.start, original.len() as u64), "{name}");
    for (index, part) in recipe.parts.iter().enumerate() {
        let section = recipe.section_of(index);
        assert_eq!(range(&section), part.body, "{name}: section {section}");
        if section.text.is_none() {
            let mime = Section { part: section.part.clone(), text: Some(SectionText::Mime) };
            assert_eq!(range(&mime), part.header, "{name}: section {mime}");
        }
        if part.kind == PartKind::Message {
            let child =
                recipe.parts.iter().find(|child| child.parent == Some(index)).expect("an embedded message");
            let of = |text| Section { part: section.part.clone(), text: Some(text) };
            assert_eq!(range(&of(SectionText::Header)), child.header, "{name}");
            assert_eq!(range(&of(SectionText::Text)), child.body, "{name}");
        }
        let missing = Section { part: [section.part.as_slice(), &[99]].concat(), text: None };
        assert!(part.kind != PartKind::Single || recipe.section(&missing) == SectionBytes::Missing, "{name}");
    }
}

/// What is derived can be printed, and agrees with the recipe.
fn check_derived(name: &str, apart: &TakenApart) {
    let derived = &apart.derived;
    assert_eq!(derived.parts.len(), apart.recipe.parts.len(), "{name}");
    let body = message::body_from_bodystructure(&derived.bodystructure);
    for list in [&derived.envelope, &derived.bodystructure, &body] {
        assert!(is_balanced(list), "{name}: {}", String::from_utf8_lossy(list));
    }
    assert!(body.len() < derived.bodystructure.len(), "{name}: BODY is not shorter");
    for (index, part) in apart.recipe.parts.iter().enumerate() {
        let content = content(apart, index).unwrap_or_default();
        message::search_texts(&part.content_type, part.charset.as_deref(), &content);
    }
}

fn content(apart: &TakenApart, index: usize) -> Option<Vec<u8>> {
    Some(match apart.recipe.source(index)? {
        Source::Body(body) => apart.bodies[body].content.clone(),
        Source::EncodedBody(body, encoding) => {
            message::transfer::decode(encoding, &apart.bodies[body].content).into_owned()
        }
        Source::Range(range, encoding) => {
            let rebuilt = message::rebuild(&apart.header, &apart.recipe, &bodies(apart));
            message::transfer::decode(encoding, &rebuilt[range.start as usize..range.end as usize])
                .into_owned()
        }
    })
}

/// Whether the parentheses outside strings and literals match.
fn is_balanced(list: &[u8]) -> bool {
    let (mut depth, mut at) = (0i64, 0);
    while at < list.len() {
        match list[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                at += 1;
                while at < list.len() && list[at] != b'"' {
                    at += if list[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' => {
                let end = at + list[at..].iter().position(|&b| b == b'}').unwrap_or(0);
                let length =
                    std::str::from_utf8(&list[at + 1..end]).ok().and_then(|n| n.parse::<usize>().ok());
                at = end + 2 + length.unwrap_or(0);
            }
            _ => {}
        }
        at += 1;
    }
    depth == 0
}

/// The contents of the bodies.
pub fn bodies(apart: &TakenApart) -> Vec<&[u8]> {
    apart.bodies.iter().map(|body| body.content.as_slice()).collect()
}

/// What messages are made of.
const WORDS: &[&str] = &[
    "\r\n\r\n",
    "\r\n",
    "\n",
    "--b\r\n",
    "--b--\r\n",
    "--",
    "boundary=b",
    "boundary=\"b\"; ",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: multipart/digest; boundary=c\r\n",
    "Content-Type: message/rfc822\r\n",
    "Content-Type: text/html; charset=utf-7\r\n",
    "Content-Type: message/delivery-status\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: binary\r\n",
    "Content-Transfer-Encoding: x-uuencode\r\n",
    "Content-Disposition: attachment; filename*0*=utf-8''a%20\r\n",
    "Content-ID: <a@b>\r\n",
    "Content-Language: de, en\r\n",
    "Content-Location: x\r\n",
    "Content-MD5: x\r\n",
    "begin 644 x\r\n",
    "=\r\n",
    "=3D",
    "=C3=A4",
    "==",
    "aGVs",
    "=?utf-8?q?=C3?=",
    "=?utf-8?b?w6Q=?=",
    "=?iso-2022-jp?b?GyRC?=",
    "=?",
    "?=",
    "From: ",
    "To: g:",
    ";\r\n",
    "<a@b>",
    "@a,@b:c@d",
    "\"a\" <b@[1.2.3.4]>",
    "(c (d))",
    "Date: Mon, 32 Feb 99 25:61:61 +9999\r\n",
    "Message-ID: <",
    "References: <a> <b>\r\n",
    "Subject: Re: [x] Fwd: ",
    "List-Id: ",
    "\t",
    " \r\n",
    "<html><style>",
    "</p>",
    "&#x110000;",
    "&nbsp",
    "<script>",
    "\u{feff}",
    "name*=",
    "charset=",
    "\\",
    "From \r\n",
];
