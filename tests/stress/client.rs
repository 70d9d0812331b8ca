//! One client: it does what a random number says, and checks what it is told.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::MAILBOXES;
use super::ledger::Ledger;
use super::resync::{Memory, opened_at};
use super::view::{Known, Told, View, uid_set};
use crate::fuzz::engine::Random;
use crate::fuzz::reply::{self, Value};
use crate::support::Imap;

pub struct Client<'a> {
    number: usize,
    /// Which of the servers it is connected to.
    host: usize,
    pub(super) kind: Kind,
    imap: Imap,
    pub(super) ledger: &'a Ledger,
    random: Random,
    pub(super) view: Option<View>,
    /// How far the open mailbox had come when it was opened, and its uidvalidity.
    pub(super) opened_at: Option<(u64, u64)>,
    /// What a client with QRESYNC knows of mailboxes that it had open.
    pub(super) memories: HashMap<String, Memory>,
    /// The last mod-sequence of each message, by mailbox and uid.
    modseqs: HashMap<(String, u32), u64>,
    /// Counted up with each SELECT: \Recent belongs to a session.
    session: usize,
    appended: u32,
    /// What was said and heard last, for the report.
    recently: Vec<String>,
}

/// How a client wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Condstore,
    Qresync,
}

/// What a command came to.
pub(super) struct Heard {
    pub ok: bool,
    pub tagged: String,
    /// Untagged responses, behind their `* `.
    pub untagged: Vec<Vec<Value>>,
}

impl<'a> Client<'a> {
    /// A client that has logged in at the server `host`.
    pub fn new(number: usize, host: usize, mut imap: Imap, ledger: &'a Ledger, random: Random) -> Client<'a> {
        let kind = [Kind::Plain, Kind::Condstore, Kind::Qresync][number % 3];
        if kind != Kind::Plain {
            imap.ok(&format!("ENABLE {kind:?}")).expect("ENABLE");
        }
        let (view, opened_at, recently) = (None, None, Vec::new());
        let (memories, modseqs) = (HashMap::new(), HashMap::new());
        let (session, appended) = (0, 0);
        Client {
            number,
            host,
            kind,
            imap,
            ledger,
            random,
            view,
            opened_at,
            memories,
            modseqs,
            session,
            appended,
            recently,
        }
    }

    /// Goes on until then.
    pub fn work(&mut self, until: Instant) {
        while Instant::now() < until && !self.ledger.is_over() {
            if self.view.is_none() || self.random.below(40) == 0 {
                self.open();
            }
            self.act();
        }
    }

    /// Only looks on until then, and is served soon whatever others do.
    pub fn watch(&mut self, mailbox: &str, until: Instant) {
        self.select(mailbox);
        while Instant::now() < until && !self.ledger.is_over() {
            let begun = Instant::now();
            match self.random.below(30) {
                0 => self.select(mailbox),
                1 => self.search(),
                2 => self.order(),
                3 => self.fetch(),
                _ => self.check(),
            }
            if begun.elapsed() > SERVED_WITHIN {
                self.fault(format!("it had to wait for {:?}", begun.elapsed()));
            }
            self.idle();
        }
    }

    /// Asks for everything that is new.
    pub fn check(&mut self) {
        if self.view.is_none() {
            self.open();
        }
        self.say("NOOP");
        self.learn_uids();
        let view = self.view.as_ref().map(|view| view.messages.as_slice()).unwrap_or_default();
        let unknown = view.iter().enumerate().filter(|(_, known)| known.flags.is_none());
        let unknown: Vec<String> = unknown.map(|(at, _)| (at + 1).to_string()).collect();
        if !unknown.is_empty() {
            self.say(&format!("FETCH {} FLAGS", unknown.join(",")));
        }
    }

    pub fn mailbox(&self) -> Option<&'static str> {
        let view = self.view.as_ref()?;
        MAILBOXES.iter().find(|mailbox| **mailbox == view.mailbox).copied()
    }

    /// What it has been told.
    pub fn known(&self) -> (usize, Vec<Known>) {
        (self.number, self.view.as_ref().map(|view| view.messages.clone()).unwrap_or_default())
    }

    /// Opens the same mailbox once more.
    pub fn open_again(&mut self) {
        let mailbox = self.mailbox().unwrap_or("INBOX");
        self.select(mailbox);
    }

    fn open(&mut self) {
        let mailbox = *self.random.pick(&MAILBOXES);
        self.select(mailbox);
    }

