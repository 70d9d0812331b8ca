//! Domains in the letters of all scripts: as people read them, in U-labels, beside the A-labels in which most mail has
//! them (RFC 5890 §2.3.2.1).

/// The text with U-labels in place of the A-labels in it; None when it has none that is whole.
pub fn with_u_labels(text: &str) -> Option<String> {
    let mut written = String::new();
    let (mut at, mut found) = (0, false);
    while let Some(start) = find_prefix(&text[at..]).map(|start| at + start) {
        let end = text[start..].find(|c| !is_of_label(c)).map_or(text.len(), |length| start + length);
        written.push_str(&text[at..start]);
        let begins = !text[..start].ends_with(is_of_label);
        match Some(&text[start..end]).filter(|_| begins).and_then(u_label) {
            Some(label) => {
                written.push_str(&label);
                found = true;
            }
            None => written.push_str(&text[start..end]),
        }
        at = end;
    }
    written.push_str(&text[at..]);
    found.then_some(written)
}

fn find_prefix(text: &str) -> Option<usize> {
    text.as_bytes().windows(PREFIX.len()).position(|octets| octets.eq_ignore_ascii_case(PREFIX))
}

fn is_of_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

fn u_label(label: &str) -> Option<String> {
    if label.len() > LABEL_OCTETS_MAX {
        return None;
    }
    let (decoded, outcome) = idna::domain_to_unicode(label);
    (outcome.is_ok() && !decoded.is_ascii()).then_some(decoded)
}

/// With what A-labels begin.
const PREFIX: &[u8] = b"xn--";

/// RFC 1035 §2.3.4.
const LABEL_OCTETS_MAX: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_a_labels_become_u_labels() {
        for (text, expected) in [
            ("xn--mnchen-3ya.de", Some("münchen.de")),
            ("Anna <anna@www.XN--MNCHEN-3YA.de>", Some("Anna <anna@www.münchen.de>")),
            ("xn--r8jz45g.xn--zckzah", Some("例え.テスト")),
            ("xn--r8jz45g.xn--.com", Some("例え.xn--.com")),
            ("a-xn--mnchen-3ya.de", None),
            ("xn--mnchen-3ya\u{e4}.de", Some("münchen\u{e4}.de")),
            ("münchen.de", None),
            ("xn--", None),
            ("", None),
        ] {
            assert_eq!(with_u_labels(text).as_deref(), expected, "{text}");
        }
        assert_eq!(with_u_labels(&format!("xn--{}", "a".repeat(200))), None);
    }
}
