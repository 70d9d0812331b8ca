//! What a command answers: sentences and a table for people, and the same as JSON for programs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::Exported;

/// One line of the server's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// How far a long command has come.
    Progress(String),
    /// The same, and how much there is to be done in all, in whatever is counted.
    Share { done: i64, total: i64, text: String },
    /// A message, whose octets follow this line.
    Message(Box<Exported>),
    /// It is done.
    Done(Answer),
    /// It was refused; the same request may be fine later or with other arguments.
    Refused(String),
    /// The request itself cannot be understood.
    Wrong(String),
}

impl Reply {
    /// The line, with its end.
    pub fn to_line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a reply holds nothing that JSON cannot say");
        line.push(b'\n');
        line
    }
}

/// The answer to a command that did what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Answer {
    /// For people.
    pub sentences: Vec<String>,
    /// For people, below the sentences.
    pub table: Option<Table>,
    /// For programs: all of it.
    pub json: Value,
    /// False when the command did its work and found something wrong: the program ends with 1 then.
    pub good: bool,
}

impl Answer {
    /// One sentence, and its facts.
    pub fn sentence(sentence: impl Into<String>, json: Value) -> Answer {
        Answer { sentences: vec![sentence.into()], table: None, json, good: true }
    }

    /// A list; `none` is the sentence for an empty one.
    pub fn list(table: Table, none: &str, json: Vec<Value>) -> Answer {
        let sentences = if table.rows.is_empty() { vec![none.to_owned()] } else { Vec::new() };
        let table = (!table.rows.is_empty()).then_some(table);
        Answer { sentences, table, json: Value::Array(json), good: true }
    }
}

/// Rows under headings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub headings: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows yet.
    pub fn new(headings: &[&str]) -> Table {
        Table { headings: headings.iter().map(|text| (*text).to_owned()).collect(), rows: Vec::new() }
    }
}

/// A number of octets as people read it.
pub fn octets(count: i64) -> String {
    const UNITS: [(&str, f64); 4] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3)];
    let size = count as f64;
    match UNITS.iter().find(|(_, unit)| size >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", size / unit),
        None => format!("{count} B"),
    }
}

/// A time as people read it, to the second.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `1 message`, `2 messages`.
pub fn counted(count: i64, one: &str) -> String {
    counted_as(count, one, &format!("{one}s"))
}

/// The same for a word whose plural is another.
pub fn counted_as(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(octets(999), "999 B");
        assert_eq!(octets(1_500_000), "1.5 MB");
        assert_eq!(counted(1, "message"), "1 message");
        assert_eq!(counted(0, "message"), "0 messages");
        assert_eq!(moment(Timestamp::UNIX_EPOCH), "1970-01-01 00:00:00Z");
    }

    #[test]
    fn a_reply_is_one_line_and_comes_back() {
        let reply = Reply::Done(Answer::sentence("two\nlines", Value::Null));
        let line = reply.to_line();
        assert_eq!(line.iter().filter(|octet| **octet == b'\n').count(), 1);
        assert_eq!(serde_json::from_slice::<Reply>(&line).unwrap(), reply);
    }
}
