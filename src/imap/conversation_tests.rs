//! Conversations as clients have them, without a socket and without a database: what the units return is made up here.

use std::any::Any;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::error::Code;
use crate::imap::answer::After;
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, ModSeq, Uid, UidValidity};
use crate::plan::{Computation, Outcome, Step};
use crate::policy::{Permit, Rights};
use crate::wire::sasl::{Claim, Proof};

const INBOX: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

fn setup() -> Setup {
    let hostname = "mail.example.org".into();
    let terms = Terms { mechanisms: vec!["PLAIN".into()], plaintext_allowed: true, ..Terms::default() };
    Setup {
        hostname,
        literal_max: 1000,
        starttls: true,
        secure: false,
        terms,
        first_mailboxes: Default::default(),
        client: Some("192.0.2.1".into()),
        administrators_group: "admins".into(),
        submission_group: "submitters".into(),
        deleted_messages: true,
        language: Language::German,
        compress: true,
        literal_plus: true,
        connection: 1,
        limit: MessageLimit::default(),
    }
}

/// For a client that could be overheard.
fn without_privacy() -> Setup {
    Setup { terms: Terms { plaintext_allowed: false, ..setup().terms }, ..setup() }
}

/// What an authenticator says who knows nobody but anna.
fn judge(claim: Claim) -> Result<login::Authenticated, Error> {
    let Claim { authcid, authzid, proof, .. } = claim;
    let Proof::Password(password) = proof else { panic!("a password was asked for") };
    if authcid != "anna" || password.as_bytes() != b"secret" {
        return Err(Error::no(Code::AuthenticationFailed, "wrong"));
    }
    if authzid.is_some_and(|authzid| authzid != "anna") {
        return Err(Error::no(Code::AuthorizationFailed, "not yours"));
    }
    Ok(login::Authenticated::new(db::Account { id: AccountId(1), login: authcid }))
}

/// A client's side: carries out events as an actor does, and keeps what the server says.
struct Client {
    conversation: Conversation,
    said: String,
    closed: bool,
}

impl Client {
    fn new(setup: Setup) -> Client {
        let (conversation, greeting) = Conversation::new(setup);
        Client { conversation, said: String::from_utf8(greeting).unwrap(), closed: false }
    }

    /// A client that has logged in; what was said so far is forgotten.
    fn logged_in() -> Client {
        let mut client = Client::new(setup());
        client.say("a LOGIN anna secret\r\n");
        assert!(client.conversation.logged_in());
        client
    }

    /// A client that has INBOX open.
    fn selected() -> Client {
        let mut client = Client::logged_in();
        client.say("b SELECT INBOX\r\n");
        client
    }

    /// Sends `input` and returns what the server says.
    fn say(&mut self, input: &str) -> String {
        self.say_octets(input.as_bytes())
    }

    fn say_octets(&mut self, input: &[u8]) -> String {
        self.said.clear();
        self.conversation.receive(input);
        while let Some(event) = self.conversation.poll(Timestamp::UNIX_EPOCH) {
            self.carry_out(event);
        }
        self.said.clone()
    }

    fn hear(&mut self, octets: Vec<u8>) {
        assert!(!self.closed, "nothing is said after the end");
        self.said.push_str(&String::from_utf8(octets).expect("what is said here is ASCII"));
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::Send(octets) => self.hear(octets),
            Event::Ask(Question::Claim(claim)) => {
                self.conversation.answered(login::Answer::Verdict(judge(claim)));
            }
            Event::Ask(question) => panic!("nobody asked for {question:?}"),
            Event::Run(plan) => {
                let answer = carry_out(plan, &mut self.conversation);
                self.answer(answer);
            }
            Event::Selected(SelectedCommand { tag, uid, command, .. }) => {
                if matches!(command, OnMailbox::Close | OnMailbox::Unselect) {
                    self.conversation.closed();
                }
                let name = format!("{command:?}");
                let name = name.split(['(', ' ']).next().unwrap_or_default();
                let uid = if uid { "UID " } else { "" };
                self.hear(format!("{tag} (session) {uid}{name}\r\n").into_bytes());
            }
            Event::StartTls => self.conversation.secured(setup().terms),
            Event::Compress { last, unread } | Event::Decompress { last, unread } => {
                self.hear(last);
                self.conversation.receive(&unread);
            }
            Event::Close => self.closed = true,
        }
    }

    fn answer(&mut self, answer: Answer) {
        self.hear(answer.untagged);
        self.hear(answer.tagged);
        if let After::Open(opening) = answer.next {
            let opened = Answer { tagged: response::ok(&opening.tag, None, "open"), ..Answer::default() };
            let octets = self.conversation.opened(*opening, Ok(opened));
            self.hear(octets);
        }
    }
}

