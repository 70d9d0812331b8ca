//! Rust source as the house rules see it: code without comments and strings, functions, and what only tests see.

use std::path::{Path, PathBuf};

/// One source file.
pub struct Source {
    /// The path below the project's folder, with `/`.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// The file with comments and the contents of strings blanked; line ends are kept.
    pub code: String,
    /// String literals: the offset of each, and its text.
    pub strings: Vec<(usize, String)>,
    /// Where code begins that is compiled for tests only: `#[cfg(test)]` items.
    tests: Vec<std::ops::Range<usize>>,
}

/// One function with a body.
pub struct Function<'a> {
    pub name: &'a str,
    pub line: usize,
    pub lines: usize,
}

impl Source {
    /// Reads the text of a file.
    pub fn new(path: &str, text: &str) -> Source {
        let (code, strings) = masked(text);
        let mut source =
            Source { path: path.to_string(), text: text.to_string(), code, strings, tests: Vec::new() };
        let mut at = 0;
        while let Some(found) = source.code[at..].find("#[cfg(test)]") {
            let start = at + found;
            let end = source.end_of_item(start);
            source.tests.push(start..end);
            at = end;
        }
        source
    }

    /// The line of an offset, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset].iter().filter(|&&byte| byte == b'\n').count() + 1
    }

    /// Whether what stands there is compiled for tests only.
    pub fn is_test(&self, offset: usize) -> bool {
        let for_tests = self.path.starts_with("tests/") || self.path.ends_with("tests.rs");
        for_tests || self.tests.iter().any(|range| range.contains(&offset))
    }

    /// Where a word, not a part of one, stands in the code.
    pub fn find_code(&self, word: &str) -> Vec<usize> {
        let whole = |at: &usize| {
            let before = self.code[..*at].chars().next_back();
            let after = self.code[at + word.len()..].chars().next();
            let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let joined_before = inner(before) && word.starts_with(|c: char| c.is_alphanumeric());
            let joined_after = inner(after) && word.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            !joined_before && !joined_after
        };
        self.code.match_indices(word).map(|(at, _)| at).filter(whole).collect()
    }

    /// Every function that has a body.
    pub fn functions(&self) -> Vec<Function<'_>> {
        let mut functions = Vec::new();
        for at in self.find_code("fn") {
            let rest = self.code[at + 2..].trim_start();
            let name_length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if name_length == 0 {
                continue;
            }
            let end = self.end_of_item(at);
            if !self.code[..end].ends_with('}') {
                continue;
            }
            let lines = self.line(end - 1) - self.line(at) + 1;
            functions.push(Function { name: &rest[..name_length], line: self.line(at), lines });
        }
        functions
    }

    /// The offset behind the item that begins at `start`: behind its closing brace, or behind its semicolon.
    fn end_of_item(&self, start: usize) -> usize {
        let (mut braces, mut others) = (0, 0);
        for (at, byte) in self.code.bytes().enumerate().skip(start) {
            match byte {
                b'(' | b'[' => others += 1,
                b')' | b']' => others -= 1,
                b'{' => braces += 1,
                b'}' => {
                    braces -= 1;
                    if braces <= 0 && others <= 0 {
                        return at + 1;
                    }
                }
                b';' if braces == 0 && others <= 0 => return at + 1,
                _ => {}
            }
        }
        self.code.len()
    }

    /// The first segments of every path that begins with `crate::`, `use crate::{a::b, c}` included.
    pub fn crate_modules(&self) -> Vec<(usize, String)> {
        let mut modules = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            if self.code[..at].ends_with('$') {
                continue;
            }
            let rest = &self.code[at + 7..];
            let names = match rest.strip_prefix('{') {
                Some(group) => first_segments(group),
                None => vec![word(rest)],
            };
            modules.extend(names.into_iter().map(|name| (at, name.to_string())));
        }
        modules
    }
}

/// Every Rust file below these folders of the project.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let files = folders.iter().flat_map(|folder| files(folder, "rs"));
    files.map(|path| Source::new(&path, &read(&path))).collect()
}

/// Every file with this extension below a folder of the project, sorted.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    let mut files: Vec<String> = found
        .iter()
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| path.strip_prefix(root()).expect("it lies below the root").to_string_lossy().into_owned())
        .collect();
    files.sort();
    files
}

/// The text of a file of the project.
pub fn read(path: &str) -> String {
    let octets = std::fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    String::from_utf8_lossy(&octets).into_owned()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// `a::{b, c}, d}` is a and d.
fn first_segments(group: &str) -> Vec<&str> {
    let mut segments = Vec::new();
    let (mut depth, mut begin) = (0, true);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begin = true,
            c if begin && c.is_alphabetic() => {
                segments.push(word(&group[at..]));
                begin = false;
            }
            _ => {}
        }
    }
    segments
}

/// Blanks comments and the contents of strings and characters, and returns the strings.
fn masked(text: &str) -> (String, Vec<(usize, String)>) {
    let octets = text.as_bytes();
    let mut code = octets.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < octets.len() {
        let rest = &text[at..];
        let (length, string) = token(rest, text[..at].chars().next_back());
        if let Some(string) = string {
            strings.push((at, string));
        }
        if length > 1 {
            // The delimiters stay, so that a string is still seen to be one.
            for byte in &mut code[at + 1..at + length - 1] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            if rest.starts_with("//") || rest.starts_with("/*") {
                code[at] = b' ';
                let last = at + length - 1;
                code[last] = if code[last] == b'\n' { b'\n' } else { b' ' };
            }
        }
        at += length.max(rest.chars().next().map_or(1, char::len_utf8));
    }
    (String::from_utf8_lossy(&code).into_owned(), strings)
}

/// The length of the comment, string or character that begins here, and the text of a string; otherwise 1.
fn token(rest: &str, before: Option<char>) -> (usize, Option<String>) {
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |end| end + 2), None);
    }
    if let Some(inner) = rest.strip_prefix('"') {
        let length = string_length(inner);
        return (length + 1, Some(inner[..length - 1].to_string()));
    }
    // A raw string, with or without a `b` or `c` before it, which is then already behind us.
    if rest.starts_with('r') && (!in_word || matches!(before, Some('b' | 'c'))) {
        let hashes = rest[1..].bytes().take_while(|&byte| byte == b'#').count();
        if rest[1 + hashes..].starts_with('"') {
            let begin = 2 + hashes;
            let close = format!("\"{}", "#".repeat(hashes));
            let end = rest[begin..].find(&close).map_or(rest.len(), |end| begin + end);
            return ((end + close.len()).min(rest.len()), Some(rest[begin..end].to_string()));
        }
    }
    if rest.starts_with('\'') {
        return (char_length(rest), None);
    }
    (1, None)
}

/// The length of a string's inside and its closing quote.
fn string_length(inner: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    inner.len()
}

/// A character literal has its closing quote near; a lifetime has none.
fn char_length(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(1, |end| end + 4),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}
