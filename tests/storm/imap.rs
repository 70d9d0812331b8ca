//! An IMAP client that says anything that can be said, and much that cannot, and goes whenever it likes.
//!
//! As long as it says one command at a time, or some that can be told apart, each has to be answered once and in order,
//! by what a client can read. Where even that is not clear any more, what is heard has to be IMAP, and an end has to come.

use std::collections::VecDeque;
use std::time::Duration;

use super::line::Line;
use super::{PASSWORD, Place, mangle, phrases};
use crate::fuzz::engine::Random;
use crate::fuzz::{imap, reply};
use crate::support::imap::find;
use crate::support::server::fresh_source;

pub struct Rude<'a> {
    place: &'a Place<'a>,
    pub line: Line,
    random: Random,
    /// It does not log in.
    stranger: bool,
    secure: bool,
    tags: u32,
    compressed: bool,
    over: bool,
    /// Commands that were answered.
    pub answered: u64,
}

/// Commands after which the server listens otherwise: none follows them at once.
const ALONE: &[&str] = &["IDLE", "AUTHENTICATE", "STARTTLS", "COMPRESS", "LOGOUT", "UNAUTHENTICATE", "LOGIN"];

impl<'a> Rude<'a> {
    /// Connects.
    pub fn open(place: &'a Place<'a>, mut random: Random) -> Result<Rude<'a>, String> {
        let stranger = random.below(8) == 0;
        let secure = random.below(6) == 0;
        let address = if secure { place.server.imaps_address() } else { place.server.imap_address() };
        // What fails there is not held against those who log in.
        let source = stranger.then(fresh_source);
        let line = Line::open(source, address, secure.then_some(&place.tls))?;
        let (tags, compressed, over, answered) = (0, false, false, 0);
        Ok(Rude { place, line, random, stranger, secure, tags, compressed, over, answered })
    }

    /// Mostly logs in, and does what it likes with the connection as such.
    fn begin(&mut self) -> Result<(), String> {
        self.line.hear(reply::first)?.ok_or("no greeting")?;
        if !self.secure && self.random.below(6) == 0 {
            self.alone(b"STARTTLS")?;
        }
        if self.stranger {
            return Ok(());
        }
        let user = *self.random.pick(&["mallory", "mallory", "trent"]);
        self.alone(format!("LOGIN {user} {PASSWORD}").as_bytes())?;
        if self.random.below(5) == 0 {
            self.alone(b"COMPRESS DEFLATE")?;
        }
        if self.random.below(4) > 0 {
            self.alone(b"SELECT INBOX")?;
        }
        if self.random.below(4) == 0 { self.bring() } else { Ok(()) }
    }

    /// Others remove what there is, so some more is brought.
    fn bring(&mut self) -> Result<(), String> {
        let mailbox = *self.random.pick(&["INBOX", "\"Other Users/anna/Work\""]);
        let mut command = format!("APPEND {mailbox}").into_bytes();
        for _ in 0..1 + self.random.below(6) {
            let message = self.random.pick(&self.place.messages);
            command.extend([format!(" {{{}+}}\r\n", message.len()).as_bytes(), message].concat());
        }
        self.alone(&command)
    }

    /// Says this and that, then goes.
    pub fn converse(&mut self) -> Result<(), String> {
        self.begin()?;
        for _ in 0..self.random.below(14) {
            if self.over {
                return Ok(());
            }
            self.round()?;
        }
        if self.over { Ok(()) } else { self.end() }
    }

    /// Some commands at once, and their answers.
    fn round(&mut self) -> Result<(), String> {
        let first = self.tidy();
        let mut commands = vec![first];
        while !ALONE.contains(&word(&commands[0]).as_str()) && self.random.below(3) == 0 && commands.len() < 4
        {
            let next = self.tidy();
            if !ALONE.contains(&word(&next).as_str()) {
                commands.push(next);
            }
        }
        if commands.len() == 1 && self.random.below(4) == 0 {
            return self.ask(&commands[0]);
        }
        self.all(&commands)
    }

    fn alone(&mut self, command: &[u8]) -> Result<(), String> {
        self.all(&[command.to_vec()])
    }

    fn all(&mut self, commands: &[Vec<u8>]) -> Result<(), String> {
        let (mut said, mut expected) = (Vec::new(), VecDeque::new());
        for command in commands {
            let tag = self.tag();
            said.extend([tag.as_bytes(), b" ", command, b"\r\n"].concat());
            expected.push_back((tag, word(command)));
        }
        self.line.say(&said, &mut self.random);
        self.answers(expected)
    }

    /// Says one command and asks before each of its literals, as RFC 3501 §4.3 has it.
    fn ask(&mut self, command: &[u8]) -> Result<(), String> {
        let tag = self.tag();
        let mut rest = [tag.as_bytes(), b" ", command, b"\r\n"].concat();
        while let Some((end, octets)) = literal(&rest) {
            let line = &rest[..end];
            let asking =
                [line.strip_suffix(b"+}\r\n").or(line.strip_suffix(b"+}\n")).unwrap_or(line), b"}\r\n"];
            self.line.say(&asking.concat(), &mut self.random);
            rest.drain(..end);
            loop {
                let Some(response) = self.hear(true)? else { return Ok(()) };
                if response.starts_with(b"+") {
                    break;
                }
                if let Some(answer) = tagged(&response, &tag) {
                    // It is not wanted, and is not said.
                    return if answer.starts_with(b"OK") {
                        Err(format!("{tag} is done before it is said"))
                    } else {
                        Ok(())
                    };
                }
            }
            let literal: Vec<u8> = rest.drain(..octets).collect();
            self.line.say(&literal, &mut self.random);
        }
        self.line.say(&rest, &mut self.random);
        self.answers([(tag, word(command))].into())
    }

    /// Each is answered once, in order.
    fn answers(&mut self, mut expected: VecDeque<(String, String)>) -> Result<(), String> {
        let single = expected.len() == 1;
        let mut asked = 0;
        while let Some((tag, word)) = expected.front() {
            let Some(response) = self.hear(single)? else { return Ok(()) };
            if response.starts_with(b"+") {
                asked += 1;
                let answer: &[u8] = match word.as_str() {
                    "IDLE" if self.random.below(8) > 0 => b"DONE\r\n",
                    "AUTHENTICATE" if asked < 3 => {
                        self.random.pick::<&[u8]>(&[b"*\r\n", b"bixhPW1hbGxvcnk=\r\n", b"\r\n", b"====\r\n"])
                    }
                    "AUTHENTICATE" => b"*\r\n",
                    "IDLE" => b"x NOOP\r\n",
                    _ => return Err(format!("more is asked for after {word}")),
                };
                self.line.say(answer, &mut self.random);
                continue;
            }
            if response.starts_with(b"* ") {
                continue;
            }
            let answer =
                tagged(&response, tag).ok_or_else(|| format!("{tag} is to be answered, and it is not"))?;
            let done = answer.starts_with(b"OK").then(|| word.clone());
            self.answered += 1;
            expected.pop_front();
            if let Some(word) = done {
                self.done(&word)?;
            }
        }
        Ok(())
    }

    /// What changes how the two speak to each other.
    fn done(&mut self, word: &str) -> Result<(), String> {
        match word {
            "LOGOUT" => self.over = true,
            "COMPRESS" => {
                self.compressed = true;
                self.line.stream.compress();
            }
            "STARTTLS" => {
                self.line.stream.start_tls(&self.place.tls).map_err(|error| format!("no TLS: {error}"))?;
            }
            "UNAUTHENTICATE" if std::mem::take(&mut self.compressed) => {
                self.line.stream.decompress().map_err(|error| format!("compressed for ever: {error}"))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The next response, which has to be one. None: it is over. With `told`, the server has to say so before.
    fn hear(&mut self, told: bool) -> Result<Option<Vec<u8>>, String> {
        let mut bye = false;
        loop {
            let Some(response) = self.line.hear(reply::first)? else {
                self.over = true;
                // What had not been read by the server may have cost us the end of what it said.
                return if told && !bye { Err("it went without BYE".into()) } else { Ok(None) };
            };
            reply::responses(&response)?;
            complaint(&response)?;
            if !response.starts_with(b"* BYE") {
                return Ok(Some(response));
            }
            bye = true;
        }
    }

    fn tag(&mut self) -> String {
        self.tags += 1;
        format!("x{}", self.tags)
    }

    /// A command that is one, whatever else may be wrong with it.
    fn tidy(&mut self) -> Vec<u8> {
        loop {
            let mut command = phrases::make("imap", &mut self.random);
            let changes = [0, 0, 1, 1, 2, 4][self.random.below(6)];
            mangle(&mut command, changes, &self.place.seeds, imap::TARGET.words, &mut self.random);
            if is_one(&command) {
                return command;
            }
        }
    }

    /// Goes, more or less politely.
    fn end(&mut self) -> Result<(), String> {
        match self.random.below(10) {
            0 => self.alone(b"LOGOUT"),
            1 => Ok(()),
            2 | 3 => self.wild(),
            4 => {
                let cut = [b"z ", &self.tidy()[..]].concat();
                let length = self.random.below(cut.len());
                self.line.say(&cut[..length], &mut self.random);
                if self.random.below(2) == 0 { self.hang_up(&cut) } else { Ok(()) }
            }
            5 => self.all_and_hang_up(b"z APPEND INBOX {100000+}\r\nSubject: never whole\r\n\r\n"),
            6 => self.all_and_hang_up(b"z IDLE\r\n"),
            7 => self.all_and_hang_up(b"z NOTIFY SET STATUS (personal (MessageNew MessageExpunge))\r\n"),
            8 => {
                // Much is to be said that nobody hears.
                self.line.say(
                    b"z SELECT INBOX\r\nz FETCH 1:* BODY.PEEK[]\r\nz FETCH 1:* (BODY ENVELOPE)\r\n",
                    &mut self.random,
                );
                Ok(())
            }
            _ => self.beneath(),
        }
    }

    /// Says commands, and no more; all of them are answered before the server goes, or nobody listens.
    fn all_and_hang_up(&mut self, last: &[u8]) -> Result<(), String> {
        let command = self.tidy();
        let begun = [b"y ", &command[..], b"\r\n"].concat();
        if ALONE.contains(&word(&command).as_str()) {
            return Ok(());
        }
        let said = [&begun, last].concat();
        self.line.say(&said, &mut self.random);
        self.hang_up(&said)
    }

    fn hang_up(&mut self, said: &[u8]) -> Result<(), String> {
        let heard = self.line.hang_up()?;
        readable(&heard, said)
    }

    /// Says something that cannot be told apart any more.
    fn wild(&mut self) -> Result<(), String> {
        let mut said = Vec::new();
        for _ in 0..1 + self.random.below(3) {
            let mut input = match self.random.below(3) {
                0 => [b"w ", &self.tidy()[..], b"\r\n"].concat(),
                _ => self.random.pick(&self.place.seeds).clone(),
            };
            let changes = self.random.below(5);
            mangle(&mut input, changes, &self.place.seeds, imap::TARGET.words, &mut self.random);
            said.extend(input);
        }
        // From there on it is no IMAP that can be read here.
        let upper = said.to_ascii_uppercase();
        if [&b"STARTTLS"[..], b"COMPRESS", b"UNAUTH"].iter().any(|word| find(&upper, word).is_some()) {
            return Ok(());
        }
        // What may be left open, IDLE or a SASL exchange, is ended; a literal may still be waited for.
        said.extend(b"\r\nDONE\r\n*\r\nend NOOP\r\n");
        self.line.say(&said, &mut self.random);
        let end = |heard: &[u8]| find(&heard[heard.len().saturating_sub(300)..], b"\r\nend OK").is_some();
        if self.line.listen(SHORT, end) {
            return readable(&self.line.take(), &said);
        }
        self.hang_up(&said)
    }

    /// Says something below TLS or compression, where there is any.
    fn beneath(&mut self) -> Result<(), String> {
        use std::io::Write;
        let said = self.random.pick(&self.place.seeds).clone();
        let mut socket = self.line.stream.socket();
        let _ = socket.write_all(&said);
        self.line.hang_up().map(|_| ())
    }
}

/// What was heard is IMAP, and answers what was said. The last of it may be cut off.
fn readable(heard: &[u8], said: &[u8]) -> Result<(), String> {
    let whole = heard.windows(2).rposition(|two| two == b"\r\n").map_or(0, |end| end + 2);
    let responses = match reply::responses(&heard[..whole]) {
        Ok(responses) => responses,
        Err(why) if why.contains("cut off") => return Ok(()),
        Err(why) => return Err(why),
    };
    for response in responses {
        complaint(response)?;
        let tag = response.split(|octet| *octet == b' ').next().unwrap_or_default();
        let known = matches!(tag, b"*" | b"+") || find(said, tag).is_some() || tag.starts_with(b"x");
        if !known {
            return Err(format!("{} was never said", String::from_utf8_lossy(tag)));
        }
    }
    Ok(())
}

/// The server has met a fault of its own.
fn complaint(response: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(&response[..response.len().min(200)]).into_owned();
    let status = text.split(' ').nth(1).is_some_and(|word| matches!(word, "OK" | "NO" | "BAD" | "BYE"));
    let of_ours = ["SERVERBUG", "internal error", "[UNAVAILABLE]"].iter().any(|word| text.contains(word));
    if status && of_ours { Err(text) } else { Ok(()) }
}

/// What the response says behind this tag.
fn tagged<'r>(response: &'r [u8], tag: &str) -> Option<&'r [u8]> {
    response.strip_prefix(tag.as_bytes())?.strip_prefix(b" ")
}

