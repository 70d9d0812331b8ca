//! Plays a transcript against a server, and says where the two differ.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine;

use super::connection::{Connection, PASSWORD, Role};
use super::names::Names;
use super::pattern::{self, Captures};
use super::{Expectation, Step, Transcript, message};
use crate::support::Server;
use crate::support::imap::announced_literal;

/// Plays the transcript. The error tells the first difference.
pub fn play(server: &Server, transcript: &Transcript, number: usize) -> Result<(), String> {
    let mut player = Player::new(server, transcript, number);
    player.run()?;
    player.rewrites.is_empty().then_some(()).ok_or_else(|| "it was rewritten".to_string())
}

/// Plays the transcript and returns its text with what the server really said.
pub fn rewrite(server: &Server, transcript: &Transcript, number: usize) -> Result<String, String> {
    let mut player = Player::new(server, transcript, number);
    player.rewriting = true;
    player.run()?;
    let mut lines = transcript.lines.clone();
    player.rewrites.sort_by_key(|rewrite| std::cmp::Reverse(rewrite.first));
    for rewrite in player.rewrites {
        let mut new = rewrite.new.into_iter();
        for &old in rewrite.lines.iter().skip(1).rev() {
            lines.remove(old);
        }
        lines.remove(rewrite.first);
        lines.splice(rewrite.first..rewrite.first, new.by_ref());
    }
    Ok(lines.join("\n") + "\n")
}

struct Player<'a> {
    server: &'a Server,
    transcript: &'a Transcript,
    names: Names,
    captures: Captures,
    connections: HashMap<String, Connection>,
    mails: HashMap<String, usize>,
    rewriting: bool,
    rewrites: Vec<Rewrite>,
}

/// Lines of the file that are replaced by what the server said.
struct Rewrite {
    first: usize,
    lines: Vec<usize>,
    new: Vec<String>,
}

/// What one client heard while it waited for its expectations.
struct Heard<'a> {
    /// The expectations, and whether they came.
    wanted: Vec<(&'a Expectation, bool)>,
    /// Everything that came, and which expectation it met.
    came: Vec<(Vec<String>, Option<usize>)>,
}

