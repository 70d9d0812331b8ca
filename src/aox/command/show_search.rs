//! `aox show search SEARCH`: how the words of a search are understood, and what has to be read to answer it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::search_words::selector;
use crate::error::Error;
use crate::plan::Plan;
use crate::search::{Selector, Source, StoredLeaf};

/// The search, word by word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowSearch {
    pub words: Vec<String>,
}

impl ShowSearch {
    /// The words say it; the database is not asked.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.explained().map(|answer| Plan::Done(Ok(answer))))
    }

    fn explained(&self) -> Result<Answer, Error> {
        let selector = selector(&self.words)?;
        let leaves = selector.stored_leaves();
        let mut sentences = vec![format!("As IMAP writes it: {selector}")];
        sentences.push(match leaves.is_empty() {
            true => "Flags, dates of arrival, sizes and numbers answer it; no message is read.".to_owned(),
            false => {
                "Messages that flags, dates of arrival and sizes leave open are asked further:".to_owned()
            }
        });
        for leaf in &leaves {
            sentences.push(format!("  {}: {}", Selector::Stored(leaf.clone()), reads(leaf)));
        }
        // A policy is asked by the database itself, which knows fewer keys.
        let program = selector.program();
        sentences.push(match &program {
            Ok(_) => "A policy may have this search.".to_owned(),
            Err(error) => format!("A policy cannot have this search: {error}."),
        });
        let asked: Vec<_> = leaves
            .iter()
            .map(|leaf| json!({"key": Selector::Stored(leaf.clone()).to_string(), "reads": reads(leaf)}))
            .collect();
        let json = json!({"imap": selector.to_string(), "asks_messages": asked,
                          "policy": program.ok().map(|program| program.json)});
        Ok(Answer { sentences, table: None, json, good: true })
    }
}

/// Where the answer to a key is found.
fn reads(leaf: &StoredLeaf) -> &'static str {
    match leaf.source() {
        Source::Place => "where the message lies, which the database has",
        Source::Subject => "the subject, which the database has",
        Source::SentOn => "the text index, and the day in the field Date, which the database has",
        Source::Addresses => "addresses, which the database has",
        Source::Header => "the header of each message",
        Source::Body => "the text index, and texts that it has not reached",
        Source::HeaderAndBody => "the header, the text index, and texts that it has not reached",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_explained() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let told =
            ShowSearch { words: words("from bob unseen body lunch since 2026-01-31") }.explained().unwrap();
        assert_eq!(told.json["imap"], "(FROM \"bob\" UNSEEN BODY \"lunch\" SINCE 31-Jan-2026)");
        assert_eq!(told.json["asks_messages"].as_array().unwrap().len(), 2);
        assert!(told.json["policy"].is_object());
        let told = ShowSearch { words: words("flagged") }.explained().unwrap();
        assert!(told.sentences[1].contains("no message is read"), "{:?}", told.sentences);
        assert!(ShowSearch { words: words("frm bob") }.explained().is_err());
    }
}
