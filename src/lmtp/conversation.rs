//! One client's talk, without its socket: octets go in by [`Conversation::receive`], and [`Conversation::poll`] says
//! what is to be done next.

use std::borrow::Cow;

use super::command::{self, Step};
use super::response::Reply;
use crate::db;
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::MailboxKey;
use crate::settings::OverReply;
use crate::wire::address::Address;
use crate::wire::dots::Unstuffer;

/// What the conversation must know beforehand.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Our name.
    pub hostname: String,
    /// The longest message that is taken, in octets.
    pub message_bytes_max: u64,
    /// Whether STARTTLS is offered.
    pub starttls: bool,
    /// Whether TLS has begun before anything was said.
    pub secure: bool,
    /// How mail is refused for which a quota leaves no room.
    pub over_reply: OverReply,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Write these octets.
    Send(Vec<u8>),
    /// Find out who gets mail for this address, then call [`Conversation::resolved`].
    Resolve(Address),
    /// Deliver this, then call [`Conversation::delivered`].
    Deliver(Mail),
    /// Begin TLS, then call [`Conversation::secured`].
    StartTls,
    /// Close the connection.
    Close,
}

/// What one transaction brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// From whom, and for whom.
    pub envelope: Envelope,
    /// The message as it was received, without dot-stuffing.
    pub data: Vec<u8>,
}

/// The envelope of a mail transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// What the client called itself in LHLO.
    pub client: String,
    /// None is the empty path `<>`.
    pub sender: Option<Address>,
    /// Those that were accepted, each once.
    pub recipients: Vec<Recipient>,
    /// BODY=BINARYMIME was given (RFC 3030 §3).
    pub binary: bool,
    /// SMTPUTF8 was given (RFC 6531 §3.4).
    pub smtputf8: bool,
    /// It came through TLS.
    pub secure: bool,
}

/// One accepted recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// As the client wrote it.
    pub address: Address,
    /// Where its mail goes; never empty.
    pub targets: Vec<MailboxKey>,
}

/// Who gets mail for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// These mailboxes.
    Targets(Vec<MailboxKey>),
    /// Nobody: there is no such address.
    Unknown,
    /// Nobody: the site has no such domain.
    UnknownDomain,
    /// More mailboxes than one delivery may have, by aliases that lead to others.
    TooMany,
    /// A quota leaves no room for what the client wants to send.
    OverQuota,
    /// It cannot be found out now.
    Unavailable,
}

impl From<db::ResolvedRecipient> for Resolution {
    fn from(resolved: db::ResolvedRecipient) -> Resolution {
        match resolved {
            db::ResolvedRecipient::Mailboxes(targets) => Resolution::Targets(targets),
            db::ResolvedRecipient::Nobody => Resolution::Unknown,
            db::ResolvedRecipient::OverQuota => Resolution::OverQuota,
            db::ResolvedRecipient::ForeignDomain => Resolution::UnknownDomain,
            db::ResolvedRecipient::TooMany => Resolution::TooMany,
        }
    }
}

