//! Named searches (RFC 5466): FILTER stands for the search that is written down under a name.
//!
//! Before a command that has such keys begins, what they stand for is read and put in their places.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::db::{self, MetadataPlace, MetadataValue, MetadataWanted};
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::command::Command;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::limits;
use crate::mailbox::Depth;
use crate::search::Selector;
use crate::search::filter::entry;
use crate::search::grammar::filter_value;

/// A command whose filters are being read.
struct Reading {
    tag: String,
    command: Command,
    line: Vec<u8>,
    now: Timestamp,
    /// What the names stand for that have been read, in lower case, since entries are compared so.
    known: HashMap<String, Selector>,
    passes: usize,
}

/// Reads what the filters in the command stand for, those in what they stand for too, then begins the command.
pub fn plan(tag: String, command: Command, line: Vec<u8>, user: &User, now: Timestamp) -> Plan {
    let place = MetadataPlace::By(user.viewer(), None);
    let names = command.program().map(Selector::filters).unwrap_or_default();
    Reading { tag, command, line, now, known: HashMap::new(), passes: 0 }.read(place, names)
}

impl Reading {
    /// Reads what some names stand for.
    fn read(mut self, place: MetadataPlace, names: Vec<String>) -> Plan {
        self.passes += 1;
        let entries = names.iter().flat_map(|name| [entry("private", name), entry("shared", name)]);
        // What is no entry is undefined.
        let entries = entries.filter_map(Result::ok).collect();
        let wanted = MetadataWanted { entries, depth: Depth::Zero, octets_max: u32::MAX };
        Plan::run(db::GetMetadata { place: place.clone(), wanted }, move |found, conversation| {
            match found.map_err(Error::from).and_then(|found| self.learn(&names, &found)) {
                Ok(()) => self.next(place, conversation),
                Err(error) => self.refuse(error, conversation),
            }
        })
    }

    /// Goes on with the names that have turned up in what others stand for.
    fn next(self, place: MetadataPlace, conversation: &mut Conversation) -> Plan {
        let mut unknown: Vec<String> = self.known.values().flat_map(Selector::filters).collect();
        unknown.retain(|name| !self.known.contains_key(&key(name)));
        match unknown.first() {
            None => self.begin(conversation),
            // RFC 5466 §3.1: after three passes at least, it is "as if the specified filter doesn't exist".
            Some(first) if self.passes >= limits::FILTER_PASSES_MAX => {
                let error = undefined(first);
                self.refuse(error, conversation)
            }
            Some(_) => self.read(place, unknown),
        }
    }

    /// Takes what has been read of some names. What is private to the user comes before what all share (RFC 5466 §1).
    fn learn(&mut self, names: &[String], found: &[MetadataValue]) -> Result<(), Error> {
        for name in names {
            let of = |scope| {
                let entry = entry(scope, name).ok()?;
                found.iter().find(|value| value.entry == entry.as_str())?.value.as_deref()
            };
            let value = of("private").or_else(|| of("shared")).ok_or_else(|| undefined(name))?;
            let selector = filter_value(value).map_err(|_| undefined(name))?;
            self.known.insert(key(name), selector);
        }
        Ok(())
    }

    /// Begins the command, with what its filters stand for in their places.
    fn begin(mut self, conversation: &mut Conversation) -> Plan {
        let mut above = Vec::new();
        let program = self.command.program().cloned();
        let put = program.map(|program| {
            let put = put(program, &self.known, &mut above, &mut 0)?;
            put.check().map(|()| put)
        });
        if let (Some(place), Some(put)) = (self.command.program_mut(), put) {
            *place = put;
        }
        self.hand_over(conversation)
    }

    /// Has the command tell why it cannot be carried out: it has to clear what `$` stands for (RFC 5182 §2.1).
    fn refuse(mut self, error: Error, conversation: &mut Conversation) -> Plan {
        if let Some(place) = self.command.program_mut() {
            *place = Err(error);
        }
        self.hand_over(conversation)
    }

