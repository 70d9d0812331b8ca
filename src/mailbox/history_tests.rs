//! Random histories of a mailbox: changes in any order end in the same snapshot, and clients are told the truth.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

/// One thing that happens to the mailbox, at the next mod-sequence.
#[derive(Debug, Clone)]
enum Event {
    Append(Vec<u8>),
    /// The flags of the messages at some places, counted modulo their number.
    Store(Vec<usize>, u8),
    Expunge(Vec<usize>),
    /// A run of neighbours, so that whole chunks go.
    ExpungeRun(usize, usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => prop::collection::vec(0u8..12, 1..7).prop_map(Event::Append),
        4 => (prop::collection::vec(0usize..40, 1..4), 0u8..12).prop_map(|(at, flags)| Event::Store(at, flags)),
        2 => prop::collection::vec(0usize..40, 1..4).prop_map(Event::Expunge),
        1 => (0usize..40, 1usize..20).prop_map(|(from, len)| Event::ExpungeRun(from, len)),
    ]
}

/// Twelve sets of flags, with and without keywords.
fn flags(number: u8) -> FlagSet {
    let keyword = match number / 4 {
        0 => None,
        1 => Keyword::new("$Junk"),
        _ => Keyword::new("work"),
    };
    FlagSet::new(System(number % 4), keyword)
}

/// A message at some time: when it came, when it was changed last, and its flags.
#[derive(Debug, Clone, PartialEq)]
struct State {
    created: u64,
    modseq: u64,
    flags: FlagSet,
}

/// The mailbox after each event, as the database would have it: index 0 is the empty mailbox.
struct History {
    states: Vec<BTreeMap<u32, State>>,
    expunged: Vec<(u64, u32)>,
}

const KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

impl History {
    fn new(events: &[Event]) -> History {
        let mut history = History { states: vec![BTreeMap::new()], expunged: Vec::new() };
        let mut uidnext = 1;
        for event in events {
            let modseq = history.states.len() as u64;
            let mut state = history.states[history.states.len() - 1].clone();
            let uids: Vec<u32> = state.keys().copied().collect();
            let at = |index: &usize| uids.get(index % uids.len().max(1)).copied();
            let gone: Vec<u32> = match event {
                Event::Append(messages) => {
                    for number in messages {
                        state.insert(uidnext, State { created: modseq, modseq, flags: flags(*number) });
                        uidnext += 1;
                    }
                    vec![]
                }
                Event::Store(places, number) => {
                    for uid in places.iter().filter_map(at) {
                        let message = state.get_mut(&uid).unwrap();
                        (message.modseq, message.flags) = (modseq, flags(*number));
                    }
                    vec![]
                }
                Event::Expunge(places) => places.iter().filter_map(at).collect(),
                Event::ExpungeRun(from, len) => uids.iter().skip(*from).take(*len).copied().collect(),
            };
            for uid in gone {
                if state.remove(&uid).is_some() {
                    history.expunged.push((modseq, uid));
                }
            }
            history.states.push(state);
        }
        history
    }

    fn last(&self) -> u64 {
        self.states.len() as u64 - 1
    }

    fn loaded(uid: u32, state: &State) -> Loaded {
        Loaded {
            uid: Uid::new(uid).unwrap(),
            message: MessageId(i64::from(uid) * 10),
            modseq: ModSeq(state.modseq),
            size: uid * 100,
            internal_date: InternalDate { seconds: i64::from(uid), zone_minutes: 60 },
            flags: state.flags.clone(),
        }
    }

    /// All that happened in `(after, upto]`.
    fn change(&self, after: u64, upto: u64) -> Change {
        let mut change = Change::new(KEY, ModSeq(after), ModSeq(upto));
        for (uid, state) in &self.states[upto as usize] {
            let loaded = Self::loaded(*uid, state);
            if state.created > after {
                change.appended.push(loaded);
            } else if state.modseq > after {
                let Loaded { uid, modseq, flags, .. } = loaded;
                change.flags.push(FlagChange { uid, modseq, flags });
            }
        }
        let gone = self.expunged.iter().filter(|(modseq, _)| (after + 1..=upto).contains(modseq));
        change.expunged = gone.map(|(_, uid)| Uid::new(*uid).unwrap()).collect();
        change
    }

    fn snapshot(&self, at: u64) -> Snapshot {
        let messages = self.states[at as usize].iter().map(|(uid, state)| Self::loaded(*uid, state));
        Snapshot::load(UidValidity::new(7).unwrap(), 1, ModSeq(at), messages)
    }

