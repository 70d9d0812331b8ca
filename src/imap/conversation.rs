//! The conversation with one IMAP client, as a machine that never waits: octets go in, events come out.
//!
//! Commands are carried out one after the other (RFC 3501 §5.5 leaves that to the server): each event is finished by
//! the actor before it asks for the next one, so pipelined commands keep their meaning.

mod heeding;

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use crate::db::{self, Culprit};
use crate::error::Error;
use crate::imap::answer::{Answer, Opening};
use crate::imap::command::append::message::Session;
use crate::imap::command::esearch::Esearch;
use crate::imap::command::search::Search;
use crate::imap::command::{
    self, Authenticate, Command, Login, Needs, OnMailbox, SelectedCommand, capability, getmetadata, idle,
};
use crate::imap::enabled::Enabled;
use crate::imap::filters;
use crate::imap::language::Language;
use crate::imap::limited::MessageLimit;
use crate::imap::response;
use crate::imap::watching::Heeds;
use crate::limits;
use crate::login;
use crate::mailbox::{AccountId, FirstMailbox, MailboxKey, MailboxName};
use crate::plan;
use crate::policy::Viewer;
use crate::wire::framer::{Frame, Framer};
use crate::wire::sasl::{self, Question, Terms};

mod input;
mod stream;

/// What an account's command does, step by step.
pub type Plan = plan::Plan<Conversation, Answer>;

/// What has to be known of the server and of the client before anything is said.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The server's name, for the greeting.
    pub hostname: String,
    /// Octets of the largest message that APPEND may bring.
    pub literal_max: u64,
    /// Whether TLS can begin here.
    pub starttls: bool,
    /// Whether it has begun.
    pub secure: bool,
    /// How the client may show who it is.
    pub terms: Terms,
    /// The mailboxes that have a use by their names.
    pub first_mailboxes: Arc<[FirstMailbox]>,
    /// The client's address, for the tombstones of what it deletes.
    pub client: Option<String>,
    /// The groups whose members are administrators, and submit messages for others.
    pub administrators_group: String,
    pub submission_group: String,
    /// Whether users see what was deleted.
    pub deleted_messages: bool,
    /// What `LANGUAGE default` means.
    pub language: Language,
    /// Whether a client may have what is said compressed, and whether literals of any size may come unasked.
    pub compress: bool,
    pub literal_plus: bool,
    /// What no other connection has, here or at another server.
    pub connection: i64,
    /// How many messages a command may be about.
    pub limit: MessageLimit,
}

/// What is to be done next. The actor finishes one before it asks for another.
pub enum Event {
    /// Write these octets.
    Send(Vec<u8>),
    /// Get an answer to this from the authenticator, and tell it by [`Conversation::answered`].
    Ask(Question),
    /// Carry out a command of the account, and its [`Answer`].
    Run(Plan),
    /// Have the session of the open mailbox carry out a command, and its [`Answer`].
    Selected(SelectedCommand),
    /// Write what there is to write, begin TLS, then call [`Conversation::secured`].
    StartTls,
    /// Write what there is to write, and `last`; what follows is compressed, and so is what the client says, of which
    /// `unread` is here already.
    Compress { last: Vec<u8>, unread: Vec<u8> },
    /// Write what there is to write, and `last`, and end the compression. The client has said `unread` already.
    Decompress { last: Vec<u8>, unread: Vec<u8> },
    /// Write what there is to write, then close the connection.
    Close,
}

/// Who has logged in, from where.
#[derive(Debug, Clone)]
pub struct User {
    pub account: db::Account,
    /// The administrator who acts for that account.
    pub by: Option<db::Account>,
    /// Nobody has said who it is.
    pub anonymous: bool,
    /// The client's address.
    pub client: Option<String>,
    /// The group whose members are administrators.
    pub administrators_group: String,
    /// The group whose members submit messages for others.
    pub submission_group: String,
    /// How he wants to be spoken to.
    pub enabled: Enabled,
    /// What he wants to hear of in the mailbox that he opens.
    pub heeds: Heeds,
    /// Octets of the largest message that APPEND takes, and how many it takes.
    pub append_limit: u64,
    pub save_limit: Option<u32>,
    /// Whether what was deleted can be seen.
    pub sees_deleted: bool,
    /// The connection, which need not be told what it has done by itself.
    pub connection: i64,
}