/// What became of the mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored; the word names it in the log of the client.
    Stored(String),
    /// It may be stored later.
    Temporary(Cow<'static, str>),
    /// It will never be stored.
    Refused(Cow<'static, str>),
    /// A quota leaves no room for it.
    OverQuota,
}

/// Nothing that goes wrong here is known to be the message's fault, so that its sender hears of it only when the MTA
/// has tried for days; but a limit that was reached stays reached.
impl From<&db::Error> for Outcome {
    fn from(error: &db::Error) -> Outcome {
        match error {
            db::Error::Unavailable(_) => {
                Outcome::Temporary("the mail store is not available now, please try again".into())
            }
            db::Error::Refused(Error::No { code: Code::OverQuota, .. }) => Outcome::OverQuota,
            db::Error::Refused(Error::No { code: Code::Limit | Code::TooBig, text }) => {
                Outcome::Refused(text.clone().into())
            }
            db::Error::Refused(Error::No { text, .. }) => Outcome::Temporary(text.clone().into()),
            db::Error::Refused(_) | db::Error::Sql(_) => {
                Outcome::Temporary("internal error, please try again".into())
            }
        }
    }
}

/// The talk with one client.
pub struct Conversation {
    pub(super) setup: Setup,
    /// Received and not yet read.
    input: Vec<u8>,
    out: Vec<u8>,
    mode: Mode,
    /// What the mode waits for, until it has been told.
    event: Option<Event>,
    mistakes: u32,
    /// What the client called itself; None before LHLO.
    pub(super) client: Option<String>,
    pub(super) secure: bool,
    pub(super) transaction: Option<Transaction>,
}

/// One transaction from MAIL on.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub envelope: Envelope,
    /// MAIL was said.
    pub begun: bool,
    /// How long the message will be, as the client says.
    pub size: Option<u64>,
    /// For each accepted RCPT, in their order, the recipient that it named: one address may be named twice.
    pub replies: Vec<usize>,
    pub data: Vec<u8>,
    /// BDAT has begun, so that only BDAT can follow (RFC 3030 §2).
    pub chunked: bool,
    /// Why the data are thrown away from here on.
    pub broken: Option<Reply>,
}

/// What the next octets are.
#[derive(Debug)]
enum Mode {
    /// Command lines.
    Commands,
    /// The rest of a line that was too long.
    LongLine,
    /// DATA up to its end.
    Data(Unstuffer),
    /// Octets of a BDAT chunk.
    Chunk {
        octets: u64,
        left: u64,
        last: bool,
    },
    /// Octets wait: the actor is finding something out.
    Resolving(Address),
    /// The same, and the transaction ends when it has found out.
    Delivering(Vec<usize>),
    /// The same, until TLS is there.
    Securing,
    /// Not looked at any more.
    Closing,
    Closed,
}

impl Conversation {
    /// The greeting is the first event.
    pub fn new(setup: Setup) -> Conversation {
        let secure = setup.secure;
        let mut conversation = Conversation {
            setup,
            input: Vec::new(),
            out: Vec::new(),
            mode: Mode::Commands,
            event: None,
            mistakes: 0,
            client: None,
            secure,
            transaction: None,
        };
        let greeting = format!("{} LMTP Archiveopteryx", conversation.setup.hostname);
        conversation.reply(Reply::new(220, "", greeting));
        conversation
    }

    /// Takes what the client sent. Large data goes straight to where it is kept.
    pub fn receive(&mut self, mut octets: &[u8]) {
        while self.input.is_empty() && !octets.is_empty() {
            let taken = self.take_data(octets);
            if taken == 0 {
                break;
            }
            octets = &octets[taken..];
        }
        if !self.is_closing() {
            self.input.extend_from_slice(octets);
        }
    }

    /// What is to be done next; None when more input, or the answer to the last event, is needed.
    pub fn poll(&mut self) -> Option<Event> {
        // The buffer is taken out while its lines are read, so that they need no copies.
        let mut read = 0;
        let input = std::mem::take(&mut self.input);
        let event = loop {
            if let Some(event) = self.pending_event() {
                break Some(event);
            }
            match self.step(&input[read..]) {
                0 => break None,
                taken => read += taken,
            }
        };
        self.keep(input, read);
        event.or_else(|| {
            let out = std::mem::take(&mut self.out);
            (!out.is_empty()).then_some(Event::Send(out))
        })
    }

    /// Whether everything received has been read: nothing the client said is waiting.
    pub fn is_quiet(&self) -> bool {
        self.input.is_empty()
    }

    /// Octets of a message that are held until it is complete.
    pub fn octets_held(&self) -> usize {
        self.transaction.as_ref().map_or(0, |transaction| transaction.data.len())
    }

    /// Octets that will be held at most: what the client said, as long as that may be true.
    pub fn octets_expected(&self) -> u64 {
        let said = self.transaction.as_ref().and_then(|transaction| transaction.size);
        said.filter(|said| *said >= self.octets_held() as u64).unwrap_or(self.setup.message_bytes_max)
    }

