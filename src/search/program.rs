//! A selector as a program that the database runs: how stored policies are checked where nobody gets around them.
//!
//! The function `aox.selects` runs it. Texts are folded here once, by the rule of the [`Matcher`](super::Matcher); the
//! database folds what is stored by a table of the same rule, which a test compares.

use serde_json::{Value, json};

use super::fold::fold;
use super::labels::with_u_labels;
use super::{Field, PlacedLeaf, Selector, StoredLeaf};
use crate::error::{Code, Error};
use crate::mailbox::MessageId;
use crate::mailbox::object_id::{lone_message_of, message_of};

/// A selector, ready to be stored with a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// What `aox.selects` reads.
    pub json: Value,
    /// The keys that ask for the text of bodies, which the database cannot read: their answers are given to it, each
    /// under its number in this list.
    pub text_keys: Vec<StoredLeaf>,
}

impl Selector {
    /// The program; refused for what means something else each time, or to each client.
    pub fn program(&self) -> Result<Program, Error> {
        let text_keys = self.text_keys();
        let json = node(self, &text_keys)?;
        Ok(Program { json, text_keys })
    }

    /// The keys that ask for the text of bodies, in the order in which they occur.
    pub fn text_keys(&self) -> Vec<StoredLeaf> {
        let is_text = |leaf: &StoredLeaf| matches!(leaf, StoredLeaf::Body(_) | StoredLeaf::Text(_));
        self.stored_leaves().into_iter().filter(is_text).collect()
    }
}

fn node(selector: &Selector, text_keys: &[StoredLeaf]) -> Result<Value, Error> {
    let nodes =
        |keys: &[Selector]| keys.iter().map(|key| node(key, text_keys)).collect::<Result<Vec<_>, _>>();
    Ok(match selector {
        Selector::All => json!({"op": "all"}),
        Selector::And(keys) => json!({"op": "and", "of": nodes(keys)?}),
        Selector::Or(keys) => json!({"op": "or", "of": nodes(keys)?}),
        Selector::Not(key) => json!({"op": "not", "of": [node(key, text_keys)?]}),
        Selector::Has(system) => json!({"op": "flag", "bits": system.0}),
        Selector::Keyword(keyword) => json!({"op": "keyword", "text": keyword.as_str().to_ascii_lowercase()}),
        Selector::Larger(octets) => json!({"op": "larger", "octets": octets}),
        Selector::Smaller(octets) => json!({"op": "smaller", "octets": octets}),
        Selector::Older(seconds) => json!({"op": "older", "seconds": seconds}),
        Selector::Younger(seconds) => json!({"op": "younger", "seconds": seconds}),
        Selector::Before(day) => json!({"op": "before", "day": day.to_string()}),
        Selector::On(day) => json!({"op": "on", "day": day.to_string()}),
        Selector::Since(day) => json!({"op": "since", "day": day.to_string()}),
        Selector::Stored(StoredLeaf::Fuzzy(_)) | Selector::Fuzzy(_) => {
            return Err(refused("what is only nearly so"));
        }
        Selector::Stored(StoredLeaf::Placed(PlacedLeaf::Annotation(_))) => {
            return Err(refused("annotations"));
        }
        Selector::Stored(leaf) => leaf_node(leaf, text_keys),
        Selector::Messages(_) | Selector::Uids(_) => return Err(refused("the numbers of messages")),
        Selector::Recent => return Err(refused("what is recent, new or old")),
        Selector::ModSeq(_) => return Err(refused("mod-sequences")),
        Selector::Filter(_) => return Err(refused("what a user has written down")),
    })
}