    fn select(&mut self, mailbox: &str) {
        self.session += 1;
        self.remember();
        let expected = self.resync(mailbox);
        self.view = Some(View::new(mailbox, self.kind == Kind::Qresync));
        let heard = self.say(&format!("SELECT {mailbox}"));
        if !heard.ok {
            self.fault(format!("SELECT: {}", heard.tagged));
        }
        self.opened_at = opened_at(&heard.untagged);
        self.say("UID FETCH 1:* (UID FLAGS)");
        self.compare(expected);
    }

    /// Learns the uids of messages that have come: a client with QRESYNC needs them to know what vanishes.
    fn learn_uids(&mut self) {
        let Some(view) = &self.view else { return };
        if let Some(first) = view.messages.iter().position(|known| known.uid.is_none()) {
            let before = view.messages[..first].iter().filter_map(|known| known.uid).max().unwrap_or(0);
            self.say(&format!("UID FETCH {}:* (UID FLAGS)", before + 1));
        }
    }

    fn act(&mut self) {
        if self.kind == Kind::Qresync || self.random.below(3) == 0 {
            self.learn_uids();
        }
        match self.random.below(20) {
            0..=2 => self.append(),
            3..=4 => self.fetch(),
            5..=8 => self.store(),
            9 => self.copy("COPY"),
            10 => self.copy("MOVE"),
            11 => self.expunge(),
            12..=13 => self.search(),
            14 => self.order(),
            15 => self.idle(),
            16 => self.status(),
            17 => self.pipeline(),
            18 => drop(self.say("CHECK")),
            _ => drop(self.say("NOOP")),
        }
    }

    /// A message says what it is, and a checksum tells whether that came through.
    fn append(&mut self) {
        self.appended += 1;
        let name = format!("{}-{}", self.number, self.appended);
        let kept = self.random.below(3) == 0;
        let mailbox = *self.random.pick(&MAILBOXES);
        let lines = "x".repeat(60) + "\r\n";
        let text = lines.repeat(self.random.below(20));
        let header = if kept { format!("X-Kept: {name}\r\n") } else { String::new() };
        let message = format!("{header}Subject: {name}\r\nMessage-ID: <{name}@example.org>\r\n\r\n{text}");
        let flags = if self.random.below(2) == 0 { " (\\Seen $Label1)" } else { "" };
        let heard = self.say(&format!("APPEND {mailbox}{flags} {{{}+}}\r\n{message}", message.len()));
        match code(&heard.tagged, "APPENDUID").and_then(|words| words.get(1)?.parse().ok()) {
            Some(uid) => {
                self.ledger.given(mailbox, uid);
                self.ledger.constant(mailbox, uid, "BODY[]", message.as_bytes());
                self.ledger.place(mailbox, uid, kept.then_some(name));
            }
            None => self.fault(format!("APPEND: {}", heard.tagged)),
        }
    }

    fn fetch(&mut self) {
        let Some(set) = self.some_set() else { return };
        let items = *self.random.pick(&[
            "BODY.PEEK[]",
            "(UID FLAGS)",
            "(UID RFC822.SIZE ENVELOPE INTERNALDATE)",
            "(UID BODYSTRUCTURE MODSEQ)",
            "BODY[TEXT]",
            "ALL",
            "FULL",
        ]);
        self.say(&format!("FETCH {set} {items}"));
    }

    fn store(&mut self) {
        let Some(view) = &self.view else { return };
        let count = view.messages.len();
        if count == 0 {
            return;
        }
        let number = 1 + self.random.below(count);
        let Some(uid) = self.view.as_ref().and_then(|view| view.uid(number)) else { return };
        let flag = *self.random.pick(&[
            "\\Seen",
            "\\Flagged",
            "\\Answered",
            "$Label1",
            "$Label2",
            "\\Deleted",
            "\\Deleted",
        ]);
        let view = self.view.as_ref().map_or("", |view| &view.mailbox);
        if flag == "\\Deleted" && !self.ledger.is_disposable(view, uid) {
            return;
        }
        let (sign, silent) = (*self.random.pick(&["+", "-"]), *self.random.pick(&["", ".SILENT"]));
        let by_uid = self.random.below(2) == 0;
        let which = if by_uid { format!("UID STORE {uid}") } else { format!("STORE {number}") };
        let heard = self.say(&format!("{which} {sign}FLAGS{silent} ({flag})"));
        if heard.ok && !silent.is_empty() {
            let told = heard.untagged.iter().any(|values| values.get(1).is_some_and(|word| word.is("FETCH")));
            self.assume(uid, sign == "+", flag, told);
        }
    }