impl<'a> Player<'a> {
    fn new(server: &'a Server, transcript: &'a Transcript, number: usize) -> Player<'a> {
        Player {
            server,
            transcript,
            names: Names::new(number),
            captures: Captures::new(),
            connections: HashMap::new(),
            mails: HashMap::new(),
            rewriting: false,
            rewrites: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<(), String> {
        for (index, step) in self.transcript.steps.iter().enumerate() {
            match step {
                Step::User { login, address } => self.user(login, address),
                Step::Mail { login, number, file } => self.mail(login, *number, file)?,
                Step::Aox { arguments } => self.aox(arguments)?,
                Step::Close { connection } => drop(self.connections.remove(connection)),
                Step::Closed { connection } => self.closed(connection)?,
                Step::StartTls { connection } => {
                    let client = self.server.tls_client();
                    let begun = self.connection(connection)?.start_tls(&client);
                    begun.map_err(|error| format!("{connection} does not begin TLS: {error}"))?;
                }
                Step::Compress { connection, begins } => {
                    let changed = self.connection(connection)?.compress(*begins);
                    changed.map_err(|error| format!("{connection} does not change the stream: {error}"))?;
                }
                Step::Say { connection, commands } => {
                    let heard = matches!(self.transcript.steps.get(index + 1), Some(Step::Hear { expectations })
                        if expectations.iter().any(|expectation| expectation.connection == *connection));
                    self.say(connection, commands, heard).map_err(|error| {
                        format!("{connection} could not say {:?}: {error}", commands.join(" / "))
                    })?;
                }
                Step::Hear { expectations } => self.hear(expectations)?,
            }
        }
        Ok(())
    }

    fn user(&mut self, login: &str, address: &str) {
        self.names.add(login);
        self.server.add_user(&self.names.secret(login), &self.names.secret(address), PASSWORD);
    }

    fn mail(&mut self, login: &str, number: usize, file: &str) -> Result<(), String> {
        let count = self.mails.entry(login.to_string()).or_insert(0);
        *count += 1;
        if *count != number {
            return Err(format!("{file} is message {count} of {login}, not {number}"));
        }
        let octets = self.names.to_server(&message(file)?);
        self.server.deliver(&format!("{}@example.org", self.names.secret(login)), &octets);
        Ok(())
    }

    fn aox(&self, arguments: &[String]) -> Result<(), String> {
        let arguments: Vec<String> = arguments.iter().map(|argument| self.names.secret(argument)).collect();
        let output = self.server.aox(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        if output.status.success() {
            return Ok(());
        }
        Err(format!("aox {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }

    fn closed(&mut self, connection: &str) -> Result<(), String> {
        let open =
            self.connections.get_mut(connection).ok_or("a connection that was never open is not closed")?;
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            match open.next(PATIENCE) {
                Err(_) => return Ok(()),
                Ok(Some(response)) => {
                    return Err(format!("{connection} still hears {:?}", String::from_utf8_lossy(&response)));
                }
                Ok(None) => {}
            }
        }
        Err(format!("{connection} is still open"))
    }

    fn connection(&mut self, name: &str) -> Result<&mut Connection, String> {
        if !self.connections.contains_key(name) {
            let role = Role::of(name);
            let login = match role {
                Role::User(user) => self.names.secret(user),
                _ => String::new(),
            };
            let connection = Connection::open(self.server, &role, &login)
                .map_err(|error| format!("{name} cannot connect: {error}"))?;
            self.connections.insert(name.to_string(), connection);
        }
        Ok(self.connections.get_mut(name).expect("it was inserted above"))
    }

    fn say(&mut self, name: &str, commands: &[String], last_is_heard: bool) -> Result<(), String> {
        let octets: Result<Vec<_>, _> = commands.iter().map(|command| self.expand(command)).collect();
        let octets = octets?;
        let implied = Role::of(name) == Role::Lmtp;
        let connection = self.connection(name)?;
        let result = if implied {
            octets.iter().enumerate().try_for_each(|(index, command)| {
                let heard = last_is_heard && index + 1 == octets.len();
                say_lmtp(connection, command, heard)
            })
        } else if connection.is_imap() {
            say_imap(connection, &octets.concat())
        } else {
            connection.write(&octets.concat())
        };
        result.map_err(|error| error.to_string())
    }

    /// The octets of a command: names exchanged, captures filled in, files and base64 put in place, CRLF added.
    fn expand(&self, command: &str) -> Result<Vec<u8>, String> {
        let text = self.names.secret(&base64_placed(command, &self.names)?);
        let mut text = pattern::filled(&text, &self.captures)?.into_bytes();
        text.extend_from_slice(b"\r\n");
        let mut octets = Vec::new();
        while let Some(at) = crate::support::imap::find(&text, b"{file") {
            let end = at + crate::support::imap::find(&text[at..], b"}").ok_or("{file has no end")?;
            let (plus, file) = match text[at + 5] {
                b'+' => ("+", &text[at + 7..end]),
                _ => ("", &text[at + 6..end]),
            };
            let content = self.names.to_server(&message(&String::from_utf8_lossy(file))?);
            octets.extend_from_slice(&text[..at]);
            octets.extend_from_slice(format!("{{{}{plus}}}\r\n", content.len()).as_bytes());
            octets.extend_from_slice(&content);
            text = text.split_off(end + 1);
        }
        octets.extend_from_slice(&text);
        if octets.starts_with(b"DATA ") || octets.starts_with(b"BDAT ") && !octets[5].is_ascii_digit() {
            return self.with_content(&String::from_utf8_lossy(&octets));
        }
        Ok(octets)
    }

    /// `DATA hello.eml` and `BDAT hello.eml LAST`, with the content of the file.
    fn with_content(&self, command: &str) -> Result<Vec<u8>, String> {
        let words: Vec<&str> = command.split_whitespace().collect();
        let content = self.names.to_server(&message(words[1])?);
        if words[0] == "DATA" {
            let mut octets = b"DATA\r\n".to_vec();
            octets.extend_from_slice(&crate::support::lmtp::dot_stuffed(&content));
            return Ok(octets);
        }
        let last = if words.get(2) == Some(&"LAST") { " LAST" } else { "" };
        let mut octets = format!("BDAT {}{last}\r\n", content.len()).into_bytes();
        octets.extend_from_slice(&content);
        Ok(octets)
    }

    fn hear(&mut self, expectations: &'a [Expectation]) -> Result<(), String> {
        let mut names: Vec<&str> = Vec::new();
        for expectation in expectations {
            if !names.contains(&expectation.connection.as_str()) {
                names.push(&expectation.connection);
            }
        }
        for name in names {
            let wanted = expectations.iter().filter(|expectation| expectation.connection == name);
            let mut heard =
                Heard { wanted: wanted.map(|expectation| (expectation, false)).collect(), came: Vec::new() };
            if let Err(difference) = self.hear_one(name, &mut heard) {
                if !self.rewriting {
                    return Err(report(name, &difference, &heard));
                }
                self.listen_to_the_end(name, &mut heard);
                self.rewrites.push(rewritten(name, &heard));
            }
        }
        Ok(())
    }

    fn hear_one(&mut self, name: &str, heard: &mut Heard) -> Result<(), String> {
        while heard.wanted.iter().any(|(wanted, came)| !wanted.forbidden && !came) {
            let Some(lines) = self.next(name, PATIENCE)? else {
                return Err("nothing more came".to_string());
            };
            self.sort_in(name, lines, heard)?;
        }
        // What must not come is waited for when no tagged answer has drawn the line.
        let line_is_drawn = heard.came.last().is_some_and(|(lines, _)| !lines[0].starts_with("* "));
        if !line_is_drawn && heard.wanted.iter().any(|(wanted, _)| wanted.forbidden) {
            while let Some(lines) = self.next(name, SILENCE)? {
                self.sort_in(name, lines, heard)?;
            }
        }
        Ok(())
    }

    fn next(&mut self, name: &str, patience: Duration) -> Result<Option<Vec<String>>, String> {
        let response =
            self.connection(name)?.next(patience).map_err(|error| format!("the connection: {error}"))?;
        Ok(response.map(|response| {
            let text = String::from_utf8_lossy(&self.names.as_server_said(&response)).into_owned();
            text.split("\r\n").map(str::to_string).collect()
        }))
    }

    /// Finds the expectation that a response meets.
    fn sort_in(&mut self, name: &str, lines: Vec<String>, heard: &mut Heard) -> Result<(), String> {
        let (imap, lmtp) = (self.connection(name)?.is_imap(), self.connection(name)?.is_lmtp());
        let untagged = imap && lines[0].starts_with("* ");
        let captures = &mut self.captures;
        let forbidden = heard.wanted.iter().any(|(wanted, _)| {
            wanted.forbidden && pattern::matches(&wanted.patterns, &lines, &mut captures.clone())
        });
        if forbidden {
            heard.came.push((lines, None));
            return Err("this must not come".to_string());
        }
        let any_order = untagged && !self.transcript.ordered;
        let mut met = None;
        for (index, (wanted, came)) in heard.wanted.iter().enumerate() {
            if *came || wanted.forbidden {
                continue;
            }
            if pattern::matches(&wanted.patterns, &lines, captures) {
                met = Some(index);
                break;
            }
            // Nothing is looked for beyond the next tagged answer, nor beyond the next line when order counts.
            if !any_order || !wanted.patterns[0].starts_with("* ") {
                break;
            }
        }
        if let Some(index) = met {
            heard.wanted[index].1 = true;
        }
        let may_be_ignored =
            untagged && !self.transcript.strict || lmtp && lines[0].as_bytes().get(3) == Some(&b'-');
        heard.came.push((lines, met));
        if met.is_none() && !may_be_ignored {
            return Err("this was not expected now".to_string());
        }
        Ok(())
    }

    /// For rewriting: whatever else the server says before it falls silent.
    fn listen_to_the_end(&mut self, name: &str, heard: &mut Heard) {
        while let Ok(Some(lines)) = self.next(name, SILENCE) {
            if self.sort_in(name, lines, heard).is_err() {
                continue;
            }
        }
    }
}

/// Writes, and waits for `+` after each synchronizing literal.
fn say_imap(connection: &mut Connection, octets: &[u8]) -> std::io::Result<()> {
    let mut written = 0;
    let mut at = 0;
    while let Some(end) = crate::support::imap::find(&octets[at..], b"\r\n") {
        at += end + 2;
        if let Some(length) = announced_literal(&octets[written..at]) {
            connection.write(&octets[written..at])?;
            written = at;
            if !connection.wait_for_continuation(PATIENCE)? {
                return Ok(());
            }
            at = (at + length).min(octets.len());
        } else if octets[..at].ends_with(b"+}\r\n") {
            let plain = [octets[written..at - 4].to_vec(), b"}\r\n".to_vec()].concat();
            at = (at + announced_literal(&plain).unwrap_or(0)).min(octets.len());
        }
    }
    connection.write(&octets[written..])
}

/// Says one command and, unless the transcript hears the reply, makes sure that it was a good one.
fn say_lmtp(connection: &mut Connection, command: &[u8], heard: bool) -> std::io::Result<()> {
    if let Some(content) = command.strip_prefix(b"DATA\r\n") {
        connection.write(b"DATA\r\n")?;
        good_reply(connection)?;
        connection.write(content)?;
    } else {
        connection.write(command)?;
    }
    if heard { Ok(()) } else { good_reply(connection) }
}

fn good_reply(connection: &mut Connection) -> std::io::Result<()> {
    loop {
        let reply = connection.next(PATIENCE)?.ok_or(std::io::ErrorKind::TimedOut)?;
        if !matches!(reply.first(), Some(b'2' | b'3')) {
            return Err(std::io::Error::other(String::from_utf8_lossy(&reply).into_owned()));
        }
        if reply.get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

/// `$base64(\0anna\0secret)`, encoded after the names were exchanged.
fn base64_placed(text: &str, names: &Names) -> Result<String, String> {
    let Some((before, rest)) = text.split_once("$base64(") else { return Ok(text.to_string()) };
    let (plain, after) = rest.split_once(')').ok_or("$base64( has no end")?;
    let plain = names.secret(&plain.replace("\\0", "\0"));
    let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
    Ok(format!("{before}{encoded}{}", base64_placed(after, names)?))
}

fn report(name: &str, difference: &str, heard: &Heard) -> String {
    let missing = heard.wanted.iter().filter(|(wanted, came)| !wanted.forbidden && !came);
    let missing: Vec<_> = missing
        .map(|(wanted, _)| format!("  line {}: {}", wanted.line + 1, wanted.patterns.join("\n    ")))
        .collect();
    let came: Vec<_> = heard.came.iter().map(|(lines, _)| format!("  {}", lines.join("\n    "))).collect();
    format!("{name}: {difference}\n missing:\n{}\n came:\n{}", missing.join("\n"), came.join("\n"))
}

/// The lines that were expected, replaced by those that came; what matched keeps its wildcards.
fn rewritten(name: &str, heard: &Heard) -> Rewrite {
    let mut lines = Vec::new();
    let mut new = Vec::new();
    for (wanted, _) in &heard.wanted {
        lines.extend(wanted.line..wanted.line + wanted.patterns.len());
        if wanted.forbidden {
            new.push(format!("{name} S! {}", wanted.patterns[0]));
        }
    }
    for (came, met) in &heard.came {
        let text = met.map_or(came, |index| &heard.wanted[index].0.patterns);
        let marks = std::iter::once("S:").chain(std::iter::repeat("S>"));
        new.extend(
            text.iter().zip(marks).map(|(line, mark)| format!("{name} {mark} {line}").trim_end().to_string()),
        );
    }
    Rewrite { first: lines[0], lines, new }
}

/// A response that takes longer has failed the transcript.
const PATIENCE: Duration = Duration::from_secs(10);
/// So long a silence means that nothing comes.
const SILENCE: Duration = Duration::from_millis(250);
