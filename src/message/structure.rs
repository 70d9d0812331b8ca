//! BODYSTRUCTURE, ready to print, and BODY made from it (RFC 3501 §7.4.2, RFC 9051 §7.5.2).

use super::content::{Parametrized, listed, parametrized};
use super::date::Written;
use super::envelope::envelope_of;
use super::header::{fields, unfold};
use super::list::Node;
use super::parse::{ParsedPart, PartKind};
use super::print::{header_text, nstring, string};
use super::recipe::Recipe;
use super::repair::Repairs;

/// The MIME fields of a part, beside type and encoding.
#[derive(Debug, Default)]
pub(super) struct PartFields {
    id: Option<Vec<u8>>,
    description: Option<Vec<u8>>,
    md5: Option<Vec<u8>>,
    pub disposition: Option<Parametrized>,
    language: Vec<Vec<u8>>,
    location: Option<Vec<u8>>,
}

impl PartFields {
    /// Reads them; the first of each counts.
    pub fn of(header: &[u8]) -> PartFields {
        let mut found = PartFields::default();
        for field in fields(header) {
            if field.name.len() < 9 || !field.name[..8].eq_ignore_ascii_case(b"Content-") {
                continue;
            }
            let value = || Some(unfold(field.value)).filter(|value| !value.is_empty());
            match field.name[8..].to_ascii_lowercase().as_slice() {
                b"id" => found.id = found.id.or_else(value),
                b"description" => found.description = found.description.or_else(value),
                b"md5" => found.md5 = found.md5.or_else(value),
                b"location" => found.location = found.location.or_else(value),
                b"disposition" if found.disposition.is_none() => {
                    found.disposition = repair_disposition(parametrized(field.value));
                }
                b"language" if found.language.is_empty() => {
                    found.language = listed(field.value);
                    found.language.retain(|tag| tag.is_ascii());
                }
                _ => {}
            }
        }
        found
    }
}

/// A disposition that is no word is dropped; its parameters alone make an attachment.
fn repair_disposition(mut found: Parametrized) -> Option<Parametrized> {
    let is_word = !found.word.is_empty()
        && found.word.iter().all(|&b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !is_word {
        if found.parameters.is_empty() {
            return None;
        }
        found.word = b"attachment".to_vec();
    }
    Some(found)
}

/// What printing needs to look at.
pub(super) struct Printer<'a> {
    pub message: &'a [u8],
    pub parsed: &'a [ParsedPart],
    pub recipe: &'a Recipe,
    pub fields: &'a [PartFields],
    pub sent: Option<&'a Written>,
    /// For each part the indices of its children.
    pub children: Vec<Vec<usize>>,
}

