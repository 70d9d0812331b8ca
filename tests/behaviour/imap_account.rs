//! What a client sees of its account: a whole IMAP conversation over a real PostgreSQL, no sockets, no actors.

use crate::support::{Lender, Scratch, units};
use archiveopteryx::db::{Account, LoadSnapshot};
use archiveopteryx::imap::{After, Answer, Conversation, Event, Opening, Selected, Setup};
use archiveopteryx::login::{self, Authenticated};
use archiveopteryx::mailbox::{AccountId, FirstMailbox, Shared};
use archiveopteryx::plan::{Computation, Plan};
use archiveopteryx::wire::sasl::Terms;

const ACCOUNTS: &str = "
    insert into aox.accounts (login, login_key) values ('anna', 'anna');
    insert into aox.mailboxes (account, name, uidvalidity, special_use) values
        (1, 'INBOX', 7, null), (1, 'Sent', 8, 'sent');
    insert into aox.aliases (localpart, localpart_key, domain, account, mailbox) values
        ('sent', 'sent', 'example.org', 1, 2);";

/// One client of the whole door.
struct Client<'a> {
    lender: &'a Lender,
    conversation: Conversation,
    selected: Option<Selected>,
    said: Vec<u8>,
    /// The changes that others would hear of.
    changes: usize,
}

