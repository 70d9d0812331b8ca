//! The conversation with one POP3 client, as a machine that never waits: octets go in, events come out.
//!
//! Commands are carried out one after the other, however many come in one piece (RFC 2449 §6.6). What is answered from
//! memory is gathered, so that a client that asks for many messages at once costs few writes.

use std::sync::Arc;

use super::command::{self, Step, auth};
use super::language::{Language, Text};
use super::maildrop::Maildrop;
use super::read_ahead::ReadAhead;
use super::response::Reply;
use crate::db::{self, Culprit, FindMailbox, FoundMailbox};
use crate::error::{Code, Error};
use crate::limits;
use crate::login;
use crate::mailbox::{Change, MailboxKey, MailboxName, ModSeq, Snapshot};
use crate::plan;
use crate::policy::{Permit, Rights, Viewer};
use crate::wire::framer::{Bounds, Frame, Framer};
use crate::wire::sasl::{self, Question, Terms};

/// What a command does, step by step.
pub type Plan = plan::Plan<Conversation, Answer>;

/// What has to be known of the server and of the client before anything is said.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The server's name, for the greeting.
    pub hostname: String,
    /// Whether TLS can begin here.
    pub starttls: bool,
    /// Whether it has begun.
    pub secure: bool,
    /// How the client may show who it is.
    pub terms: Terms,
    /// Whether what RETR has read becomes \Seen.
    pub mark_seen: bool,
    /// Whether a message with 8-bit octets in its header goes only to a client that has said UTF8.
    pub utf8_wanted: bool,
    /// The client's address, for the tombstones of what it deletes.
    pub client: Option<String>,
}

/// What is to be done next. The actor finishes one before it asks for another.
pub enum Event {
    /// Write these octets.
    Send(Vec<u8>),
    /// Get an answer to this from the authenticator, and tell it by [`Conversation::answered`].
    Ask(Question),
    /// Carry out a command, and its [`Answer`].
    Run(Plan),
    /// Begin TLS, then call [`Conversation::secured`].
    StartTls,
    /// Close the connection.
    Close,
}

/// What remains to be done when a plan is through; its words are with the conversation already.
#[derive(Debug, Default)]
pub struct Answer {
    /// What others who watch these mailboxes have to hear.
    pub changes: Vec<Change>,
    pub next: After,
}

/// What follows.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum After {
    /// The next command.
    #[default]
    Continue,
    /// Get the snapshot of this mailbox, then call [`Conversation::opened`].
    Open(Opening),
    /// The connection ends here: an answer broke off where no other octets may follow.
    Close,
}

/// The mailbox that becomes the maildrop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub key: MailboxKey,
    /// How far the mailbox had come when it was found: what is opened must not be older.
    pub at_least: ModSeq,
    /// What the user may do with it.
    pub permit: Permit,
}

/// The machine.
pub struct Conversation {
    pub(super) setup: Setup,
    framer: Framer,
    pub(super) out: Vec<u8>,
    stage: Stage,
    /// What follows when what was said before has been written.
    event: Option<Event>,
    /// What USER has said.
    pub(super) login: Option<String>,
    user: Option<login::Authenticated>,
    maildrop: Option<Maildrop>,
    pub(super) read_ahead: ReadAhead,
    /// UTF8 was said.
    pub(super) utf8: bool,
    pub(super) language: Language,
    /// Errors since something was right.
    errors: u32,
    /// The command that came last.
    doing: String,
}

/// What the client's next line is.
#[derive(Debug)]
enum Stage {
    /// A command.
    Command,
    /// A response in a SASL exchange.
    Authenticating(Box<login::Exchange>),
    /// Nothing, until the question of that exchange has been answered.
    Asking(Box<login::Exchange>),
    /// Nothing, until TLS is there.
    Securing,
    /// Nothing that is listened to any more.
    Over,
}

impl Conversation {
    /// The conversation; the greeting is its first event. It has no timestamp, because APOP is not offered.
    pub fn new(setup: Setup) -> Conversation {
        let mut conversation = Conversation {
            setup,
            framer: Framer::default(),
            out: Vec::new(),
            stage: Stage::Command,
            event: None,
            login: None,
            user: None,
            maildrop: None,
            read_ahead: ReadAhead::default(),
            utf8: false,
            language: Language::default(),
            errors: 0,
            doing: String::new(),
        };
        let words = format!("{} Archiveopteryx is ready", conversation.setup.hostname);
        conversation.reply(Reply::ok(Text::Plain(words.trim_start().to_owned())));
        conversation
    }

