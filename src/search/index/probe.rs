//! A question to the index: what a leaf of a selector looks for, in words.

use std::collections::BTreeSet;
use std::ops::Range;

use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter};

use super::block::{Member, list_of};
use super::fuzzy::{FuzzyAsking, FuzzyProbe};
use super::list::{BOUND, Columns, PackedList, Words};
use super::words::pieces;
use super::{BODY, HEADER, List, Trio, days};
use crate::search::StoredLeaf;
use crate::search::fold::fold;
use crate::search::labels::with_u_labels;
use crate::search::relevancy::RELEVANCY_MAX;

/// What a leaf looks for, for many blocks.
pub enum Probe {
    Substring(SubstringProbe),
    Fuzzy(FuzzyProbe),
}

/// A text that is looked for as it is, or days.
pub struct SubstringProbe {
    /// Any of these will do.
    alternatives: Vec<Vec<Term>>,
    /// Who has that is selected; otherwise, who has it may be.
    exact: bool,
}

/// What a word must have or be, and in which lists.
struct Term {
    sought: Sought,
    lists: Vec<List>,
}

enum Sought {
    /// A word that has this in it.
    Piece(Box<Finder<'static>>),
    /// One of these days.
    Days(Range<i64>),
}

/// What a block says to a probe: for each of its columns.
pub enum Found<'a> {
    Substring {
        /// What was found.
        columns: Bits,
        /// Whether that decides; otherwise the messages have to be read.
        exact: bool,
        /// They have to be read in any case.
        unread: Bits,
    },
    Fuzzy(FuzzyAsking<'a>),
}

/// What is known of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not selected.
    No,
    /// It has to be read.
    Maybe,
    /// It is selected; of a fuzzy leaf also how relevant it is, from 1 to 100.
    Yes(u8),
}

impl Probe {
    /// What the index can be asked for `leaf`; None when it can say nothing.
    pub fn new(leaf: &StoredLeaf) -> Option<Probe> {
        Some(match leaf {
            StoredLeaf::Fuzzy(about) => Probe::Fuzzy(FuzzyProbe::new(about)?),
            leaf => Probe::Substring(SubstringProbe::new(leaf)?),
        })
    }

    /// Asks for the messages that are known by one of these Message-IDs.
    pub fn of_message_ids(ids: &[String]) -> Probe {
        let whole =
            |id: &String| vec![Term::new(&[&[BOUND], id.as_bytes(), &[BOUND]], vec![List::MessageIds])];
        Probe::Substring(SubstringProbe { alternatives: ids.iter().map(whole).collect(), exact: true })
    }

    /// The lists in which it looks.
    pub fn lists(&self) -> BTreeSet<List> {
        match self {
            Probe::Substring(probe) => probe.lists(),
            Probe::Fuzzy(probe) => probe.lists().collect(),
        }
    }

    /// Begins to ask a block, whose lists are shown one after the other.
    pub fn ask(&self, members: &[Member]) -> Asking<'_> {
        match self {
            Probe::Substring(probe) => Asking::Substring(probe.ask(members)),
            Probe::Fuzzy(probe) => Asking::Fuzzy(probe.ask(members)),
        }
    }
}

impl SubstringProbe {
    fn new(leaf: &StoredLeaf) -> Option<SubstringProbe> {
        match leaf {
            StoredLeaf::Subject(text) => {
                let needle = fold(text);
                let terms = terms(&needle, |_| vec![List::Subject]);
                SubstringProbe::of(vec![terms], is_one_word(&needle))
            }
            StoredLeaf::Address { field, text } if !text.is_empty() => {
                let term = |text: &str| vec![Term::new(&[fold(text).as_bytes()], vec![list_of(*field)])];
                let in_u_labels = with_u_labels(text).map(|text| term(&text));
                SubstringProbe::of([term(text)].into_iter().chain(in_u_labels).collect(), true)
            }
            StoredLeaf::Header { name, text } => {
                let name = name.to_ascii_lowercase();
                let mut all = vec![Term::new(&[&[BOUND], name.as_bytes(), &[BOUND]], vec![List::Names])];
                all.extend(terms(&fold(text), |piece| HEADER.may_have(piece)));
                SubstringProbe::of(vec![all], text.is_empty())
            }
            StoredLeaf::SentBefore(_) | StoredLeaf::SentOn(_) | StoredLeaf::SentSince(_) => {
                let sought = Sought::Days(days::asked_for(leaf)?);
                SubstringProbe::of(vec![vec![Term { sought, lists: vec![List::SentOn] }]], true)
            }
            StoredLeaf::Body(text) => SubstringProbe::of_texts(text, &[BODY]),
            StoredLeaf::Text(text) => SubstringProbe::of_texts(text, &[HEADER, BODY]),
            _ => None,
        }
    }

