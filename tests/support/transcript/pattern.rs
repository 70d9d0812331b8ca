//! How an expected line is compared: `...` is anything, `$name` is a word that is the same wherever it is named.

use std::collections::HashMap;

/// The words that `$name` stood for so far.
pub type Captures = HashMap<String, String>;

/// Whether the lines of a response are those expected; if so, captures are kept.
pub fn matches(patterns: &[String], lines: &[String], captures: &mut Captures) -> bool {
    let mut found = captures.clone();
    let matched = lines_match(patterns, lines, &mut found);
    if matched {
        *captures = found;
    }
    matched
}

/// The text with every `$name` replaced by the word that it stands for.
pub fn filled(text: &str, captures: &Captures) -> Result<String, String> {
    let mut filled = String::new();
    for piece in pieces(text, false) {
        match piece {
            Piece::Capture(name) => {
                filled.push_str(captures.get(name).ok_or_else(|| format!("${name} stands for nothing yet"))?);
            }
            Piece::Text(text) => filled.push_str(text),
            Piece::Anything => filled.push_str("..."),
        }
    }
    Ok(filled)
}

enum Piece<'a> {
    Text(&'a str),
    Anything,
    Capture(&'a str),
}

/// A line that is only `...` after the first stands for any number of lines.
fn lines_match(patterns: &[String], lines: &[String], captures: &mut Captures) -> bool {
    match (patterns, lines) {
        ([], []) => true,
        ([pattern, rest @ ..], _) if pattern == "..." && !rest.is_empty() => {
            (0..=lines.len()).any(|skipped| lines_match(rest, &lines[skipped..], &mut captures.clone()))
        }
        ([pattern], _) if pattern == "..." => true,
        ([pattern, patterns @ ..], [line, lines @ ..]) => {
            let mut found = captures.clone();
            if line_matches(&pieces(pattern, true), line, &mut found)
                && lines_match(patterns, lines, &mut found)
            {
                *captures = found;
                return true;
            }
            false
        }
        _ => false,
    }
}

fn line_matches(pieces: &[Piece], line: &str, captures: &mut Captures) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return line.is_empty() };
    match piece {
        Piece::Text(text) => match line.strip_prefix(text) {
            Some(line) => line_matches(rest, line, captures),
            None => false,
        },
        Piece::Anything if rest.is_empty() => true,
        Piece::Anything => {
            let starts = line.char_indices().map(|(at, _)| at).chain([line.len()]);
            starts.into_iter().any(|at| line_matches(rest, &line[at..], captures))
        }
        Piece::Capture(name) => {
            let end = line.find(|c: char| " ()[]{}<>\",:".contains(c)).unwrap_or(line.len());
            let (word, after) = line.split_at(end);
            match captures.get(*name) {
                Some(known) => known == word && line_matches(rest, after, captures),
                None if word.is_empty() => false,
                None => {
                    captures.insert(name.to_string(), word.to_string());
                    line_matches(rest, after, captures)
                }
            }
        }
    }
}

/// Keywords such as `$Forwarded` begin with a capital, captures with a small letter.
fn pieces(pattern: &str, with_anything: bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut text = 0;
    let mut at = 0;
    while at < pattern.len() {
        let rest = &pattern[at..];
        let name = capture_name(rest);
        let (piece, length) = match name {
            Some(name) => (Piece::Capture(name), name.len() + 1),
            None if with_anything && rest.starts_with("...") => (Piece::Anything, 3),
            None => {
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
        };
        if text < at {
            pieces.push(Piece::Text(&pattern[text..at]));
        }
        pieces.push(piece);
        at += length;
        text = at;
    }
    if text < pattern.len() {
        pieces.push(Piece::Text(&pattern[text..]));
    }
    pieces
}

fn capture_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let end = name.find(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit()).unwrap_or(name.len());
    Some(&name[..end])
}
