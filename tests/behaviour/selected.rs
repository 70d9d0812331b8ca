//! What a client sees in the selected state: real messages in a real PostgreSQL, no sockets, no actors.

use std::sync::Arc;

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{Append, Appending, LoadSnapshot, NewAddress, NewDerived, NewMessage, StoredBody};
use archiveopteryx::imap::command::{SelectedCommand, copy, expunge, fetch, r#move, search, store};
use archiveopteryx::imap::limited::MessageLimit;
use archiveopteryx::imap::selected::Step;
use archiveopteryx::imap::{After, Answer, Enabled, Heeds, OnMailbox, Opening, Selected};
use archiveopteryx::limits;
use archiveopteryx::mailbox::{
    AccountId, Change, FlagSet, InternalDate, MailboxId, MailboxKey, MailboxName, MessageId, Shared, System,
    UidSet,
};
use archiveopteryx::message::{TakenApart, take_apart};
use archiveopteryx::plan::Plan;
use archiveopteryx::policy::{Standing, Viewer};

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };
const ACCOUNTS: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity) values (1, 'INBOX', 7), (1, 'Sent', 8);";

const PLAIN: &str = "From: Anna <anna@example.org>\r\nTo: Bert <bert@example.net>\r\nSubject: Hello\r\n\
    Date: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nGuten Tag, Bert.\r\n";
const MIXED: &str = "From: Bert <bert@example.net>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nU2Now7Zu\r\n--x\r\n\
    Content-Type: message/rfc822\r\n\r\nSubject: inner\r\nX-Spam: no\r\n\r\nThe inner text.\r\n--x--\r\n";

/// One client, and what its session needs.
struct Client<'a> {
    lender: &'a Lender,
    selected: Selected,
    answer: Answer,
    /// How many pieces the last answer came in.
    pieces: usize,
}

impl Client<'_> {
    /// Gives a command and returns all that the client reads.
    async fn says(&mut self, command: &str) -> String {
        let octets = self.octets(command).await;
        String::from_utf8(octets).expect("the test mail is UTF-8")
    }

    /// The same where two messages are all that a command may be about.
    async fn says_of_two(&mut self, command: &str) -> String {
        let plan =
            self.selected.execute(SelectedCommand { limit: MessageLimit::new(2, 0), ..parse(command) });
        String::from_utf8(self.carry_out(plan).await).expect("the test mail is UTF-8")
    }

    async fn octets(&mut self, command: &str) -> Vec<u8> {
        let plan = self.selected.execute(parse(command));
        self.carry_out(plan).await
    }

    /// What the client reads without its asking.
    async fn hears(&mut self) -> Option<String> {
        let plan = self.selected.news()?;
        Some(String::from_utf8(self.carry_out(plan).await).expect("the test mail is UTF-8"))
    }

    async fn carry_out(&mut self, mut plan: Step) -> Vec<u8> {
        let mut read = Vec::new();
        self.pieces = 0;
        loop {
            plan = match plan {
                Plan::Run(step) => (step.then)(self.lender.run_erased(step.unit).await, &mut self.selected),
                Plan::Emit(octets, next) => {
                    read.extend(octets);
                    self.pieces += 1;
                    next(&mut self.selected)
                }
                Plan::Progress(_, next) => next(&mut self.selected),
                Plan::Overlap(overlap) => {
                    let (octets, then) = (overlap.meanwhile)(&mut self.selected);
                    read.extend(octets);
                    self.pieces += 1;
                    then(self.lender.run_erased(overlap.unit).await, &mut self.selected)
                }
                Plan::Done(mut answer) => {
                    answer.changes.extend(self.selected.take_changes());
                    read.append(&mut answer.untagged);
                    read.append(&mut answer.tagged);
                    self.answer = answer;
                    return read;
                }
                #[allow(unreachable_patterns)]
                _ => unreachable!("no command on a mailbox asks for anything else"),
            };
        }
    }
}

