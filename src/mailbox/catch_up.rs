//! When a mailbox must be read: what has been mentioned of it, against what is known of it.

use super::ids::ModSeq;

/// What a process has heard of one mailbox and not yet seen in what it knows.
///
/// Whoever has changed a mailbox mentions how far it has come, after the commit. What is mentioned and not known is
/// read. A read that begins after something was mentioned answers it, whatever it finds: a mention that the database
/// does not bear out was of another incarnation, or never true. What is mentioned during a read may have come too late
/// for it, and stays until it is known or another read has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CatchUp {
    /// The furthest that was mentioned since the last read began.
    mentioned: ModSeq,
    /// While a read is under way, the furthest that was mentioned before it: it will be answered, unless the read fails.
    reading: Option<ModSeq>,
}

impl CatchUp {
    /// Somebody says that the mailbox has come this far.
    pub fn mention(&mut self, modseq: ModSeq) {
        self.mentioned = self.mentioned.max(modseq);
    }

    /// Whether a read is to begin now, and if so, it begins. `known` is None for a mailbox of which nothing is known.
    pub fn begin(&mut self, known: Option<ModSeq>) -> bool {
        if self.reading.is_some() || known.is_some_and(|known| self.is_settled(known)) {
            return false;
        }
        self.reading = Some(std::mem::take(&mut self.mentioned));
        true
    }

    /// The read has ended, and what it found is known.
    pub fn end(&mut self) {
        self.reading = None;
    }

    /// The read has failed: what it should have answered is open still.
    pub fn fail(&mut self) {
        let asked = self.reading.take().unwrap_or_default();
        self.mention(asked);
    }

    /// Whether everything that was mentioned is known, and nothing is on its way.
    pub fn is_settled(&self, known: ModSeq) -> bool {
        self.reading.is_none() && self.mentioned <= known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What may happen next. Numbers choose among what is under way, and are taken modulo how much that is.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        /// A session or a delivery of this host commits.
        CommitsHere,
        /// Another host commits.
        CommitsElsewhere,
        /// The registry hears of one of the commits of this host, in any order.
        HearsChange(usize),
        /// The registry hears a signal of another host.
        HearsSignal(usize),
        /// A signal of another host is lost; the listener will say that it has reconnected.
        LosesSignal(usize),
        /// The registry hears that the listener has reconnected, and asks how far the mailbox has come.
        HearsReconnected,
        /// The answer to that comes.
        HearsCompared(usize),
        /// PostgreSQL takes the snapshot of the read that is under way.
        ReadsNow,
        /// The answer of the read comes; if PostgreSQL had not got to it, it does so now.
        HearsRead,
        /// The read fails.
        FailsToRead,
        /// Somebody mentions what never was.
        HearsOfAnotherIncarnation(u64),
        /// Somebody opens the mailbox, and has seen how far it has come.
        Opens,
    }

    /// A mailbox, a registry that follows it, and everything that is on its way between them.
    #[derive(Default)]
    struct World {
        truth: u64,
        catch_up: CatchUp,
        known: Option<u64>,
        /// Commits of this host that the registry will hear of, with what they did.
        changes: Vec<u64>,
        signals: Vec<u64>,
        lost: bool,
        compared: Vec<u64>,
        /// A read that is under way, with what PostgreSQL found once it has looked.
        read: Option<Option<u64>>,
        reads: usize,
    }

    fn take(list: &mut Vec<u64>, which: usize) -> Option<u64> {
        if list.is_empty() { None } else { Some(list.swap_remove(which % list.len())) }
    }

    impl World {
        fn happens(&mut self, event: Event) {
            match event {
                Event::CommitsHere => {
                    self.truth += 1;
                    self.changes.push(self.truth);
                }
                Event::CommitsElsewhere => {
                    self.truth += 1;
                    self.signals.push(self.truth);
                }
                Event::HearsChange(which) => {
                    if let Some(change) = take(&mut self.changes, which) {
                        // What follows directly on what is known need not be read.
                        self.known = self.known.map(|known| if known + 1 == change { change } else { known });
                        self.mention(change);
                    }
                }
                Event::HearsSignal(which) => {
                    if let Some(signal) = take(&mut self.signals, which) {
                        self.mention(signal);
                    }
                }
                Event::LosesSignal(which) => self.lost |= take(&mut self.signals, which).is_some(),
                Event::HearsReconnected => {
                    self.lost = false;
                    self.compared.push(self.truth);
                }
                Event::HearsCompared(which) => {
                    if let Some(modseq) = take(&mut self.compared, which) {
                        self.mention(modseq);
                    }
                }
                Event::ReadsNow => {
                    self.read = self.read.map(|found| found.or(Some(self.truth)));
                }
                Event::HearsRead => {
                    if let Some(found) = self.read.take() {
                        let found = found.unwrap_or(self.truth);
                        self.known = Some(self.known.unwrap_or_default().max(found));
                        self.catch_up.end();
                        self.settle();
                    }
                }
                Event::FailsToRead => {
                    if self.read.take().is_some() {
                        // Nobody tries again at once: whoever waits hears of it, and the next mention reads again.
                        self.catch_up.fail();
                        self.lost = true;
                    }
                }
                Event::HearsOfAnotherIncarnation(ahead) => self.mention(self.truth + ahead),
                Event::Opens => self.mention(self.truth),
            }
        }