    fn of_texts(text: &str, places: &[Trio]) -> Option<SubstringProbe> {
        let needle = fold(text);
        let alternative = |trio: &Trio| terms(&needle, |piece| trio.may_have(piece));
        SubstringProbe::of(places.iter().map(alternative).collect(), is_one_word(&needle))
    }

    /// None when an alternative asks for nothing: then every message has to be read.
    fn of(alternatives: Vec<Vec<Term>>, exact: bool) -> Option<SubstringProbe> {
        let asks = alternatives.iter().all(|terms| !terms.is_empty());
        asks.then_some(SubstringProbe { alternatives, exact })
    }

    fn lists(&self) -> BTreeSet<List> {
        self.alternatives.iter().flatten().flat_map(|term| term.lists.iter().copied()).collect()
    }

    fn ask(&self, members: &[Member]) -> SubstringAsking<'_> {
        let count = members.len() as u32;
        let found = self.alternatives.iter().map(|terms| vec![Bits::new(count); terms.len()]).collect();
        let mut unread = Bits::new(count);
        let marked = members.iter().enumerate().filter(|(_, member)| member.unread);
        marked.for_each(|(column, _)| unread.set(column as u32));
        SubstringAsking { probe: self, found, unread, count }
    }
}

/// A probe that is asking a block.
pub enum Asking<'a> {
    Substring(SubstringAsking<'a>),
    Fuzzy(FuzzyAsking<'a>),
}

/// A text that is looked for as it is in a block.
pub struct SubstringAsking<'a> {
    probe: &'a SubstringProbe,
    /// For each term of each alternative the columns that have it.
    found: Vec<Vec<Bits>>,
    unread: Bits,
    count: u32,
}

/// A list of a block, unpacked as far as it is needed.
pub struct OpenList<'a> {
    packed: &'a PackedList,
    words: Words,
    columns: Option<Columns>,
    count: u32,
}

impl<'a> OpenList<'a> {
    /// The list of a block with `count` columns; None when it is damaged.
    pub fn new(packed: &'a PackedList, count: u32) -> Option<OpenList<'a>> {
        Some(OpenList { packed, words: Words::unpack(&packed.words)?, columns: None, count })
    }

    /// The words, and their columns; None when these are damaged.
    pub fn all(&mut self) -> Option<(&Words, &Columns)> {
        if self.columns.is_none() {
            self.columns = Some(Columns::unpack(&self.packed.columns, self.count)?);
        }
        Some((&self.words, self.columns.as_ref()?))
    }
}

impl<'a> Asking<'a> {
    /// Looks through one list; None when it is damaged.
    pub fn look(&mut self, list: List, open: &mut OpenList<'_>) -> Option<()> {
        match self {
            Asking::Substring(asking) => asking.look(list, open),
            Asking::Fuzzy(asking) => asking.look(list, open),
        }
    }

    /// What all lists together have said.
    pub fn found(self) -> Found<'a> {
        match self {
            Asking::Substring(asking) => asking.found(),
            Asking::Fuzzy(asking) => Found::Fuzzy(asking),
        }
    }
}

impl<'a> SubstringAsking<'a> {
    fn look(&mut self, list: List, open: &mut OpenList<'_>) -> Option<()> {
        for (terms, found) in self.probe.alternatives.iter().zip(&mut self.found) {
            for (term, found) in terms.iter().zip(found) {
                if term.lists.contains(&list) {
                    term.find(open, found)?;
                }
            }
        }
        Some(())
    }

    fn found(self) -> Found<'a> {
        let mut columns = Bits::new(self.count);
        for terms in self.found {
            let all = terms.into_iter().reduce(|mut all, one| {
                all.keep(&one);
                all
            });
            columns.add(&all.unwrap_or(Bits::new(self.count)));
        }
        Found::Substring { columns, exact: self.probe.exact, unread: self.unread }
    }
}

impl Term {
    fn new(parts: &[&[u8]], lists: Vec<List>) -> Term {
        Term { sought: Sought::Piece(Box::new(Finder::new(&parts.concat()).into_owned())), lists }
    }

    /// Adds the columns of the words that are meant.
    fn find(&self, open: &mut OpenList<'_>, found: &mut Bits) -> Option<()> {
        match &self.sought {
            Sought::Piece(finder) => Term::find_piece(finder, open, found),
            Sought::Days(days) => Term::find_days(days, open, found),
        }
    }