/// `a UID FETCH 1 FLAGS` as the conversation would hand it over.
fn parse(command: &str) -> SelectedCommand {
    let (uid, rest) = match command.strip_prefix("UID ") {
        Some(rest) => (true, rest),
        None => (false, command),
    };
    let word = rest.split(' ').next().expect("there is a word");
    let arguments = &rest.as_bytes()[word.len()..];
    let command = match word {
        "FETCH" => OnMailbox::Fetch(fetch::parse(arguments).expect("it is FETCH").1),
        "STORE" => OnMailbox::Store(store::parse(arguments).expect("it is STORE").1),
        "SEARCH" => OnMailbox::Search(search::parse(arguments, Enabled::default()).expect("it is SEARCH").1),
        "COPY" => OnMailbox::Copy(copy::parse(arguments, Enabled::default()).expect("it is COPY").1),
        "MOVE" => OnMailbox::Move(r#move::parse(arguments, Enabled::default()).expect("it is MOVE").1),
        "EXPUNGE" if uid => OnMailbox::Expunge(expunge::Expunge {
            uids: Some(std::str::from_utf8(&arguments[1..]).expect("ASCII").parse().expect("a set")),
        }),
        "EXPUNGE" => OnMailbox::Expunge(expunge::Expunge { uids: None }),
        "NOOP" => OnMailbox::Noop,
        "CLOSE" => OnMailbox::Close,
        "UNSELECT" => OnMailbox::Unselect,
        "IDLE" => OnMailbox::Idle,
        "DONE" => OnMailbox::IdleDone,
        other => panic!("the test says {other}"),
    };
    let (tag, now, enabled) = ("a".into(), jiff::Timestamp::now(), Enabled::default());
    SelectedCommand { tag, uid, command, now, enabled, limit: Default::default() }
}

fn test(messages: &[&[u8]], body: impl AsyncFnOnce(&Lender, Shared)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNTS);
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        if !messages.is_empty() {
            append(&lender, messages, System::default()).await;
        }
        let loaded = lender.run(LoadSnapshot { key: INBOX }).await.expect("it is read").expect("it is there");
        body(&lender, Shared::new(INBOX, loaded.snapshot)).await;
    });
}

fn open<'a>(lender: &'a Lender, shared: &Shared, read_only: bool) -> (Client<'a>, String) {
    let current = shared.current();
    let opening = Opening {
        acting: INBOX.account,
        client: None,
        tag: "a".into(),
        key: INBOX,
        name: MailboxName::new("INBOX").expect("a name"),
        written: "INBOX".into(),
        uidvalidity: current.uidvalidity,
        highestmodseq: current.highestmodseq,
        first_recent_uid: 1,
        read_only,
        viewer: Viewer::new(INBOX.account),
        standing: Standing::owner(),
        enabled: Enabled::default(),
        heeds: Heeds::default(),
        resync: None,
        annotate: false,
    };
    let recent = UidSet::from_ranges([(2, u32::MAX)]).intersection(&shared.current().uids());
    let (selected, mut answer) = Selected::open(opening, shared.clone(), recent);
    let text = [std::mem::take(&mut answer.untagged), std::mem::take(&mut answer.tagged)].concat();
    (Client { lender, selected, answer, pieces: 0 }, String::from_utf8(text).expect("ASCII"))
}

async fn append(lender: &Lender, messages: &[&[u8]], system: System) -> Change {
    let messages = messages.iter().map(|octets| Appending {
        message: new_message(take_apart(octets)),
        flags: FlagSet::new(system, []),
        internal_date: InternalDate { seconds: 1_795_428_000, zone_minutes: 60 },
    });
    let saved_at = jiff::Timestamp::from_second(1_795_428_000).expect("in range");
    let unit = Append {
        key: INBOX,
        saved_at,
        messages: messages.collect(),
        is_limited: true,
        actor: units::nobody(),
    };
    lender.run(unit).await.expect("it is stored").change
}