    /// Takes what the client sent. The caller reads no more from the client before [`Conversation::poll`] is through
    /// with it, so that what waits here is bounded.
    pub fn receive(&mut self, octets: &[u8]) {
        // What comes between STLS and the handshake was not said in private (RFC 2595 §2.1).
        if !matches!(self.stage, Stage::Over | Stage::Securing) {
            self.framer.receive(octets);
        }
    }

    /// What to do next; None when the client has to say more first.
    pub fn poll(&mut self) -> Option<Event> {
        loop {
            let is_full = self.out.len() >= limits::FETCH_EMIT_BYTES;
            if !self.out.is_empty() && (is_full || self.event.is_some()) {
                return Some(self.flush());
            }
            if let Some(event) = self.event.take() {
                return Some(event);
            }
            let frame = match self.stage {
                Stage::Command | Stage::Authenticating(_) => {
                    self.framer.next(bounds(self.maildrop.is_some()))
                }
                Stage::Asking(_) | Stage::Securing | Stage::Over => None,
            };
            match frame {
                Some(Frame::Command(line)) => self.line(&line),
                Some(Frame::Refused { .. }) => {
                    self.stage = Stage::Command;
                    self.reply(Reply::err(Text::LineTooLong));
                }
                Some(Frame::GoAhead { .. }) => unreachable!("there are no literals in POP3"),
                None => return (!self.out.is_empty()).then(|| self.flush()),
            }
        }
    }

    /// The command that the last event belongs to, for the log: nothing of what it says.
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// Takes the answer to the [`Event::Ask`] that was handed out last.
    pub fn answered(&mut self, answer: login::Answer) {
        let Stage::Asking(exchange) = std::mem::replace(&mut self.stage, Stage::Command) else {
            unreachable!("an answer is told once, after Event::Ask");
        };
        self.authenticate(exchange.answered(answer));
    }

    /// What came of getting the snapshot that an answer asked for.
    pub fn opened(&mut self, opening: Opening, outcome: Result<Arc<Snapshot>, db::Error>) {
        match outcome {
            Ok(snapshot) => {
                let maildrop = Maildrop::new(opening.key, opening.permit, snapshot);
                self.reply(Reply::ok(maildrop.text()));
                self.maildrop = Some(maildrop);
            }
            Err(error) => self.not_opened(error.into()),
        }
    }

    /// Answers [`Event::StartTls`]. What was said before in the clear is forgotten (RFC 2595 §4).
    pub fn secured(&mut self, terms: Terms) {
        self.framer = Framer::default();
        self.stage = Stage::Command;
        self.login = None;
        self.language = Language::default();
        self.setup.secure = true;
        self.setup.terms = terms;
    }

    /// Ends the conversation from this side, and returns what to say.
    pub fn goodbye(&mut self) -> Vec<u8> {
        self.event = None;
        self.close(Reply::refused("SYS/TEMP", Text::Stopping));
        std::mem::take(&mut self.out)
    }

    /// Whether the client has shown who it is.
    pub fn logged_in(&self) -> bool {
        self.maildrop.is_some()
    }

    /// The maildrop, for commands that the table lets through only when there is one.
    pub(super) fn maildrop(&mut self) -> &mut Maildrop {
        self.maildrop.as_mut().expect("the table of commands says that these need a login")
    }

    /// Leaves the maildrop, if there is one: it is QUIT.
    pub(super) fn take_maildrop(&mut self) -> Option<Maildrop> {
        self.maildrop.take()
    }

    /// The messages read ahead, the maildrop they belong to, and where to write.
    pub(super) fn reading(&mut self) -> (&mut ReadAhead, &mut Maildrop, &mut Vec<u8>) {
        let maildrop = self.maildrop.as_mut().expect("only messages of a maildrop are read");
        (&mut self.read_ahead, maildrop, &mut self.out)
    }

    /// Whether the client gets no header that is not ASCII (RFC 6856 §2.1).
    pub(super) fn needs_ascii(&self) -> bool {
        self.setup.utf8_wanted && !self.utf8
    }