    /// RFC 3501 §6.4.6: after .SILENT a client assumes that it got what it asked for. When somebody else has changed the
    /// message at the same time, it cannot know which came last.
    fn assume(&mut self, uid: u32, set: bool, flag: &str, told: bool) {
        let Some(view) = &mut self.view else { return };
        let Some(number) = view.number(uid) else { return };
        let known = &mut view.messages[number - 1].flags;
        let Some(flags) = known.as_mut().filter(|_| !told) else {
            *known = None;
            return;
        };
        let flag = flag.to_ascii_lowercase();
        flags.retain(|had| *had != flag);
        if set {
            flags.push(flag);
            flags.sort();
        }
    }

    /// COPY or MOVE of what is kept: MOVE leaves as many as there were, COPY makes one more.
    fn copy(&mut self, command: &str) {
        let target = *self.random.pick(&MAILBOXES);
        let Some(view) = &self.view else { return };
        let mailbox = view.mailbox.clone();
        let uids = view.messages.iter().filter_map(|known| known.uid);
        let uids: Vec<u32> = uids.filter(|uid| self.ledger.knows(&mailbox, *uid)).collect();
        let set: Vec<u32> = (0..3).filter(|_| !uids.is_empty()).map(|_| *self.random.pick(&uids)).collect();
        if set.is_empty() || command == "COPY" && uids.len() > COPIES_MAX {
            return;
        }
        let words: Vec<String> = set.iter().map(u32::to_string).collect();
        let heard = self.say(&format!("UID {command} {} {target}", words.join(",")));
        if !heard.ok {
            // RFC 2180 §4.4: all of them may be gone.
            if !heard.tagged.contains("[EXPUNGEISSUED]") {
                self.fault(format!("{command}: {}", heard.tagged));
            }
            return;
        }
        // MOVE tells it in an untagged OK (RFC 6851 §4.3).
        let lines = heard
            .untagged
            .iter()
            .map(|values| values.iter().filter_map(Value::atom).collect::<Vec<_>>().join(" "));
        let told = lines.chain([heard.tagged.clone()]).find_map(|line| code(&line, "COPYUID"));
        let Some(words) = told else { return };
        let [_, from, to] = words.as_slice() else { return self.fault(format!("COPYUID {words:?}")) };
        let (from, to) = (uid_set(from), uid_set(to));
        if from.len() != to.len() {
            return self.fault(format!("COPYUID with sets of other sizes: {words:?}"));
        }
        for (from, to) in from.into_iter().zip(to) {
            self.ledger.given(target, to);
            self.ledger.moved((&mailbox, from), (target, to), command == "COPY");
        }
    }

    fn expunge(&mut self) {
        let command = *self.random.pick(&["EXPUNGE", "EXPUNGE", "UID EXPUNGE 1:*"]);
        self.say(command);
    }

    fn search(&mut self) {
        let by_uid = self.random.below(2) == 0;
        let program = *self.random.pick(&[
            "ALL",
            "SEEN",
            "UNSEEN",
            "KEYWORD $Label1",
            "SUBJECT 1-",
            "DELETED",
            "OR FLAGGED ANSWERED",
            "BODY xx",
        ]);
        let before = self.view.as_ref().map_or(0, |view| view.messages.len());
        let heard = self.say(&format!("{}SEARCH {program}", if by_uid { "UID " } else { "" }));
        let found = numbers(&heard, "SEARCH");
        if !by_uid {
            // Those that come meanwhile are told of behind the answer.
            let bad = found.iter().any(|number| *number == 0 || *number as usize > before);
            if bad || program == "ALL" && found.len() != before {
                self.fault(format!("SEARCH {program}: {found:?}, where there are {before}"));
            }
        }
        if !found.windows(2).all(|two| two[0] < two[1]) {
            self.fault(format!("SEARCH {program}: {found:?} does not ascend"));
        }
    }