fn carry_out(mut plan: Plan, conversation: &mut Conversation) -> Answer {
    loop {
        plan = match plan {
            Plan::Done(answer) => return answer,
            Plan::Run(Step { unit, then }) => then(outcome(unit.name()), conversation),
            Plan::Compute(Computation { work, then }) => then(Ok(work()), conversation),
            Plan::Emit(..) | Plan::Overlap(..) | Plan::Progress(..) => {
                panic!("nothing of an account is that long")
            }
        };
    }
}

/// What the unit of that name would return in an account that has nothing but an INBOX.
fn outcome(unit: &str) -> Outcome {
    let found = db::FoundMailbox {
        key: INBOX,
        uidvalidity: UidValidity::new(7).unwrap(),
        uidnext: 4,
        highestmodseq: ModSeq(9),
        first_recent_uid: 4,
        messages: 3,
        unseen: 2,
        octets: 100,
        deleted: 0,
        permit: Permit::of(Rights::ALL),
        seen: None,
    };
    let any: Box<dyn Any + Send> = match unit.rsplit("::").next().unwrap_or_default() {
        "FindMailbox" => Box::new(Some(found)),
        "ListMailboxes" => Box::new(vec![db::ListedMailbox {
            name: "INBOX".into(),
            exists: true,
            subscribed: true,
            special_use: None,
            rights: Rights::ALL,
        }]),
        "CreateMailbox" => return Err(Error::no(Code::AlreadyExists, "there is one").into()),
        "DeleteMailbox" => return Err(db::Error::Unavailable("gone".into())),
        "ChangeRights" => Box::new(None::<Change>),
        "ListRights" => Box::new(db::ListedRights {
            owner: Some("anna".into()),
            of_owner: Rights::ALL,
            possible: Rights::ALL,
            entries: Vec::new(),
        }),
        "RenameMailbox" => Box::new(db::Renamed::default()),
        "Subscribe" => Box::new(()),
        "Append" => Box::new(db::Appended {
            change: Change::new(INBOX, ModSeq(9), ModSeq(10)),
            uidvalidity: UidValidity::new(7).unwrap(),
            uids: vec![Uid::new(4).unwrap()],
            is_nearly_full: false,
        }),
        // Room for a small message, as long as the tests have no larger one.
        "FindQuotaRoom" => Box::new(()),
        other => panic!("{other} is not expected here"),
    };
    Ok(any)
}

#[test]
fn the_greeting_says_what_can_be_done() {
    let client = Client::new(setup());
    assert!(client.said.starts_with("* OK [CAPABILITY IMAP4rev1 "), "{}", client.said);
    assert!(client.said.contains("AUTH=PLAIN") && client.said.contains("mail.example.org"));
    let client = Client::new(without_privacy());
    assert!(client.said.contains("LOGINDISABLED") && !client.said.contains("AUTH=PLAIN"));
}

#[test]
fn login_says_what_can_be_done_then() {
    let mut client = Client::new(setup());
    assert_eq!(client.say("a LOGIN anna wrong\r\n"), "a NO [AUTHENTICATIONFAILED] wrong\r\n");
    let said = client.say("b LOGIN {4}\r\n");
    assert_eq!(said, "+ go ahead\r\n");
    let said = client.say("anna {6+}\r\nsecret\r\n");
    assert!(said.starts_with("b OK [CAPABILITY IMAP4rev1 ") && said.contains("UIDPLUS"), "{said}");
    assert!(client.say("c LOGIN anna secret\r\n").starts_with("c BAD "));
    assert!(client.say("d CAPABILITY\r\n").contains("NAMESPACE"));
}

