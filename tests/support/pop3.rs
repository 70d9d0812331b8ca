//! A small POP3 client, as a mail program would be one.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::stream::Stream;

/// One connection to a POP3 server.
pub struct Pop3 {
    stream: BufReader<Stream>,
}

impl Pop3 {
    /// Connects, without reading the greeting.
    pub fn connect(address: SocketAddr) -> io::Result<Pop3> {
        let stream = Stream::plain(TcpStream::connect(address)?, PATIENCE)?;
        Ok(Pop3 { stream: BufReader::with_capacity(64 * 1024, stream) })
    }

    /// What carries this connection.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream.get_mut()
    }

    /// Connects, reads the greeting, and opens the maildrop of a user.
    pub fn login(address: SocketAddr, login: &str, password: &str) -> io::Result<Pop3> {
        let mut pop3 = Pop3::connect(address)?;
        pop3.read_line()?;
        pop3.ok(&format!("USER {login}"))?;
        pop3.ok(&format!("PASS {password}"))?;
        Ok(pop3)
    }

    /// Says a command, and returns the first line of the response.
    pub fn command(&mut self, command: &str) -> io::Result<String> {
        self.write(format!("{command}\r\n").as_bytes())?;
        self.reply()
    }

    /// The same, which must succeed; returns what follows `+OK `.
    pub fn ok(&mut self, command: &str) -> io::Result<String> {
        let reply = self.command(command)?;
        match reply.strip_prefix("+OK") {
            Some(rest) => Ok(rest.trim_start().to_string()),
            None => Err(io::Error::other(format!("{command}: {reply}"))),
        }
    }

    /// Says a command that has a response of many lines, and returns them without the stuffing.
    pub fn content(&mut self, command: &str) -> io::Result<Vec<u8>> {
        self.ok(command)?;
        self.rest()
    }

    /// The lines of a response behind its first one.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let start = content.len();
            if self.stream.read_until(b'\n', &mut content)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match &content[start..] {
                b".\r\n" => {
                    content.truncate(start);
                    return Ok(content);
                }
                [b'.', ..] => {
                    content.remove(start);
                }
                _ => {}
            }
        }
    }

    /// Reads past the lines of a response behind its first one, and returns how many octets they had.
    pub fn drain(&mut self, line: &mut Vec<u8>) -> io::Result<u64> {
        let mut octets = 0;
        loop {
            line.clear();
            let read = self.stream.read_until(b'\n', line)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                return Ok(octets);
            }
            octets += read as u64;
        }
    }

    /// The first line of a response.
    pub fn reply(&mut self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(&self.read_line()?).into_owned())
    }

    /// Sends octets as they are.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// Reads one line, without CRLF.
    pub fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while matches!(line.last(), Some(b'\r' | b'\n')) {
            line.pop();
        }
        Ok(line)
    }

    /// How long a read may wait before it fails.
    pub fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.get_mut().set_read_timeout(patience)
    }
}

/// A server that says nothing for this long has failed the test.
const PATIENCE: Duration = Duration::from_secs(60);
