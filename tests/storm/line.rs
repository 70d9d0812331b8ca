//! One connection of a rude client: it is written to in pieces, and what comes is read response by response.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::fuzz::engine::Random;
use crate::support::imap::is_timeout;
use crate::support::stream::{Stream, TlsClient, connect_from};

pub struct Line {
    pub stream: Stream,
    /// Heard, and not yet taken.
    heard: Vec<u8>,
    /// Everything that was said and heard, the latest of it.
    pub minutes: Vec<String>,
}

impl Line {
    /// Connects, from `source` if that is given, and shakes hands if `tls` comes first.
    pub fn open(
        source: Option<Ipv4Addr>,
        address: SocketAddr,
        tls: Option<&TlsClient>,
    ) -> Result<Line, String> {
        let connected = match source {
            Some(source) => connect_from(source, address),
            None => TcpStream::connect(address),
        };
        let stream = connected.and_then(|stream| {
            let mut stream = Stream::plain(stream, PATIENCE)?;
            tls.map_or(Ok(()), |client| stream.start_tls(client))?;
            Ok(stream)
        });
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        Ok(Line { stream, heard: Vec::new(), minutes: Vec::new() })
    }

    /// Says `octets`, in one piece or in some. The server may have gone away in the middle of it.
    pub fn say(&mut self, octets: &[u8], random: &mut Random) {
        self.note("C", octets);
        let cut = if random.below(3) == 0 { random.below(octets.len() + 1) } else { octets.len() };
        let (first, second) = octets.split_at(cut);
        for piece in [first, second].into_iter().filter(|piece| !piece.is_empty()) {
            let _ = self.stream.write_all(piece).and_then(|()| self.stream.flush());
        }
    }

    /// The next piece of what is heard, whose length `whole` tells once it is there. None: the server has gone.
    pub fn hear(&mut self, whole: impl Fn(&[u8]) -> Option<usize>) -> Result<Option<Vec<u8>>, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(length) = whole(&self.heard) {
                let piece: Vec<u8> = self.heard.drain(..length).collect();
                self.note("S", &piece);
                return Ok(Some(piece));
            }
            match self.more(PATIENCE) {
                Ok(0) => return Ok(None),
                Ok(_) if Instant::now() < until => {}
                Err(error) if !is_timeout(&error) => return Ok(None),
                _ => return Err(format!("nothing whole is heard for {PATIENCE:?}")),
            }
        }
    }

    /// Says no more, and hears all until the server goes. Returns what had not been taken.
    pub fn hang_up(&mut self) -> Result<Vec<u8>, String> {
        let _ = self.stream.socket().shutdown(Shutdown::Write);
        self.note("C", b"(hangs up)");
        let until = Instant::now() + PATIENCE;
        loop {
            match self.more(PATIENCE) {
                Ok(0) => break,
                Ok(_) if Instant::now() < until => {}
                Err(error) if !is_timeout(&error) => break,
                _ => return Err("the connection is not closed".into()),
            }
        }
        Ok(std::mem::take(&mut self.heard))
    }

    /// Hears what comes until `is_enough`, or until it is silent for `patience`. False when that did not come.
    pub fn listen(&mut self, patience: Duration, is_enough: impl Fn(&[u8]) -> bool) -> bool {
        while !is_enough(&self.heard) {
            match self.more(patience) {
                Ok(1..) => {}
                _ => return false,
            }
        }
        true
    }

    /// What was heard and not taken.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.heard)
    }

    fn more(&mut self, patience: Duration) -> io::Result<usize> {
        let mut piece = [0; 16 * 1024];
        self.stream.set_read_timeout(patience)?;
        let read = self.stream.read(&mut piece)?;
        self.heard.extend_from_slice(&piece[..read]);
        Ok(read)
    }

    fn note(&mut self, who: &str, octets: &[u8]) {
        let shown = &octets[..octets.len().min(SHOWN)];
        self.minutes.push(format!("{who}: {:?}", String::from_utf8_lossy(shown)));
        if self.minutes.len() > MINUTES_MAX {
            self.minutes.remove(0);
        }
    }
}

/// The length of the first line, its end included.
pub fn first_line(octets: &[u8]) -> Option<usize> {
    octets.iter().position(|octet| *octet == b'\n').map(|end| end + 1)
}

/// An answer that takes longer never comes.
pub const PATIENCE: Duration = Duration::from_secs(60);
const SHOWN: usize = 1500;
const MINUTES_MAX: usize = 60;