#[test]
fn no_password_passes_where_it_could_be_heard() {
    let mut client = Client::new(without_privacy());
    assert!(client.say("a LOGIN anna secret\r\n").starts_with("a NO [PRIVACYREQUIRED]"));
    assert!(client.say("b AUTHENTICATE PLAIN\r\n").starts_with("b NO [PRIVACYREQUIRED]"));
}

#[test]
fn what_comes_before_tls_is_dropped() {
    let mut client = Client::new(without_privacy());
    assert!(client.say("a CAPABILITY\r\n").contains(" STARTTLS "));
    assert!(client.say("b STARTTLS x\r\n").starts_with("b BAD "));
    let said = client.say("c STARTTLS\r\nd LOGIN anna secret\r\ne NOO");
    assert_eq!(said, "c OK begin TLS now\r\n");
    assert!(client.say("f LOGIN anna secret\r\n").starts_with("f OK "));
    let mut client = Client::new(without_privacy());
    client.say("a STARTTLS\r\n");
    let said = client.say("b CAPABILITY\r\n");
    assert!(!said.contains("STARTTLS") && !said.contains("LOGINDISABLED"), "{said}");
    assert_eq!(client.say("c STARTTLS\r\n"), "c BAD this is TLS already\r\n");
    let mut client = Client::new(Setup { starttls: false, ..setup() });
    assert_eq!(client.say("a STARTTLS\r\n"), "a BAD TLS is not offered here\r\n");
}

#[test]
fn authenticate_takes_its_response_at_once_or_later() {
    let response = sasl::encode(b"\0anna\0secret");
    let mut client = Client::new(setup());
    assert_eq!(client.say("a authenticate plain\r\n"), "+ \r\n");
    assert!(client.say(&format!("{response}\r\n")).starts_with("a OK "));
    let mut client = Client::new(setup());
    assert!(client.say(&format!("a AUTHENTICATE PLAIN {response}\r\n")).starts_with("a OK "));
    let mut client = Client::new(setup());
    client.say("a AUTHENTICATE PLAIN\r\n");
    assert_eq!(client.say("*\r\n"), "a BAD authentication cancelled\r\n");
    assert!(client.say("b AUTHENTICATE GSSAPI\r\n").starts_with("b NO "));
    client.say("c AUTHENTICATE PLAIN\r\n");
    assert!(client.say("{5+}\r\n").starts_with("c BAD "));
    assert!(client.say("d NOOP\r\n").starts_with("d OK "));
    let other = sasl::encode(b"bob\0anna\0secret");
    assert!(
        client.say(&format!("e AUTHENTICATE PLAIN {other}\r\n")).starts_with("e NO [AUTHORIZATIONFAILED]")
    );
}

#[test]
fn commands_need_their_state() {
    let mut client = Client::new(setup());
    assert_eq!(client.say("a SELECT INBOX\r\n"), "a BAD log in first\r\n");
    assert_eq!(client.say("a FETCH 1 FLAGS\r\n"), "a BAD log in first\r\n");
    let mut client = Client::logged_in();
    assert!(client.say("a FETCH 1 FLAGS\r\n").starts_with("a BAD open a mailbox first"));
    assert!(client.say("a UID LOGIN\r\n").starts_with("a BAD this command is not known"));
    assert!(client.say("NOOP\r\n").starts_with("NOOP BAD "));
    assert!(client.say("+ NOOP\r\n").starts_with("* BAD "));
    assert_eq!(client.say("\r\n"), "");
}

#[test]
fn pipelined_commands_are_answered_in_order_wherever_they_are_cut() {
    let input = "a LOGIN {4+}\r\nanna secret\r\nb SELECT INBOX\r\nc FETCH 1 FLAGS\r\nd UID STORE 1 FLAGS ()\r\n\
                 e STATUS INBOX (MESSAGES)\r\nf CLOSE\r\ng CHECK\r\nh APPEND INBOX {3}\r\nx\r\n\r\ni LOGOUT\r\nj NOOP\r\n";
    let expected = "a OK\r\nb OK open\r\nc (session) Fetch\r\nd (session) UID Store\r\n* STATUS INBOX (MESSAGES 3)\r\n\
                    e OK STATUS completed\r\nf (session) Close\r\ng BAD open a mailbox first, by SELECT or EXAMINE\r\n\
                    + go ahead\r\nh OK [APPENDUID 7 4] APPEND completed\r\n* BYE logging out\r\ni OK LOGOUT completed\r\n";
    for size in 1..=input.len() {
        let mut client = Client::new(setup());
        let mut said = String::new();
        for piece in input.as_bytes().chunks(size) {
            said.push_str(&client.say_octets(piece));
        }
        // Which capabilities there are is not asked here.
        let (first, rest) = said.split_once("\r\n").unwrap();
        assert!(first.starts_with("a OK "));
        assert_eq!(format!("a OK\r\n{rest}"), expected, "in pieces of {size}");
        assert!(client.closed);
    }
}