    /// The snapshot has what the history has, and its counts are right.
    fn check(&self, snapshot: &Snapshot) {
        let expected = &self.states[snapshot.highestmodseq.0 as usize];
        let found: Vec<Loaded> = snapshot.iter().map(|(_, entry)| snapshot.loaded(entry)).collect();
        let wanted: Vec<Loaded> = expected.iter().map(|(uid, state)| Self::loaded(*uid, state)).collect();
        assert_eq!(found, wanted);
        assert_eq!(snapshot.len() as usize, expected.len());
        let places = snapshot.places();
        assert!(places.iter().all(|place| !place.entries.is_empty()));
        let seen = |state: &State| state.flags.system.contains(System::SEEN);
        assert_eq!(snapshot.unseen() as usize, expected.values().filter(|state| !seen(state)).count());
        assert_eq!(snapshot.count_with(System::SEEN), snapshot.len() - snapshot.unseen());
        let flags = (0..5).map(|bit| System(1 << bit)).chain([System::SEEN.with(System::DELETED)]);
        for system in flags {
            let have = expected.iter().filter(|(_, state)| state.flags.system.contains(system));
            let have: UidSet = have.map(|(uid, _)| Uid::new(*uid).unwrap()).collect();
            assert_eq!(snapshot.uids_with(system), have);
        }
        let first_unseen = expected.values().position(|state| !seen(state));
        assert_eq!(snapshot.first_unseen().map(|msn| msn.get() as usize - 1), first_unseen);
        let mut keywords: Vec<Keyword> =
            expected.values().flat_map(|state| state.flags.keywords().to_vec()).collect();
        keywords.sort();
        keywords.dedup();
        assert_eq!(snapshot.keywords(), keywords);
        self.check_lookups(snapshot);
    }

    fn check_lookups(&self, snapshot: &Snapshot) {
        let expected = &self.states[snapshot.highestmodseq.0 as usize];
        let mut all = UidSet::new();
        for (position, uid) in expected.keys().enumerate() {
            let (uid, msn) = (Uid::new(*uid).unwrap(), Msn::new(position as u32 + 1).unwrap());
            assert_eq!(snapshot.uid_of(msn), Some(uid));
            assert_eq!(snapshot.msn_of(uid), Some(msn));
            all.insert(uid);
        }
        assert_eq!(snapshot.uids(), all);
        assert_eq!(snapshot.uids_at(&MsnSet::range(Msn::new(1).unwrap(), Msn::new(u32::MAX).unwrap())), all);
        assert_eq!(snapshot.get(Msn::new(snapshot.len() + 1).unwrap()), None);
        let (a, b) = (Uid::new(3).unwrap(), Uid::new(9).unwrap());
        let some = UidSet::range(a, b).union(&UidSet::single(Uid::MAX));
        assert_eq!(snapshot.uids_among(&some), all.intersection(&some));
        assert_eq!(u64::from(snapshot.count_in(&some)), all.intersection(&some).len());
        let gone = UidSet::range(Uid::MIN, Uid::MAX).difference(&all);
        assert!(gone.iter().take(20).all(|uid| snapshot.by_uid(uid).is_none()));
        let text = |entry: &Entry| String::from_utf8(snapshot.flags_text(entry.flags).to_vec()).unwrap();
        assert!(
            snapshot.iter().all(|(_, entry)| text(entry) == format!("({})", snapshot.flags(entry.flags)))
        );
        let system = |entry: &Entry| snapshot.flags(entry.flags).system;
        assert!(snapshot.iter().all(|(_, entry)| entry.system == system(entry)));
    }
}

/// What a client believes, from nothing but what it was told.
#[derive(Debug, Default)]
struct Client {
    /// The text of the flags, where they were ever told.
    flags: Vec<Option<String>>,
    recent: u32,
}

