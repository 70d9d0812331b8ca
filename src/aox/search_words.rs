//! The search language as people write it at a command line: IMAP's keys, in words that a shell has taken apart.

use crate::error::Error;
use crate::limits;
use crate::search::Selector;
use crate::settings::Size;

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Day,
    Octets,
}

/// Reads a search: one or more keys, all of which a message must satisfy. Case does not matter; a text needs no quotes
/// beyond those of the shell; days may be written 2026-01-31, sizes 5MB.
pub fn selector(words: &[String]) -> Result<Selector, Error> {
    let mut program = Program::default();
    for word in words {
        program.take(word)?;
    }
    let text = program.text();
    if text.is_empty() {
        return Err(Error::bad(
            "say which messages, as in: subject lunch since 2026-01-31; \"all\" means every one",
        ));
    }
    if text.len() > limits::IMAP_LINE_BYTES_MAX {
        return Err(Error::bad("this search is too long"));
    }
    Selector::parse_or_where(&text).map_err(|(at, error)| program.explain(at, error))
}

/// The program as IMAP writes it, piece by piece.
#[derive(Default)]
struct Program {
    pieces: Vec<Piece>,
    /// What the key that came last still needs, the next at the end.
    due: Vec<Kind>,
    open: usize,
}

struct Piece {
    imap: String,
    /// As it was written.
    word: String,
}

impl Program {
    fn take(&mut self, word: &str) -> Result<(), Error> {
        match self.due.pop() {
            Some(kind) => self.argument(kind, word),
            None => self.key(word),
        }
    }

    /// A word where a key is expected. A shell may also have been given several words as one.
    fn key(&mut self, word: &str) -> Result<(), Error> {
        if word.contains(char::is_whitespace) {
            return split(word)?.iter().try_for_each(|part| self.take(part));
        }
        let bare = word.trim_start_matches('(');
        let opened = word.len() - bare.len();
        (0..opened).for_each(|_| self.push("(", "("));
        self.open += opened;
        let (bare, closed) = self.without_closed(bare);
        if !bare.is_empty() {
            self.push(bare, bare);
            self.due = arguments(&bare.to_ascii_uppercase());
        }
        self.close(closed);
        Ok(())
    }

    fn argument(&mut self, kind: Kind, word: &str) -> Result<(), Error> {
        let (bare, closed) = self.without_closed(word);
        match kind {
            Kind::Text => {
                let quoted = bare.len() > 1 && bare.starts_with('"') && bare.ends_with('"');
                let text = if quoted { &bare[1..bare.len() - 1] } else { bare };
                self.push(&astring(text), bare);
            }
            Kind::Day => {
                let day = bare.parse::<jiff::civil::Date>().map(|day| day.strftime("%-d-%b-%Y").to_string());
                self.push(&day.unwrap_or_else(|_| bare.to_owned()), bare);
            }
            Kind::Octets => {
                let octets = bare.parse::<Size>().map(|size| size.octets().to_string());
                self.push(&octets.unwrap_or_else(|_| bare.to_owned()), bare);
            }
        }
        self.close(closed);
        Ok(())
    }

    /// The word without the parentheses that end it and belong to the program rather than to a text.
    fn without_closed<'w>(&self, word: &'w str) -> (&'w str, usize) {
        let trailing = word.len() - word.trim_end_matches(')').len();
        let within = word.matches('(').count();
        let closed = trailing.saturating_sub(within).min(self.open);
        (&word[..word.len() - closed], closed)
    }

    fn close(&mut self, closed: usize) {
        (0..closed).for_each(|_| self.push(")", ")"));
        self.open -= closed;
    }

    fn push(&mut self, imap: &str, word: &str) {
        self.pieces.push(Piece { imap: imap.to_owned(), word: word.to_owned() });
    }

    fn text(&self) -> String {
        let pieces: Vec<&str> = self.pieces.iter().map(|piece| piece.imap.as_str()).collect();
        pieces.join(" ")
    }

    /// Names the word at which the program stopped making sense.
    fn explain(&self, at: usize, error: Error) -> Error {
        let Error::Bad(_) = error else { return error };
        let mut start = 0;
        let mut before = None;
        for piece in &self.pieces {
            let end = start + piece.imap.len();
            if at < end {
                // What is wrong may be the space before a word that should not be there, or the word itself.
                return Error::bad(match before {
                    Some(before) => {
                        format!("\"{}\" is not understood behind \"{before}\": {WANTED}", piece.word)
                    }
                    None => format!("\"{}\" is not understood: {WANTED}", piece.word),
                });
            }
            before = Some(&piece.word);
            start = end + 1;
        }
        match before {
            Some(before) => Error::bad(format!("something is missing behind \"{before}\"")),
            None => error,
        }
    }
}

