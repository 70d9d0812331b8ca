//! A client that comes and goes has the same picture as one that stayed, whatever has happened and been vacuumed
//! meanwhile (RFC 7162 §3.2).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::command::{fetch, select::Resync};
use super::selected::{Selected, Step};
use super::{Answer, Enabled, Heeds, OnMailbox, Opening, SelectedCommand};
use crate::mailbox::{
    AccountId, Change, FlagChange, FlagSet, InternalDate, Keyword, Loaded, MailboxId, MailboxKey,
    MailboxName, MessageId, ModSeq, SequenceSet, Shared, Snapshot, System, Uid, UidSet, UidValidity,
};
use crate::plan::{self, Plan};
use crate::policy::{Standing, Viewer};

#[derive(Debug, Clone)]
enum Event {
    /// Somebody else brings messages.
    Append(Vec<u8>),
    /// Somebody else changes the flags of the messages at some places.
    Store(Vec<usize>, u8),
    Expunge(Vec<usize>),
    /// The oldest tombstones are ended.
    Vacuum(usize),
    Noop,
    /// By number: expunges are not told.
    Fetch,
    /// By uid: they are.
    UidFetch,
    GoAway,
    ComeBack,
}

fn event() -> impl Strategy<Value = Event> {
    let places = || prop::collection::vec(0usize..30, 1..5);
    prop_oneof![
        3 => prop::collection::vec(0u8..8, 1..4).prop_map(Event::Append),
        4 => (places(), 0u8..8).prop_map(|(places, flags)| Event::Store(places, flags)),
        4 => places().prop_map(Event::Expunge),
        1 => (1usize..6).prop_map(Event::Vacuum),
        2 => Just(Event::Noop),
        2 => Just(Event::Fetch),
        2 => Just(Event::UidFetch),
        3 => Just(Event::GoAway),
        3 => Just(Event::ComeBack),
    ]
}

fn flags(number: u8) -> FlagSet {
    FlagSet::new(System(number % 4), if number > 3 { Keyword::new("work") } else { None })
}

const KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

/// The mailbox as everybody has it, and what is known of what was expunged.
struct World {
    shared: Shared,
    tombstones: Vec<(Uid, ModSeq)>,
}

impl World {
    fn new() -> World {
        let snapshot = Snapshot::load(UidValidity::new(7).unwrap(), 1, ModSeq(1), []);
        World { shared: Shared::new(KEY, snapshot), tombstones: Vec::new() }
    }

    fn uids(&self, places: &[usize]) -> UidSet {
        let all: Vec<Uid> = self.shared.current().uids().iter().collect();
        places.iter().filter_map(|place| all.get(place % all.len().max(1)).copied()).collect()
    }

    /// Others change something.
    fn happens(&mut self, event: &Event) {
        let current = self.shared.current();
        let now = ModSeq(current.highestmodseq.0 + 1);
        let mut change = Change::new(KEY, current.highestmodseq, now);
        match event {
            Event::Append(messages) => {
                for (uid, number) in (current.uidnext as u32..).zip(messages) {
                    change.appended.push(loaded(uid, now, flags(*number)));
                }
            }
            Event::Store(places, number) => {
                let changes = self.uids(places);
                let changes =
                    changes.iter().map(|uid| FlagChange { uid, modseq: now, flags: flags(*number) });
                change.flags.extend(changes);
            }
            Event::Expunge(places) => {
                change.expunged = self.uids(places);
                self.tombstones.extend(change.expunged.iter().map(|uid| (uid, now)));
            }
            Event::Vacuum(count) => drop(self.tombstones.drain(..(*count).min(self.tombstones.len()))),
            _ => return,
        }
        if !change.is_empty() {
            self.shared.apply(&change);
        }
    }

    fn earlier(&self, until: ModSeq) -> UidSet {
        self.tombstones.iter().filter(|(_, modseq)| *modseq <= until).map(|(uid, _)| *uid).collect()
    }

    fn picture(&self) -> BTreeMap<u32, String> {
        let current = self.shared.current();
        let text = |flags| format!("({})", current.flags(flags));
        current.iter().map(|(_, entry)| (entry.uid.get(), text(entry.flags))).collect()
    }
}

fn loaded(uid: u32, modseq: ModSeq, flags: FlagSet) -> Loaded {
    Loaded {
        uid: Uid::new(uid).unwrap(),
        message: MessageId(i64::from(uid)),
        modseq,
        size: 1,
        internal_date: InternalDate { seconds: 0, zone_minutes: 0 },
        flags,
    }
}

/// What a client keeps between its visits, and what it has open.
#[derive(Default)]
struct Client {
    cache: BTreeMap<u32, String>,
    /// It knows all changes up to this one.
    known: u64,
    /// The greatest mod-sequence that it has heard since the last command ended, and the HIGHESTMODSEQ if it was told one.
    heard: (u64, Option<u64>),
    exists: u32,
    /// It has asked for all messages up to this uid; of later ones it may have heard a change.
    learned: u32,
    selected: Option<Selected>,
}