    /// SORT and THREAD name each message once.
    fn order(&mut self) {
        let sorted = self.say("SORT (REVERSE SUBJECT DATE) UTF-8 ALL");
        let mut numbers = numbers(&sorted, "SORT");
        numbers.sort_unstable();
        let threaded = self.say("THREAD REFERENCES UTF-8 ALL");
        let mut members = Vec::new();
        for values in threaded.untagged.iter().filter(|values| values[0].is("THREAD")) {
            values[1..].iter().for_each(|value| gather(value, &mut members));
        }
        members.sort_unstable();
        let Some(view) = &self.view else { return };
        let count = view.messages.len() as u64;
        // Between the two, messages may have come; none can have gone, since neither may say EXPUNGE.
        let all =
            |found: &[u64]| found.iter().copied().eq(1..=found.len() as u64) && found.len() as u64 <= count;
        if !all(&numbers) || !all(&members) || members.len() < numbers.len() {
            self.fault(format!("of {count}, SORT names {numbers:?} and THREAD {members:?}"));
        }
    }

    fn idle(&mut self) {
        self.expect_expunges(true);
        let Ok(tag) = self.imap.idle() else { return self.fault("IDLE is not taken".into()) };
        let wait = Duration::from_millis(self.random.below(60) as u64);
        while let Ok(Some(response)) = self.imap.read_within(wait) {
            self.hear(&response.0);
        }
        if self.imap.write(b"DONE\r\n").is_ok() {
            self.finish(&tag, "IDLE");
        }
    }

    fn status(&mut self) {
        let mailbox = *self.random.pick(&MAILBOXES);
        let heard = self.say(&format!("STATUS {mailbox} (MESSAGES UIDNEXT UNSEEN HIGHESTMODSEQ)"));
        if !heard.ok {
            self.fault(format!("STATUS: {}", heard.tagged));
        }
    }

    /// Several commands at once, none of which may renumber.
    fn pipeline(&mut self) {
        let Some(set) = self.some_set() else { return };
        let commands = [
            format!("FETCH {set} (UID FLAGS)"),
            "SEARCH ALL".to_string(),
            format!("FETCH {set} RFC822.SIZE"),
        ];
        self.expect_expunges(false);
        let tags: Vec<_> = commands.iter().map_while(|command| self.imap.send(command).ok()).collect();
        for (tag, command) in tags.iter().zip(&commands) {
            self.recently.push(format!("C: {tag} {command}"));
            self.finish(tag, command);
        }
    }

    /// Gives a command, and takes in what is answered.
    pub(super) fn say(&mut self, command: &str) -> Heard {
        // RFC 3501 §7.4.1: no EXPUNGE while FETCH, STORE or SEARCH is answered; with UID it may be.
        let word = command.split(' ').next().unwrap_or_default();
        self.expect_expunges(!matches!(word, "FETCH" | "STORE" | "SEARCH" | "SORT" | "THREAD"));
        let shown: String = command.chars().take(100).collect();
        match self.imap.send(command) {
            Ok(tag) => {
                self.recently.push(format!("C: {tag} {shown}"));
                self.finish(&tag, &shown)
            }
            Err(error) => {
                self.fault(format!("{shown} cannot be said: {error}"));
                Heard { ok: false, tagged: String::new(), untagged: Vec::new() }
            }
        }
    }

    fn finish(&mut self, tag: &str, command: &str) -> Heard {
        let mut untagged = Vec::new();
        loop {
            let response = match self.imap.read() {
                Ok(response) => response,
                Err(error) => {
                    self.fault(format!("{command} is not answered: {error}"));
                    return Heard { ok: false, tagged: String::new(), untagged };
                }
            };
            if let Some(tagged) = response.tagged(tag) {
                self.recently.push(format!("S: {tag} {tagged}"));
                self.ledger.count(untagged.len());
                if tagged.starts_with("BAD") {
                    self.fault(format!("{command}: {tagged}"));
                }
                return Heard { ok: tagged.starts_with("OK"), tagged, untagged };
            }
            untagged.extend(self.hear(&response.0));
        }
    }

    /// Takes in one untagged response.
    fn hear(&mut self, response: &[u8]) -> Option<Vec<Value>> {
        self.recently.push(format!("S: {}", String::from_utf8_lossy(&response[..response.len().min(200)])));
        if let Err(why) = reply::responses(&[response, b"\r\n"].concat()) {
            self.fault(why);
        }
        let rest = response.strip_prefix(b"* ")?;
        let status = [&b"OK "[..], b"NO ", b"BAD ", b"BYE "].iter().any(|word| rest.starts_with(word));
        if status {
            let words =
                String::from_utf8_lossy(rest).split(' ').map(|word| Value::Atom(word.to_string())).collect();
            return Some(words);
        }
        let values = reply::values(rest).ok()?;
        match self.view.as_mut().map(|view| view.hear(&values)) {
            None | Some(Ok(Told::Nothing)) => {}
            Some(Ok(Told::Fetched(number, items))) => self.fetched(number, items),
            Some(Err(why)) => self.fault(why),
        }
        Some(values)
    }