const WANTED: &str =
    "a search is made of keys such as from bob, subject lunch, since 2026-01-31, larger 5MB, unseen, not, or";

/// What follows a key, in reverse; nothing for keys that need nothing, and for those that other keys follow.
fn arguments(key: &str) -> Vec<Kind> {
    match key {
        "BCC" | "CC" | "FROM" | "TO" | "SUBJECT" | "BODY" | "TEXT" => vec![Kind::Text],
        "HEADER" => vec![Kind::Text, Kind::Text],
        "BEFORE" | "ON" | "SINCE" | "SENTBEFORE" | "SENTON" | "SENTSINCE" | "SAVEDBEFORE" | "SAVEDON"
        | "SAVEDSINCE" => vec![Kind::Day],
        "LARGER" | "SMALLER" => vec![Kind::Octets],
        _ => Vec::new(),
    }
}

/// A text as a quoted string, or as a literal where that cannot hold it.
fn astring(text: &str) -> String {
    if text.contains(['\r', '\n', '\0']) || !text.is_ascii() {
        return format!("{{{}+}}\r\n{text}", text.len());
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Words separated by spaces, where quotes keep spaces together.
fn split(text: &str) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quoted = false;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => word.extend(letters.next()),
            '"' => {
                quoted = !quoted;
                word.push('"');
            }
            space if space.is_whitespace() && !quoted => words.extend(take_nonempty(&mut word)),
            other => word.push(other),
        }
    }
    words.extend(take_nonempty(&mut word));
    if quoted { Err(Error::bad(format!("a quote is not closed in {text}"))) } else { Ok(words) }
}

fn take_nonempty(word: &mut String) -> Option<String> {
    (!word.is_empty()).then(|| std::mem::take(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        selector(&words).map(|selector| selector.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn words_become_a_program() {
        for (words, program) in [
            (&["subject", "lunch"][..], "SUBJECT \"lunch\""),
            (&["Subject", "lunch on monday"], "SUBJECT \"lunch on monday\""),
            (&["subject lunch"], "SUBJECT \"lunch\""),
            (&["subject \"lunch on monday\" unseen"], "(SUBJECT \"lunch on monday\" UNSEEN)"),
            (&["from", "bob", "since", "2026-01-31"], "(FROM \"bob\" SINCE 31-Jan-2026)"),
            (&["from", "bob", "since", "1-Jan-2026"], "(FROM \"bob\" SINCE 1-Jan-2026)"),
            (&["not", "larger", "5MB"], "NOT LARGER 5000000"),
            (&["or", "seen", "(unseen", "flagged)"], "OR SEEN (UNSEEN FLAGGED)"),
            (&["(from a (or) subject b)"], "(FROM \"a\" SUBJECT \"b\")"),
            (&["body", "a (b)"], "BODY \"a (b)\""),
            (&["text", "say \"hi\""], "TEXT \"say \\\"hi\\\"\""),
            (&["header", "X-Mood", ""], "HEADER \"X-Mood\" \"\""),
            (&["subject", "größer"], "SUBJECT {8+}\r\ngrößer"),
            (&["uid", "1:3,5"], "UID 1:3,5"),
            (&["ALL"], "ALL"),
        ] {
            let read = read(words);
            if words[0].contains("(or)") {
                assert!(read.is_err(), "{words:?}");
                continue;
            }
            assert_eq!(read.as_deref(), Ok(program), "{words:?}");
        }
    }

    #[test]
    fn the_word_that_is_wrong_is_named() {
        for (words, named) in [
            (&["subject", "lunch", "frm", "bob"][..], "\"frm\""),
            (&["lunch"], "\"lunch\""),
            (&["since", "yesterday"], "\"yesterday\""),
            (&["larger", "much"], "\"much\""),
            (&["not", "frm", "x"], "\"frm\""),
            (&["subject"], "missing behind \"subject\""),
            (&["or", "seen"], "missing behind \"seen\""),
            (&["(seen"], "missing behind \"seen\""),
            (&[], "say which messages"),
            (&["subject \"lunch"], "not closed"),
        ] {
            let error = read(words).expect_err("it is wrong");
            assert!(error.contains(named), "{words:?}: {error}");
        }
    }
}
