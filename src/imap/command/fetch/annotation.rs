//! FETCH ANNOTATION (RFC 5257 §4.3, §4.4): annotations of messages.

use std::collections::BTreeMap;

use super::AnnotationItem;
use crate::db::Annotation;
use crate::imap::response;
use crate::mailbox::{Attribute, Scope};

/// `msg-att-dynamic =/ "ANNOTATION" SP "(" entry-att *(SP entry-att) ")"`; nothing where no entry is meant.
pub(super) fn write(out: &mut Vec<u8>, item: &AnnotationItem, annotations: &[Annotation]) {
    // Entries that were named are told, whether they have values or not.
    let named = item.entries.iter().filter_map(|pattern| pattern.exact());
    let mut entries: BTreeMap<&str, [Option<&[u8]>; 2]> = named.map(|entry| (entry, [None, None])).collect();
    for Annotation { entry, scope, value } in annotations {
        if item.entries.iter().any(|pattern| pattern.matches(entry)) {
            entries.entry(entry).or_default()[usize::from(*scope == Scope::Shared)] = Some(value);
        }
    }
    // By a pattern, only those that have one of the values that are asked for.
    let asks =
        |scope: Scope| item.attributes.iter().any(|(_, wanted)| wanted.is_none_or(|wanted| wanted == scope));
    let (private, shared) = (asks(Scope::Private), asks(Scope::Shared));
    let is_named = |entry: &str| item.entries.iter().any(|pattern| pattern.exact() == Some(entry));
    entries.retain(|entry, [of_one, of_all]| {
        is_named(entry) || private && of_one.is_some() || shared && of_all.is_some()
    });
    if entries.is_empty() {
        return;
    }
    out.extend_from_slice(b"ANNOTATION (");
    for (entry, values) in entries {
        response::astring(out, entry.as_bytes());
        out.extend_from_slice(b" (");
        for (attribute, wanted) in &item.attributes {
            for scope in [Scope::Private, Scope::Shared] {
                if wanted.is_none_or(|wanted| wanted == scope) {
                    let value = values[usize::from(scope == Scope::Shared)];
                    out.extend_from_slice(format!("{attribute}.{} ", scope.suffix()).as_bytes());
                    write_attribute(out, *attribute, value);
                    out.push(b' ');
                }
            }
        }
        out.pop();
        out.extend_from_slice(b") ");
    }
    out.pop();
    out.push(b')');
}

fn write_attribute(out: &mut Vec<u8>, attribute: Attribute, value: Option<&[u8]>) {
    match attribute {
        Attribute::Value => response::nstring8(out, value),
        Attribute::Size => response::string(out, value.map_or(0, <[u8]>::len).to_string().as_bytes()),
    }
}

/// `msg-att-dynamic =/ "ANNOTATION" SP "(" entry *(SP entry) ")"`: these have changed, if any.
pub(in crate::imap) fn write_changed(out: &mut Vec<u8>, entries: &[String]) {
    if entries.is_empty() {
        return;
    }
    out.extend_from_slice(b"ANNOTATION (");
    for entry in entries {
        response::astring(out, entry.as_bytes());
        out.push(b' ');
    }
    out.pop();
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    use crate::imap::grammar::annotation::{att_annotate, fetch_annotation};
    use crate::imap::grammar::fault::complete;

    fn said(item: &str) -> String {
        let item = complete(item.as_bytes(), fetch_annotation).expect(item);
        let one =
            |entry: &str, scope, value: &str| Annotation { entry: entry.into(), scope, value: value.into() };
        let all = [
            one("/comment", Scope::Private, "My comment"),
            one("/comment", Scope::Shared, "Group note"),
            one("/1/comment", Scope::Shared, "x"),
        ];
        let mut out = Vec::new();
        write(&mut out, &item, &all);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_are_told() {
        let expected = "ANNOTATION (/comment (value.priv \"My comment\" value.shared \"Group note\"))";
        assert_eq!(said("ANNOTATION (/comment value)"), expected);
        let expected =
            "ANNOTATION (/none (value.priv NIL value.shared NIL size.priv \"0\" size.shared \"0\"))";
        assert_eq!(said("ANNOTATION (/none (value size))"), expected);
        assert_eq!(said("ANNOTATION (/% size.priv)"), "ANNOTATION (/comment (size.priv \"10\"))");
        assert_eq!(said("ANNOTATION (/1/% value.priv)"), "");
        assert_eq!(said("ANNOTATION (/x* value)"), "");
        let expected = "ANNOTATION (/1/comment (value.shared \"x\") /comment (value.shared \"Group note\"))";
        assert_eq!(said("ANNOTATION (/* value.shared)"), expected);
        let mut out = Vec::new();
        write_changed(&mut out, &["/a".to_owned(), "/b c".to_owned()]);
        assert_eq!(String::from_utf8(out).unwrap(), "ANNOTATION (/a \"/b c\")");
    }

    proptest! {
        #[test]
        fn what_is_told_can_be_stored(
            values in prop::collection::btree_map(
                ("/[a-z(){\"\\\\ ]{1,6}", any::<bool>()),
                prop::collection::vec(prop::sample::select(b"ab\"\\{\r\n\0\xff".to_vec()), 0..6),
                1..5,
            ),
        ) {
            let one = |((entry, shared), value): (&(String, bool), &Vec<u8>)| {
                let scope = if *shared { Scope::Shared } else { Scope::Private };
                Annotation { entry: entry.clone(), scope, value: value.clone() }
            };
            let all: Vec<Annotation> = values.iter().map(one).collect();
            let asked = complete(b"ANNOTATION (/* value)", fetch_annotation).unwrap();
            let mut out = Vec::new();
            write(&mut out, &asked, &all);
            let stored = complete(&out, att_annotate).expect("it can be read");
            let there = stored.into_iter().filter_map(|one| {
                Some(Annotation { entry: one.entry.to_string(), scope: one.scope, value: one.value? })
            });
            let there: Vec<Annotation> = there.collect();
            prop_assert_eq!(there, all);
        }
    }
}