    fn find_days(days: &Range<i64>, open: &mut OpenList<'_>, found: &mut Bits) -> Option<()> {
        let (words, columns) = open.all()?;
        let mut walk = columns.walk();
        for word in words.iter() {
            match days.contains(&days::of_word(word)?) {
                true => walk.next(|column| found.set(column))?,
                false => walk.skip(1)?,
            }
        }
        Some(())
    }

    fn find_piece(finder: &Finder<'_>, open: &mut OpenList<'_>, found: &mut Bits) -> Option<()> {
        // Columns are looked at when a word is found: in most lists, none is.
        let Some(first) = finder.find(open.words.octets()) else { return Some(()) };
        let (words, columns) = open.all()?;
        let (octets, mut walk) = (words.octets(), columns.walk());
        // Octets before `at` are done with; so are the first words, and their columns.
        let (mut at, mut done, mut next) = (0, 0, Some(first));
        while let Some(place) = next {
            // What is found may begin with the bound before its word.
            let inside = place + usize::from(octets.get(place) == Some(&BOUND));
            let word = done + memchr_iter(BOUND, octets.get(at..inside)?).count() - 1;
            walk.skip(word - done)?;
            walk.next(|column| found.set(column))?;
            done = word + 1;
            at = inside + memchr(BOUND, octets.get(inside..)?)?;
            next = finder.find(&octets[at..]).map(|place| place + at);
        }
        Some(())
    }
}

impl Found<'_> {
    /// What is known of the message in this column.
    pub fn verdict(&self, column: u32) -> Verdict {
        match self {
            Found::Fuzzy(asking) => asking.verdict(column),
            Found::Substring { unread, .. } if unread.has(column) => Verdict::Maybe,
            Found::Substring { columns, .. } if !columns.has(column) => Verdict::No,
            Found::Substring { exact: true, .. } => Verdict::Yes(RELEVANCY_MAX),
            Found::Substring { .. } => Verdict::Maybe,
        }
    }
}

/// A set of columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    fn new(count: u32) -> Bits {
        Bits(vec![0; (count as usize).div_ceil(64)])
    }

    fn set(&mut self, column: u32) {
        if let Some(word) = self.0.get_mut(column as usize / 64) {
            *word |= 1 << (column % 64);
        }
    }

    fn has(&self, column: u32) -> bool {
        self.0.get(column as usize / 64).is_some_and(|word| word >> (column % 64) & 1 == 1)
    }

    fn keep(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word &= other);
    }

    fn add(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }
}

/// What a text must have, word by word, so that it can have the folded needle.
fn terms(needle: &str, lists: impl Fn(&[u8]) -> Vec<List>) -> Vec<Term> {
    let bound = |is: bool| if is { &[BOUND][..] } else { &[] };
    let term = |piece: &super::words::Piece<'_>| {
        let word = piece.text.as_bytes();
        Term::new(&[bound(piece.begins), word, bound(piece.ends)], lists(word))
    };
    pieces(needle).iter().map(term).collect()
}