impl<'a> Client<'a> {
    async fn logged_in(lender: &'a Lender) -> Client<'a> {
        let setup = Setup {
            hostname: "mail.example.org".into(),
            literal_max: 1_000_000,
            starttls: false,
            secure: false,
            terms: Terms { plaintext_allowed: true, ..Terms::default() },
            first_mailboxes: FirstMailbox::defaults().into(),
            client: Some("192.0.2.1".into()),
            administrators_group: "administrators".into(),
            submission_group: "submitters".into(),
            deleted_messages: true,
            language: Default::default(),
            compress: false,
            literal_plus: true,
            connection: 1,
            limit: Default::default(),
        };
        let (conversation, _) = Conversation::new(setup);
        let mut client = Client { lender, conversation, selected: None, said: Vec::new(), changes: 0 };
        client.says("LOGIN anna secret").await;
        client
    }

    /// Gives a command and returns all that the client reads.
    async fn says(&mut self, command: &str) -> String {
        self.said.clear();
        self.conversation.receive(format!("a {command}\r\n").as_bytes());
        while let Some(event) = self.conversation.poll(jiff::Timestamp::now()) {
            match event {
                Event::Send(octets) => self.said.extend(octets),
                Event::Ask(_) => {
                    let account = Account { id: AccountId(1), login: "anna".into() };
                    let authenticated = Authenticated::new(account);
                    self.conversation.answered(login::Answer::Verdict(Ok(authenticated)));
                }
                Event::Run(plan) => {
                    let answer = carry_out(plan, &mut self.conversation, self.lender, &mut self.said).await;
                    self.answer(answer).await;
                }
                Event::Selected(command) => {
                    let mut selected = self.selected.take().expect("a mailbox is open");
                    let plan = selected.execute(command);
                    let answer = carry_out(plan, &mut selected, self.lender, &mut self.said).await;
                    self.selected = Some(selected);
                    self.answer(answer).await;
                }
                Event::StartTls | Event::Compress { .. } | Event::Decompress { .. } | Event::Close => {}
            }
        }
        String::from_utf8(std::mem::take(&mut self.said)).expect("the test speaks UTF-8")
    }

    async fn answer(&mut self, answer: Answer) {
        self.said.extend(answer.untagged);
        self.said.extend(answer.tagged);
        self.changes += answer.changes.len();
        match answer.next {
            After::Continue | After::Close => {}
            After::Unselect => {
                self.selected = None;
                self.conversation.closed();
            }
            After::Open(opening) => self.open(*opening).await,
        }
    }

    async fn open(&mut self, opening: Opening) {
        let loaded = self.lender.run(LoadSnapshot { key: opening.key }).await.expect("it is read");
        let shared = Shared::new(opening.key, loaded.expect("it is there").snapshot);
        let recent = shared.current().uids();
        let (selected, answer) = Selected::open(opening.clone(), shared, recent);
        self.selected = Some(selected);
        let octets = self.conversation.opened(opening, Ok(answer));
        self.said.extend(octets);
    }
}

async fn carry_out<C>(
    mut plan: Plan<C, Answer>,
    context: &mut C,
    lender: &Lender,
    said: &mut Vec<u8>,
) -> Answer {
    loop {
        plan = match plan {
            Plan::Done(answer) => return answer,
            Plan::Run(step) => (step.then)(lender.run_erased(step.unit).await, context),
            Plan::Compute(Computation { work, then }) => then(Ok(work()), context),
            Plan::Emit(octets, next) => {
                said.extend(octets);
                next(context)
            }
            Plan::Progress(_, next) => next(context),
            Plan::Overlap(_) => unreachable!("nothing of an account is that long"),
        };
    }
}

fn test(body: impl AsyncFnOnce(&mut Client<'_>)) {
    let scratch = Scratch::start();
    scratch.sql(ACCOUNTS);
    units::runtime().block_on(async {
        let lender = scratch.lender().await;
        body(&mut Client::logged_in(&lender).await).await;
    });
}

#[test]
fn an_account_has_mailboxes_and_mail() {
    test(async |client| {
        mailboxes_come_and_go(client).await;
        appended_mail_can_be_read(client).await;
        inbox_gives_its_mail_away(client).await;
    });
}

#[test]
fn an_administrator_sets_quotas() {
    test(async |client| {
        let admins = "insert into aox.groups (name, name_key) values ('Administrators', 'administrators');
            insert into aox.group_members values (1, 1)";
        client.lender.client().batch_execute(admins).await.expect("the server may add groups");
        for (command, expected) in [
            ("GETQUOTA group/administrators", "* QUOTA group/administrators ()\r\na OK"),
            (
                "SETQUOTA group/administrators (STORAGE 1)",
                "* QUOTA group/administrators (STORAGE 0 1)\r\na OK",
            ),
            ("SETQUOTA default (message 7)", "* QUOTA default (MESSAGE 0 7)\r\na OK"),
            (
                "GETQUOTAROOT INBOX",
                "* QUOTAROOT INBOX user/anna group/Administrators\r\n* QUOTA user/anna (MESSAGE 0 7)\r\n\
                 * QUOTA group/Administrators (STORAGE 0 1)\r\na OK",
            ),
            ("SETQUOTA user/ANNA ()", "* QUOTA user/ANNA ()\r\na OK"),
            ("SETQUOTA user/nobody ()", "a NO [NONEXISTENT]"),
            ("SETQUOTA nonsense ()", "a NO [NONEXISTENT]"),
            ("SETQUOTA user/anna (COFFEE 1)", "a NO [CANNOT]"),
            ("SETQUOTA user/anna (STORAGE x)", "a BAD"),
            ("APPEND INBOX {1025}", "a NO [OVERQUOTA]"),
            ("APPEND {5+}\r\nINBOX {9}\r\nA: b\r\n\r\nc", "+ go ahead\r\na OK [APPENDUID"),
            ("GETQUOTA group/ADMINISTRATORS", "* QUOTA group/ADMINISTRATORS (STORAGE 1 1)\r\na OK"),
        ] {
            let said = client.says(command).await;
            assert!(said.starts_with(expected), "{command}: {said}");
        }
    });
}

async fn mailboxes_come_and_go(client: &mut Client<'_>) {
    for (command, expected) in [
        (
            "LIST \"\" *",
            "* LIST (\\HasNoChildren) \"/\" INBOX\r\n* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\na OK",
        ),
        ("CREATE lists/Entw&APw-rfe/", "a OK"),
        ("LIST \"\" lists", "* LIST (\\HasChildren \\Noselect) \"/\" lists\r\na OK"),
        ("CREATE lists", "a OK"),
        ("CREATE lists", "a NO [ALREADYEXISTS]"),
        ("LIST lists/ %", "* LIST (\\HasNoChildren) \"/\" lists/Entw&APw-rfe\r\na OK"),
        (
            "STATUS lists/Entw&APw-rfe (MESSAGES UIDNEXT)",
            "* STATUS lists/Entw&APw-rfe (MESSAGES 0 UIDNEXT 1)\r\na OK",
        ),
        ("STATUS nothing (MESSAGES)", "a NO [NONEXISTENT]"),
        ("RENAME lists old/lists", "a OK"),
        (
            "LIST \"\" old*",
            "* LIST (\\HasChildren \\Noselect) \"/\" old\r\n* LIST (\\HasChildren) \"/\" old/lists\r\n* LIST",
        ),
        ("RENAME old/lists Sent", "a NO [ALREADYEXISTS]"),
        ("DELETE old", "a NO [HASCHILDREN]"),
        ("LIST \"\" old", "* LIST (\\HasChildren \\Noselect) \"/\" old\r\na OK"),
        ("SELECT old", "a NO [NONEXISTENT]"),
        ("SUBSCRIBE old/lists", "a OK"),
        ("LSUB \"\" %", "* LSUB (\\Noselect) \"/\" old\r\na OK"),
        ("UNSUBSCRIBE old/lists", "a OK"),
        ("LSUB \"\" *", "a OK"),
        ("DELETE Sent", "a OK"),
        ("SELECT Sent", "a NO [NONEXISTENT]"),
        ("CREATE Sent", "a OK"),
        ("LIST \"\" Sent", "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\na OK"),
        ("CREATE Drafts/2026", "a OK"),
        ("LIST \"\" Drafts", "* LIST (\\HasChildren \\Noselect) \"/\" Drafts\r\na OK"),
        ("CREATE Drafts", "a OK"),
        ("LIST \"\" Drafts", "* LIST (\\HasChildren \\Drafts) \"/\" Drafts\r\na OK"),
        // A mailbox that has the use keeps it, whatever it is called.
        ("RENAME Sent Gesendet", "a OK"),
        ("CREATE Sent", "a OK"),
        ("LIST \"\" Sent", "* LIST (\\HasNoChildren) \"/\" Sent\r\na OK"),
        ("CREATE u&Awg-", "a OK"),
        ("LIST \"\" &APw-", "* LIST (\\HasNoChildren) \"/\" &APw-\r\na OK"),
        ("DELETE INBOX", "a NO [CANNOT]"),
    ] {
        let said = client.says(command).await;
        assert!(said.starts_with(expected), "{command}: {said}");
    }
}

async fn appended_mail_can_be_read(client: &mut Client<'_>) {
    let said = client.says("APPEND nowhere {9+}\r\nA: b\r\n\r\nc").await;
    assert!(said.starts_with("a NO [TRYCREATE]"), "{said}");
    let command =
        "APPEND inbox (\\Seen $Work) \"17-Jul-1996 02:44:25 -0700\" {24+}\r\nSubject: eins\r\n\r\nerste\r\n";
    assert_eq!(client.says(command).await, "a OK [APPENDUID 7 1] APPEND completed\r\n");
    // Larger than what is taken apart at once, and with bare LFs.
    let large = format!("Subject: zwei\n\n{}", "0123456789\n".repeat(20_000));
    let said = client.says(&format!("APPEND INBOX {{{}+}}\r\n{large}", large.len())).await;
    assert_eq!(said, "a OK [APPENDUID 7 2] APPEND completed\r\n");
    assert_eq!(client.changes, 2);
    let said = client.says("SELECT INBOX").await;
    assert!(
        said.contains("* 2 EXISTS\r\n") && said.ends_with("a OK [READ-WRITE] SELECT completed\r\n"),
        "{said}"
    );
    let said = client.says("FETCH 1 (INTERNALDATE FLAGS BODY.PEEK[])").await;
    assert!(said.contains("\"17-Jul-1996 02:44:25 -0700\""), "{said}");
    assert!(
        said.contains("$Work") && said.contains("BODY[] {24}\r\nSubject: eins\r\n\r\nerste\r\n"),
        "{said}"
    );
    let said = client.says("UID FETCH 2 RFC822").await;
    assert!(said.contains(&large.replace('\n', "\r\n")));
    let said = client.says("SEARCH SUBJECT zwei").await;
    assert!(said.starts_with("* SEARCH 2\r\n"), "{said}");
    assert!(client.says("CLOSE").await.starts_with("a OK"));
    let said = client.says("STATUS INBOX (MESSAGES UNSEEN)").await;
    assert!(said.starts_with("* STATUS INBOX (MESSAGES 2 UNSEEN 0)\r\n"), "{said}");
}

async fn inbox_gives_its_mail_away(client: &mut Client<'_>) {
    client.changes = 0;
    assert_eq!(client.says("RENAME INBOX archive/2026").await, "a OK RENAME completed\r\n");
    assert_eq!(client.changes, 2);
    let said = client.says("STATUS archive/2026 (MESSAGES)").await;
    assert!(said.contains("(MESSAGES 2)"), "{said}");
    assert!(client.says("STATUS INBOX (MESSAGES)").await.contains("(MESSAGES 0)"));
    let said = client.says("EXAMINE archive/2026").await;
    assert!(said.ends_with("a OK [READ-ONLY] EXAMINE completed\r\n"), "{said}");
    let said = client.says("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]").await;
    assert!(said.find("eins").expect("it is there") < said.find("zwei").expect("it is there"), "{said}");
}
