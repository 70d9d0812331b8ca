//! The IMAP conversation, from octets to what each command plans: a client that has opened a mailbox says anything, while
//! the database fails every request. What is answered has to be IMAP.

use archiveopteryx::db;
use archiveopteryx::imap::{After, Answer, Conversation, Enabled, Event, Heeds, Opening, Selected, Setup};
use archiveopteryx::login;
use archiveopteryx::mailbox::{
    AccountId, FlagSet, InternalDate, Keyword, Loaded, MailboxId, MailboxKey, MailboxName, MessageId, ModSeq,
    Shared, Snapshot, System, Uid, UidValidity,
};
use archiveopteryx::plan::Plan;
use archiveopteryx::policy::{Standing, Viewer};
use archiveopteryx::wire::sasl::{self, Question, Terms};
use jiff::Timestamp;

use super::{Target, reply, seeds};

pub const TARGET: Target = Target { name: "imap", seeds: seeds::conversations, words: WORDS, run };

/// One client says `input`, with a mailbox open; and another one does who has not logged in.
pub fn run(input: &[u8]) {
    let mut client = Client::new();
    client.open();
    client.hear(input);
    Client::new().hear(input);
}

struct Client {
    conversation: Conversation,
    selected: Option<Selected>,
    /// What the server said.
    said: Vec<u8>,
    over: bool,
}

impl Client {
    fn new() -> Client {
        let mechanisms =
            ["PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2", "EXTERNAL", "ANONYMOUS"];
        let terms = Terms {
            mechanisms: mechanisms.iter().map(|name| (*name).into()).collect(),
            plaintext_allowed: true,
            ..Terms::default()
        };
        let setup = Setup {
            hostname: "mail.example.org".into(),
            literal_max: 5000,
            starttls: true,
            secure: false,
            terms,
            first_mailboxes: Default::default(),
            client: None,
            administrators_group: "admins".into(),
            submission_group: "submitters".into(),
            deleted_messages: true,
            connection: 1,
            language: Default::default(),
            compress: true,
            literal_plus: true,
            limit: Default::default(),
        };
        let (conversation, said) = Conversation::new(setup);
        Client { conversation, selected: None, said, over: false }
    }

    /// Logs in, and opens a mailbox that has some messages.
    fn open(&mut self) {
        self.hear(b"0 LOGIN anna secret\r\n");
        assert!(self.conversation.logged_in(), "LOGIN does not log in");
        self.opened(opening());
    }

    /// Takes what the client says, in two pieces, and carries out what comes of it.
    fn hear(&mut self, input: &[u8]) {
        let (first, second) = input.split_at(input.len() / 2);
        for octets in [first, second] {
            self.conversation.receive(octets);
            while !self.over
                && let Some(event) = self.conversation.poll(Timestamp::UNIX_EPOCH)
            {
                self.carry_out(event);
            }
        }
        if let Err(why) = reply::responses(&self.said) {
            panic!("{why}");
        }
        self.said.clear();
    }

    fn carry_out(&mut self, event: Event) {
        match event {
            Event::Send(octets) => self.said.extend(octets),
            Event::Ask(question) => self.conversation.answered(verdict(&question)),
            Event::Run(plan) => {
                let answer = carry_out(plan, &mut self.conversation, &mut self.said);
                self.answer(answer);
            }
            Event::Selected(command) => {
                let Some(selected) = &mut self.selected else { panic!("no mailbox is open for {command:?}") };
                let plan = selected.execute(command);
                let answer = carry_out(plan, selected, &mut self.said);
                self.answer(answer);
            }
            Event::StartTls => self.conversation.secured(Terms::default()),
            // Compression is below what is said.
            Event::Compress { last, unread } | Event::Decompress { last, unread } => {
                self.said.extend(last);
                self.conversation.receive(&unread);
            }
            Event::Close => self.over = true,
        }
    }

    fn answer(&mut self, answer: Answer) {
        self.said.extend(answer.untagged);
        self.said.extend(answer.tagged);
        match answer.next {
            After::Continue => {}
            After::Unselect => {
                self.selected = None;
                self.conversation.closed();
            }
            After::Close => self.over = true,
            After::Open(opening) => self.opened(*opening),
        }
    }

    fn opened(&mut self, opening: Opening) {
        let (selected, answer) = Selected::open(opening.clone(), shared(), shared().current().uids());
        self.selected = Some(selected);
        let said = self.conversation.opened(opening, Ok(answer));
        self.said.extend(said);
    }
}

/// Carries out a plan where the database answers nothing.
fn carry_out<C, A>(mut plan: Plan<C, A>, context: &mut C, said: &mut Vec<u8>) -> A {
    let failed = || Err(db::Error::Unavailable("there is none".into()));
    loop {
        plan = match plan {
            Plan::Done(answer) => return answer,
            Plan::Run(step) => (step.then)(failed(), context),
            Plan::Overlap(overlap) => {
                let (octets, then) = (overlap.meanwhile)(context);
                said.extend(octets);
                then(failed(), context)
            }
            Plan::Compute(computation) => (computation.then)(Ok((computation.work)()), context),
            Plan::Emit(octets, next) => {
                said.extend(octets);
                next(context)
            }
            Plan::Progress(octets, next) => {
                said.extend(octets);
                next(context)
            }
        };
    }
}