fn new_message(taken: TakenApart) -> NewMessage {
    let bodies = taken.bodies.into_iter();
    let addresses = taken.derived.addresses.iter().map(|used| NewAddress {
        field: used.field as i16,
        position: used.position,
        id: archiveopteryx::db::new_message::address_id(used.name.as_deref(), &used.localpart, &used.domain),
        name: used.name.clone(),
        localpart: used.localpart.clone(),
        domain: used.domain.clone(),
    });
    let derived = NewDerived {
        subject: Some(taken.derived.subject.clone()),
        sent_on: taken.derived.sent_on,
        addresses: addresses.collect(),
        envelope: taken.derived.envelope,
        bodystructure: taken.derived.bodystructure,
        ..NewDerived::default()
    };
    NewMessage {
        account: AccountId(0),
        id: MessageId(0),
        digest: taken.digest,
        octets: taken.size,
        header: taken.header.into(),
        recipe: taken.recipe.to_bytes(),
        verbatim: taken.recipe.verbatim,
        canonicalized: 0,
        arrived_at: jiff::Timestamp::from_second(0).expect("in range"),
        derived: Arc::new(derived),
        bodies: bodies.map(|body| Arc::new(StoredBody::new(body.hash, body.content))).collect(),
    }
}

#[test]
fn a_command_is_about_no_more_messages_than_it_may() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes(), PLAIN.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        for (command, first, last) in [
            (
                "FETCH 1:* UID",
                "* 3 FETCH (UID 3)\r\n* 2 FETCH (UID 2)",
                "a OK [MESSAGELIMIT 2 2] FETCH completed",
            ),
            ("FETCH 1:2 UID", "* 1 FETCH (UID 1)\r\n* 2 FETCH (UID 2)", "a OK FETCH completed"),
            (
                "UID FETCH 1:* UID (PARTIAL -1:-3)",
                "",
                "a NO [MESSAGELIMIT 2] One command may be about 2 messages",
            ),
            ("SEARCH ALL", "* SEARCH 2 3", "a OK [MESSAGELIMIT 2 2] SEARCH completed"),
            ("SEARCH 1:2 ALL", "* SEARCH 1 2", "a OK SEARCH completed"),
            ("SEARCH UIDAFTER 1 UIDBEFORE 3", "* SEARCH 2", "a OK SEARCH completed"),
            ("SEARCH UIDAFTER 3", "* SEARCH", "a OK SEARCH completed"),
            ("COPY 1:3 INBOX", "", "a NO [MESSAGELIMIT 2 2] One command may be about 2 messages"),
        ] {
            let said = client.says_of_two(command).await;
            let expected =
                if first.is_empty() { format!("{last}\r\n") } else { format!("{first}\r\n{last}\r\n") };
            assert_eq!(said, expected, "{command}");
        }
        let said = client.says_of_two("STORE 1:3 +FLAGS (\\Deleted)").await;
        assert!(said.contains("* 3 FETCH") && !said.contains("* 1 FETCH"), "{said}");
        assert!(said.ends_with("a OK [MESSAGELIMIT 2 2] STORE completed\r\n"), "{said}");
        client.says_of_two("STORE 1 +FLAGS (\\Deleted)").await;
        let said = client.says_of_two("UID EXPUNGE 1:3").await;
        assert!(said.ends_with("a OK [MESSAGELIMIT 2 2] UID EXPUNGE completed\r\n"), "{said}");
        assert_eq!(client.says("FETCH 1:* UID").await, "* 1 FETCH (UID 1)\r\na OK FETCH completed\r\n");
    });
}

#[test]
fn a_mailbox_introduces_itself() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (_, said) = open(lender, &shared, false);
        assert_eq!(
            said,
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n\
             * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags that can be changed\r\n\
             * 2 EXISTS\r\n* 1 RECENT\r\n* OK [UNSEEN 1] First unseen message\r\n\
             * OK [UIDVALIDITY 7] Uids are valid\r\n* OK [UIDNEXT 3] Predicted next uid\r\n\
             * OK [HIGHESTMODSEQ 2] Highest mod-sequence\r\n\
             * OK [ANNOTATIONS 16384] Annotations\r\n\
             * OK [MAILBOXID (F7f4a7c159e3779b9)] The mailbox is called so whatever its name\r\na OK [READ-WRITE] SELECT completed\r\n"
        );
        let (_, said) = open(lender, &shared, true);
        assert!(
            said.contains("[PERMANENTFLAGS ()]") && said.ends_with("a OK [READ-ONLY] EXAMINE completed\r\n")
        );
    });
}