/// The machine.
pub struct Conversation {
    setup: Setup,
    framer: Framer,
    stage: Stage,
    /// Who has logged in.
    user: Option<User>,
    /// A mailbox is open.
    selected: bool,
    /// How it was called when it was opened.
    open: Option<MailboxName>,
    /// The same by its number.
    open_key: Option<MailboxKey>,
    /// What is spoken to people.
    language: Language,
    /// What is said is compressed.
    compressed: bool,
    /// Events that follow the one that was handed out last.
    queue: VecDeque<Event>,
    /// BAD answers since something was right.
    errors: u32,
    /// Tag and name of the command that came last.
    doing: String,
    /// When that came.
    doing_since: Timestamp,
}

/// What the client's next line is.
enum Stage {
    /// A command.
    Command,
    /// A response in a SASL exchange, begun by the command with this tag.
    Authenticating { tag: String, exchange: Box<login::Exchange> },
    /// Nothing, until the question of that exchange has been answered.
    Asking { tag: String, exchange: Box<login::Exchange> },
    /// Nothing: TLS begins, and what comes before it is dropped.
    Securing,
    /// DONE, which ends the IDLE with this tag.
    Idling { tag: String },
    /// Nothing that is listened to any more.
    Over,
}

impl Conversation {
    /// The conversation, and the greeting that begins it.
    pub fn new(setup: Setup) -> (Conversation, Vec<u8>) {
        let conversation = Conversation {
            setup,
            framer: Framer::default(),
            stage: Stage::Command,
            user: None,
            selected: false,
            open: None,
            open_key: None,
            language: Language::default(),
            compressed: false,
            queue: VecDeque::new(),
            errors: 0,
            doing: String::new(),
            doing_since: Timestamp::UNIX_EPOCH,
        };
        let code = format!("CAPABILITY {}", conversation.capabilities());
        let text = format!("{} Archiveopteryx is ready", conversation.setup.hostname);
        let greeting = response::ok("*", Some(&code), text.trim_start());
        (conversation, greeting)
    }

    /// Takes what the client sent. The caller reads no more from the client before [`Conversation::poll`] is through
    /// with it, so that what waits here is bounded.
    pub fn receive(&mut self, octets: &[u8]) {
        if !matches!(self.stage, Stage::Over | Stage::Securing) {
            self.framer.receive(octets);
        }
    }