fn leaf_node(leaf: &StoredLeaf, text_keys: &[StoredLeaf]) -> Value {
    match leaf {
        StoredLeaf::Subject(text) => json!({"op": "subject", "text": fold(text)}),
        StoredLeaf::Address { field, text } => {
            let address =
                |text: &str| json!({"op": "address", "field": field_number(*field), "text": fold(text)});
            match with_u_labels(text) {
                Some(in_u_labels) => json!({"op": "or", "of": [address(text), address(&in_u_labels)]}),
                None => address(text),
            }
        }
        StoredLeaf::Header { name, text } => {
            json!({"op": "header", "name": name.to_ascii_lowercase(), "text": fold(text)})
        }
        StoredLeaf::Body(_) | StoredLeaf::Text(_) => {
            let key = text_keys.iter().position(|known| known == leaf);
            json!({"op": "text", "key": key.expect("every key of this kind is in the list")})
        }
        StoredLeaf::SentBefore(day) => json!({"op": "sentbefore", "day": day.to_string()}),
        StoredLeaf::SentOn(day) => json!({"op": "senton", "day": day.to_string()}),
        StoredLeaf::SentSince(day) => json!({"op": "sentsince", "day": day.to_string()}),
        StoredLeaf::Fuzzy(_) => unreachable!("a program is refused that has one"),
        StoredLeaf::Placed(leaf) => placed_node(leaf),
    }
}

/// Ids come with the number of the message that they stand for, if they stand for one.
fn placed_node(leaf: &PlacedLeaf) -> Value {
    let number = |message: Option<MessageId>| message.map(|message| message.0);
    match leaf {
        PlacedLeaf::EmailId(id) => json!({"op": "emailid", "id": id, "message": number(message_of(id))}),
        PlacedLeaf::ThreadId(id) => {
            json!({"op": "threadid", "id": id, "message": number(lone_message_of(id))})
        }
        PlacedLeaf::SavedBefore(day) => json!({"op": "savedbefore", "day": day.to_string()}),
        PlacedLeaf::SavedOn(day) => json!({"op": "savedon", "day": day.to_string()}),
        PlacedLeaf::SavedSince(day) => json!({"op": "savedsince", "day": day.to_string()}),
        PlacedLeaf::Annotation(_) => unreachable!("no program has these"),
    }
}

/// The number of a field in the table of who stands where.
fn field_number(field: Field) -> i16 {
    match field {
        Field::From => 1,
        Field::To => 4,
        Field::Cc => 5,
        Field::Bcc => 6,
    }
}