#[test]
fn items_in_memory_are_printed_without_a_database() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        assert_eq!(
            client.says("FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE)").await,
            format!(
                "* 1 FETCH (FLAGS () RFC822.SIZE {} INTERNALDATE \"23-Nov-2026 11:00:00 +0100\")\r\n\
                 * 2 FETCH (FLAGS (\\Recent) RFC822.SIZE {} INTERNALDATE \"23-Nov-2026 11:00:00 +0100\")\r\n\
                 a OK FETCH completed\r\n",
                PLAIN.len(),
                MIXED.len()
            )
        );
        assert_eq!(
            client.says("UID FETCH 2:9 FLAGS").await,
            "* 2 FETCH (UID 2 FLAGS (\\Recent))\r\na OK UID FETCH completed\r\n"
        );
        assert_eq!(client.says("UID FETCH 7 FLAGS").await, "a OK UID FETCH completed\r\n");
        assert!(client.says("FETCH 3 FLAGS").await.starts_with("a BAD "));
    });
}

#[test]
fn sections_are_those_of_the_message() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, true);
        for (section, expected) in [
            ("BODY[]", MIXED),
            ("BODY[1]", "U2Now7Zu"),
            (
                "BODY[1.MIME]",
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            ),
            ("BODY[2.HEADER]", "Subject: inner\r\nX-Spam: no\r\n\r\n"),
            ("BODY[2.HEADER.FIELDS (X-SPAM)]", "X-Spam: no\r\n\r\n"),
            ("BODY[2.TEXT]", "The inner text."),
            ("BODY[2.1]", "The inner text."),
            ("BODY[HEADER.FIELDS (SUBJECT)]", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n"),
        ] {
            let said = client.says(&format!("FETCH 2 {section}")).await;
            let expected = format!(
                "* 2 FETCH ({section} {{{}}}\r\n{expected})\r\na OK FETCH completed\r\n",
                expected.len()
            );
            assert_eq!(said, expected);
        }
        assert_eq!(
            client.says("FETCH 2 BODY[3]").await,
            "* 2 FETCH (BODY[3] NIL)\r\na OK FETCH completed\r\n"
        );
        assert_eq!(
            client.says("FETCH 1 (BODY[TEXT]<6.3> BODY[]<9999.5> RFC822.HEADER)").await,
            format!(
                "* 1 FETCH (BODY[TEXT]<6> {{3}}\r\nTag BODY[]<9999> {{0}}\r\n RFC822.HEADER {{{}}}\r\n{})\r\na OK FETCH completed\r\n",
                PLAIN.len() - 18,
                &PLAIN[..PLAIN.len() - 18]
            )
        );
        let said = client.says("FETCH 1 (ENVELOPE BODY BODYSTRUCTURE)").await;
        assert!(said.contains("ENVELOPE (\"Mon, 23 Nov 2026 10:00:00 +0000\" \"Hello\" ((\"Anna\" NIL \"anna\" \"example.org\"))"), "{said}");
        assert!(said.contains("BODY (\"TEXT\" \"PLAIN\""), "{said}");
    });
}

#[test]
fn reading_sets_seen_unless_one_peeks() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut examiner, _) = open(lender, &shared, true);
        assert!(!examiner.says("FETCH 1 BODY[TEXT]").await.contains("FLAGS"));
        let (mut client, _) = open(lender, &shared, false);
        assert!(!client.says("FETCH 1:2 BODY.PEEK[TEXT]").await.contains("FLAGS"));
        assert_eq!(
            client.says("FETCH 1:2 BODY[TEXT]<0.5>").await.replace("\r\n", "|"),
            "* 1 FETCH (BODY[TEXT]<0> {5}|Guten FLAGS (\\Seen))|* 2 FETCH (BODY[TEXT]<0> {5}|--x| FLAGS (\\Seen \\Recent))|a OK FETCH completed|"
        );
        assert_eq!(client.answer.changes.len(), 1);
        assert_eq!(client.says("NOOP").await, "a OK NOOP completed\r\n");
        assert_eq!(examiner.says("NOOP").await.lines().count(), 3);
        assert!(!client.says("FETCH 1:2 RFC822").await.contains("FLAGS"));
    });
}

