//! A small IMAP client: it sends what a test says and hands back responses whole, literals included.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::stream::{Stream, TlsClient, connect_from};

/// One connection to an IMAP server.
pub struct Imap {
    stream: BufReader<Stream>,
    /// The greeting, as the server sent it.
    pub greeting: Response,
    tags: u32,
}

/// One response: a line and whatever literals it announces, without the CRLF that ends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response(pub Vec<u8>);

/// What one command was answered with.
pub struct Reply {
    /// Everything before the tagged line.
    pub untagged: Vec<Response>,
    /// The tagged line without its tag: `OK [READ-WRITE] ...`.
    pub result: String,
}

impl Imap {
    /// Connects and reads the greeting.
    pub fn connect(address: SocketAddr) -> io::Result<Imap> {
        Imap::over(Stream::plain(TcpStream::connect(address)?, PATIENCE)?)
    }

    /// As [`Imap::connect`], where TLS comes first.
    pub fn connect_tls(address: SocketAddr, client: &TlsClient) -> io::Result<Imap> {
        Imap::over(Stream::secure(address, client, PATIENCE)?)
    }

    /// Says STARTTLS, and shakes hands.
    pub fn start_tls(&mut self, client: &TlsClient) -> io::Result<()> {
        self.ok("STARTTLS")?;
        self.stream.get_mut().start_tls(client)
    }