#[test]
fn commands_of_the_account_are_answered() {
    let mut client = Client::logged_in();
    for (command, expected) in [
        ("a NOOP", "a OK NOOP completed\r\n"),
        ("a ID NIL", "* ID (\"name\" \"Archiveopteryx\""),
        (
            "a NAMESPACE",
            "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) ((\"Shared/\" \"/\")(\"Deleted Messages/\" \"/\"))\r\na OK NAMESPACE completed\r\n",
        ),
        ("a MYRIGHTS INBOX", "* MYRIGHTS INBOX lrswipkxtencda\r\na OK MYRIGHTS completed\r\n"),
        ("a GETACL INBOX", "* ACL INBOX anna lrswipkxtencda\r\na OK GETACL completed\r\n"),
        ("a SETACL INBOX bert lr", "a OK SETACL completed\r\n"),
        ("a DELETEACL INBOX bert", "a OK DELETEACL completed\r\n"),
        (
            "a LISTRIGHTS INBOX bert",
            "* LISTRIGHTS INBOX bert \"\" l r s w i p k x t e n c d a\r\na OK LISTRIGHTS completed\r\n",
        ),
        ("a ENABLE X-NONE", "* ENABLED\r\na OK ENABLE completed\r\n"),
        ("a LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\na OK LIST completed\r\n"),
        ("a LIST \"\" *", "* LIST (\\HasNoChildren) \"/\" INBOX\r\na OK LIST completed\r\n"),
        ("a LSUB \"\" *", "* LSUB () \"/\" INBOX\r\na OK LSUB completed\r\n"),
        ("a CREATE inbox", "a NO [ALREADYEXISTS] there is one\r\n"),
        ("a DELETE inbox", "a NO [CANNOT] INBOX cannot be deleted\r\n"),
        ("a DELETE x", "a NO [UNAVAILABLE] "),
        ("a RENAME x y/", "a OK RENAME completed\r\n"),
        ("a SUBSCRIBE x", "a OK SUBSCRIBE completed\r\n"),
        ("a UNSUBSCRIBE x", "a OK UNSUBSCRIBE completed\r\n"),
        ("a SELECT a//b", "a NO [CANNOT] "),
        ("a APPEND INBOX {0+}\r\n", "a NO [CANNOT] "),
        ("a LIST \"\"", "a BAD "),
    ] {
        let said = client.say(&format!("{command}\r\n"));
        assert!(said.starts_with(expected), "{command}: {said}");
    }
}

#[test]
fn what_is_too_large_is_refused_and_the_next_command_understood() {
    let mut client = Client::logged_in();
    assert!(client.say("a APPEND INBOX {1001}\r\n").starts_with("a NO [TOOBIG] "));
    let said = client.say(&format!("b APPEND INBOX {{1001+}}\r\n{}\r\nc NOOP\r\n", "x".repeat(1001)));
    assert!(said.starts_with("b NO [TOOBIG] ") && said.ends_with("c OK NOOP completed\r\n"), "{said}");
    assert!(client.say("d SELECT {70000}\r\n").starts_with("d NO [TOOBIG] "));
    let long = "x".repeat(limits::IMAP_LINE_BYTES_MAX);
    assert!(client.say(&format!("e SELECT {long}\r\n")).starts_with("e BAD "));
    assert!(client.say("f NOOP\r\n").starts_with("f OK "));
}

