//! Answering a selector: one pass over the snapshot, with what is not known yet carried as "maybe".

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use jiff::Timestamp;

use super::placed::days_since_1970 as day;
use super::selector::{Selector, StoredLeaf};
use crate::mailbox::{Entry, Msn, MsnSet, SequenceSet, Snapshot, System, Uid, UidSet, View};

/// Where and when a selector is asked: the messages, and those that are \Recent for whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The messages in the numbering of whoever asks.
    snapshot: &'a Snapshot,
    /// The \Recent ones among them; None outside a session.
    recent: Option<&'a UidSet>,
    /// What `$` stands for; nothing outside a session.
    saved: Option<&'a UidSet>,
    /// What OLDER and YOUNGER count from.
    now: Timestamp,
}

/// For each stored leaf the messages that it selects, among those that it was asked about.
pub type Answers = HashMap<StoredLeaf, UidSet>;

impl<'a> Scope<'a> {
    /// A mailbox outside a session: nothing is \Recent there.
    pub fn new(snapshot: &'a Snapshot, now: Timestamp) -> Scope<'a> {
        Scope { snapshot, recent: None, saved: None, now }
    }

    /// What a client has been told of its mailbox.
    pub fn of(view: &'a View, now: Timestamp) -> Scope<'a> {
        Scope { snapshot: view.told(), recent: Some(view.recent()), saved: None, now }
    }

    /// The messages that a key selects which asks nothing of what is stored, by their uids.
    fn these(self, key: &Selector) -> Selector {
        let uids: UidSet = key.evaluate(self, &Answers::new()).into_iter().collect();
        if uids.is_empty() { Selector::Or(Vec::new()) } else { Selector::Uids((&uids).into()) }
    }

    /// The same where these messages are \Recent.
    pub fn with_recent(self, recent: &'a UidSet) -> Scope<'a> {
        Scope { recent: Some(recent), ..self }
    }

    /// The same where `$` stands for these messages.
    pub fn with_saved(self, saved: &'a UidSet) -> Scope<'a> {
        Scope { saved: Some(saved), ..self }
    }
}

impl Selector {
    /// The same with sequence numbers and `$` replaced by the messages that they stand for now: what is asked again
    /// later means these (RFC 5267 §4.3).
    pub fn fixed(self, scope: Scope<'_>) -> Selector {
        let all = |keys: Vec<Selector>| keys.into_iter().map(|key| key.fixed(scope)).collect();
        match self {
            Selector::And(keys) => Selector::And(all(keys)),
            Selector::Or(keys) => Selector::Or(all(keys)),
            Selector::Not(key) => key.fixed(scope).not(),
            Selector::Fuzzy(key) => key.fixed(scope).fuzzy(),
            Selector::Messages(_) => scope.these(&self),
            Selector::Uids(ref set) if set.has_saved() => scope.these(&self),
            key => key,
        }
    }

    /// The messages about which the stored leaves must be asked: what is known in memory neither rules them out nor
    /// decides for them. Empty when there is no stored leaf.
    pub fn candidates(&self, scope: Scope<'_>) -> UidSet {
        let mut undecided = UidSet::new();
        Bound::new(self, scope, None).find(scope, Truth::Maybe, |uid| undecided.insert(uid));
        undecided
    }

    /// The selected messages in ascending order. `answers` has every stored leaf, asked about the
    /// [`candidates`](Selector::candidates) at least.
    pub fn evaluate(&self, scope: Scope<'_>, answers: &Answers) -> Vec<Uid> {
        let mut selected = Vec::new();
        Bound::new(self, scope, Some(answers)).find(scope, Truth::Yes, |uid| selected.push(uid));
        selected
    }
}

/// Whether a message is selected, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Truth {
    No,
    Maybe,
    Yes,
}

impl From<bool> for Truth {
    fn from(is: bool) -> Truth {
        if is { Truth::Yes } else { Truth::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Truth;

    fn not(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Maybe => Truth::Maybe,
            Truth::Yes => Truth::No,
        }
    }
}

/// A selector bound to one scope: sets are resolved, keywords are looked up once per set of flags, days are numbers.
enum Bound<'a> {
    Constant(Truth),
    And(Vec<Bound<'a>>),
    Or(Vec<Bound<'a>>),
    Not(Box<Bound<'a>>),
    Messages(MsnSet),
    Uids(UidSet),
    UidsOf(&'a UidSet),
    Has(System),
    /// For each number of flags whether they have the keyword.
    Keyword(Vec<bool>),
    Octets(Range<u64>),
    /// Seconds since 1970.
    Seconds(RangeInclusive<i64>),
    Days(Range<i64>),
    ModSeq(u64),
}

impl<'a> Bound<'a> {
    fn new(selector: &Selector, scope: Scope<'a>, answers: Option<&'a Answers>) -> Bound<'a> {
        let snapshot = scope.snapshot;
        let bind = |key: &Selector| Bound::new(key, scope, answers);
        match selector {
            Selector::All => Bound::Constant(Truth::Yes),
            Selector::And(keys) => Bound::And(cheap_first(keys.iter().map(bind))),
            Selector::Or(keys) => Bound::Or(cheap_first(keys.iter().map(bind))),
            Selector::Not(key) => Bound::Not(Box::new(bind(key))),
            Selector::Fuzzy(key) => bind(key),
            Selector::Messages(set) => {
                with_saved(set, scope, Bound::Messages(set.resolve(Msn::new(snapshot.len()))))
            }
            Selector::Uids(set) => with_saved(set, scope, Bound::Uids(set.resolve(snapshot.last_uid()))),
            Selector::Has(system) => Bound::Has(*system),
            Selector::Keyword(keyword) => {
                let mut has = Vec::new();
                for (id, flags) in snapshot.flag_sets() {
                    has.resize(id.index(), false);
                    has.push(flags.has_keyword(keyword));
                }
                Bound::Keyword(has)
            }
            Selector::Recent => match scope.recent {
                Some(uids) => Bound::UidsOf(uids),
                None => Bound::Constant(Truth::No),
            },
            Selector::Larger(octets) => Bound::Octets(octets.saturating_add(1)..u64::MAX),
            Selector::Smaller(octets) => Bound::Octets(0..*octets),
            // RFC 5032 §2: a message that came exactly so long ago is both.
            Selector::Older(seconds) => Bound::Seconds(i64::MIN..=ago(scope.now, *seconds)),
            Selector::Younger(seconds) => Bound::Seconds(ago(scope.now, *seconds)..=i64::MAX),
            Selector::Before(date) => Bound::Days(i64::MIN..day(*date)),
            Selector::On(date) => Bound::Days(day(*date)..day(*date) + 1),
            Selector::Since(date) => Bound::Days(day(*date)..i64::MAX),
            Selector::ModSeq(modseq) => Bound::ModSeq(*modseq),
            // What it stands for has been put in its place; what stands for nothing finds nothing.
            Selector::Filter(_) => Bound::Constant(Truth::No),
            Selector::Stored(leaf) => match answers.and_then(|answers| answers.get(leaf)) {
                Some(uids) => Bound::UidsOf(uids),
                None => Bound::Constant(Truth::Maybe),
            },
        }
    }

    fn truth(&self, msn: Msn, entry: &Entry) -> Truth {
        match self {
            Bound::Constant(truth) => *truth,
            Bound::And(keys) => {
                let mut all = Truth::Yes;
                for key in keys {
                    all = all.min(key.truth(msn, entry));
                    if all == Truth::No {
                        break;
                    }
                }
                all
            }
            Bound::Or(keys) => {
                let mut any = Truth::No;
                for key in keys {
                    any = any.max(key.truth(msn, entry));
                    if any == Truth::Yes {
                        break;
                    }
                }
                any
            }
            Bound::Not(key) => !key.truth(msn, entry),
            Bound::Messages(set) => set.contains(msn).into(),
            Bound::Uids(set) => set.contains(entry.uid).into(),
            Bound::UidsOf(set) => set.contains(entry.uid).into(),
            Bound::Has(system) => entry.system.contains(*system).into(),
            Bound::Keyword(has) => has.get(entry.flags.index()).copied().unwrap_or(false).into(),
            Bound::Octets(range) => range.contains(&u64::from(entry.size)).into(),
            Bound::Seconds(range) => range.contains(&entry.internal_date().seconds).into(),
            Bound::Days(range) => range.contains(&entry.internal_date().day()).into(),
            Bound::ModSeq(modseq) => (entry.modseq.0 >= *modseq).into(),
        }
    }

    /// Calls `found` with every message of which `wanted` is known, in order.
    fn find(&self, scope: Scope<'a>, wanted: Truth, mut found: impl FnMut(Uid)) {
        let look = |(msn, entry): (Msn, &Entry)| {
            if self.truth(msn, entry) == wanted {
                found(entry.uid);
            }
        };
        // A program that begins with a set, as most do that look at a part of a large mailbox, meets only that part.
        let keys = match self {
            Bound::And(keys) => keys,
            key => std::slice::from_ref(key),
        };
        let set =
            keys.iter().find(|key| matches!(key, Bound::Messages(_) | Bound::Uids(_) | Bound::UidsOf(_)));
        // Each arm walks in its own loop: for_each goes through whole chunks, where next() would ask for each message.
        match set {
            Some(Bound::Messages(set)) => scope.snapshot.by_msns(set).for_each(look),
            Some(Bound::Uids(set)) => scope.snapshot.by_uids(set).for_each(look),
            Some(Bound::UidsOf(set)) => scope.snapshot.by_uids(set).for_each(look),
            _ => scope.snapshot.iter().for_each(look),
        }
    }

    /// What a look at one message costs, more or less.
    fn cost(&self) -> usize {
        match self {
            Bound::Messages(_) | Bound::Uids(_) | Bound::UidsOf(_) => 3,
            Bound::Not(key) => key.cost(),
            Bound::And(keys) | Bound::Or(keys) => 1 + keys.iter().map(Bound::cost).sum::<usize>(),
            _ => 1,
        }
    }
}

/// What is in a set: `numbers`, and the saved result if it is named.
fn with_saved<'a>(set: &SequenceSet, scope: Scope<'a>, numbers: Bound<'a>) -> Bound<'a> {
    let is_alone = *set == SequenceSet::saved();
    match scope.saved.filter(|_| set.has_saved()) {
        Some(saved) if is_alone => Bound::UidsOf(saved),
        Some(saved) => Bound::Or(vec![numbers, Bound::UidsOf(saved)]),
        None => numbers,
    }
}

/// Keys are asked in the order of their cost, since the first that decides ends the matter.
fn cheap_first<'a>(keys: impl Iterator<Item = Bound<'a>>) -> Vec<Bound<'a>> {
    let mut keys: Vec<Bound<'a>> = keys.collect();
    keys.sort_by_cached_key(Bound::cost);
    keys
}

/// So many seconds before `now`, in seconds since 1970.
fn ago(now: Timestamp, seconds: u32) -> i64 {
    now.as_second() - i64::from(seconds)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::mailbox::{FlagSet, InternalDate, Keyword, Loaded, MessageId, ModSeq, UidValidity};

    fn uid(number: u32) -> Uid {
        Uid::new(number).unwrap()
    }

    /// Message n has the system flags n mod 32, a keyword if n is divisible by 3, n * 100 octets, and came on the
    /// n-th of January 2026 one minute before midnight, in a zone an hour east of UTC. Its uid is 2n.
    fn mailbox(count: u32) -> Snapshot {
        let loaded = |n: u32| {
            let midnight = day(date(2026, 1, 1)) + i64::from(n);
            let keyword = n.is_multiple_of(3).then(|| Keyword::new("$Three").unwrap());
            Loaded {
                uid: uid(n * 2),
                message: MessageId(i64::from(n)),
                modseq: ModSeq(1),
                size: n * 100,
                internal_date: InternalDate { seconds: midnight * 86_400 - 3660, zone_minutes: 60 },
                flags: FlagSet::new(System((n % 32) as u8), keyword),
            }
        };
        Snapshot::load(UidValidity::new(1).unwrap(), 1, ModSeq(1), (1..=count).map(loaded))
    }

    /// Message 5 came a day ago.
    fn now() -> Timestamp {
        let day_of_message_5 = day(date(2026, 1, 1)) + 5;
        Timestamp::from_second((day_of_message_5 + 1) * 86_400 - 3660).unwrap()
    }

    fn found(selector: &Selector, answers: &Answers) -> Vec<u32> {
        let mailbox = mailbox(10);
        selector.evaluate(Scope::new(&mailbox, now()), answers).iter().map(|uid| uid.get() / 2).collect()
    }

    fn set(text: &str) -> crate::mailbox::SequenceSet {
        text.parse().unwrap()
    }

    #[test]
    fn each_key_selects_what_it_says() {
        let found = |selector: Selector| found(&selector, &Answers::new());
        assert_eq!(found(Selector::All).len(), 10);
        assert_eq!(found(Selector::And(vec![])).len(), 10);
        assert_eq!(found(Selector::Or(vec![])), [0; 0]);
        assert_eq!(found(Selector::Has(System::SEEN)), [1, 3, 5, 7, 9]);
        assert_eq!(found(Selector::Has(System::SEEN).not()), [2, 4, 6, 8, 10]);
        assert_eq!(found(Selector::Keyword(Keyword::new("$three").unwrap())), [3, 6, 9]);
        assert_eq!(found(Selector::Keyword(Keyword::new("other").unwrap())), [0; 0]);
        assert_eq!(found(Selector::Larger(900)), [10]);
        assert_eq!(found(Selector::Smaller(200)), [1]);
        assert_eq!(found(Selector::On(date(2026, 1, 4))), [4]);
        assert_eq!(found(Selector::Before(date(2026, 1, 3))), [1, 2]);
        assert_eq!(found(Selector::Since(date(2026, 1, 9))), [9, 10]);
        assert_eq!(found(Selector::Older(86_400)), [1, 2, 3, 4, 5]);
        assert_eq!(found(Selector::Older(86_401)), [1, 2, 3, 4]);
        assert_eq!(found(Selector::Younger(86_400)), [5, 6, 7, 8, 9, 10]);
        assert_eq!(found(Selector::Younger(86_399)), [6, 7, 8, 9, 10]);
        assert_eq!(found(Selector::Older(u32::MAX)), [0; 0]);
        assert_eq!(found(Selector::Messages(set("2:3,9:12"))), [2, 3, 9, 10]);
        assert_eq!(found(Selector::Uids(set("4,5,19:*"))), [2, 10]);
        assert_eq!(found(Selector::Recent), [0; 0]);
        assert_eq!(found(Selector::old_mail()).len(), 10);
        assert_eq!(found(Selector::Messages(set("$"))), [0; 0]);
        assert_eq!(found(Selector::ModSeq(1)).len(), 10);
        assert_eq!(found(Selector::ModSeq(2)), [0; 0]);
        assert_eq!(found(Selector::ModSeq(u64::MAX)), [0; 0]);
        let both = Selector::And(vec![Selector::Uids(set("1:9")), Selector::Messages(set("3:*"))]);
        assert_eq!(found(both), [3, 4]);
    }

    #[test]
    fn a_saved_result_is_a_set_like_others() {
        let (mailbox, saved) = (mailbox(10), [4, 6, 99].map(uid).into_iter().collect());
        let here = Scope::new(&mailbox, now()).with_saved(&saved);
        let found = |selector: Selector| selector.evaluate(here, &Answers::new());
        assert_eq!(found(Selector::Messages(set("$"))), [4, 6].map(uid));
        assert_eq!(found(Selector::Messages(set("1,$"))), [2, 4, 6].map(uid));
        assert_eq!(found(Selector::Uids(set("$,20"))), [4, 6, 20].map(uid));
        assert_eq!(found(Selector::Messages(set("$")).not()).len(), 8);
        assert_eq!(found(Selector::Messages(set("1"))), [uid(2)]);
        let both = Selector::And(vec![Selector::Messages(set("2:3")), Selector::Uids(set("$,7:*")).not()]);
        assert_eq!(both.fixed(here).to_string(), "(UID 4,6 NOT UID 4,6,8,10,12,14,16,18,20)");
        assert_eq!(Selector::Messages(set("11")).fixed(here), Selector::Or(Vec::new()));
        assert_eq!(Selector::Uids(set("7:*")).fixed(here), Selector::Uids(set("7:*")));
    }

    #[test]
    fn new_mail_is_recent_and_unseen() {
        let view =
            View::new(mailbox(10).into()).with_recent([6, 7, 8, 10, 12].map(uid).into_iter().collect());
        assert_eq!(Selector::new_mail().evaluate(Scope::of(&view, now()), &Answers::new()), [8, 12].map(uid));
        assert_eq!(
            Selector::Recent.evaluate(Scope::of(&view, now()), &Answers::new()),
            [6, 8, 10, 12].map(uid)
        );
    }

    #[test]
    fn only_the_undecided_are_asked_about() {
        let leaf = StoredLeaf::Subject("x".into());
        let stored = || Selector::Stored(leaf.clone());
        let mailbox = mailbox(10);
        let here = Scope::new(&mailbox, now());
        let few = Selector::And(vec![stored().not(), Selector::Larger(800)]);
        assert_eq!(few.candidates(here).to_string(), "18,20");
        let others = stored().or(Selector::Smaller(900));
        assert_eq!(others.candidates(here).to_string(), "18,20");
        assert!(Selector::Has(System::SEEN).candidates(here).is_empty());
        let answers = Answers::from([(leaf.clone(), UidSet::single(uid(18)))]);
        assert_eq!(few.evaluate(here, &answers), [uid(20)]);
        assert_eq!(others.evaluate(here, &answers).len(), 9);
    }

    fn selector() -> impl Strategy<Value = Selector> {
        let leaf = prop_oneof![
            Just(Selector::All),
            (0u8..32).prop_map(|bits| Selector::Has(System(bits))),
            (0u64..1200).prop_map(Selector::Larger),
            (1u32..12, 1u32..12).prop_map(|(a, b)| Selector::Messages(set(&format!("{a}:{b}")))),
            (1u32..24, 1u32..24).prop_map(|(a, b)| Selector::Uids(set(&format!("{a}:{b}")))),
            (0u8..4).prop_map(|n| Selector::Stored(StoredLeaf::Subject(n.to_string()))),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Selector::And),
                prop::collection::vec(inner.clone(), 0..4).prop_map(Selector::Or),
                inner.prop_map(Selector::not),
            ]
        })
    }

    /// Says the same of one message, slowly; leaf n of the stored ones selects the messages divisible by n + 2.
    fn is_selected(selector: &Selector, n: u32) -> bool {
        match selector {
            Selector::And(keys) => keys.iter().all(|key| is_selected(key, n)),
            Selector::Or(keys) => keys.iter().any(|key| is_selected(key, n)),
            Selector::Not(key) => !is_selected(key, n),
            Selector::Has(system) => (n % 32) as u8 & system.0 == system.0,
            Selector::Larger(octets) => u64::from(n) * 100 > *octets,
            Selector::Messages(set) => set.resolve(Msn::new(10)).contains(Msn::new(n).unwrap()),
            Selector::Uids(set) => set.resolve(Uid::new(20)).contains(uid(n * 2)),
            Selector::Stored(StoredLeaf::Subject(text)) => n.is_multiple_of(text.parse::<u32>().unwrap() + 2),
            _ => true,
        }
    }

    proptest! {
        #[test]
        fn trees_select_what_they_say(selector in selector()) {
            let mailbox = mailbox(10);
            let here = Scope::new(&mailbox, now());
            let candidates = selector.candidates(here);
            let answer = |leaf: StoredLeaf| {
                let key = Selector::Stored(leaf.clone());
                let selected = |uid: &Uid| is_selected(&key, uid.get() / 2);
                (leaf, candidates.iter().filter(selected).collect())
            };
            let answers: Answers = selector.stored_leaves().into_iter().map(answer).collect();
            let expected: Vec<u32> = (1..=10).filter(|n| is_selected(&selector, *n)).collect();
            prop_assert_eq!(found(&selector, &answers), expected);
        }
    }
}