    /// What carries this connection.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream.get_mut()
    }

    /// As [`Imap::connect`], from an address of this machine.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> io::Result<Imap> {
        Imap::over(Stream::plain(connect_from(source, address)?, PATIENCE)?)
    }

    /// Reads the greeting.
    fn over(stream: Stream) -> io::Result<Imap> {
        let stream = BufReader::with_capacity(BUFFER_BYTES, stream);
        let mut imap = Imap { stream, greeting: Response::default(), tags: 0 };
        imap.greeting = imap.read()?;
        Ok(imap)
    }

    /// Connects and logs in, or says why that failed.
    pub fn login(address: SocketAddr, user: &str, password: &str) -> io::Result<Imap> {
        let mut imap = Imap::connect(address)?;
        imap.ok(&format!("LOGIN {user} {password}"))?;
        Ok(imap)
    }

    /// Sends a command without literals and reads up to its tagged answer.
    pub fn command(&mut self, command: &str) -> io::Result<Reply> {
        let tag = self.send(command)?;
        self.finish(&tag)
    }

    /// As [`Imap::command`], for commands that must succeed.
    pub fn ok(&mut self, command: &str) -> io::Result<Vec<Response>> {
        let reply = self.command(command)?;
        if reply.result.starts_with("OK") {
            return Ok(reply.untagged);
        }
        Err(io::Error::other(format!("{command:?} was answered {:?}", reply.result)))
    }

    /// Sends a command under a fresh tag, and leaves the reading of its answer to the caller.
    pub fn send(&mut self, command: &str) -> io::Result<String> {
        let tag = self.next_tag();
        self.write(format!("{tag} {command}\r\n").as_bytes())?;
        Ok(tag)
    }

    /// Reads up to the answer tagged `tag`.
    pub fn finish(&mut self, tag: &str) -> io::Result<Reply> {
        let mut untagged = Vec::new();
        loop {
            let response = self.read()?;
            match response.tagged(tag) {
                Some(result) => return Ok(Reply { untagged, result }),
                None => untagged.push(response),
            }
        }
    }

    /// Appends a message, in a non-synchronizing literal.
    pub fn append(&mut self, mailbox: &str, message: &[u8]) -> io::Result<Reply> {
        self.append_all(mailbox, &[message])
    }

    /// Appends messages by one command (RFC 3502).
    pub fn append_all(&mut self, mailbox: &str, messages: &[impl AsRef<[u8]>]) -> io::Result<Reply> {
        let tag = self.next_tag();
        let mut command = format!("{tag} APPEND {mailbox}").into_bytes();
        for message in messages {
            let message = message.as_ref();
            command.extend_from_slice(format!(" {{{}+}}\r\n", message.len()).as_bytes());
            command.extend_from_slice(message);
        }
        command.extend_from_slice(b"\r\n");
        self.write(&command)?;
        self.finish(&tag)
    }

    /// Begins IDLE and waits until the server says that it listens.
    pub fn idle(&mut self) -> io::Result<String> {
        let tag = self.send("IDLE")?;
        loop {
            let response = self.read()?;
            if response.0.starts_with(b"+") {
                return Ok(tag);
            }
            if let Some(result) = response.tagged(&tag) {
                return Err(io::Error::other(format!("IDLE was answered {result:?}")));
            }
        }
    }

    /// Ends the IDLE that `tag` began.
    pub fn done(&mut self, tag: &str) -> io::Result<Reply> {
        self.write(b"DONE\r\n")?;
        self.finish(tag)
    }

    /// Sends octets as they are.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// Reads one response, its literals included.
    pub fn read(&mut self) -> io::Result<Response> {
        let mut response = Vec::new();
        loop {
            self.read_line(&mut response)?;
            let Some(length) = announced_literal(&response) else { break };
            let start = response.len();
            response.resize(start + length, 0);
            self.stream.read_exact(&mut response[start..])?;
        }
        response.truncate(response.len() - 2);
        Ok(Response(response))
    }

    /// Reads one response if it arrives in time; None when the server stays silent.
    pub fn read_within(&mut self, patience: Duration) -> io::Result<Option<Response>> {
        self.set_patience(patience)?;
        // Only the first octet may be late: a response that has begun is read to its end.
        let begun = self.stream.fill_buf().map(<[u8]>::len);
        self.set_patience(PATIENCE)?;
        match begun {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => self.read().map(Some),
            Err(error) if is_timeout(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads in large pieces until the answer tagged `tag`, keeping nothing: for measuring, where the parsing of
    /// responses would cost more than the server. Returns the octets read; fails unless the answer is OK.
    pub fn drain(&mut self, tag: &str) -> io::Result<u64> {
        let wanted = format!("\r\n{tag} ");
        let mut tail: Vec<u8> = b"\r\n".to_vec();
        let mut total = 0;
        loop {
            let piece = self.stream.fill_buf()?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let length = piece.len();
            total += length as u64;
            // Our answer is the last thing the server sends, so only the end of each piece is looked at.
            tail.extend_from_slice(&piece[length.saturating_sub(LAST_LINE_BYTES)..]);
            self.stream.consume(length);
            let excess = tail.len().saturating_sub(LAST_LINE_BYTES);
            tail.drain(..excess);
            if tail.ends_with(b"\r\n")
                && let Some(at) = find(&tail, wanted.as_bytes())
            {
                let result = String::from_utf8_lossy(&tail[at + wanted.len()..]).into_owned();
                return if result.starts_with("OK") { Ok(total) } else { Err(io::Error::other(result)) };
            }
        }
    }

    /// How long a read may wait before it fails.
    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.get_mut().set_read_timeout(patience)
    }

    fn next_tag(&mut self) -> String {
        self.tags += 1;
        format!("t{}", self.tags)
    }

    fn read_line(&mut self, response: &mut Vec<u8>) -> io::Result<()> {
        let start = response.len();
        while !response[start..].ends_with(b"\r\n") {
            if self.stream.read_until(b'\n', response)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }
}

impl Response {
    /// The response as text, for matching and for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// What follows the tag, if this is the answer to the command with that tag.
    pub fn tagged(&self, tag: &str) -> Option<String> {
        let rest = self.0.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")?;
        Some(String::from_utf8_lossy(rest).into_owned())
    }

    /// The number of `* n WORD`.
    pub fn number(&self, word: &str) -> Option<u32> {
        let text = self.text();
        let (number, said) = text.strip_prefix("* ")?.split_once(' ')?;
        if said == word || said.starts_with(&format!("{word} ")) { number.parse().ok() } else { None }
    }

    /// The content of the first literal.
    pub fn literal(&self) -> Option<&[u8]> {
        let mut at = 0;
        while let Some(end) = find(&self.0[at..], b"\r\n") {
            let after = at + end + 2;
            if let Some(length) = announced_literal(&self.0[at..after]) {
                return self.0.get(after..after + length);
            }
            at = after;
        }
        None
    }

    /// The word or number that follows `item` among the items of a FETCH response.
    pub fn item(&self, item: &str) -> Option<String> {
        let text = self.text();
        let after = text.split_once(&format!("{item} "))?.1;
        let end = after.find([' ', ')', '\r']).unwrap_or(after.len());
        Some(after[..end].to_string())
    }
}

/// The length of the literal that the line at the end of `octets` announces: `...{123}` CRLF.
pub fn announced_literal(octets: &[u8]) -> Option<usize> {
    let line = octets.strip_suffix(b"}\r\n")?;
    let digits = line.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let number = &line[line.len() - digits..];
    if digits == 0 || !line[..line.len() - digits].ends_with(b"{") {
        return None;
    }
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Where `needle` begins in `hay`.
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// Whether a read failed because nothing came in time.
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A server that says nothing for this long has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);
const BUFFER_BYTES: usize = 128 * 1024;
const LAST_LINE_BYTES: usize = 512;
