//! Which piece of a message a client means: the IMAP `section-spec`, and the fields HEADER.FIELDS picks.

use std::fmt;
use std::ops::Range;

use super::header;

/// What stands between the brackets of BODY[...]: a part number and what is wanted of that part.
///
/// Both empty means the whole message (BODY[]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Section {
    /// The part number, outermost first: `1.2` is `[1, 2]`. Empty means the message itself.
    pub part: Vec<u32>,
    /// What is wanted of it; None is its whole body.
    pub text: Option<SectionText>,
}

/// The words after the part number (RFC 9051 §9 `section-text`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SectionText {
    /// The whole header of a message.
    Header,
    /// Only the named fields of it.
    HeaderFields(Vec<String>),
    /// All but the named fields of it.
    HeaderFieldsNot(Vec<String>),
    /// The body of a message.
    Text,
    /// The MIME header of a part.
    Mime,
}

/// Where the octets of a section are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SectionBytes {
    /// These octets of the whole message.
    Range(Range<u64>),
    /// Some fields of the header found at `header`: read it, then call [`select_fields`].
    Fields {
        /// Where that header is in the whole message.
        header: Range<u64>,
        /// The names the client gave.
        names: Vec<String>,
        /// True for HEADER.FIELDS.NOT.
        not: bool,
    },
    /// The message has no such part: the answer is NIL.
    Missing,
}

/// The fields of `header` whose names are in `names` (or are not, with `not`), verbatim, and the blank line.
///
/// Lines that are no fields are given with neither form. RFC 3501 §6.4.5: the blank line is always included.
pub fn select_fields(header: &[u8], names: &[String], not: bool) -> Vec<u8> {
    let mut selected = Vec::new();
    for field in header::fields(header) {
        let named = names.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(field.name));
        if named != not {
            selected.extend_from_slice(field.raw);
            if !field.raw.ends_with(b"\n") {
                selected.extend_from_slice(b"\r\n");
            }
        }
    }
    selected.extend_from_slice(b"\r\n");
    selected
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, number) in self.part.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        match &self.text {
            None => Ok(()),
            Some(text) if self.part.is_empty() => write!(f, "{text}"),
            Some(text) => write!(f, ".{text}"),
        }
    }
}

impl fmt::Display for SectionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SectionText::Header => f.write_str("HEADER"),
            SectionText::HeaderFields(names) => header_list(f, "HEADER.FIELDS", names),
            SectionText::HeaderFieldsNot(names) => header_list(f, "HEADER.FIELDS.NOT", names),
            SectionText::Text => f.write_str("TEXT"),
            SectionText::Mime => f.write_str("MIME"),
        }
    }
}

/// Prints `header-list`; a name that is no atom is quoted, so that what we print can be parsed.
fn header_list(f: &mut fmt::Formatter<'_>, word: &str, names: &[String]) -> fmt::Result {
    write!(f, "{word} (")?;
    for (i, name) in names.iter().enumerate() {
        if i > 0 {
            f.write_str(" ")?;
        }
        let special = |b: u8| b <= b' ' || b >= 0x7f || b"(){%*\"\\]".contains(&b);
        if name.is_empty() || name.bytes().any(special) {
            write!(f, "\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))?;
        } else {
            f.write_str(name)?;
        }
    }
    f.write_str(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_prints_as_the_client_wrote_it() {
        let section = |part: &[u32], text| Section { part: part.to_vec(), text }.to_string();
        assert_eq!(section(&[], None), "");
        assert_eq!(section(&[1, 2], None), "1.2");
        assert_eq!(section(&[1, 2], Some(SectionText::Mime)), "1.2.MIME");
        assert_eq!(section(&[], Some(SectionText::Text)), "TEXT");
        let names = vec!["From".to_string(), "a b".to_string()];
        assert_eq!(section(&[3], Some(SectionText::HeaderFields(names))), "3.HEADER.FIELDS (From \"a b\")");
    }

    #[test]
    fn fields_are_selected_verbatim_with_the_blank_line() {
        let header = b"From: a\r\nTo: b,\r\n c\r\nX-Y : 1\r\n\r\n";
        let pick = |names: &[&str], not| {
            let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
            String::from_utf8(select_fields(header, &names, not)).expect("ascii")
        };
        assert_eq!(pick(&["to", "x-y"], false), "To: b,\r\n c\r\nX-Y : 1\r\n\r\n");
        assert_eq!(pick(&["to", "x-y"], true), "From: a\r\n\r\n");
        assert_eq!(pick(&["cc"], false), "\r\n");
    }
}
