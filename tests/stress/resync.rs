//! A client with QRESYNC comes back to a mailbox, and is told just what it does not know (RFC 7162 §3.2.5).

use std::collections::BTreeMap;

use super::client::{Client, Kind};
use super::view::{Known, flags, uid_set};
use crate::fuzz::reply::Value;

/// What is remembered of a mailbox.
pub struct Memory {
    uidvalidity: u64,
    modseq: u64,
    messages: Messages,
}

/// The flags of messages by their uids, as far as they are known.
type Messages = BTreeMap<u32, Option<Vec<String>>>;

/// What a client knows, and up to which mod-sequence.
type Picture = (u64, Messages);

/// HIGHESTMODSEQ and UIDVALIDITY, as SELECT has told them.
pub fn opened_at(untagged: &[Vec<Value>]) -> Option<(u64, u64)> {
    Some((told(untagged, "HIGHESTMODSEQ")?, told(untagged, "UIDVALIDITY")?))
}

/// The number in the code of that name.
fn told(untagged: &[Vec<Value>], name: &str) -> Option<u64> {
    let mut codes =
        untagged.iter().filter(|values| values.get(1).is_some_and(|word| word.is(&format!("[{name}"))));
    codes.next()?.get(2)?.atom()?.trim_end_matches(']').parse().ok()
}

impl Client<'_> {
    /// Remembers what is known of the open mailbox, as far as it had come when it was opened: what has changed since
    /// then is told again.
    pub(super) fn remember(&mut self) {
        let (Some(view), Some((modseq, uidvalidity)), Kind::Qresync) =
            (&self.view, self.opened_at, self.kind)
        else {
            return;
        };
        let known = view.messages.iter().filter_map(|known| Some((known.uid?, known.flags.clone())));
        let memory = Memory { uidvalidity, modseq, messages: known.collect() };
        self.memories.insert(view.mailbox.clone(), memory);
    }

    /// Opens a mailbox that is remembered, and returns what is known then, and up to when.
    pub(super) fn resync(&mut self, mailbox: &str) -> Option<Picture> {
        let Memory { uidvalidity, modseq, mut messages } = self.memories.remove(mailbox)?;
        self.view = None;
        let heard = self.say(&format!("SELECT {mailbox} (QRESYNC ({uidvalidity} {modseq}))"));
        if !heard.ok {
            self.fault(format!("SELECT with QRESYNC: {}", heard.tagged));
        }
        // What has happened since the mailbox was found is told behind that, as ever: of new messages, their number, and
        // perhaps what they are.
        let (mut count, mut unknown) = (None, 0);
        let uidnext = told(&heard.untagged, "UIDNEXT").unwrap_or(u64::MAX);
        for values in &heard.untagged {
            match values.as_slice() {
                [number, word] if word.is("EXISTS") => {
                    let number = number.number().unwrap_or_default();
                    unknown += count.map_or(0, |before| number - before);
                    count = Some(number);
                }
                [word, rest @ .., set] if word.is("VANISHED") => {
                    for uid in uid_set(set.atom().unwrap_or_default()) {
                        let was_known = messages.remove(&uid).is_some();
                        if rest.is_empty() {
                            unknown -= u64::from(!was_known);
                            count = count.map(|count| count - 1);
                        }
                    }
                }
                [_, word, Value::List(items)] if word.is("FETCH") => {
                    let item =
                        |name: &str| items.chunks(2).find(|pair| pair[0].is(name)).map(|pair| &pair[1]);
                    let uid = item("UID").and_then(Value::number).unwrap_or_default() as u32;
                    let flags = item("FLAGS").and_then(|value| flags(value).ok());
                    let was_unknown = messages.insert(uid, flags).is_none();
                    unknown -= u64::from(was_unknown && u64::from(uid) >= uidnext);
                }
                _ => {}
            }
        }
        if count != Some(messages.len() as u64 + unknown) {
            let known: Vec<&u32> = messages.keys().collect();
            self.fault(format!(
                "{mailbox}: {count:?} EXISTS after QRESYNC from {modseq}, and these are known: {known:?}"
            ));
        }
        let (modseq, _) = opened_at(&heard.untagged)?;
        Some((modseq, messages))
    }

    /// What the client knew by QRESYNC is what a client is told that asks for everything, but for what has changed in the
    /// meantime.
    pub(super) fn compare(&mut self, expected: Option<Picture>) {
        let (Some((modseq, expected)), Some(view)) = (expected, &self.view) else { return };
        let changed = |known: &Known| known.uid.is_none_or(|uid| self.modseq_of(&view.mailbox, uid) > modseq);
        // After a STORE.SILENT of its own that has changed nothing a client does not know what is, and is not told.
        let differs = |known: &&Known| match known.uid.and_then(|uid| expected.get(&uid)) {
            Some(None) => false,
            told => told != Some(&known.flags),
        };
        let wrong: Vec<&Known> =
            view.messages.iter().filter(|known| !changed(known)).filter(differs).collect();
        if !wrong.is_empty() {
            self.fault(format!("after QRESYNC up to {modseq} these were known otherwise: {wrong:?}"));
        }
    }
}
