//! A block of the index: some messages of an account, and the words that they have.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::hash::Key;
use super::list::{BOUND, Columns, ListWriter, Merged, PackedList, Words, get, merge, put};
use super::words::each_word;
use super::{BODY, HEADER, List, Trio, days};
use crate::limits;
use crate::mailbox::MessageId;
use crate::search::fold::fold_into;
use crate::search::{Field, StoredText};

/// A message of a block: its columns are numbered in the order of the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub message: MessageId,
    /// It has too much text for the index: every search reads it.
    pub unread: bool,
}

/// A block as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    pub members: Vec<Member>,
    pub lists: BTreeMap<List, PackedList>,
    /// Octets of the lists before compression.
    pub octets: usize,
}

impl Block {
    /// One block of several: those members that `keeps` says, in the order in which they are. None when a list is damaged.
    pub fn merge(blocks: &[Block], keeps: impl Fn(MessageId) -> bool) -> Option<Block> {
        let mut merged = Block::default();
        let mut places: Vec<Vec<Option<u32>>> = Vec::new();
        for block in blocks {
            let mut of_block = Vec::with_capacity(block.members.len());
            for member in &block.members {
                let keeps = keeps(member.message);
                of_block.push(keeps.then_some(merged.members.len() as u32));
                merged.members.extend(keeps.then_some(*member));
            }
            places.push(of_block);
        }
        let count = merged.members.len() as u32;
        for list in super::LISTS {
            let unpacked = blocks.iter().zip(&places).filter_map(|(block, places)| {
                let packed = block.lists.get(&list)?;
                let columns = block.members.len() as u32;
                Some(unpack(packed, columns).map(|(words, columns)| {
                    let places = Cow::Borrowed(&places[..]);
                    Merged { words, columns, places }
                }))
            });
            let writer = merge(&unpacked.collect::<Option<Vec<_>>>()?, count)?;
            merged.octets += writer.octets();
            merged.lists.extend(writer.finish().map(|packed| (list, packed)));
        }
        Some(merged)
    }
}

fn unpack(packed: &PackedList, columns: u32) -> Option<(Words, Columns)> {
    Some((Words::unpack(&packed.words)?, Columns::unpack(&packed.columns, columns)?))
}

/// The members as they are stored: ids ascend by little, mostly.
pub fn members_to_bytes(members: &[Member]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(members.len() * 2);
    let mut before = 0i64;
    for Member { message, unread } in members {
        let step = message.0.wrapping_sub(before);
        before = message.0;
        // Small numbers for small steps either way, and the mark below them.
        put(&mut octets, (((step << 1) ^ (step >> 63)) as u64) << 1 | u64::from(*unread));
    }
    octets
}

/// The members that were stored; None when that is damaged.
pub fn members_from_bytes(mut octets: &[u8]) -> Option<Vec<Member>> {
    let mut members = Vec::with_capacity(octets.len());
    let mut before = 0i64;
    while !octets.is_empty() {
        let number = get(&mut octets)?;
        let step = number >> 1;
        before = before.wrapping_add((step >> 1) as i64 ^ -((step & 1) as i64));
        members.push(Member { message: MessageId(before), unread: number & 1 == 1 });
    }
    Some(members)
}

/// Words, each with the messages that have it.
type Gathered = HashMap<Box<[u8]>, Vec<u32>, Key>;

/// Gathers messages into a new block.
#[derive(Default)]
pub struct Gathering {
    members: Vec<Member>,
    lists: BTreeMap<List, Gathered>,
    folded: String,
    octets: usize,
}

impl Gathering {
    /// One more message, with everything that it says.
    pub fn add(&mut self, message: MessageId, text: &StoredText<'_>) {
        let octets: usize = text.bodies.iter().map(|body| body.len()).sum();
        let fields = text.header.iter().chain(&text.part_header);
        let header: usize = fields.map(|(_, value)| value.len()).sum();
        if octets + header > limits::INDEXED_TEXT_BYTES_MAX {
            return self.add_unread(message);
        }
        self.members.push(Member { message, unread: false });
        if let Some(subject) = &text.subject {
            self.words(subject, |_| List::Subject);
        }
        for (field, address) in &text.addresses {
            self.whole(list_of(*field), address);
        }
        for (name, _) in &text.header {
            self.enter(List::Names, name.to_ascii_lowercase().as_bytes());
        }
        for (name, value) in text.header.iter().chain(&text.part_header) {
            self.text(name, HEADER);
            self.text(value, HEADER);
        }
        // With a bound in it, it would be taken for two.
        if let Some(id) = text.message_id.as_ref().filter(|id| !id.as_bytes().contains(&BOUND)) {
            self.enter(List::MessageIds, id.as_bytes());
        }
        if let Some(day) = text.sent_on {
            self.enter(List::SentOn, days::word(day).as_bytes());
        }
        for body in &text.bodies {
            self.text(body, BODY);
        }
    }

    /// One more message that every search has to read.
    pub fn add_unread(&mut self, message: MessageId) {
        self.members.push(Member { message, unread: true });
    }

    /// The messages so far.
    pub fn messages(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.members.iter().map(|member| member.message)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Octets of the words so far, more or less.
    pub fn octets(&self) -> usize {
        self.octets
    }

    fn text(&mut self, text: &str, trio: Trio) {
        self.words(text, |word| trio.of(word));
    }

    fn words(&mut self, text: &str, list: impl Fn(&[u8]) -> List) {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        fold_into(text, &mut folded);
        each_word(&folded, |word| self.enter(list(word.as_bytes()), word.as_bytes()));
        self.folded = folded;
    }

    fn whole(&mut self, list: List, text: &str) {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        fold_into(text, &mut folded);
        self.enter(list, folded.as_bytes());
        self.folded = folded;
    }

    fn enter(&mut self, list: List, word: &[u8]) {
        let column = self.members.len() as u32 - 1;
        let words = self.lists.entry(list).or_default();
        match words.get_mut(word) {
            Some(columns) if columns.last() == Some(&column) => {}
            Some(columns) => {
                columns.push(column);
                self.octets += 1;
            }
            None => {
                words.insert(word.into(), vec![column]);
                self.octets += word.len() + 2;
            }
        }
    }

    /// The block of what was gathered.
    pub fn finish(self) -> Block {
        let count = self.members.len() as u32;
        let mut block = Block { members: self.members, ..Block::default() };
        for (list, words) in self.lists {
            let mut words: Vec<_> = words.into_iter().collect();
            words.sort_unstable();
            let mut writer = ListWriter::new(count);
            for (word, columns) in &words {
                writer.push(word, columns);
            }
            block.octets += writer.octets();
            block.lists.extend(writer.finish().map(|packed| (list, packed)));
        }
        block
    }
}

/// The list of the addresses of a field.
pub(super) fn list_of(field: Field) -> List {
    match field {
        Field::From => List::From,
        Field::To => List::To,
        Field::Cc => List::Cc,
        Field::Bcc => List::Bcc,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn members_come_back(ids in prop::collection::vec((1i64..1 << 60, any::<bool>()), 0..30)) {
            let members: Vec<Member> =
                ids.into_iter().map(|(id, unread)| Member { message: MessageId(id), unread }).collect();
            prop_assert_eq!(members_from_bytes(&members_to_bytes(&members)), Some(members));
        }

        #[test]
        fn damaged_members_are_noticed_or_read(octets in prop::collection::vec(any::<u8>(), 0..50)) {
            let members = members_from_bytes(&octets);
            prop_assert!(members.is_none_or(|members| members.len() <= octets.len()));
        }
    }
}