/// Anna is known by any password, and nobody by anything else.
fn verdict(question: &Question) -> login::Answer {
    let refused = || archiveopteryx::error::Error::bad("nobody is known so");
    let known = matches!(question, Question::Claim(claim) if claim.authcid == "anna");
    let account = || db::Account { id: AccountId(1), login: "anna".into() };
    sasl::Answer::Verdict(if known { Ok(login::Authenticated::new(account())) } else { Err(refused()) })
}

fn opening() -> Opening {
    Opening {
        tag: "0".into(),
        key: KEY,
        name: MailboxName::new("INBOX").expect("a name"),
        written: "INBOX".into(),
        uidvalidity: UidValidity::new(7).expect("a number"),
        highestmodseq: ModSeq(9),
        first_recent_uid: 1,
        read_only: false,
        viewer: Viewer::new(AccountId(1)),
        standing: Standing::owner(),
        acting: AccountId(1),
        client: None,
        enabled: Enabled::default(),
        heeds: Heeds::default(),
        resync: None,
        annotate: true,
    }
}

/// A mailbox with gaps in its uids, and flags of all kinds.
fn shared() -> Shared {
    let flags = |uid: u32| {
        let system = [System::SEEN, System::DELETED, System::default()][uid as usize % 3];
        let keyword = Keyword::new("$Forwarded").filter(|_| uid.is_multiple_of(2));
        FlagSet::new(system, keyword)
    };
    let loaded = [1, 2, 4, 5, 6, 9, 4_294_967_290].map(|uid: u32| Loaded {
        uid: Uid::new(uid).expect("it is not 0"),
        message: MessageId(i64::from(uid) + 100),
        modseq: ModSeq(u64::from(uid % 10)),
        size: uid % 500 * 10,
        internal_date: InternalDate { seconds: i64::from(uid), zone_minutes: 60 },
        flags: flags(uid),
    });
    let uidvalidity = UidValidity::new(7).expect("a number");
    Shared::new(KEY, Snapshot::load(uidvalidity, 4_294_967_295, ModSeq(9), loaded))
}

const KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };

/// What commands are made of.
const WORDS: &[&str] = &[
    "a ",
    "\r\n",
    " (",
    ") ",
    "()",
    "{0}\r\n",
    "{1+}\r\nx",
    "~{2+}\r\n\0x",
    "{5000000000+}\r\n",
    "\"\"",
    "\"\\\"\"",
    "NIL",
    "$",
    "*",
    "1:*",
    "*:1",
    "1,2:4",
    "4294967295",
    "UID ",
    "FETCH ",
    "STORE ",
    "SEARCH ",
    "SORT ",
    "THREAD ",
    "COPY ",
    "MOVE ",
    "EXPUNGE",
    "APPEND ",
    "REPLACE ",
    "LIST ",
    "LSUB ",
    "STATUS ",
    "SELECT ",
    "EXAMINE ",
    "CREATE ",
    "RENAME ",
    "ENABLE ",
    "IDLE\r\n",
    "DONE\r\n",
    "ESEARCH ",
    "AUTHENTICATE ",
    "STARTTLS",
    "NOOP",
    "CLOSE",
    "UNSELECT",
    "CONDSTORE",
    "QRESYNC",
    "UIDONLY",
    "UIDBATCHES 500 1:2",
    "IMAP4rev2",
    "UTF8=ACCEPT",
    "(CHANGEDSINCE 1 VANISHED)",
    "(UNCHANGEDSINCE 0)",
    "MODSEQ ",
    "FLAGS",
    "+FLAGS.SILENT ",
    "\\Seen",
    "\\Deleted",
    "BODY[",
    "BODY.PEEK[",
    "BINARY[",
    "BINARY.SIZE[",
    "]",
    "<0.1>",
    "HEADER.FIELDS.NOT (",
    ".MIME",
    ".TEXT",
    "RFC822.SIZE",
    "ENVELOPE",
    "BODYSTRUCTURE",
    "PREVIEW (LAZY)",
    "EMAILID",
    "RETURN (",
    "MIN MAX ALL COUNT SAVE",
    "PARTIAL -1:-3",
    "UPDATE",
    "CONTEXT",
    "OR ",
    "NOT ",
    "CHARSET UTF-8 ",
    "HEADER ",
    "BEFORE 1-Jan-2020",
    "SENTSINCE ",
    "LARGER ",
    "YOUNGER ",
    "KEYWORD ",
    "BODY ",
    "TEXT ",
    "REFERENCES ",
    "ORDEREDSUBJECT ",
    "REVERSE ",
    "ARRIVAL",
    "SUBJECT",
    "DISPLAYFROM",
    "IN (",
    "subtree-one ",
    "mailboxes ",
    "CATENATE (",
    "TEXT {1+}\r\nx",
    "URL ",
    "UTF8 (~{1+}\r\nx)",
    " 1-Jan-2020 00:00:00 +0000\" ",
    "&AOQ-",
    "%",
    "INBOX",
    "/",
    "(SUBSCRIBED RECURSIVEMATCH)",
    "RETURN (STATUS (MESSAGES))",
    "(USE (\\Sent))",
    "SETACL ",
    "GETQUOTA ",
    "SETQUOTA ",
    "STORAGE ",
    "COMPRESS DEFLATE",
    "UNAUTHENTICATE",
    "LANGUAGE ",
    "DE",
    "GENURLAUTH ",
    "URLFETCH ",
    "RESETKEY ",
    "imap://anna@x/INBOX/;UID=1;URLAUTH=anonymous",
    "/INBOX/;UID=1/;SECTION=1/;PARTIAL=1.2",
    ":INTERNAL:0123456789abcdef0123456789abcdef",
];