    fn hand_over(self, conversation: &mut Conversation) -> Plan {
        let Reading { tag, command, line, now, .. } = self;
        conversation.admit(tag, command, line, now);
        // The command answers by itself.
        Plan::Done(Answer::default())
    }
}

/// A selector with what its filters stand for in their places. `above` are the names whose place this is in.
fn put(
    selector: Selector,
    known: &HashMap<String, Selector>,
    above: &mut Vec<String>,
    keys: &mut usize,
) -> Result<Selector, Error> {
    *keys += 1;
    if *keys > limits::SEARCH_KEYS_MAX {
        return Err(Error::no(Code::Limit, "The search program has too many keys"));
    }
    let mut all = |selectors: Vec<Selector>, above: &mut Vec<String>| {
        selectors.into_iter().map(|selector| put(selector, known, above, keys)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match selector {
        Selector::And(selectors) => Selector::And(all(selectors, above)?),
        Selector::Or(selectors) => Selector::Or(all(selectors, above)?),
        Selector::Not(selector) => put(*selector, known, above, keys)?.not(),
        Selector::Filter(name) => {
            let stands_for = known.get(&key(&name)).cloned();
            let inner =
                stands_for.filter(|_| !above.contains(&key(&name))).ok_or_else(|| undefined(&name))?;
            above.push(key(&name));
            let inner = put(inner, known, above, keys);
            above.pop();
            inner?
        }
        other => other,
    })
}

/// Names are compared as the entries that they are a part of.
fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// `resp-text-code =/ "UNDEFINED-FILTER" SP filter-name` (RFC 5466 §4): the text is the name.
fn undefined(name: &str) -> Error {
    Error::no(Code::UndefinedFilter, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(filters: &[(&str, &str)]) -> HashMap<String, Selector> {
        filters.iter().map(|(name, value)| (key(name), filter_value(value.as_bytes()).unwrap())).collect()
    }

    fn said(program: &str, filters: &[(&str, &str)]) -> Result<String, Error> {
        let program = filter_value(program.as_bytes()).unwrap();
        put(program, &known(filters), &mut Vec::new(), &mut 0).map(|put| put.to_string())
    }

    #[test]
    fn filters_stand_for_searches() {
        let filters = [
            ("on-the-road", "OR SMALLER 5000 FROM \"boss@example.com\""),
            ("both", "SEEN FILTER ON-the-road"),
        ];
        let expected = "(UID 300:900 OR SMALLER 5000 FROM \"boss@example.com\" SINCE 3-Dec-2002)";
        assert_eq!(
            said("UID 300:900 FILTER on-the-road SINCE \"3-Dec-2002\"", &filters).as_deref(),
            Ok(expected)
        );
        // What a filter stands for is one key, wherever it is.
        let expected = "NOT (SEEN OR SMALLER 5000 FROM \"boss@example.com\")";
        assert_eq!(said("NOT FILTER both", &filters).as_deref(), Ok(expected));
    }

    #[test]
    fn loops_and_floods_are_refused() {
        let filters = [("a", "SEEN FILTER b"), ("b", "NOT FILTER A"), ("c", "FILTER c")];
        assert_eq!(said("FILTER a", &filters), Err(undefined("A")));
        assert_eq!(said("FILTER c", &filters), Err(undefined("c")));
        assert_eq!(said("FILTER none", &filters), Err(undefined("none")));
        let twenty = "FILTER z ".repeat(20);
        let many = [("x", twenty.trim_end().replace('z', "y")), ("y", twenty.trim_end().replace('z', "w"))];
        let many: Vec<(&str, &str)> =
            many.iter().map(|(name, value)| (*name, value.as_str())).chain([("w", "SEEN")]).collect();
        assert!(said("FILTER x", &many).is_ok());
        let flood: String = "FILTER x ".repeat(20);
        assert!(matches!(said(flood.trim_end(), &many), Err(Error::No { code: Code::Limit, .. })));
    }
}