    /// Who it was, for the tombstones of what QUIT takes away.
    pub(super) fn culprit(&self) -> Culprit {
        // An administrator who acts for the user is who it was.
        let account = self.user.as_ref().map(|user| user.by.as_ref().unwrap_or(&user.account).id);
        Culprit { account, door: "pop3", client: self.setup.client.clone(), reason: "dele" }
    }

    /// Says the first line of a response.
    pub(super) fn reply(&mut self, reply: Reply) {
        reply.write(&mut self.out, self.language);
        self.errors = if reply.good { 0 } else { self.errors + 1 };
        // A client that makes one mistake after the other does not speak POP3, or guesses passwords.
        if self.errors == limits::POP3_ERRORS_MAX {
            self.close(Reply::err(Text::TooManyErrors));
        }
    }

    /// Says goodbye, and listens no more.
    pub(super) fn close(&mut self, reply: Reply) {
        reply.write(&mut self.out, self.language);
        self.maildrop = None;
        self.stage = Stage::Over;
        self.event = Some(Event::Close);
    }

    /// Everything that was said and not written yet.
    fn flush(&mut self) -> Event {
        Event::Send(std::mem::take(&mut self.out))
    }

    /// A whole line has come.
    fn line(&mut self, line: &[u8]) {
        let step = match std::mem::replace(&mut self.stage, Stage::Command) {
            Stage::Authenticating(exchange) => auth::respond(*exchange, line),
            _ => {
                let keyword = line.split(|octet| *octet == b' ').next().unwrap_or_default();
                self.doing = String::from_utf8_lossy(&keyword[..keyword.len().min(4)]).to_ascii_uppercase();
                command::run(self, line)
            }
        };
        self.carry_out(step);
    }

    /// Does what a command asked for.
    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Written => self.errors = 0,
            Step::Reply(reply) => self.reply(reply),
            Step::Run(plan) => self.event = Some(Event::Run(plan)),
            Step::Authenticate(next) => self.authenticate(next),
            Step::StartTls => {
                self.reply(Reply::ok(Text::BeginTls));
                self.stage = Stage::Securing;
                self.event = Some(Event::StartTls);
            }
            Step::Close(reply) => self.close(reply),
        }
    }

    /// The exchange goes on, or has come to an end.
    fn authenticate(&mut self, next: login::Next) {
        match next {
            sasl::Next::Challenge(exchange, challenge) => {
                let line = format!("+ {}\r\n", sasl::encode(&challenge));
                self.out.extend_from_slice(line.as_bytes());
                self.stage = Stage::Authenticating(Box::new(exchange));
            }
            sasl::Next::Ask(exchange, question) => {
                self.stage = Stage::Asking(Box::new(exchange));
                self.event = Some(Event::Ask(question));
            }
            sasl::Next::Done(user) => {
                let acting = user.by.as_ref().unwrap_or(&user.account).id;
                let viewer = Viewer { acting, ..Viewer::new(user.account.id) };
                let find = FindMailbox { viewer, name: MailboxName::inbox() };
                self.user = Some(user);
                self.event = Some(Event::Run(Plan::run(find, |found, conversation: &mut Conversation| {
                    Plan::Done(conversation.found(found))
                })));
            }
            sasl::Next::Failed(error) => self.reply(error.into()),
        }
    }

    /// What came of looking for the INBOX.
    fn found(&mut self, found: Result<Option<FoundMailbox>, db::Error>) -> Answer {
        let no_such = || Error::no(Code::Unavailable, "there is no INBOX");
        let found = found.map_err(Error::from);
        match found.and_then(|found| FoundMailbox::for_whom_has(Rights::READ, found, no_such)) {
            Ok(FoundMailbox { key, highestmodseq: at_least, permit, .. }) => {
                Answer { next: After::Open(Opening { key, at_least, permit }), ..Answer::default() }
            }
            Err(error) => {
                self.not_opened(error);
                Answer::default()
            }
        }
    }

    /// The password was right, and yet there is no maildrop: the client may try again.
    fn not_opened(&mut self, error: Error) {
        self.user = None;
        self.reply(error.into());
    }
}

/// How long a line may be.
fn bounds(logged_in: bool) -> impl Fn(&[u8]) -> Bounds {
    let line = match logged_in {
        true => limits::POP3_LINE_BYTES_MAX,
        false => limits::POP3_LINE_BYTES_BEFORE_LOGIN_MAX,
    };
    move |_| Bounds { line, literal: None, unasked: 0, literals: 0 }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
