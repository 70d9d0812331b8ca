//! The POP3 conversation: a client with a maildrop says anything, while the database fails every request.

use std::sync::Arc;

use archiveopteryx::db;
use archiveopteryx::error::Error;
use archiveopteryx::mailbox::{
    AccountId, FlagSet, InternalDate, Loaded, MailboxId, MailboxKey, MessageId, ModSeq, Snapshot, System,
    Uid, UidValidity,
};
use archiveopteryx::plan;
use archiveopteryx::policy::{Permit, Rights};
use archiveopteryx::pop3::{After, Answer, Conversation, Event, Opening, Plan, Setup};
use archiveopteryx::wire::sasl::{self, Terms};

use super::{Target, seeds};

pub const TARGET: Target = Target { name: "pop3", seeds: seeds::conversations, words: WORDS, run };

/// A client says `input`, in two pieces; and another one does who has not logged in.
pub fn run(input: &[u8]) {
    let mut conversation = Conversation::new(setup());
    let opening = Opening { key: KEY, at_least: ModSeq(1), permit: Permit::of(Rights::ALL) };
    conversation.opened(opening, Ok(Arc::new(snapshot())));
    hear(conversation, input);
    hear(Conversation::new(setup()), input);
}

fn hear(mut conversation: Conversation, input: &[u8]) {
    let mut said = Vec::new();
    let (first, second) = input.split_at(input.len() / 2);
    for octets in [first, second] {
        conversation.receive(octets);
        while let Some(event) = conversation.poll() {
            match event {
                Event::Send(octets) => said.extend(octets),
                Event::Ask(_) => {
                    let refused = Error::bad("nobody is known so");
                    conversation.answered(sasl::Answer::Verdict(Err(refused)));
                }
                Event::Run(plan) => match carry_out(plan, &mut conversation).next {
                    After::Continue => {}
                    After::Open(_) => panic!("what failed to be found cannot be opened"),
                    After::Close => return check(&said),
                },
                Event::StartTls => conversation.secured(Terms::default()),
                Event::Close => return check(&said),
            }
        }
    }
    check(&said);
}

/// Carries out a plan where the database answers nothing.
fn carry_out(mut plan: Plan, conversation: &mut Conversation) -> Answer {
    let failed = || Err(db::Error::Unavailable("there is none".into()));
    loop {
        plan = match plan {
            plan::Plan::Done(answer) => return answer,
            plan::Plan::Run(step) => (step.then)(failed(), conversation),
            plan::Plan::Overlap(overlap) => {
                let (_, then) = (overlap.meanwhile)(conversation);
                then(failed(), conversation)
            }
            plan::Plan::Compute(computation) => (computation.then)(Ok((computation.work)()), conversation),
            plan::Plan::Emit(_, next) | plan::Plan::Progress(_, next) => next(conversation),
        };
    }
}

/// Lines, and nothing else.
fn check(said: &[u8]) {
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        let text = line
            .strip_suffix(b"\r\n")
            .is_some_and(|text| !text.iter().any(|octet| matches!(octet, b'\r' | 0)));
        assert!(text, "this is no line: {}", String::from_utf8_lossy(line));
    }
}

fn setup() -> Setup {
    let mechanisms = ["PLAIN", "LOGIN", "SCRAM-SHA-256"].map(Into::into).to_vec();
    Setup {
        hostname: "mail.example.org".to_owned(),
        terms: Terms { mechanisms, plaintext_allowed: true, ..Terms::default() },
        starttls: true,
        secure: false,
        mark_seen: true,
        utf8_wanted: false,
        client: None,
    }
}

fn snapshot() -> Snapshot {
    let loaded = [3, 4, 7].map(|uid: u32| Loaded {
        uid: Uid::new(uid).expect("it is not 0"),
        message: MessageId(i64::from(uid)),
        modseq: ModSeq(1),
        size: uid * 10,
        internal_date: InternalDate { seconds: 0, zone_minutes: 0 },
        flags: FlagSet::new(System::default(), []),
    });
    Snapshot::load(UidValidity::new(9).expect("a number"), 1000, ModSeq(1), loaded)
}

const KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

const WORDS: &[&str] = &[
    "\r\n",
    "USER anna\r\n",
    "PASS secret\r\n",
    "AUTH PLAIN ",
    "AUTH SCRAM-SHA-256\r\n",
    "AUTH LOGIN\r\n",
    "*\r\n",
    "=\r\n",
    "APOP a ",
    "STAT\r\n",
    "LIST ",
    "RETR 1\r\n",
    "DELE 2\r\n",
    "TOP 1 5\r\n",
    "UIDL ",
    "RSET\r\n",
    "QUIT\r\n",
    "CAPA\r\n",
    "STLS\r\n",
    "UTF8\r\n",
    "LANG de\r\n",
    "LANG *\r\n",
    "NOOP\r\n",
    "IMPLEMENTATION",
];
