//! A conversation with the running server: one command after the other, each with the octets that belong to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use archiveopteryx::aox::answer::{Answer, Reply};
use archiveopteryx::aox::command::Command;
use archiveopteryx::aox::conversation;

use crate::control_client;
use crate::home::Home;

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// It may be fine later, or with other arguments.
    Refused(String),
    /// The request cannot be understood.
    Wrong(String),
}

/// See the module.
pub struct Session {
    stream: BufReader<UnixStream>,
}

impl Session {
    /// Connects to the server of a home.
    pub fn open(home: &Home) -> Result<Session, Failure> {
        let stream = control_client::connect(home).map_err(Failure::Refused)?;
        Ok(Session { stream: BufReader::new(stream) })
    }

    /// Sends a command, and `octets` behind it; returns the answer.
    pub fn ask(&mut self, command: impl Into<Command>, octets: &[Vec<u8>]) -> Result<Answer, Failure> {
        self.say(command)?;
        let stream = self.stream.get_mut();
        octets.iter().try_for_each(|octets| stream.write_all(octets)).map_err(broken)?;
        loop {
            match self.reply()? {
                Reply::Done(answer) => return Ok(answer),
                Reply::Refused(text) => return Err(Failure::Refused(text)),
                Reply::Wrong(text) => return Err(Failure::Wrong(text)),
                Reply::Progress(_) | Reply::Share { .. } => {}
                Reply::Message(_) => return Err(broken_off()),
            }
        }
    }

    /// Sends a command.
    pub fn say(&mut self, command: impl Into<Command>) -> Result<(), Failure> {
        self.stream.get_mut().write_all(&conversation::request(&command.into())).map_err(broken)
    }

    /// The next line of the server's answer.
    pub fn reply(&mut self) -> Result<Reply, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).map_err(broken)? {
            // A server that is killed may have said half a line.
            _ if !line.ends_with('\n') => Err(broken_off()),
            _ => serde_json::from_str(&line).map_err(|error| {
                Failure::Refused(format!("the server's answer cannot be understood: {error}"))
            }),
        }
    }

    /// The octets that follow a line.
    pub fn octets(&mut self, count: u64) -> Result<Vec<u8>, Failure> {
        let mut octets = Vec::new();
        let read = (&mut self.stream).take(count).read_to_end(&mut octets).map_err(broken)?;
        if read as u64 == count { Ok(octets) } else { Err(broken_off()) }
    }
}

fn broken_off() -> Failure {
    Failure::Refused("the server broke off its answer".to_owned())
}

fn broken(error: std::io::Error) -> Failure {
    Failure::Refused(format!("the connection to the server broke: {error}"))
}