impl<'a> Printer<'a> {
    /// Prepares to print this message.
    pub fn new(
        message: &'a [u8],
        parsed: &'a [ParsedPart],
        recipe: &'a Recipe,
        fields: &'a [PartFields],
        sent: Option<&'a Written>,
    ) -> Printer<'a> {
        let mut children = vec![Vec::new(); parsed.len()];
        for (index, part) in parsed.iter().enumerate() {
            if let Some(parent) = part.parent {
                children[parent as usize].push(index);
            }
        }
        Printer { message, parsed, recipe, fields, sent, children }
    }

    /// Appends `body` with its extension data.
    pub fn body(&self, out: &mut Vec<u8>, index: usize, repairs: &mut Repairs) {
        let part = &self.parsed[index];
        out.push(b'(');
        if part.kind == PartKind::Multipart {
            for &child in &self.children[index] {
                self.body(out, child, repairs);
            }
            out.push(b' ');
            self.upper(out, &part.content_type.sub);
            out.push(b' ');
            parameters(out, &part.content_type.parameters);
        } else {
            self.single(out, index, repairs);
        }
        self.extension(out, index);
        out.push(b')');
    }

    /// `body-fields` and what follows them for texts and messages.
    fn single(&self, out: &mut Vec<u8>, index: usize, repairs: &mut Repairs) {
        let (part, fields) = (&self.parsed[index], &self.fields[index]);
        let child = self.children[index].first().filter(|_| part.kind == PartKind::Message);
        // RFC 3501 has no form for a multipart without parts, nor for a message that is encoded.
        let opaque =
            child.is_none() && (part.content_type.main == "multipart" || part.content_type.is_message());
        if opaque {
            out.extend_from_slice(b"\"APPLICATION\" \"OCTET-STREAM\"");
        } else {
            self.upper(out, &part.content_type.main);
            out.push(b' ');
            self.upper(
                out,
                if child.is_some() && part.content_type.sub == "news" {
                    "rfc822"
                } else {
                    &part.content_type.sub
                },
            );
        }
        out.push(b' ');
        if part.content_type.main == "text" && part.content_type.parameter("charset").is_none() {
            // RFC 2045 §5.2: that is what no charset means.
            let mut with_charset = vec![(b"CHARSET".to_vec(), b"us-ascii".to_vec())];
            with_charset.extend_from_slice(&part.content_type.parameters);
            parameters(out, &with_charset);
        } else {
            parameters(out, &part.content_type.parameters);
        }
        out.push(b' ');
        nstring(out, fields.id.as_deref());
        out.push(b' ');
        header_text(out, fields.description.as_deref());
        out.push(b' ');
        string(out, part.encoding_name().as_bytes());
        out.extend_from_slice(format!(" {}", part.body.len()).as_bytes());
        let lines = self.recipe.parts[index].lines;
        if let Some(&child) = child {
            let embedded = &self.message[self.parsed[child].header.clone()];
            out.push(b' ');
            envelope_of(out, embedded, self.sent, repairs);
            out.push(b' ');
            self.body(out, child, repairs);
            out.extend_from_slice(format!(" {lines}").as_bytes());
        } else if part.content_type.main == "text" {
            out.extend_from_slice(format!(" {lines}").as_bytes());
        }
        out.push(b' ');
        nstring(out, fields.md5.as_deref());
    }

    /// `body-fld-dsp`, `body-fld-lang` and `body-fld-loc`.
    fn extension(&self, out: &mut Vec<u8>, index: usize) {
        let fields = &self.fields[index];
        match &fields.disposition {
            Some(disposition) => {
                out.extend_from_slice(b" (");
                string(out, &disposition.word.to_ascii_uppercase());
                out.push(b' ');
                parameters(out, &disposition.parameters);
                out.push(b')');
            }
            None => out.extend_from_slice(b" NIL"),
        }
        match fields.language.as_slice() {
            [] => out.extend_from_slice(b" NIL"),
            [tag] => {
                out.push(b' ');
                string(out, tag);
            }
            tags => {
                out.extend_from_slice(b" (");
                for (i, tag) in tags.iter().enumerate() {
                    if i > 0 {
                        out.push(b' ');
                    }
                    string(out, tag);
                }
                out.push(b')');
            }
        }
        out.push(b' ');
        header_text(out, fields.location.as_deref());
    }

    fn upper(&self, out: &mut Vec<u8>, word: &str) {
        string(out, word.to_ascii_uppercase().as_bytes());
    }
}

fn parameters(out: &mut Vec<u8>, parameters: &[(Vec<u8>, Vec<u8>)]) {
    if parameters.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    for (i, (name, value)) in parameters.iter().enumerate() {
        out.push(if i == 0 { b'(' } else { b' ' });
        string(out, &name.to_ascii_uppercase());
        out.push(b' ');
        header_text(out, Some(value));
    }
    out.push(b')');
}

/// BODY, made from a stored BODYSTRUCTURE by leaving out the extension data.
///
/// What is no BODYSTRUCTURE comes back as it is.
pub fn body_from_bodystructure(structure: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(structure.len());
    match Node::read(structure) {
        Some(node) if plain_body(structure, &node, &mut out).is_some() => out,
        _ => structure.to_vec(),
    }
}