impl Client {
    fn come_back(&mut self, world: &World) {
        if self.selected.is_some() {
            return;
        }
        let current = world.shared.current();
        let uidvalidity = current.uidvalidity;
        let since = ModSeq(self.known);
        let resync = Resync { uidvalidity, since, known: None, by_place: false };
        let resync = (self.known > 0).then_some(resync);
        let enabled = Enabled { condstore: true, qresync: true, ..Enabled::default() };
        let opening = Opening {
            tag: "a".into(),
            key: KEY,
            name: MailboxName::inbox(),
            written: "INBOX".into(),
            uidvalidity,
            highestmodseq: current.highestmodseq,
            first_recent_uid: 1,
            read_only: false,
            viewer: Viewer::new(KEY.account),
            standing: Standing::owner(),
            acting: KEY.account,
            client: None,
            enabled,
            heeds: Heeds::default(),
            resync: resync.clone(),
            annotate: false,
        };
        let (selected, answer) = Selected::open(opening, world.shared.clone(), UidSet::new());
        self.selected = Some(selected);
        self.hear(&answer.untagged);
        match resync {
            Some(resync) => self.say(true, OnMailbox::Resync(resync), world, since),
            None => self.learn(world),
        }
        self.has_learned();
        assert_eq!(self.cache.len() as u32, self.exists, "after SELECT a client knows all messages");
    }

    fn say(&mut self, uid: bool, command: OnMailbox, world: &World, since: ModSeq) {
        let mut selected = self.selected.take().expect("a mailbox is open");
        let enabled = selected.enabled;
        let now = jiff::Timestamp::UNIX_EPOCH;
        let step = selected.execute(SelectedCommand {
            tag: "a".into(),
            uid,
            command,
            now,
            enabled,
            limit: Default::default(),
        });
        let answer = carry_out(step, &mut selected, |octets| self.hear(&octets), &world.earlier(since));
        self.selected = Some(selected);
        self.hear(&answer.untagged);
        assert!(answer.tagged.starts_with(b"a OK"), "{}", String::from_utf8_lossy(&answer.tagged));
        self.hear([b"*", &answer.tagged[1..]].concat().as_slice());
        self.has_come_to_an_end();
    }

    /// RFC 7162 §6: a client that knows all messages goes by the greatest mod-sequence, unless it is told another one.
    fn has_come_to_an_end(&mut self) {
        let (greatest, told) = std::mem::take(&mut self.heard);
        if self.cache.len() as u32 == self.exists {
            self.known = told.unwrap_or(self.known.max(greatest));
        }
    }

    /// Fetches what it has not asked for yet.
    fn learn(&mut self, world: &World) {
        self.fetch(true, &format!(" {}:* (FLAGS)", self.learned + 1), world);
        self.has_learned();
    }

    fn has_learned(&mut self) {
        self.learned = self.cache.keys().last().copied().unwrap_or(0);
    }

    fn fetch(&mut self, uid: bool, arguments: &str, world: &World) {
        let (_, fetch) = fetch::parse(arguments.as_bytes()).expect("it is FETCH");
        self.say(uid, OnMailbox::Fetch(fetch), world, ModSeq(0));
    }

    fn hear(&mut self, said: &[u8]) {
        for line in String::from_utf8(said.to_vec()).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["*", count, "EXISTS"] => self.exists = count.parse().unwrap(),
                ["*", "VANISHED", "(EARLIER)", set] => drop(self.forget(set)),
                ["*", "VANISHED", set] => self.exists -= self.forget(set),
                ["*", "OK", "[HIGHESTMODSEQ", number, ..] => {
                    self.heard.1 = Some(number.trim_end_matches(']').parse().unwrap());
                }
                ["*", "OK", ..] | ["*", _, "RECENT"] => {}
                ["*", _, "FETCH", ..] => self.hear_fetch(line),
                _ => assert!(line.contains("FLAGS"), "{line}"),
            }
        }
    }

    /// Forgets these messages, and says how many they are.
    fn forget(&mut self, set: &str) -> u32 {
        let set: UidSet = set.parse::<SequenceSet>().unwrap().resolve(None);
        set.iter().for_each(|uid| drop(self.cache.remove(&uid.get())));
        set.len() as u32
    }

    fn hear_fetch(&mut self, line: &str) {
        let between = |from: &str, to: &str| line.split(from).nth(1).unwrap().split(to).next().unwrap();
        let uid = between("(UID ", " ").parse().unwrap();
        self.heard.0 = self.heard.0.max(between("MODSEQ (", ")").parse().unwrap());
        if line.contains("FLAGS (") {
            self.cache.insert(uid, format!("({})", between("FLAGS (", ")")));
        }
    }
}

fn carry_out(
    mut step: Step,
    selected: &mut Selected,
    mut hear: impl FnMut(Vec<u8>),
    earlier: &UidSet,
) -> Answer {
    loop {
        step = match step {
            Plan::Done(answer) => return answer,
            Plan::Run(plan::Step { unit, then }) => {
                assert!(unit.name().ends_with("ReadEarlierExpunges"), "{}", unit.name());
                then(Ok(Box::new(earlier.clone())), selected)
            }
            Plan::Emit(octets, next) => {
                hear(octets);
                next(selected)
            }
            Plan::Overlap(..) | Plan::Compute(..) | Plan::Progress(..) => panic!("flags are in memory"),
        };
    }
}

fn check(events: &[Event]) {
    let mut world = World::new();
    let mut client = Client::default();
    for event in events {
        world.happens(event);
        match event {
            Event::GoAway => client.selected = None,
            Event::ComeBack => client.come_back(&world),
            _ if client.selected.is_none() => {}
            Event::Noop => client.say(false, OnMailbox::Noop, &world, ModSeq(0)),
            Event::UidFetch => client.fetch(true, " 1:* (FLAGS)", &world),
            Event::Fetch if client.exists > 0 => client.fetch(false, " 1:* (FLAGS)", &world),
            _ => {}
        }
        if matches!(event, Event::Noop | Event::UidFetch) && client.selected.is_some() {
            client.learn(&world);
        }
    }
    client.selected = None;
    client.come_back(&world);
    assert_eq!(client.cache, world.picture());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn who_comes_back_sees_what_is_there(events in prop::collection::vec(event(), 0..40)) {
        check(&events);
    }
}
