//! What SORT and THREAD are asked for (RFC 5256 §5).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::combinator::{map, map_opt, opt};
use nom::error::context;
use nom::sequence::{preceded, separated_pair, terminated};

use super::Parsed;
use super::annotation::{entry, scoped_value};
use super::core::{atom, parenthesized, sp};
use crate::mailbox::{AnnotationEntry, Scope};
use crate::search::keys::AddressKey;
use crate::search::sort::{Criterion, SortKey};
use crate::search::thread::Algorithm;

/// An entry of an annotation, and whose value of it is meant.
pub type AnnotationKey = (AnnotationEntry, Scope);

/// `sort-criteria = "(" sort-criterion *(SP sort-criterion) ")"`, and the annotations that are among them, as they are
/// numbered there
pub fn sort_criteria(input: &[u8]) -> Parsed<'_, (Vec<Criterion>, Vec<AnnotationKey>)> {
    let (rest, read) = context("a list of sort criteria", parenthesized(sort_criterion)).parse(input)?;
    let mut annotations = Vec::new();
    let mut criteria = Vec::new();
    for (reverse, key) in read {
        let key = match key {
            Key::Plain(key) => key,
            Key::Annotation(annotation) => {
                annotations.push(annotation);
                SortKey::Annotation(annotations.len() - 1)
            }
        };
        criteria.push(Criterion { reverse, key });
    }
    Ok((rest, (criteria, annotations)))
}

/// A key before annotations are numbered.
#[derive(Clone)]
enum Key {
    Plain(SortKey),
    Annotation(AnnotationKey),
}

/// `sort-key =/ "ANNOTATION" SP entry SP att-sort` (RFC 5257 §5)
fn annotation(input: &[u8]) -> Parsed<'_, AnnotationKey> {
    preceded((tag_no_case("ANNOTATION"), sp), separated_pair(entry, sp, scoped_value)).parse(input)
}

/// `sort-criterion = ["REVERSE" SP] sort-key`
fn sort_criterion(input: &[u8]) -> Parsed<'_, (bool, Key)> {
    let reverse = map(opt(terminated(tag_no_case("REVERSE"), sp)), |word| word.is_some());
    (reverse, alt((map(annotation, Key::Annotation), map(sort_key, Key::Plain)))).parse(input)
}

/// `sort-key = "ARRIVAL" / "CC" / "DATE" / "FROM" / "SIZE" / "SUBJECT" / "TO"`,
/// `sort-key =/ "DISPLAYFROM" / "DISPLAYTO"` (RFC 5957 §5), `sort-key =/ "RELEVANCY"` (RFC 6203 §7)
fn sort_key(input: &[u8]) -> Parsed<'_, SortKey> {
    let key = |word: &str| {
        Some(match word.to_ascii_uppercase().as_str() {
            "ARRIVAL" => SortKey::Arrival,
            "CC" => SortKey::Address(AddressKey::Cc),
            "DATE" => SortKey::Date,
            "FROM" => SortKey::Address(AddressKey::From),
            "RELEVANCY" => SortKey::Relevancy,
            "SIZE" => SortKey::Size,
            "SUBJECT" => SortKey::Subject,
            "TO" => SortKey::Address(AddressKey::To),
            "DISPLAYFROM" => SortKey::Address(AddressKey::DisplayFrom),
            "DISPLAYTO" => SortKey::Address(AddressKey::DisplayTo),
            _ => return None,
        })
    };
    context("a sort key", map_opt(atom, key)).parse(input)
}

/// `thread-alg = "ORDEREDSUBJECT" / "REFERENCES" / thread-alg-ext`
pub fn thread_alg(input: &[u8]) -> Parsed<'_, Algorithm> {
    let algorithm = |word: &str| {
        Some(match word.to_ascii_uppercase().as_str() {
            "ORDEREDSUBJECT" => Algorithm::OrderedSubject,
            "REFERENCES" => Algorithm::References,
            "REFS" => Algorithm::Refs,
            _ => return None,
        })
    };
    context("a threading algorithm", map_opt(atom, algorithm)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn criteria_are_read() {
        let read = |input: &str| complete(input.as_bytes(), sort_criteria).ok();
        let by = |reverse, key| Criterion { reverse, key };
        let display = SortKey::Address(AddressKey::DisplayFrom);
        let expected = vec![by(false, SortKey::Subject), by(true, SortKey::Date), by(false, display)];
        assert_eq!(read("(subject REVERSE date displayfrom)"), Some((expected, Vec::new())));
        let (criteria, annotations) = read("(DATE REVERSE ANNOTATION /altsubject value.shared)").unwrap();
        assert_eq!(criteria[1], by(true, SortKey::Annotation(0)));
        assert_eq!((annotations[0].0.as_str(), annotations[0].1), ("/altsubject", Scope::Shared));
        for bad in ["(ANNOTATION /a value)", "(ANNOTATION /% value.priv)", "(ANNOTATION /a size.priv)"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        for bad in ["", "()", "DATE", "(REVERSE)", "(REVERSE REVERSE DATE)", "(BCC)", "(DATE"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn algorithms_are_read() {
        let read = |input: &str| complete(input.as_bytes(), thread_alg).ok();
        assert_eq!(read("references"), Some(Algorithm::References));
        assert_eq!(read("REFS"), Some(Algorithm::Refs));
        assert_eq!(read("JWZ"), None);
    }
}
