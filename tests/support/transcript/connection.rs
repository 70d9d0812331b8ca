//! One client of a transcript: an IMAP, LMTP or POP3 connection that sends octets and hands back responses.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crate::support::stream::TlsClient;
use crate::support::{Imap, Lmtp, Pop3, Server};

/// One open connection.
pub struct Connection {
    door: Door,
    /// Responses that came before anybody asked for them.
    early: VecDeque<Vec<u8>>,
}

enum Door {
    Imap(Imap),
    Lmtp(Lmtp),
    Pop3(Pop3),
}

/// Who a connection belongs to, by its name.
#[derive(Debug, PartialEq, Eq)]
pub enum Role<'a> {
    /// `anna`, `anna2`: IMAP, logged in as anna.
    User(&'a str),
    /// `stranger`: IMAP, nothing said yet, the greeting not heard yet.
    Stranger,
    /// `lmtp`: LMTP, greeting, LHLO and MAIL are implied.
    Lmtp,
    /// `mta`: LMTP, nothing said yet, the greeting not heard yet.
    Mta,
    /// `pop`: POP3, nothing said yet, the greeting not heard yet.
    Pop,
}

impl<'a> Role<'a> {
    /// The role that a connection's name tells; a number after it makes it another connection of the same role.
    pub fn of(connection: &'a str) -> Role<'a> {
        match connection.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "stranger" => Role::Stranger,
            "lmtp" => Role::Lmtp,
            "mta" => Role::Mta,
            "pop" => Role::Pop,
            user => Role::User(user),
        }
    }
}

impl Connection {
    /// Connects; `login` is what the server calls the user.
    pub fn open(server: &Server, role: &Role, login: &str) -> io::Result<Connection> {
        let mut early = VecDeque::new();
        let door = match role {
            Role::User(_) => Door::Imap(Imap::login(server.imap_address(), login, PASSWORD)?),
            Role::Stranger => {
                let imap = Imap::connect(server.imap_address())?;
                early.push_back(imap.greeting.0.clone());
                Door::Imap(imap)
            }
            Role::Lmtp => {
                let mut lmtp = Lmtp::open(server.lmtp_address())?;
                lmtp.command("MAIL FROM:<sender@example.net>")?.expect(250)?;
                Door::Lmtp(lmtp)
            }
            Role::Mta => Door::Lmtp(Lmtp::connect(server.lmtp_address())?),
            Role::Pop => Door::Pop3(Pop3::connect(server.pop3_address())?),
        };
        Ok(Connection { door, early })
    }

    /// Whether this is IMAP, where untagged responses may come in any order.
    pub fn is_imap(&self) -> bool {
        matches!(self.door, Door::Imap(_))
    }

    /// Shakes hands, when the server has said that it is ready.
    pub fn start_tls(&mut self, client: &TlsClient) -> io::Result<()> {
        match &mut self.door {
            Door::Imap(imap) => imap.stream().start_tls(client),
            Door::Lmtp(lmtp) => lmtp.stream().start_tls(client),
            Door::Pop3(pop3) => pop3.stream().start_tls(client),
        }
    }

    /// Compresses what is said from now on, or ends that.
    pub fn compress(&mut self, begins: bool) -> io::Result<()> {
        let stream = match &mut self.door {
            Door::Imap(imap) => imap.stream(),
            Door::Lmtp(lmtp) => lmtp.stream(),
            Door::Pop3(pop3) => pop3.stream(),
        };
        match begins {
            true => stream.compress(),
            false => stream.decompress()?,
        }
        Ok(())
    }

    /// Whether this is LMTP, whose replies may have several lines of which only the last must be expected.
    pub fn is_lmtp(&self) -> bool {
        matches!(self.door, Door::Lmtp(_))
    }

    /// Sends octets as they are.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match &mut self.door {
            Door::Imap(imap) => imap.write(octets),
            Door::Lmtp(lmtp) => lmtp.write(octets),
            Door::Pop3(pop3) => pop3.write(octets),
        }
    }

    /// The next response, or None when none comes in time. A reply of several lines is several responses in
    /// LMTP and POP3.
    pub fn next(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        if let Some(early) = self.early.pop_front() {
            return Ok(Some(early));
        }
        match &mut self.door {
            Door::Imap(imap) => Ok(imap.read_within(patience)?.map(|response| response.0)),
            Door::Lmtp(lmtp) => {
                lmtp.set_patience(patience)?;
                in_time(lmtp.read_line().map(String::into_bytes))
            }
            Door::Pop3(pop3) => {
                pop3.set_patience(patience)?;
                in_time(pop3.read_line())
            }
        }
    }

    /// Waits for `+`; a response that comes instead is kept for whoever asks next, and ends the wait.
    pub fn wait_for_continuation(&mut self, patience: Duration) -> io::Result<bool> {
        let Some(response) = self.next(patience)? else {
            return Err(io::Error::other("no continuation came"));
        };
        if response.starts_with(b"+") {
            return Ok(true);
        }
        self.early.push_back(response);
        Ok(false)
    }
}

/// The line, or None when it did not come in time.
fn in_time(line: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match line {
        Ok(line) => Ok(Some(line)),
        Err(error) if crate::support::imap::is_timeout(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Every user of every transcript has this password.
pub const PASSWORD: &str = "secret";