#[test]
fn flags_are_stored_and_told() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        let (mut other, _) = open(lender, &shared, false);
        assert_eq!(
            client.says("STORE 1:2 +FLAGS (\\Flagged)").await,
            "* 1 FETCH (FLAGS (\\Flagged))\r\n* 2 FETCH (FLAGS (\\Flagged \\Recent))\r\na OK STORE completed\r\n"
        );
        assert_eq!(client.says("UID STORE 1 FLAGS.SILENT (\\Seen)").await, "a OK UID STORE completed\r\n");
        assert_eq!(
            client.says("UID STORE 1 +FLAGS (\\Seen)").await,
            "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\na OK UID STORE completed\r\n"
        );
        assert!(client.answer.changes.is_empty());
        assert_eq!(
            client.says("STORE 2 FLAGS ($Work)").await,
            "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work)\r\n\
             * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Work \\*)] Flags that can be changed\r\n\
             * 2 FETCH (FLAGS ($Work \\Recent))\r\na OK STORE completed\r\n"
        );
        assert!(
            other
                .says("NOOP")
                .await
                .contains("* 1 FETCH (FLAGS (\\Seen))\r\n* 2 FETCH (FLAGS ($Work \\Recent))\r\n")
        );
        let (mut examiner, _) = open(lender, &shared, true);
        assert!(examiner.says("STORE 1 +FLAGS (\\Seen)").await.starts_with("a NO "));
        assert!(examiner.says("EXPUNGE").await.starts_with("a NO "));
    });
}

#[test]
fn many_messages_change_some_thousand_at_a_time() {
    let message: &[u8] = b"Subject: one of many\r\n\r\n";
    let (count, messages) = (limits::STORE_UNIT_MESSAGES + 1, vec![message; limits::STORE_UNIT_MESSAGES + 1]);
    test(&messages, async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        let (mut other, _) = open(lender, &shared, false);
        let count_in = |said: &str, what: &str| said.matches(what).count();
        let said = client.says("STORE 1:* +FLAGS (\\Flagged)").await;
        assert_eq!(count_in(&said, "FETCH (FLAGS (\\Flagged"), count);
        assert_eq!((client.pieces, client.answer.changes.len()), (1, 2));
        // Who watches the same snapshot need not be told the flags.
        assert!(client.answer.changes.iter().all(|change| change.is_abridged && change.flags.is_empty()));
        assert_eq!(count_in(&other.says("NOOP").await, "FETCH (FLAGS (\\Flagged"), count);
        let said = client.says("UID STORE 3:* (UNCHANGEDSINCE 1) -FLAGS.SILENT (\\Flagged)").await;
        assert!(said.contains(&format!("[MODIFIED 3:{count}]")), "{}", &said[said.len() - 200..]);
        assert!(client.says("STORE 2:* +FLAGS.SILENT (\\Deleted)").await.starts_with("a OK"));
        let said = client.says("EXPUNGE").await;
        assert_eq!((count_in(&said, " EXPUNGE\r\n"), client.pieces), (count - 1, 0));
        assert_eq!(shared.current().len(), 1);
    });
}