#[test]
fn idle_waits_for_done() {
    let mut client = Client::logged_in();
    assert_eq!(client.say("a IDLE\r\n"), "+ idling\r\n");
    assert_eq!(client.conversation.quirk_idle_without_end().as_deref(), Some(&b"* OK Still here\r\n"[..]));
    assert_eq!(client.say("done\r\n"), "a OK IDLE completed\r\n");
    assert_eq!(client.conversation.quirk_idle_without_end(), None);
    let mut client = Client::selected();
    assert_eq!(client.say("a IDLE\r\nDONE\r\n"), "a (session) Idle\r\na (session) IdleDone\r\n");
    client.say("b IDLE\r\n");
    let said = client.say("c NOOP\r\n");
    assert!(said.starts_with("b (session) IdleDone\r\n* BAD "), "{said}");
    assert_eq!(client.say("d NOOP\r\n"), "d (session) Noop\r\n");
}

#[test]
fn a_client_that_only_makes_mistakes_is_sent_away() {
    let mut client = Client::logged_in();
    for _ in 1..limits::IMAP_ERRORS_MAX {
        assert!(client.say("a NONSENSE\r\n").starts_with("a BAD "));
    }
    assert!(client.say("a NONSENSE\r\n").ends_with("* BYE too many errors\r\n"));
    assert!(client.closed);
    assert_eq!(client.say("a NOOP\r\n"), "");
}

#[test]
fn a_failed_select_leaves_no_mailbox_open() {
    let mut client = Client::selected();
    assert_eq!(client.say("a CHECK\r\n"), "a (session) Check\r\n");
    client.conversation.receive(b"b EXAMINE INBOX\r\n");
    let Some(Event::Run(Plan::Run(step))) = client.conversation.poll(Timestamp::UNIX_EPOCH) else { panic!() };
    let none: Option<db::FoundMailbox> = None;
    let answer =
        carry_out((step.then)(Ok(Box::new(none)), &mut client.conversation), &mut client.conversation);
    assert!(matches!(answer.next, After::Unselect));
    assert!(answer.tagged.starts_with(b"b NO [NONEXISTENT]"));
    assert!(client.say("c CHECK\r\n").starts_with("c BAD "));
}

#[test]
fn only_an_answer_closes_the_mailbox() {
    let mut client = Client::selected();
    client.conversation.receive(b"a CLOSE\r\n");
    assert!(matches!(client.conversation.poll(Timestamp::UNIX_EPOCH), Some(Event::Selected(_))));
    // It came to nothing, so that the client can try again.
    assert_eq!(client.say("b CHECK\r\n"), "b (session) Check\r\n");
    assert_eq!(client.say("b CLOSE\r\n"), "b (session) Close\r\n");
    assert!(client.say("c CHECK\r\n").starts_with("c BAD "));
}

#[test]
fn goodbye_is_the_last_word() {
    let mut client = Client::logged_in();
    assert_eq!(client.conversation.goodbye("the server stops"), b"* BYE the server stops\r\n");
    assert_eq!(client.say("a NOOP\r\n"), "");
}

proptest! {
    #[test]
    fn garbage_never_panics(
        input in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1usize..50,
    ) {
        for mut client in [Client::new(setup()), Client::logged_in(), Client::selected()] {
            for piece in input.chunks(size) {
                client.say_octets(piece);
            }
        }
    }

    #[test]
    fn after_any_lines_the_next_command_is_answered(
        lines in proptest::collection::vec("[a-z] (FETCH|UID|LOGIN|SEARCH|APPEND|LIST|CREATE) [ -|~]{0,40}", 0..9),
    ) {
        let mut client = Client::selected();
        for line in &lines {
            client.say(&format!("{line}\r\n"));
        }
        let said = client.say("z NOOP\r\n");
        prop_assert!(said.starts_with("z "), "{}", said);
    }
}

#[test]
fn small_literals_need_not_ask_where_large_ones_have_to() {
    let mut client = Client::new(Setup { literal_plus: false, literal_max: 10_000, ..setup() });
    assert!(client.said.contains(" LITERAL- ") && !client.said.contains("LITERAL+"));
    assert!(client.say("a LOGIN anna secret\r\n").contains(" LITERAL- "));
    assert!(client.say("b ID (\"name\" {4+}\r\nanna)\r\n").contains("b OK"));
    let large = "x".repeat(4097);
    let said = client.say(&format!("c APPEND INBOX {{4097+}}\r\n{large}\r\nd NOOP\r\n"));
    assert!(said.starts_with("c BAD a literal of more than 4096 octets"), "{said}");
    assert!(said.contains("d OK"), "{said}");
}