    /// What to do next; None when the client has to say more first. Time is an argument.
    pub fn poll(&mut self, now: Timestamp) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if matches!(self.stage, Stage::Over | Stage::Asking { .. } | Stage::Securing) {
                return None;
            }
            let bounds = self.bounds();
            match self.framer.next(bounds)? {
                Frame::Command(line) => self.line(line, now),
                Frame::GoAhead { octets } => self.go_ahead(octets),
                Frame::Refused { head, why } => self.refuse(&head, why),
            }
        }
    }

    /// Tag and name of the command that the last event belongs to, for the log: nothing of what it says.
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// What the client hears of its command while it waits for long; nothing before login, since it cannot know yet that
    /// there is such a response.
    pub fn at_work(&self) -> Option<Vec<u8>> {
        let tag = self.doing.split(' ').next().unwrap_or_default();
        self.user.as_ref().map(|_| response::at_work(tag))
    }

    /// Takes the answer to the [`Event::Ask`] that was handed out last.
    pub fn answered(&mut self, answer: login::Answer) {
        let Stage::Asking { tag, exchange } = std::mem::replace(&mut self.stage, Stage::Command) else {
            unreachable!("an answer is told once, after Event::Ask");
        };
        self.authenticate(tag, exchange.answered(answer));
    }

    /// TLS has begun, as [`Event::StartTls`] asked. What came before it in the clear, anybody may have sent (RFC 3501
    /// §6.2.1). From now on `terms` say how the client may show who it is.
    pub fn secured(&mut self, terms: Terms) {
        self.framer = Framer::default();
        self.stage = Stage::Command;
        // RFC 5255 §3.1: somebody else may have chosen it, and the client has to choose again.
        self.language = Language::default();
        self.setup.secure = true;
        self.setup.terms = terms;
    }

    /// What came of opening the mailbox that an answer asked for. Returns what the client is to be told.
    pub fn opened(&mut self, opening: Opening, outcome: Result<Answer, Error>) -> Vec<u8> {
        match outcome {
            Ok(answer) => {
                let tagged = self.said(answer.tagged);
                self.selected = true;
                self.open = Some(opening.name);
                self.open_key = Some(opening.key);
                if let Some(resync) = opening.resync {
                    // The tagged answer to SELECT comes when that is done.
                    let resync =
                        self.on_mailbox(opening.tag, true, OnMailbox::Resync(resync), self.doing_since);
                    self.queue.push_back(resync);
                }
                [answer.untagged, tagged].concat()
            }
            Err(error) => self.said(response::failure(&opening.tag, &error)),
        }
    }

    /// The answer to CLOSE, UNSELECT or a SELECT that failed has closed the mailbox that was open.
    pub fn closed(&mut self) {
        self.selected = false;
    }

    /// Ends the conversation from this side, and returns what to say.
    pub fn goodbye(&mut self, text: &str) -> Vec<u8> {
        self.stage = Stage::Over;
        self.queue.clear();
        self.said(response::bye(text))
    }

    /// What an answer says to people, in the language of the client.
    pub fn said(&self, responses: Vec<u8>) -> Vec<u8> {
        self.language.said(responses)
    }

    /// What the client has enabled. Nothing can be before it has logged in.
    pub fn enabled(&self) -> Enabled {
        self.user.as_ref().map_or(Enabled::default(), |user| user.enabled)
    }

    /// Whether the client has shown who it is.
    pub fn logged_in(&self) -> bool {
        self.user.is_some()
    }

    /// As whom the client is to be told what others write down about mailboxes and the server, if it wants to be told.
    pub fn watches_metadata(&self) -> Option<Viewer> {
        self.user.as_ref().filter(|user| user.enabled.metadata).map(User::viewer)
    }

    /// What no other connection has, here or at another server.
    pub fn number(&self) -> i64 {
        self.setup.connection
    }

    /// Says what others have written down (RFC 5464 §4.4.2).
    pub fn metadata_changed(&self, changes: &[db::ChangedMetadata]) -> Vec<u8> {
        let mut out = Vec::new();
        for db::ChangedMetadata { mailbox, entries } in changes {
            let entries = entries.iter().map(String::as_str);
            getmetadata::write_changed(&mut out, mailbox.as_deref(), entries, self.enabled());
        }
        out
    }

    /// What CAPABILITY says at this point.
    pub fn capabilities(&self) -> String {
        match self.user {
            Some(_) => capability::after_login(&self.setup, self.compressed),
            None => capability::before_login(&self.setup),
        }
    }

    fn send(&mut self, octets: Vec<u8>) {
        self.queue.push_back(Event::Send(self.language.said(octets)));
    }

    /// A whole line or command has come.
    fn line(&mut self, line: Vec<u8>, now: Timestamp) {
        match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Command => self.command(line, now),
            Stage::Authenticating { tag, exchange } => match sasl::response(&line) {
                Ok(response) => self.authenticate(tag, exchange.respond(&response)),
                Err(error) => self.fail(&tag, error),
            },
            Stage::Idling { tag } => self.end_idle(tag, &line, now),
            Stage::Asking { .. } | Stage::Securing | Stage::Over => unreachable!("no line is read then"),
        }
    }

    /// Parses a command and begins it.
    fn command(&mut self, line: Vec<u8>, now: Timestamp) {
        if quirk_empty_line(&line) {
            return;
        }
        let tag = match command::tag_of(&line) {
            Some(tag) => tag.to_owned(),
            None => return self.fail("*", Error::bad("a command begins with a tag")),
        };
        let name = command::head_of(&line).map_or(String::new(), |head| head.name.to_ascii_uppercase());
        self.doing = format!("{tag} {name}");
        self.doing_since = now;
        match self.parse(&line) {
            Ok(command) => self.admit(tag, command, line, now),
            Err(error) => self.fail(&tag, error),
        }
    }

    /// Begins a command that was understood, if it may be said so. `line` is all of it.
    pub(super) fn admit(&mut self, tag: String, command: Command, line: Vec<u8>, now: Timestamp) {
        if self.enabled().uidonly && command.uses_numbers() {
            self.send(response::uid_required(&tag));
            return self.count_error();
        }
        self.errors = 0;
        let named = command.program().is_some_and(|program| !program.filters().is_empty());
        if let Some(user) = &mut self.user {
            user.enabled.condstore |= command.enables_condstore();
            if named {
                let reading = filters::plan(tag, command, line, user, now);
                return self.queue.push_back(Event::Run(reading));
            }
        }
        self.begin(tag, command, line, now);
    }

    /// Reads a command, if it is one that makes sense now.
    fn parse(&self, line: &[u8]) -> Result<Command, Error> {
        let command::Head { name, uid, arguments, .. } = command::head_of(line)?;
        let (needs, parse) =
            command::find(name, uid).ok_or_else(|| Error::bad("this command is not known"))?;
        let (logged_in, selected) = (self.user.is_some(), self.selected);
        match needs {
            Needs::NotAuthenticated if logged_in => Err(Error::bad("you are logged in already")),
            Needs::Authenticated | Needs::Selected if !logged_in => Err(Error::bad("log in first")),
            Needs::Selected if !selected => Err(Error::bad("open a mailbox first, by SELECT or EXAMINE")),
            _ => parse(arguments, self.enabled()),
        }
    }

    /// Begins a command that was understood. `line` is all of it, for the message that APPEND brings.
    fn begin(&mut self, tag: String, command: Command, line: Vec<u8>, now: Timestamp) {
        let event = match command {
            Command::Logout => {
                self.stage = Stage::Over;
                self.send(command::logout::respond(&tag));
                Event::Close
            }
            Command::StartTls => return self.start_tls(tag),
            Command::Login(login) => {
                let Login { user, password } = login;
                let next =
                    login::Exchange::with_password("LOGIN command", &user, password, &self.setup.terms);
                return self.authenticate(tag, next);
            }
            Command::Authenticate(begin) => {
                let Authenticate { mechanism, initial_response } = begin;
                let next = login::Exchange::begin(&mechanism, initial_response, &self.setup.terms);
                return self.authenticate(tag, next);
            }
            Command::Noop if self.selected => self.on_mailbox(tag, false, OnMailbox::Noop, now),
            Command::Language(speak) => return self.speak(&tag, speak),
            Command::Compress => return self.compress(tag),
            Command::Unauthenticate => return self.unauthenticate(&tag),
            Command::Idle => return self.begin_idle(tag, now),
            Command::Replace(uid, replacement) => {
                let session = Session { append_limit: self.setup.literal_max, open: self.open.as_ref() };
                let replace = replacement.with_message(line, session);
                self.on_mailbox(tag, uid, OnMailbox::Replace(replace), now)
            }
            Command::OnMailbox { uid, command } => self.on_mailbox(tag, uid, command, now),
            Command::Esearch(search) => return self.search(tag, search, now),
            Command::Capability => Event::Run(Plan::Done(capability::respond(&tag, self))),
            Command::Noop => Event::Run(Plan::Done(command::noop::respond(&tag))),
            Command::Id(id) => Event::Run(Plan::Done(id.respond(&tag))),
            account => Event::Run(self.plan(tag, account, line, now)),
        };
        self.queue.push_back(event);
    }

    /// ESEARCH (RFC 7377 §2.2): the session of the open mailbox looks into that, the account into all others.
    fn search(&mut self, tag: String, search: Esearch, now: Timestamp) {
        let open = self.open.clone().filter(|_| self.selected);
        if let Err(error) = search.check(open.as_ref()) {
            return self.fail(&tag, error);
        }
        let event = match search.is_about_selected() {
            true => {
                let search = Search { returns: search.returns, program: search.program };
                self.on_mailbox(tag, true, OnMailbox::Esearch(search), now)
            }
            false => {
                let user = self.user.as_ref().expect("the table of commands says that this needs a login");
                Event::Run(search.plan(tag, open, user, now))
            }
        };
        self.queue.push_back(event);
    }

    /// What a command of the account does.
    fn plan(&mut self, tag: String, command: Command, line: Vec<u8>, now: Timestamp) -> Plan {
        let was_open = self.selected;
        // RFC 3501 §6.3.1: SELECT closes what was open, also when it fails.
        self.selected &= !matches!(command, Command::Select(_));
        let open = self.open_key();
        let user = self.user.as_mut().expect("the table of commands says that these need a login");
        match command {
            Command::Enable(enable) => Plan::Done(enable.respond(&tag, &mut user.enabled)),
            Command::Comparator(choice) => Plan::Done(choice.respond(&tag, &mut user.enabled)),
            Command::Select(select) => select.plan(tag, was_open, user),
            Command::Create(create) => create.plan(tag, user, self.setup.first_mailboxes.clone(), now),
            Command::Delete(delete) => delete.plan(tag, user),
            Command::Rename(rename) => rename.plan(tag, user, now),
            Command::Subscribe(subscribe) => subscribe.plan(tag, user),
            Command::List(list) => list.plan(tag, user),
            Command::Status(status) => status.plan(tag, user),
            Command::Notify(notify) => notify.plan(tag, user, open),
            Command::Append(append) => {
                let open = self.open.as_ref().filter(|_| self.selected);
                append.plan(tag, line, (user, open), now)
            }
            Command::SetAcl(setacl) => setacl.plan(tag, user),
            Command::GetAcl(getacl) => getacl.plan(tag, user),
            Command::ListRights(listrights) => listrights.plan(tag, user),
            Command::MyRights(myrights) => myrights.plan(tag, user),
            Command::GetQuota(get) => get.plan(tag, user),
            Command::GetQuotaRoot(get) => get.plan(tag, user),
            Command::GenUrlAuth(urls) => urls.plan(tag, user),
            Command::ResetKey(reset) => reset.plan(tag, user),
            Command::UrlFetch(urls) => urls.plan(tag, user, now),
            Command::SetQuota(set) => set.plan(tag, user),
            Command::GetMetadata(get) => get.plan(tag, user),
            Command::SetMetadata(set) => set.plan(tag, user),
            Command::Namespace => Plan::Done(command::namespace::respond(&tag, user, self.language)),
            _ => unreachable!("begin() deals with the commands that are not the account's"),
        }
    }

    /// A command for the session of the open mailbox.
    fn on_mailbox(&self, tag: String, uid: bool, command: OnMailbox, now: Timestamp) -> Event {
        let (enabled, limit) = (self.enabled(), self.setup.limit);
        Event::Selected(SelectedCommand { tag, uid, command, now, enabled, limit })
    }

    /// The exchange goes on, or has come to an end.
    fn authenticate(&mut self, tag: String, next: login::Next) {
        match next {
            sasl::Next::Challenge(exchange, challenge) => {
                self.send(response::go_ahead(&sasl::encode(&challenge)));
                self.stage = Stage::Authenticating { tag, exchange: Box::new(exchange) };
            }
            sasl::Next::Ask(exchange, question) => {
                self.stage = Stage::Asking { tag, exchange: Box::new(exchange) };
                self.queue.push_back(Event::Ask(question));
            }
            sasl::Next::Done(login::Authenticated { account, by, anonymous }) => {
                self.errors = 0;
                let client = self.setup.client.clone();
                let administrators_group = self.setup.administrators_group.clone();
                let submission_group = self.setup.submission_group.clone();
                let (append_limit, save_limit) = (self.setup.literal_max, self.setup.limit.save);
                let sees_deleted = self.setup.deleted_messages && !anonymous;
                self.user = Some(User {
                    account,
                    by,
                    anonymous,
                    client,
                    administrators_group,
                    submission_group,
                    enabled: Enabled::default(),
                    heeds: Heeds::default(),
                    append_limit,
                    save_limit,
                    sees_deleted,
                    connection: self.setup.connection,
                });
                let code = format!("CAPABILITY {}", self.capabilities());
                self.send(response::ok(&tag, Some(&code), "logged in"));
            }
            sasl::Next::Failed(error) => self.fail(&tag, error),
        }
    }

    /// IDLE: what happens is told by the session of the open mailbox, if there is one.
    fn begin_idle(&mut self, tag: String, now: Timestamp) {
        match self.selected {
            true => self.queue.push_back(self.on_mailbox(tag.clone(), false, OnMailbox::Idle, now)),
            false => self.send(idle::respond()),
        }
        self.stage = Stage::Idling { tag };
    }

    /// What a client in IDLE hears now and then, and None for any other. Outlook never ends its IDLE and does not notice when
    /// it is logged out; routers forget connections on which nothing is said, and then K-9 and others wait for ever (2026-11).
    /// RFC 2177 §3 lets a server log out who idles for long; this one does not.
    pub fn quirk_idle_without_end(&self) -> Option<Vec<u8>> {
        matches!(self.stage, Stage::Idling { .. }).then(|| response::ok("*", None, "Still here"))
    }

    /// The line that ends IDLE, which has to be DONE.
    fn end_idle(&mut self, tag: String, line: &[u8], now: Timestamp) {
        self.queue.push_back(match self.selected {
            true => self.on_mailbox(tag, false, OnMailbox::IdleDone, now),
            false => Event::Run(Plan::Done(idle::respond_done(&tag))),
        });
        if !line.trim_ascii().eq_ignore_ascii_case(b"DONE") {
            self.fail("*", Error::bad("IDLE is ended by DONE; this line was not looked at"));
        }
    }

    /// Says that a command failed before it began.
    fn fail(&mut self, tag: &str, error: Error) {
        self.send(response::failure(tag, &error));
        self.count_error();
    }

    /// A client that makes one mistake after the other does not speak IMAP, or guesses passwords.
    fn count_error(&mut self) {
        self.errors += 1;
        if self.errors >= limits::IMAP_ERRORS_MAX {
            self.stage = Stage::Over;
            self.send(response::bye("too many errors"));
            self.queue.push_back(Event::Close);
        }
    }
}

impl User {
    /// As whom rights are given to him.
    pub fn viewer(&self) -> Viewer {
        Viewer { account: self.account.id, anonymous: self.anonymous, acting: self.acting() }
    }

    /// Whose doing it is: an administrator's, who acts for somebody else.
    pub fn acting(&self) -> AccountId {
        self.by.as_ref().unwrap_or(&self.account).id
    }

    /// Who it was, for the tombstones of what `command` takes away.
    pub fn culprit(&self, command: &'static str) -> Culprit {
        Culprit { account: Some(self.acting()), door: "imap", client: self.client.clone(), reason: command }
    }
}

/// Empty lines between commands: old Outlook and some Java libraries send CRLF after a literal's own (2026-11).
fn quirk_empty_line(line: &[u8]) -> bool {
    line.is_empty()
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