#[test]
fn expunges_are_told_when_they_may_be() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes(), PLAIN.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        let (mut other, _) = open(lender, &shared, false);
        client.says("STORE 1,3 +FLAGS.SILENT (\\Deleted)").await;
        assert_eq!(
            client.says("UID EXPUNGE 3").await,
            "* 3 EXPUNGE\r\n* 1 RECENT\r\na OK UID EXPUNGE completed\r\n"
        );
        assert_eq!(client.says("EXPUNGE").await, "* 1 EXPUNGE\r\na OK EXPUNGE completed\r\n");
        // The messages are still there for a client that has not heard of it: their tombstones keep them.
        let said = other.says("FETCH 1:3 BODY.PEEK[TEXT]").await;
        assert!(said.contains("* 3 FETCH") && !said.contains("EXPUNGE\r\n"), "{said}");
        let said = other.says("STORE 1:2 +FLAGS (\\Seen)").await;
        assert!(said.ends_with("a OK [EXPUNGEISSUED] STORE completed\r\n"), "{said}");
        let said = other.says("NOOP").await;
        assert!(said.starts_with("* 1 EXPUNGE\r\n* 2 EXPUNGE\r\n"), "{said}");
        // Silence is about the client's own change: the other one's \\Seen is told.
        assert_eq!(
            client.says("UID STORE 2 +FLAGS.SILENT (\\Deleted)").await,
            "* 1 FETCH (UID 2 FLAGS (\\Deleted \\Seen \\Recent))\r\na OK UID STORE completed\r\n"
        );
        assert_eq!(client.says("CLOSE").await, "a OK CLOSE completed\r\n");
        assert!(matches!(client.answer.next, After::Unselect));
        assert_eq!(shared.current().len(), 0);
    });
}

#[test]
fn messages_are_copied_and_moved() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        assert_eq!(client.says("COPY 1:2 Sent").await, "a OK [COPYUID 8 1:2 1:2] COPY completed\r\n");
        assert_eq!(
            client.says("UID MOVE 2 Sent").await,
            "* OK [COPYUID 8 2 3] Moved\r\n* 2 EXPUNGE\r\n* 0 RECENT\r\na OK UID MOVE completed\r\n"
        );
        assert_eq!(client.answer.changes.len(), 2);
        assert!(client.says("COPY 1 Nowhere").await.starts_with("a NO [TRYCREATE]"));
        assert_eq!(
            client.says("COPY 1 INBOX").await,
            "* 2 EXISTS\r\na OK [COPYUID 7 1 3] COPY completed\r\n"
        );
        assert_eq!(client.says("UID COPY 99 Sent").await, "a OK UID COPY completed\r\n");
    });
}

#[test]
fn messages_are_found() {
    test(&[PLAIN.as_bytes(), MIXED.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        for (program, found) in [
            ("ALL", " 1 2"),
            ("SUBJECT hello", " 1"),
            ("FROM BERT", " 2"),
            ("TO bert@example.net", " 1"),
            ("HEADER X-None \"\"", ""),
            ("HEADER Subject \"\"", " 1 2"),
            ("BODY sch", " 2"),
            ("BODY \"inner text\"", " 2"),
            ("TEXT \"tag, bert\"", " 1"),
            ("NOT TEXT tag", " 2"),
            ("SENTON 23-Nov-2026", " 1"),
            ("OR SUBJECT hello UID 2", " 1 2"),
            ("RECENT SEEN", ""),
        ] {
            assert_eq!(
                client.says(&format!("SEARCH {program}")).await,
                format!("* SEARCH{found}\r\na OK SEARCH completed\r\n"),
                "{program}"
            );
        }
        assert_eq!(client.says("UID SEARCH 2").await, "* SEARCH 2\r\na OK UID SEARCH completed\r\n");
    });
}

#[test]
fn idle_tells_at_once() {
    test(&[PLAIN.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        assert_eq!(client.hears().await, None);
        assert_eq!(client.says("IDLE").await, "+ idling\r\n");
        assert_eq!(client.hears().await, None);
        let change = append(lender, &[MIXED.as_bytes()], System::SEEN).await;
        shared.apply(&change);
        client.selected.note_recent(&UidSet::from_ranges([(2, 2)]));
        assert_eq!(client.hears().await.as_deref(), Some("* 2 EXISTS\r\n* 1 RECENT\r\n"));
        assert_eq!(client.says("DONE").await, "a OK IDLE completed\r\n");
        assert_eq!(client.hears().await, None);
    });
}