    /// How long the message will be, if the client has said so.
    pub fn announced_octets(&self) -> Option<u64> {
        self.transaction.as_ref().and_then(|transaction| transaction.size)
    }

    /// Answers [`Event::Resolve`].
    pub fn resolved(&mut self, resolution: Resolution) {
        let Mode::Resolving(address) = std::mem::replace(&mut self.mode, Mode::Commands) else { return };
        let reply = command::rcpt::respond(&self.setup, self.transaction.as_mut(), address, resolution);
        self.reply(reply);
    }

    /// Answers [`Event::Deliver`], with one outcome for each recipient of its envelope.
    pub fn delivered(&mut self, outcomes: &[Outcome]) {
        let Mode::Delivering(replies) = std::mem::replace(&mut self.mode, Mode::Commands) else { return };
        for recipient in replies {
            let reply = match outcomes.get(recipient) {
                Some(outcome) => command::data::respond(&self.setup, outcome),
                None => Reply::new(451, "4.3.0", "the delivery was not finished, please try again"),
            };
            self.reply(reply);
        }
    }

    /// Answers [`Event::StartTls`]. What was said before in clear is forgotten (RFC 3207 §4.2).
    pub fn secured(&mut self) {
        self.mode = Mode::Commands;
        self.input.clear();
        self.client = None;
        self.transaction = None;
        self.secure = true;
    }

    /// The client has to go, and is told why, unless it waits for an answer.
    pub fn dismiss(&mut self, why: &str) {
        if !matches!(self.mode, Mode::Delivering(_) | Mode::Closing | Mode::Closed) {
            self.out.clear();
            self.close(Reply::new(421, "4.3.2", why.to_owned()));
        }
    }

    /// The client said nothing for too long.
    pub fn time_out(&mut self) {
        self.close(Reply::new(421, "4.4.2", "nothing was heard for too long"));
    }

    /// The event that the mode asks for, when it is time for it.
    fn pending_event(&mut self) -> Option<Event> {
        match self.mode {
            // Before these two, the client must have what it was told.
            Mode::Closing | Mode::Securing if !self.out.is_empty() => {
                Some(Event::Send(std::mem::take(&mut self.out)))
            }
            Mode::Closing => {
                self.mode = Mode::Closed;
                Some(Event::Close)
            }
            _ => self.event.take(),
        }
    }

    /// Reads one line, or a piece of data. Returns how much of `input` that took; 0 when nothing can be done with it.
    fn step(&mut self, input: &[u8]) -> usize {
        if input.is_empty() {
            return 0;
        }
        match self.mode {
            Mode::Commands => self.line(input),
            Mode::LongLine => match input.iter().position(|&c| c == b'\n') {
                Some(end) => {
                    self.mode = Mode::Commands;
                    end + 1
                }
                None => input.len(),
            },
            _ => self.take_data(input),
        }
    }

    /// Reads one command line.
    fn line(&mut self, input: &[u8]) -> usize {
        let end = input.iter().position(|&c| c == b'\n');
        if end.unwrap_or(input.len()) > limits::LMTP_LINE_BYTES_MAX {
            self.reply(Reply::new(500, "5.5.2", "the line is too long"));
            if end.is_none() && !self.is_closing() {
                self.mode = Mode::LongLine;
            }
            return end.map_or(input.len(), |end| end + 1);
        }
        let Some(end) = end else { return 0 };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let step = command::run(self, line);
        self.carry_out(step);
        end + 1
    }

