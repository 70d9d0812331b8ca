//! Clients that say anything, many commands at a time, right and wrong: what they are told has to be IMAP, and each
//! of them is answered or sent away.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::PASSWORD;
use super::ledger::Ledger;
use crate::fuzz::engine::{Random, mutate};
use crate::fuzz::{imap, reply, seeds};
use crate::support::Server;
use crate::support::imap::{find, is_timeout};

/// Makes noise until then.
pub fn make(server: &Server, ledger: &Ledger, seed: u64, until: Instant) {
    let mut random = Random::new(seed);
    let seeds = seeds::conversations();
    while Instant::now() < until && !ledger.is_over() {
        let mut said = Vec::new();
        for _ in 0..1 + random.below(3) {
            let mut input = random.pick(&seeds).clone();
            for _ in 0..random.below(4) {
                let other = random.pick(&seeds).clone();
                mutate(&mut input, &other, imap::TARGET.words, &mut random);
            }
            said.extend(input);
        }
        // From there on it is no IMAP that can be read here.
        let upper = said.to_ascii_uppercase();
        if [&b"STARTTLS"[..], b"COMPRESS"].iter().any(|word| find(&upper, word).is_some()) {
            continue;
        }
        match talk(server, &said) {
            Ok(answered) => ledger.noise(answered),
            Err(why) => {
                ledger.fault(format!("{why}, when this was said: {:?}", String::from_utf8_lossy(&said)))
            }
        }
    }
}

/// Says `said`, whatever it is, and reads what comes. A client that has gone is let go.
fn talk(server: &Server, said: &[u8]) -> Result<bool, String> {
    let wrong = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(server.imap_address()).map_err(wrong)?;
    stream.set_read_timeout(Some(SHORT)).map_err(wrong)?;
    let login = format!("l LOGIN mallory {PASSWORD}\r\ns SELECT INBOX\r\n");
    // What may be left open, IDLE or a SASL exchange, is ended; a literal may still be waited for.
    let all = [login.as_bytes(), said, b"\r\nDONE\r\n*\r\nend NOOP\r\n"].concat();
    // It may have gone away in the middle of what is said.
    let _ = stream.write_all(&all);
    let mut heard = Vec::new();
    let answered = read_until_end(&mut stream, &mut heard);
    if !answered {
        let _ = stream.shutdown(Shutdown::Write);
        stream.set_read_timeout(Some(PATIENCE)).map_err(wrong)?;
        let mut rest = Vec::new();
        match stream.read_to_end(&mut rest) {
            Err(error) if is_timeout(&error) => return Err("the connection is not closed".into()),
            _ => heard.extend(rest),
        }
    }
    // The last one may have been cut off when the connection was.
    let whole = heard.windows(2).rposition(|two| two == b"\r\n").map_or(0, |end| end + 2);
    match reply::responses(&heard[..whole]) {
        Err(why) if !why.contains("cut off") => Err(why),
        _ => Ok(answered),
    }
}

/// Reads until the last command has been answered. False when that does not come soon.
fn read_until_end(stream: &mut TcpStream, heard: &mut Vec<u8>) -> bool {
    let mut piece = [0; 16 * 1024];
    while let Ok(octets) = stream.read(&mut piece) {
        heard.extend_from_slice(&piece[..octets]);
        let tail = &heard[heard.len().saturating_sub(300)..];
        if tail.windows(END.len()).any(|window| window == END) {
            return true;
        }
        if octets == 0 {
            return false;
        }
    }
    false
}

/// How many lines a report shows.
pub const REPORTED_LINES: usize = 25;
/// How the answer to the last command begins.
const END: &[u8] = b"\r\nend OK";
const SHORT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(60);
