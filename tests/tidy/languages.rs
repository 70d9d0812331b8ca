//! What IMAP refuses, it refuses in every language that it speaks.

use super::source::{Source, read, sources};

#[test]
fn every_refusal_is_translated() {
    let table = Source::new("src/imap/language.rs", &read("src/imap/language.rs"));
    let translated = |text: &str| table.strings.iter().any(|(_, known)| known == text);
    let mut missing = Vec::new();
    for source in sources(&["src"]) {
        if !SPOKEN.iter().any(|place| source.path.starts_with(place)) {
            continue;
        }
        for at in source.find_code("Error::no").into_iter().filter(|at| !source.is_test(*at)) {
            let end = end_of_call(&source.code, at);
            let texts = source.strings.iter().filter(|(place, _)| (at..end).contains(place));
            let texts = texts.map(|(_, text)| with_holes(text)).filter(|text| !translated(text));
            missing.extend(texts.map(|text| format!("{}:{}: {text}", source.path, source.line(at))));
        }
    }
    assert!(missing.is_empty(), "src/imap/language.rs does not have these:\n{}", missing.join("\n"));
}

/// The offset of the parenthesis that ends the call which begins there.
fn end_of_call(code: &str, at: usize) -> usize {
    let mut depth = 0;
    for (place, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return place,
            b')' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// A text in which `{}` stands for whatever is filled in.
fn with_holes(text: &str) -> String {
    let mut pieces = text.split('{');
    let mut whole = pieces.next().unwrap_or_default().to_string();
    for piece in pieces {
        whole.push_str("{}");
        whole.push_str(piece.split_once('}').map_or("", |(_, after)| after));
    }
    whole
}

/// Where what is refused to users of IMAP is put into words.
const SPOKEN: [&str; 6] = [
    "src/imap/",
    "src/mailbox/name",
    "src/policy/viewer",
    "src/search/grammar",
    "src/search/selector",
    "src/wire/sasl/mod",
];
