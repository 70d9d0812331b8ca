//! A small LMTP client, as an MTA would be one.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::stream::{Stream, TlsClient};

/// One connection to an LMTP server.
pub struct Lmtp {
    stream: BufReader<Stream>,
}

/// One reply, which may have several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The lines as sent, without CRLF.
    pub lines: Vec<String>,
}

impl Lmtp {
    /// Connects, without reading the greeting.
    pub fn connect(address: SocketAddr) -> io::Result<Lmtp> {
        let stream = Stream::plain(TcpStream::connect(address)?, PATIENCE)?;
        Ok(Lmtp { stream: BufReader::with_capacity(4096, stream) })
    }

    /// As [`Lmtp::connect`], where TLS comes first.
    pub fn connect_tls(address: SocketAddr, client: &TlsClient) -> io::Result<Lmtp> {
        let stream = Stream::secure(address, client, PATIENCE)?;
        Ok(Lmtp { stream: BufReader::with_capacity(4096, stream) })
    }

    /// Says STARTTLS, and shakes hands.
    pub fn start_tls(&mut self, client: &TlsClient) -> io::Result<()> {
        self.command("STARTTLS")?.expect(220)?;
        self.stream.get_mut().start_tls(client)
    }

    /// What carries this connection.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream.get_mut()
    }

    /// Connects, reads the greeting and says LHLO.
    pub fn open(address: SocketAddr) -> io::Result<Lmtp> {
        let mut lmtp = Lmtp::connect(address)?;
        lmtp.reply()?.expect(220)?;
        lmtp.command("LHLO mta.example.org")?.expect(250)?;
        Ok(lmtp)
    }

    /// Sends one command line and reads its reply.
    pub fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Delivers one message; returns one reply for each recipient, the refused ones included.
    pub fn deliver(&mut self, sender: &str, recipients: &[&str], message: &[u8]) -> io::Result<Vec<Reply>> {
        self.command(&format!("MAIL FROM:<{sender}> BODY=8BITMIME"))?.expect(250)?;
        let mut replies = Vec::new();
        for recipient in recipients {
            replies.push(self.command(&format!("RCPT TO:<{recipient}>"))?);
        }
        if replies.iter().all(|reply| reply.code >= 300) {
            self.command("RSET")?.expect(250)?;
            return Ok(replies);
        }
        self.command("DATA")?.expect(354)?;
        self.write(&dot_stuffed(message))?;
        // RFC 2033 §4.2: one reply for each recipient that was accepted, in order.
        for reply in replies.iter_mut().filter(|reply| reply.code < 300) {
            *reply = self.reply()?;
        }
        Ok(replies)
    }

    /// Delivers octets exactly as they are, bare LF and NUL included, in one BDAT chunk.
    pub fn deliver_exactly(&mut self, recipients: &[&str], octets: &[u8]) -> io::Result<Vec<Reply>> {
        let mut envelope = b"MAIL FROM:<tester@example.net> BODY=8BITMIME\r\n".to_vec();
        for recipient in recipients {
            envelope.extend_from_slice(format!("RCPT TO:<{recipient}>\r\n").as_bytes());
        }
        envelope.extend_from_slice(format!("BDAT {} LAST\r\n", octets.len()).as_bytes());
        envelope.extend_from_slice(octets);
        self.write(&envelope)?;
        self.reply()?.expect(250)?;
        for _ in recipients {
            self.reply()?.expect(250)?;
        }
        recipients.iter().map(|_| self.reply()).collect()
    }

    /// Says QUIT, which is also what tells the server that its replies were read.
    pub fn quit(mut self) -> io::Result<()> {
        self.command("QUIT")?.expect(221)
    }

    /// Sends octets as they are.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// Reads one reply with all its lines.
    pub fn reply(&mut self) -> io::Result<Reply> {
        let mut lines = Vec::new();
        loop {
            let line = self.read_line()?;
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line);
            if last {
                break;
            }
        }
        let digits = lines[0].get(..3).and_then(|digits| digits.parse().ok());
        let code = digits.ok_or_else(|| io::Error::other(format!("not an LMTP reply: {:?}", lines[0])))?;
        Ok(Reply { code, lines })
    }

    /// Reads one line, without CRLF.
    pub fn read_line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        Ok(line.trim_end_matches(['\r', '\n']).to_string())
    }

    /// How long a read may wait before it fails.
    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.get_mut().set_read_timeout(patience)
    }
}

impl Reply {
    /// Fails unless the code is the one wanted.
    pub fn expect(&self, code: u16) -> io::Result<()> {
        if self.code == code {
            return Ok(());
        }
        Err(io::Error::other(format!("{code} was expected, {:?} came", self.lines)))
    }
}

/// A message as DATA carries it: leading dots doubled (RFC 5321 §4.5.2), the final dot added.
pub fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    if !stuffed.ends_with(b"\r\n") && !message.is_empty() {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}

/// A server that says nothing for this long has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);