fn plain_body(all: &[u8], node: &Node, out: &mut Vec<u8>) -> Option<()> {
    let Node::List(items, ..) = node else { return None };
    out.push(b'(');
    if let Some(Node::List(..)) = items.first() {
        let bodies = items.iter().take_while(|item| matches!(item, Node::List(..))).count();
        for body in &items[..bodies] {
            plain_body(all, body, out)?;
        }
        out.push(b' ');
        out.extend_from_slice(items.get(bodies)?.octets(all));
    } else {
        let is = |index: usize, word: &str| {
            items.get(index).is_some_and(|item: &Node| {
                let item = item.octets(all);
                item.len() == word.len() + 2 && item[1..=word.len()].eq_ignore_ascii_case(word.as_bytes())
            })
        };
        let is_message = is(0, "MESSAGE") && (is(1, "RFC822") || is(1, "GLOBAL"));
        let kept = if is_message { 10 } else { 7 + usize::from(is(0, "TEXT")) };
        for (i, item) in items.get(..kept)?.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            if is_message && i == 8 {
                plain_body(all, item, out)?;
            } else {
                out.extend_from_slice(item.octets(all));
            }
        }
    }
    out.push(b')');
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::take_apart;
    use proptest::prelude::*;

    fn structure(message: &str) -> String {
        String::from_utf8(take_apart(message.as_bytes()).derived.bodystructure).expect("ascii")
    }

    fn body(structure: &str) -> String {
        String::from_utf8(body_from_bodystructure(structure.as_bytes())).expect("ascii")
    }

    #[test]
    fn a_text_is_described_as_in_rfc_3501() {
        let message = "Content-Type: text/plain; charset=US-ASCII\r\n\r\none\r\ntwo\r\n";
        let printed = structure(message);
        let expected =
            "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2 NIL NIL NIL NIL)";
        assert_eq!(printed, expected);
        assert_eq!(body(&printed), "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 2)");
    }

    #[test]
    fn a_multipart_is_described_as_in_rfc_3501() {
        let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
            Content-Type: text/plain; charset=us-ascii; name=cc.diff\r\nContent-Id: <i@x>\r\n\
            Content-Description: Compiler diff\r\nContent-Transfer-Encoding: BASE64\r\n\
            Content-Disposition: attachment; filename=cc.diff\r\nContent-Language: en, de\r\n\r\nQUJD\r\n--b--\r\n";
        let printed = structure(message);
        assert_eq!(
            printed,
            "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 1 NIL NIL NIL NIL)\
             (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\" \"NAME\" \"cc.diff\") \"<i@x>\" \"Compiler diff\" \"BASE64\" 4 1 \
             NIL (\"ATTACHMENT\" (\"FILENAME\" \"cc.diff\")) (\"en\" \"de\") NIL) \"MIXED\" (\"BOUNDARY\" \"b\") NIL NIL NIL)"
        );
        assert_eq!(
            body(&printed),
            "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 4 1)\
             (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\" \"NAME\" \"cc.diff\") \"<i@x>\" \"Compiler diff\" \"BASE64\" 4 1) \
             \"MIXED\")"
        );
    }

    #[test]
    fn an_embedded_message_has_its_envelope_and_body() {
        let printed = structure("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody\r\n");
        assert_eq!(
            printed,
            "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 20 (NIL \"x\" NIL NIL NIL NIL NIL NIL NIL NIL) \
             (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"us-ascii\") NIL NIL \"7BIT\" 6 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)"
        );
        assert!(body(&printed).ends_with("\"7BIT\" 6 1) 3)"));
    }

    proptest! {
        #[test]
        fn any_octets_can_be_asked_for_their_body(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            body_from_bodystructure(&octets);
        }

        /// Between items that have no space before them one is written, and nothing else is added.
        #[test]
        fn what_is_no_structure_gives_a_space_for_each_item_at_most(text in "[()\"{}\\\\ a0-9]{0,60}") {
            let made = body_from_bodystructure(text.as_bytes());
            prop_assert!(made.len() <= 2 * text.len());
        }

        #[test]
        fn parentheses_stay_balanced(text in item()) {
            let made = body_from_bodystructure(text.as_bytes());
            let count = |parenthesis: u8| made.iter().filter(|octet| **octet == parenthesis).count();
            prop_assert_eq!(count(b'('), count(b')'));
            prop_assert!(made.len() <= text.len());
        }
    }

    /// What a structure is made of: lists of words in lists.
    fn item() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "\"[a-z/=-]{0,6}\"",
            "[0-9]{1,3}",
            proptest::sample::select(vec!["NIL", "\"TEXT\"", "\"MESSAGE\"", "\"RFC822\""])
                .prop_map(str::to_owned),
        ];
        word.prop_recursive(4, 80, 12, |inner| {
            proptest::collection::vec(inner, 0..12).prop_map(|items| format!("({})", items.join(" ")))
        })
    }
}