        fn mention(&mut self, modseq: u64) {
            self.catch_up.mention(ModSeq(modseq));
            self.settle();
        }

        fn settle(&mut self) {
            if self.catch_up.begin(self.known.map(ModSeq)) {
                assert!(self.read.replace(None).is_none(), "one read at a time");
                self.reads += 1;
            }
        }

        /// Everything that is on its way arrives, and the listener makes good what was lost.
        fn comes_to_rest(&mut self) {
            // A look at the mailbox would mend everything, so it may happen only where nobody has had one.
            if self.known.is_none() {
                self.happens(Event::Opens);
            }
            if self.lost {
                self.happens(Event::HearsReconnected);
            }
            let mut steps = 0;
            let all = |w: &World| w.changes.len() + w.signals.len() + w.compared.len();
            while all(self) > 0 || self.read.is_some() {
                for event in [Event::HearsChange(0), Event::HearsSignal(0), Event::HearsCompared(0)] {
                    self.happens(event);
                }
                self.happens(Event::HearsRead);
                steps += 1;
                assert!(steps < 1000, "the mailbox is read again and again");
            }
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        let any = 0usize..8;
        prop_oneof![
            3 => Just(Event::CommitsHere),
            2 => Just(Event::CommitsElsewhere),
            3 => any.clone().prop_map(Event::HearsChange),
            2 => any.clone().prop_map(Event::HearsSignal),
            1 => any.clone().prop_map(Event::LosesSignal),
            1 => Just(Event::HearsReconnected),
            1 => any.prop_map(Event::HearsCompared),
            2 => Just(Event::ReadsNow),
            2 => Just(Event::HearsRead),
            1 => Just(Event::FailsToRead),
            1 => (1u64..100).prop_map(Event::HearsOfAnotherIncarnation),
            1 => Just(Event::Opens),
        ]
    }

    /// Whatever has happened: once all is heard, everything is known, and nothing is read without need.
    fn check(events: &[Event]) {
        let mut world = World::default();
        for &event in events {
            world.happens(event);
        }
        world.comes_to_rest();
        let known = world.known.expect("it was opened");
        assert_eq!(known, world.truth, "something stayed unheard after {events:?}");
        assert!(world.catch_up.is_settled(ModSeq(known)));
        // Each event can cause one read more, and so can what comes to rest.
        assert!(world.reads <= 2 * events.len() + 4, "{} reads after {events:?}", world.reads);
    }

    #[test]
    fn every_order_of_few_events_leaves_nothing_unheard() {
        let events = [
            Event::CommitsHere,
            Event::CommitsElsewhere,
            Event::HearsChange(0),
            Event::HearsSignal(0),
            Event::ReadsNow,
            Event::HearsRead,
            Event::FailsToRead,
            Event::HearsOfAnotherIncarnation(9),
            Event::Opens,
        ];
        let mut orders: Vec<Vec<Event>> = vec![Vec::new()];
        for _ in 0..5 {
            let longer = |order: &Vec<Event>| -> Vec<Vec<Event>> {
                events.iter().map(|&event| [&order[..], &[event]].concat()).collect()
            };
            orders = orders.iter().flat_map(longer).collect();
            orders.iter().for_each(|order| check(order));
        }
    }

    #[test]
    fn a_delivery_that_is_mentioned_during_a_read_is_not_lost_to_a_mention_of_another_incarnation() {
        let mut catch_up = CatchUp::default();
        catch_up.mention(ModSeq(100));
        assert!(catch_up.begin(Some(ModSeq(4))));
        catch_up.mention(ModSeq(6));
        catch_up.end();
        assert!(catch_up.begin(Some(ModSeq(5))), "the read found 5, and 6 came too late for it");
        catch_up.end();
        assert!(catch_up.is_settled(ModSeq(6)));
        assert!(!catch_up.begin(Some(ModSeq(6))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn any_course_of_events_leaves_nothing_unheard(events in proptest::collection::vec(event(), 0..60)) {
            check(&events);
        }
    }
}