#[test]
fn what_others_changed_meanwhile_is_read() {
    test(&[PLAIN.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        // Another server's delivery, of which this one has not heard.
        append(lender, &[MIXED.as_bytes()], System::default()).await;
        assert_eq!(
            client.says("UID STORE 1 +FLAGS (\\Answered)").await,
            "* 2 EXISTS\r\n* 1 FETCH (UID 1 FLAGS (\\Answered))\r\na OK UID STORE completed\r\n"
        );
    });
}

#[test]
fn a_large_message_leaves_in_pieces() {
    let body: String = (0..60_000).map(|n| format!("line {n} of a long letter {}\r\n", n * 7919)).collect();
    let encoded =
        "U2Now7ZuZXIgYWxzIGplZGVzIEZldWVyIGFuZGVycywgd2llIGVzIHNjaGVpbnQsIG9kZXIg\r\n".repeat(30_000);
    let plain = format!("Subject: long\r\n\r\n{body}");
    let mixed = format!(
        "Subject: long\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
         Content-Type: text/plain\r\n\r\nshort\r\n--x\r\nContent-Type: application/octet-stream\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--x--\r\n"
    );
    test(&[plain.as_bytes(), mixed.as_bytes(), PLAIN.as_bytes()], async |lender, shared| {
        let (mut client, _) = open(lender, &shared, false);
        let said = client.says("FETCH 1:3 (BODY[] UID)").await;
        assert!(client.pieces > 4, "{} pieces", client.pieces);
        let one = |msn: usize, text: &str, recent: &str| {
            format!(
                "* {msn} FETCH (BODY[] {{{}}}\r\n{text} UID {msn} FLAGS (\\Seen{recent}))\r\n",
                text.len()
            )
        };
        let expected = [one(1, &plain, ""), one(2, &mixed, " \\Recent"), one(3, PLAIN, " \\Recent")].concat();
        assert!(said == expected + "a OK FETCH completed\r\n");
        let said = client.says("FETCH 2 (BODY[2]<2000000.20> BODY[1])").await;
        assert!(
            said == format!(
                "* 2 FETCH (BODY[2]<2000000> {{20}}\r\n{} BODY[1] {{5}}\r\nshort)\r\na OK FETCH completed\r\n",
                &encoded[2_000_000..2_000_020]
            ),
            "{said}"
        );
        assert_eq!(
            client.says("SEARCH BODY \"line 59999 of\"").await,
            "* SEARCH 1\r\na OK SEARCH completed\r\n"
        );
    });
}

#[test]
fn many_pages_are_searched_and_fetched_one_behind_the_other() {
    let message = |n: usize| {
        let (header, body) = ("word ".repeat(300), format!("line {n} of a text\r\n").repeat(150));
        format!("Subject: number {n}.\r\nX-Filling: {header}\r\n\r\n{body}")
    };
    let messages: Vec<String> = (1..=1200).map(message).collect();
    let octets: Vec<&[u8]> = messages.iter().map(|message| message.as_bytes()).collect();
    test(&octets, async |lender, shared| {
        let (mut client, _) = open(lender, &shared, true);
        for (what, found) in [
            ("BODY \"line 1199 of\"", "1199"),
            ("TEXT \"number 700.\"", "700"),
            ("SUBJECT \"number 3.\"", "3"),
            ("HEADER X-Filling word SUBJECT \"number 1100.\"", "1100"),
        ] {
            let expected = format!("* SEARCH {found}\r\na OK SEARCH completed\r\n");
            assert_eq!(client.says(&format!("SEARCH {what}")).await, expected);
        }
        // What was read before comes from memory, what was not from the database, and together it is in order.
        client.says("FETCH 300:500,900 BODY.PEEK[]").await;
        let said = client.says("FETCH 1:1200 BODY.PEEK[]").await;
        let one = |(n, text): (usize, &String)| {
            format!("* {} FETCH (BODY[] {{{}}}\r\n{text})\r\n", n + 1, text.len())
        };
        let expected: String = messages.iter().enumerate().map(one).collect();
        assert!(said == expected + "a OK FETCH completed\r\n");
    });
}