    /// What never changes is compared with what everybody else was told.
    fn fetched(&mut self, number: usize, items: Vec<(String, Value)>) {
        let Some(view) = &self.view else { return };
        let Some(uid) = view.uid(number) else { return };
        let tells = |item: &str| items.iter().any(|(name, _)| name == item);
        if self.kind != Kind::Plain && tells("FLAGS") && !tells("MODSEQ") {
            self.fault(format!("flags of uid {uid} without their mod-sequence"));
        }
        let mailbox = view.mailbox.clone();
        for (name, value) in items {
            if name == "MODSEQ" {
                self.learn_modseq(&mailbox, uid, &value);
            }
            let Some(view) = &self.view else { return };
            match (name.as_str(), &value) {
                ("BODY[]", Value::String(octets)) => self.ledger.constant(&view.mailbox, uid, &name, octets),
                ("RFC822.SIZE" | "ENVELOPE" | "INTERNALDATE" | "BODYSTRUCTURE" | "BODY", value) => {
                    self.ledger.constant(&view.mailbox, uid, &name, format!("{value:?}").as_bytes());
                }
                ("FLAGS", Value::List(flags)) if flags.iter().any(|flag| flag.is("\\Recent")) => {
                    // Whom another host has told, a host cannot know (RFC 3501 §2.3.2).
                    let place = format!("{} at host {}", view.mailbox, self.host);
                    self.ledger.recent(&place, uid, self.number * 1_000_000 + self.session);
                }
                _ => {}
            }
        }
    }

    /// Mod-sequences only go up (RFC 7162 §3.1).
    fn learn_modseq(&mut self, mailbox: &str, uid: u32, value: &Value) {
        let modseq = value.list().and_then(|list| list.first()?.number()).unwrap_or_default();
        let before = self.modseqs.insert((mailbox.to_string(), uid), modseq).unwrap_or(1);
        if modseq < before {
            self.fault(format!("uid {uid} has mod-sequence {modseq}, and had {before}"));
        }
    }

    /// When a message was last changed, as far as this client was told.
    pub(super) fn modseq_of(&self, mailbox: &str, uid: u32) -> u64 {
        self.modseqs.get(&(mailbox.to_string(), uid)).copied().unwrap_or(0)
    }

    fn some_set(&mut self) -> Option<String> {
        let count = self.view.as_ref()?.messages.len();
        let first = 1 + self.random.below(count.max(1));
        let last = (first + self.random.below(8)).min(count);
        (count > 0).then(|| format!("{first}:{last}"))
    }

    fn expect_expunges(&mut self, may: bool) {
        if let Some(view) = &mut self.view {
            view.may_expunge = may;
        }
    }

    pub(super) fn fault(&self, what: String) {
        let last = self.recently.len().saturating_sub(REPORTED_LINES);
        let mailbox = self.view.as_ref().map_or("", |view| &view.mailbox);
        self.ledger.fault(format!(
            "client {} in {mailbox}: {what}\n  {}",
            self.number,
            self.recently[last..].join("\n  ")
        ));
    }
}

/// The words of a response code with this name.
fn code(text: &str, name: &str) -> Option<Vec<String>> {
    let (_, rest) = text.split_once(&format!("[{name} "))?;
    let (words, _) = rest.split_once(']')?;
    Some(words.split(' ').map(str::to_string).collect())
}

/// The numbers of `* WORD 1 2 3`.
fn numbers(heard: &Heard, word: &str) -> Vec<u64> {
    let of = heard.untagged.iter().filter(|values| values.first().is_some_and(|first| first.is(word)));
    of.flat_map(|values| values[1..].iter().filter_map(Value::number)).collect()
}

fn gather(value: &Value, members: &mut Vec<u64>) {
    members.extend(value.number());
    value.list().into_iter().flatten().for_each(|value| gather(value, members));
}

/// How many lines a report shows.
const REPORTED_LINES: usize = 25;
/// However busy the server is with others, it has time for everybody.
const SERVED_WITHIN: Duration = Duration::from_secs(20);
/// With more messages in a mailbox, none are copied.
const COPIES_MAX: usize = 150;