impl Client {
    fn hear(&mut self, view: &View, updates: &[Update], may_expunge: bool) {
        for update in updates {
            match update {
                Update::Expunged { msn, .. } => {
                    assert!(may_expunge, "an expunge must wait");
                    self.flags.remove(msn.get() as usize - 1);
                }
                Update::Exists(count) => {
                    assert!(*count as usize > self.flags.len(), "EXISTS only ever adds");
                    self.flags.resize(*count as usize, None);
                }
                Update::Recent(count) => self.recent = *count,
                // The client believes it already.
                Update::ModSeq { msn, uid } => assert_eq!(view.uid_of(*msn), Some(*uid)),
                Update::Flags { msn, uid } => {
                    let entry = view.get(*msn).unwrap();
                    assert_eq!(entry.uid, *uid);
                    let mut text = Vec::new();
                    view.write_flags(&mut text, entry);
                    self.flags[msn.get() as usize - 1] = Some(String::from_utf8(text).unwrap());
                }
            }
        }
        // The client fetches the flags of what it does not know, in its own numbering.
        assert_eq!(self.flags.len() as u32, view.told_len());
        for (position, flags) in self.flags.iter_mut().enumerate() {
            let entry = view.get(Msn::new(position as u32 + 1).unwrap()).unwrap();
            flags.get_or_insert_with(|| {
                let mut text = Vec::new();
                view.write_flags(&mut text, entry);
                String::from_utf8(text).unwrap()
            });
        }
    }

