//! ENABLE (RFC 5161): extensions that change what the server says, each only once the client asked for it.

use nom::Parser;
use nom::combinator::map;
use nom::multi::many1;
use nom::sequence::preceded;

use crate::imap::answer::Answer;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, sp};

/// The extensions that a client would like to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enable {
    pub capabilities: Vec<String>,
}

/// `enable = "ENABLE" 1*(SP capability)`, from the first space on
pub fn parse(input: &[u8]) -> Parsed<'_, Enable> {
    let capability = map(preceded(sp, atom), str::to_owned);
    map(many1(capability), |capabilities| Enable { capabilities }).parse(input)
}

impl Enable {
    /// What of it is enabled now. RFC 5161 §3.1: a client may name what it likes; what is unknown is passed over.
    pub fn respond(self, tag: &str) -> Answer {
        let enabled: String = self.capabilities.iter().filter_map(|name| known(name)).collect();
        let untagged = format!("* ENABLED{enabled}\r\n");
        Answer::ok(tag, "ENABLE completed").with_untagged(untagged.into_bytes())
    }
}

/// The extension of that name, with a space before it, if it has to be enabled at all.
fn known(name: &str) -> Option<String> {
    let known = ENABLEABLE.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    Some(format!(" {known}"))
}

/// Everything this server does goes without saying so first.
const ENABLEABLE: [&str; 0] = [];