fn refused(what: &str) -> Error {
    Error::no(Code::Cannot, format!("a policy cannot ask for {what}, because that changes"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::{Keyword, SequenceSet, System};

    /// What a program was made of; texts come back folded.
    fn back(program: &Value, text_keys: &[StoredLeaf]) -> Selector {
        let all = || program["of"].as_array().unwrap().iter().map(|key| back(key, text_keys)).collect();
        let day = || program["day"].as_str().unwrap().parse::<Date>().unwrap();
        let text = || program["text"].as_str().unwrap().to_owned();
        let number = |name: &str| program[name].as_u64().unwrap();
        let placed = |leaf| Selector::Stored(StoredLeaf::Placed(leaf));
        match program["op"].as_str().unwrap() {
            "all" => Selector::All,
            "and" => Selector::And(all()),
            "or" => Selector::Or(all()),
            "not" => Selector::Not(Box::new(back(&program["of"][0], text_keys))),
            "flag" => Selector::Has(System(number("bits") as u8)),
            "keyword" => Selector::Keyword(Keyword::new(&text()).unwrap()),
            "larger" => Selector::Larger(number("octets")),
            "smaller" => Selector::Smaller(number("octets")),
            "older" => Selector::Older(number("seconds") as u32),
            "younger" => Selector::Younger(number("seconds") as u32),
            "before" => Selector::Before(day()),
            "on" => Selector::On(day()),
            "since" => Selector::Since(day()),
            "subject" => Selector::Stored(StoredLeaf::Subject(text())),
            "address" => {
                let field = [Field::From, Field::To, Field::Cc, Field::Bcc]
                    .into_iter()
                    .find(|field| i16::try_from(number("field")) == Ok(field_number(*field)));
                Selector::Stored(StoredLeaf::Address { field: field.unwrap(), text: text() })
            }
            "header" => Selector::Stored(StoredLeaf::Header {
                name: program["name"].as_str().unwrap().to_owned(),
                text: text(),
            }),
            "text" => Selector::Stored(text_keys[number("key") as usize].clone()),
            "sentbefore" => Selector::Stored(StoredLeaf::SentBefore(day())),
            "senton" => Selector::Stored(StoredLeaf::SentOn(day())),
            "sentsince" => Selector::Stored(StoredLeaf::SentSince(day())),
            "savedbefore" => placed(PlacedLeaf::SavedBefore(day())),
            "savedon" => placed(PlacedLeaf::SavedOn(day())),
            "savedsince" => placed(PlacedLeaf::SavedSince(day())),
            "emailid" => placed(PlacedLeaf::EmailId(program["id"].as_str().unwrap().to_owned())),
            "threadid" => placed(PlacedLeaf::ThreadId(program["id"].as_str().unwrap().to_owned())),
            other => panic!("{other}"),
        }
    }

    fn selector() -> impl Strategy<Value = Selector> {
        let day = (1990i16..2030, 1i8..13, 1i8..29).prop_map(|(y, m, d)| jiff::civil::date(y, m, d));
        // Folded, as they come back.
        let text = || "[a-z ü]{0,4}".prop_map(|text| fold(&text));
        let stored = prop_oneof![
            text().prop_map(StoredLeaf::Subject),
            text().prop_map(StoredLeaf::Body),
            text().prop_map(StoredLeaf::Text),
            ("[a-z-]{1,6}", text()).prop_map(|(name, text)| StoredLeaf::Header { name, text }),
            (0usize..4, text()).prop_map(|(field, text)| {
                let field = [Field::From, Field::To, Field::Cc, Field::Bcc][field];
                StoredLeaf::Address { field, text }
            }),
            day.clone().prop_map(StoredLeaf::SentBefore),
            day.clone().prop_map(StoredLeaf::SentOn),
            day.clone().prop_map(StoredLeaf::SentSince),
            day.clone().prop_map(|day| StoredLeaf::Placed(PlacedLeaf::SavedBefore(day))),
            day.clone().prop_map(|day| StoredLeaf::Placed(PlacedLeaf::SavedOn(day))),
            day.clone().prop_map(|day| StoredLeaf::Placed(PlacedLeaf::SavedSince(day))),
            "[MT][0-9a-f]{16}".prop_map(|id| StoredLeaf::Placed(PlacedLeaf::EmailId(id))),
            "[MT][0-9a-f]{15,16}".prop_map(|id| StoredLeaf::Placed(PlacedLeaf::ThreadId(id))),
        ];
        let leaf = prop_oneof![
            Just(Selector::All),
            (0u8..5).prop_map(|bit| Selector::Has(System(1 << bit))),
            "[a-z$]{1,8}".prop_map(|name| Selector::Keyword(Keyword::new(&name).unwrap())),
            any::<u64>().prop_map(Selector::Larger),
            any::<u64>().prop_map(Selector::Smaller),
            any::<u32>().prop_map(Selector::Older),
            any::<u32>().prop_map(Selector::Younger),
            day.clone().prop_map(Selector::Before),
            day.clone().prop_map(Selector::On),
            day.prop_map(Selector::Since),
            stored.prop_map(Selector::Stored),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Selector::And),
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Selector::Or),
                inner.prop_map(|key| Selector::Not(Box::new(key))),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_program_says_all_that_its_selector_says(selector in selector()) {
            let program = selector.program().unwrap();
            prop_assert_eq!(back(&program.json, &program.text_keys), selector);
        }
    }

    #[test]
    fn what_changes_its_meaning_is_refused() {
        for bad in [
            Selector::Messages(SequenceSet::all()),
            Selector::Uids(SequenceSet::all()).not(),
            Selector::And(vec![Selector::All, Selector::new_mail()]),
            Selector::Stored(StoredLeaf::Subject("x".into())).fuzzy(),
            Selector::All.fuzzy(),
        ] {
            assert!(bad.program().is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_are_folded() {
        let program = Selector::Stored(StoredLeaf::Subject("GRÜẞE ΣΑΣ".into())).program().unwrap();
        assert_eq!(program.json["text"], crate::search::fold::fold("grüße σασ"));
        let header = StoredLeaf::Header { name: "X-Case".into(), text: "AB".into() };
        let program = Selector::Stored(header).program().unwrap();
        assert_eq!(program.json, json!({"op": "header", "name": "x-case", "text": "ab"}));
    }
}