    /// The client knows exactly what is there.
    fn check(&self, view: &View, current: &Snapshot) {
        assert_eq!(view.told().uids(), current.uids());
        let told: Vec<String> = self.flags.iter().map(|flags| flags.clone().unwrap()).collect();
        let expected: Vec<String> = current
            .iter()
            .map(|(_, entry)| {
                let flags = current.flags(entry.flags).to_string();
                let recent = if view.recent().contains(entry.uid) { "\\Recent" } else { "" };
                format!("({})", [flags.as_str(), recent].join(" ").trim())
            })
            .collect();
        assert_eq!(told, expected);
        assert_eq!(self.recent, current.count_in(view.recent()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn changes_in_any_order_end_in_the_same_snapshot(
        events in prop::collection::vec(event(), 1..40),
        start in 0usize..40,
        deliveries in prop::collection::vec((0usize..41, 0usize..41), 0..60),
    ) {
        let history = History::new(&events);
        let last = history.last();
        let start = start as u64 % (last + 1);
        let shared = Shared::new(KEY, history.snapshot(start));
        for (a, b) in deliveries {
            let (a, b) = (a as u64 % (last + 1), b as u64 % (last + 1));
            let mut change = history.change(a.min(b), a.max(b));
            // To whom does not know it, a change without its flags is none.
            if (a + b) % 3 == 0 {
                change.abridge();
            }
            let known = shared.current().highestmodseq;
            match shared.apply(&change) {
                Applied::Done(newest) => prop_assert_eq!(newest.highestmodseq, change.modseq),
                Applied::Already => prop_assert!(known >= change.modseq),
                Applied::Gap(since) => {
                    prop_assert!(since == known && (known < change.after || change.is_abridged));
                    let caught_up = history.change(since.0, change.modseq.0);
                    prop_assert!(matches!(shared.apply(&caught_up), Applied::Done(_)));
                }
            }
            history.check(&shared.current());
        }
        shared.apply(&history.change(shared.current().highestmodseq.0, last));
        history.check(&shared.current());
    }

    #[test]
    fn a_client_is_told_the_truth(
        events in prop::collection::vec(event(), 1..60),
        start in 0usize..20,
        calls in prop::collection::vec((1u64..4, any::<bool>(), any::<bool>()), 1..40),
    ) {
        let history = History::new(&events);
        let last = history.last();
        let start = start as u64 % (last + 1);
        let shared = Shared::new(KEY, history.snapshot(start));
        let mut view = View::new(shared.current());
        let mut client = Client::default();
        client.flags.resize(view.told_len() as usize, None);
        client.hear(&view, &[], false);
        let mut at = start;
        for (step, may_expunge, recent) in calls {
            let next = (at + step).min(last);
            let change = history.change(at, next);
            if recent {
                view.add_recent(&change.appended.iter().map(|message| message.uid).collect());
            }
            shared.apply(&change);
            at = next;
            let updates = view.sync(shared.current(), may_expunge);
            client.hear(&view, &updates, may_expunge);
            if may_expunge {
                prop_assert!(Arc::ptr_eq(view.told(), &shared.current()), "up to date costs no memory");
                client.check(&view, &shared.current());
            }
        }
        let updates = view.sync(shared.current(), true);
        client.hear(&view, &updates, true);
        client.check(&view, &shared.current());
        prop_assert_eq!(view.sync(shared.current(), true), vec![]);
    }

    #[test]
    fn a_silent_store_hides_no_other_writer(
        before in prop::collection::vec(0u8..12, 1..12),
        others in prop::collection::vec((0usize..12, 0u8..12), 0..6),
        ours in prop::collection::vec((0usize..12, any::<bool>(), 0u8..12), 1..6),
        ours_first in any::<bool>(),
    ) {
        let shared = Shared::new(KEY, History::new(&[Event::Append(before.clone())]).snapshot(1));
        let mut view = View::new(shared.current());
        let mut client = Client::default();
        client.flags.resize(view.told_len() as usize, None);
        client.hear(&view, &[], false);
        let others_store = || others.iter().for_each(|(at, number)| {
            store(&shared, at % before.len(), |_| flags(*number));
        });
        if !ours_first {
            others_store();
        }
        for (at, add, number) in &ours {
            let at = at % before.len();
            let result = |old: &FlagSet| match add {
                true => old.union(&flags(*number)),
                false => old.difference(&flags(*number)),
            };
            store(&shared, at, result);
            view.silence(&UidSet::single(Uid::new(at as u32 + 1).unwrap()), None, result);
            let known = client.flags[at].clone().unwrap();
            let known = known.trim_matches(['(', ')']).split_whitespace().map(flag_of).collect::<FlagSet>();
            client.flags[at] = Some(format!("({})", result(&known)));
        }
        if ours_first {
            others_store();
        }
        let updates = view.sync(shared.current(), true);
        let is_silent = updates.iter().all(|update| matches!(update, Update::ModSeq { .. }));
        prop_assert!(!others.is_empty() || is_silent);
        client.hear(&view, &updates, true);
        client.check(&view, &shared.current());
    }

    #[test]
    fn what_was_read_while_others_wrote_does_no_harm(
        events in prop::collection::vec(event(), 1..40),
        reads in prop::collection::vec((0usize..5, 0usize..3, 0usize..3, 0usize..3, any::<bool>()), 1..20),
    ) {
        // A reader asks for the modseq first and for the rows later, one statement after the other: they may be newer.
        let history = History::new(&events);
        let last = history.last();
        let shared = Shared::new(KEY, history.snapshot(0));
        let mut view = View::new(shared.current());
        let mut client = Client::default();
        for (step, appended, flags, expunged, may_expunge) in reads {
            let current = shared.current();
            let since = current.highestmodseq.0;
            let mut change = history.change(since, (since + step as u64).min(last));
            let mut seen = change.modseq.0;
            let mut later = |steps: usize| {
                seen = (seen + steps as u64).min(last);
                history.change(since, seen)
            };
            change.appended = later(appended).appended;
            change.flags = later(flags).flags;
            change.expunged = later(expunged).expunged;
            shared.apply(&change);
            for (_, entry) in shared.current().iter() {
                let before = current.by_uid(entry.uid);
                prop_assert!(before.is_none_or(|(_, before)| before.modseq <= entry.modseq), "newer flags win");
            }
            let updates = view.sync(shared.current(), may_expunge);
            client.hear(&view, &updates, may_expunge);
        }
        shared.apply(&history.change(shared.current().highestmodseq.0, last));
        history.check(&shared.current());
        let updates = view.sync(shared.current(), true);
        client.hear(&view, &updates, true);
        client.check(&view, &shared.current());
    }
}

/// Changes the flags of the message at a place in a mailbox from which none was expunged.
fn store(shared: &Shared, at: usize, result: impl Fn(&FlagSet) -> FlagSet) {
    let current = shared.current();
    let modseq = ModSeq(current.highestmodseq.0 + 1);
    let (_, entry) = current.by_uid(Uid::new(at as u32 + 1).unwrap()).unwrap();
    let flags = result(current.flags(entry.flags));
    let mut change = Change::new(KEY, current.highestmodseq, modseq);
    change.flags.push(FlagChange { uid: entry.uid, modseq, flags });
    shared.apply(&change);
}

fn flag_of(name: &str) -> Flag {
    match System::NAMES.iter().find(|(_, system)| *system == name) {
        Some((system, _)) => Flag::System(*system),
        None => Flag::Keyword(Keyword::new(name).unwrap()),
    }
}

/// The messages with these uids, all without flags.
fn messages(uids: std::ops::RangeInclusive<u32>) -> impl Iterator<Item = Loaded> {
    uids.map(|uid| History::loaded(uid, &State { created: 1, modseq: 1, flags: flags(0) }))
}

fn shared_of(count: u32) -> Shared {
    let snapshot = Snapshot::load(UidValidity::new(1).unwrap(), 1, ModSeq(1), messages(1..=count));
    Shared::new(KEY, snapshot)
}

fn expunged((msn, uid): (u32, u32)) -> Update {
    Update::Expunged { msn: Msn::new(msn).unwrap(), uid: Uid::new(uid).unwrap() }
}

#[test]
fn expunges_are_numbered_one_after_the_other() {
    // The example of RFC 9051 §6.4.3: the messages 3, 4, 7 and 11 go.
    let shared = shared_of(11);
    let mut view = View::new(shared.current());
    let mut change = Change::new(KEY, ModSeq(1), ModSeq(2));
    change.expunged = [3, 4, 7, 11].map(|uid| Uid::new(uid).unwrap()).into_iter().collect();
    shared.apply(&change);
    let updates = view.sync(shared.current(), true);
    let expected = [(3, 3), (3, 4), (5, 7), (8, 11)].map(expunged);
    assert_eq!(updates, expected);
}

#[test]
fn a_withheld_message_keeps_its_place_while_others_come() {
    let shared = shared_of(3);
    let mut view = View::new(shared.current());
    let mut change = Change::new(KEY, ModSeq(1), ModSeq(2));
    change.expunged = UidSet::single(Uid::new(2).unwrap());
    change.appended.extend(messages(4..=4));
    shared.apply(&change);
    assert_eq!(view.sync(shared.current(), false), [Update::Exists(4)]);
    assert_eq!(view.uid_of(Msn::new(2).unwrap()), Uid::new(2));
    assert_eq!(view.sync(shared.current(), true), [expunged((2, 2))]);
    assert_eq!(view.uid_of(Msn::new(3).unwrap()), Uid::new(4));
}

#[test]
fn the_answer_to_a_store_is_told_though_nothing_changed() {
    let shared = shared_of(3);
    let mut view = View::new(shared.current());
    let uid = Uid::new(2).unwrap();
    view.tell_flags(&UidSet::single(uid));
    assert_eq!(view.sync(shared.current(), false), [Update::Flags { msn: Msn::new(2).unwrap(), uid }]);
    assert_eq!(view.sync(shared.current(), false), []);
}

#[test]
fn sequence_numbers_out_of_range_are_the_clients_mistake() {
    let view = View::new(shared_of(3).current());
    let messages = |set: &str| view.messages(&set.parse().unwrap()).map(|uids| uids.to_string());
    assert_eq!(messages("2:*"), Ok("2:3".into()));
    assert_eq!(messages("4:*"), Ok("3".into()));
    assert_eq!(messages("*"), Ok("3".into()));
    assert!(messages("2:4").is_err());
    assert!(messages("4").is_err());
    assert_eq!(view.uids(&"2:9,12".parse().unwrap()).to_string(), "2:3");
    let empty = View::new(shared_of(0).current());
    assert_eq!(empty.messages(&SequenceSet::all()).map(|uids| uids.is_empty()), Ok(true));
    assert!(empty.messages(&"1".parse().unwrap()).is_err());
}

#[test]
fn an_older_snapshot_is_not_told() {
    let shared = shared_of(3);
    let old = shared.current();
    let mut change = Change::new(KEY, ModSeq(1), ModSeq(2));
    change.appended.extend(messages(4..=4));
    shared.apply(&change);
    let mut view = View::new(shared.current());
    assert_eq!(view.sync(old, true), []);
    assert_eq!(view.told_len(), 4);
}

#[test]
fn numbers_of_unused_flag_sets_are_used_again() {
    let shared = shared_of(1);
    for modseq in 2..2000 {
        let mut change = Change::new(KEY, ModSeq(modseq - 1), ModSeq(modseq));
        let flags = FlagSet::new(System::SEEN, Keyword::new(&format!("k{modseq}")));
        let uid = Uid::MIN;
        change.flags.push(FlagChange { uid, modseq: ModSeq(modseq), flags });
        shared.apply(&change);
    }
    let current = shared.current();
    let (_, entry) = current.by_uid(Uid::MIN).unwrap();
    assert_eq!(current.flags_text(entry.flags), b"(\\Seen k1999)");
    assert!(entry.flags.0 < 200, "the table stays small");
    assert_eq!(current.keywords().len(), 1);
}

#[test]
fn an_entry_is_forty_octets() {
    assert_eq!(size_of::<Entry>(), 40);
}