    /// Does what a command asked for.
    fn carry_out(&mut self, step: Step) {
        match step {
            Step::Reply(reply) => self.reply(reply),
            Step::Resolve(address) => {
                self.event = Some(Event::Resolve(address.clone()));
                self.mode = Mode::Resolving(address);
            }
            Step::ReadData => {
                self.reply(Reply::new(354, "", "go on, and end with a dot on a line of its own"));
                self.mode = Mode::Data(Unstuffer::default());
            }
            Step::ReadChunk { octets, last } => {
                self.mode = Mode::Chunk { octets, left: octets, last };
                if octets == 0 {
                    self.end_of_chunk(octets, last);
                }
            }
            Step::SkipChunk { octets, last, reply } => {
                let transaction = self.transaction.get_or_insert_default();
                transaction.data = Vec::new();
                transaction.broken.get_or_insert(reply);
                self.carry_out(Step::ReadChunk { octets, last });
            }
            Step::StartTls => {
                self.reply(Reply::new(220, "2.0.0", "ready for TLS"));
                self.event = Some(Event::StartTls);
                self.mode = Mode::Securing;
            }
            Step::Close(reply) => self.close(reply),
        }
    }

    /// Takes octets of a message, and returns how many.
    fn take_data(&mut self, input: &[u8]) -> usize {
        let max = self.setup.message_bytes_max;
        let Some(transaction) = &mut self.transaction else { return 0 };
        match &mut self.mode {
            Mode::Data(unstuffer) => {
                let fed = unstuffer.feed(input, |piece| transaction.take(piece, max));
                if fed.ended {
                    self.end_of_data();
                }
                fed.taken
            }
            Mode::Chunk { octets, left, last } => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                transaction.take(&input[..taken], max);
                *left -= taken as u64;
                if *left == 0 {
                    let (octets, last) = (*octets, *last);
                    self.end_of_chunk(octets, last);
                }
                taken
            }
            _ => 0,
        }
    }

    /// A chunk that is not the last one has a reply of its own (RFC 2033 §4.3).
    fn end_of_chunk(&mut self, octets: u64, last: bool) {
        if last {
            return self.end_of_data();
        }
        self.mode = Mode::Commands;
        let broken = self.transaction.as_ref().and_then(|transaction| transaction.broken.clone());
        // A chunk without MAIL before it has begun nothing.
        self.transaction = self.transaction.take().filter(|transaction| transaction.begun);
        self.reply(broken.unwrap_or_else(|| Reply::new(250, "2.0.0", format!("{octets} octets taken"))));
    }

    /// The message is complete: it is delivered, or every recipient hears why it is not.
    fn end_of_data(&mut self) {
        self.mode = Mode::Commands;
        let Some(transaction) = self.transaction.take() else { return };
        if let Some(reply) = transaction.broken {
            // One mistake, however many recipients hear of it.
            for _ in 1..transaction.replies.len() {
                reply.write(&mut self.out);
            }
            self.reply(reply);
            return;
        }
        let Transaction { envelope, replies, data, .. } = transaction;
        self.mode = Mode::Delivering(replies);
        self.event = Some(Event::Deliver(Mail { envelope, data }));
    }

    fn is_closing(&self) -> bool {
        matches!(self.mode, Mode::Closing | Mode::Closed)
    }

    /// What was not read stays, without the room of what was.
    fn keep(&mut self, mut input: Vec<u8>, read: usize) {
        if self.is_closing() {
            return;
        }
        if read == input.len() && input.capacity() <= limits::LMTP_LINE_BYTES_MAX {
            input.clear();
            self.input = input;
        } else {
            self.input = input[read..].to_vec();
        }
    }

    fn close(&mut self, reply: Reply) {
        reply.write(&mut self.out);
        self.transaction = None;
        self.event = None;
        self.input = Vec::new();
        self.mode = Mode::Closing;
    }

    fn reply(&mut self, reply: Reply) {
        reply.write(&mut self.out);
        self.mistakes = if reply.is_mistake() { self.mistakes + 1 } else { 0 };
        if self.mistakes >= limits::LMTP_ERRORS_MAX {
            self.close(Reply::new(421, "4.7.0", "too many errors"));
        }
    }
}

impl Transaction {
    /// Keeps a piece of the message. When it becomes too large it is thrown away, and the rest is only counted off.
    fn take(&mut self, piece: &[u8], max: u64) {
        if self.broken.is_some() {
            return;
        }
        if (self.data.len() + piece.len()) as u64 > max {
            self.broken = Some(command::mail::too_large(max));
            self.data = Vec::new();
        } else {
            self.data.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