/// Whether the needle lies within a word, wherever it is found.
fn is_one_word(needle: &str) -> bool {
    matches!(&pieces(needle)[..], [piece] if !piece.begins && !piece.ends)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::MessageId;
    use crate::search::index::{Block, Gathering};
    use crate::search::{Collation, Field, Matcher, Selector, StoredText};

    /// Letters that fold to others, to several, and to none but themselves; what parts words; and what is in no ASCII.
    const TEXT: &str = "[abAß1fFſK .:@éÉﬁ\u{301}日\u{2014}İ]{0,12}";

    fn stored_text() -> impl Strategy<Value = StoredText<'static>> {
        let texts = |number| prop::collection::vec(TEXT.prop_map(Cow::Owned), 0..number);
        let field = prop_oneof![Just(Field::From), Just(Field::To), Just(Field::Cc), Just(Field::Bcc)];
        let address = prop_oneof![TEXT, "a@(É|xn--9ca)[.]x"].prop_map(Cow::Owned);
        let addresses = prop::collection::vec((field, address), 0..3);
        let name = || "(Subject|[aA]-[bB1]|x)".prop_map(Cow::Owned);
        let fields = || prop::collection::vec((name(), TEXT.prop_map(Cow::Owned)), 0..3);
        let headers = (fields(), fields());
        let subject = prop::option::of(TEXT.prop_map(Cow::Owned));
        (subject, addresses, headers, texts(3), prop::option::of(day())).prop_map(
            |(subject, addresses, (header, part_header), bodies, sent_on)| StoredText {
                subject,
                addresses,
                header,
                part_header,
                bodies,
                sent_on,
                ..StoredText::default()
            },
        )
    }

    fn day() -> impl Strategy<Value = Date> {
        (1i8..7).prop_map(|day| date(2026, 12, 25 + day))
    }

    fn leaf() -> impl Strategy<Value = StoredLeaf> {
        (plain_leaf(), any::<bool>()).prop_map(|(leaf, fuzzy)| {
            let key = Selector::Stored(leaf.clone());
            match if fuzzy { key.fuzzy() } else { key } {
                Selector::Stored(leaf) => leaf,
                _ => leaf,
            }
        })
    }

    fn plain_leaf() -> impl Strategy<Value = StoredLeaf> {
        let text = || "[abAß1fſ .:@é\u{301}日]{0,4}";
        prop_oneof![
            text().prop_map(StoredLeaf::Subject),
            text().prop_map(StoredLeaf::Body),
            text().prop_map(StoredLeaf::Text),
            text().prop_map(|text| StoredLeaf::Address { field: Field::From, text }),
            text().prop_map(|text| StoredLeaf::Address { field: Field::Bcc, text }),
            Just(StoredLeaf::Address { field: Field::From, text: "xn--9ca.x".into() }),
            day().prop_map(StoredLeaf::SentBefore),
            day().prop_map(StoredLeaf::SentOn),
            day().prop_map(StoredLeaf::SentSince),
            ("(subject|A-B|x)", text()).prop_map(|(name, text)| StoredLeaf::Header { name, text }),
        ]
    }

    fn found<'a>(probe: &'a Probe, block: &Block) -> Found<'a> {
        let mut asking = probe.ask(&block.members);
        for (list, packed) in &block.lists {
            if probe.lists().contains(list) {
                let mut open = OpenList::new(packed, block.members.len() as u32).unwrap();
                asking.look(*list, &mut open).unwrap();
            }
        }
        asking.found()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_index_says_what_the_matcher_says(
            texts in prop::collection::vec(stored_text(), 1..8),
            cut in 0usize..8,
            leaf in leaf(),
        ) {
            let Some(probe) = Probe::new(&leaf) else { return Ok(()) };
            let mut gatherings = [Gathering::default(), Gathering::default()];
            for (index, text) in texts.iter().enumerate() {
                let gathering = &mut gatherings[usize::from(index >= cut)];
                gathering.add(MessageId(index as i64), text);
            }
            let blocks = gatherings.map(Gathering::finish);
            let merged = Block::merge(&blocks, |message| message.0 != 3).unwrap();
            for block in blocks.iter().chain([&merged]) {
                let found = found(&probe, block);
                for (column, member) in block.members.iter().enumerate() {
                    let text = &texts[member.message.0 as usize];
                    let relevancy = Matcher::new(&leaf, Collation::default()).relevancy(text);
                    let verdict = found.verdict(column as u32);
                    let expected = relevancy.map_or(Verdict::No, Verdict::Yes);
                    prop_assert!(verdict == Verdict::Maybe || verdict == expected, "{} {:?}", leaf, relevancy);
                }
            }
            prop_assert_eq!(merged.members.len(), texts.len() - usize::from(texts.len() > 3));
        }
    }

    #[test]
    fn a_word_is_decided_and_several_are_not() {
        let body = |text: &'static str| StoredText { bodies: vec![text.into()], ..StoredText::default() };
        let mut gathering = Gathering::default();
        gathering.add(MessageId(1), &body("The Hippopotamus, 3fa9"));
        gathering.add(MessageId(2), &body("nothing"));
        gathering.add_unread(MessageId(3));
        let block = gathering.finish();
        let verdicts = |text: &str| {
            let probe = Probe::new(&StoredLeaf::Body(text.into())).unwrap();
            let found = found(&probe, &block);
            (0..3).map(|column| found.verdict(column)).collect::<Vec<_>>()
        };
        let (no, maybe, yes) = (Verdict::No, Verdict::Maybe, Verdict::Yes(RELEVANCY_MAX));
        assert_eq!(verdicts("POPO"), [yes, no, maybe]);
        assert_eq!(verdicts("fa"), [yes, no, maybe]);
        assert_eq!(verdicts("the hippo"), [maybe, no, maybe]);
        assert_eq!(verdicts("th"), [yes, yes, maybe]);
        assert_eq!(verdicts("popo,"), [no, no, maybe]);
        assert!(Probe::new(&StoredLeaf::Body("...".into())).is_none());
        assert!(Probe::new(&StoredLeaf::Body(String::new())).is_none());
    }
}