/// The name of a command, as the server reads it.
fn word(command: &[u8]) -> String {
    let text = String::from_utf8_lossy(command).to_ascii_uppercase();
    text.trim_start_matches(' ').split([' ', '\r', '\n', '\t']).next().unwrap_or_default().to_string()
}

/// Whether this is one command for whoever reads it: no line ends but in literals, which are whole and ask for nothing.
fn is_one(command: &[u8]) -> bool {
    let mut rest = command;
    while let Some((end, octets)) = literal(rest) {
        match rest.get(end + octets..) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    let last = rest.iter().rev().find(|octet| **octet != b'\r');
    !rest.contains(&b'\n') && last != Some(&b'}')
}

/// The first line, if a literal that asks for nothing follows it: its length, and that of the literal.
fn literal(octets: &[u8]) -> Option<(usize, usize)> {
    let end = octets.iter().position(|octet| *octet == b'\n')? + 1;
    let line = octets[..end - 1].strip_suffix(b"\r").unwrap_or(&octets[..end - 1]).strip_suffix(b"+}")?;
    let digits = &line[line.iter().rposition(|octet| *octet == b'{')? + 1..];
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()));
    let length = digits?.parse().ok().filter(|length| *length <= octets.len())?;
    Some((end, length))
}

/// How long a server that waits for more is silent before the client hangs up.
const SHORT: Duration = Duration::from_secs(2);

#[test]
fn one_command_is_told_from_several() {
    for one in ["NOOP", "LOGIN {3+}\r\na\nb {0+}\r\n", "x {3}+", "A ~{1+}\n\n"] {
        assert!(is_one(one.as_bytes()), "{one:?}");
    }
    for other in ["NOOP\r\nNOOP", "LOGIN {3}\r\na\nb", "LOGIN {9+}\r\na", "x {3+}", "x {3+}\r"] {
        assert!(!is_one(other.as_bytes()), "{other:?}");
    }
}
