//! ENABLE (RFC 5161): extensions that change what the server says, each only once the client asked for it.

use nom::Parser;
use nom::combinator::map;
use nom::multi::many1;
use nom::sequence::preceded;

use crate::imap::answer::Answer;
use crate::imap::enabled::Enabled;
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
    /// Enables what is known, and says what that was. RFC 5161 §3.1: a client may name what it likes; what is unknown, or
    /// need not be enabled, is passed over.
    pub fn respond(self, tag: &str, enabled: &mut Enabled) -> Answer {
        let mut untagged = "* ENABLED".to_owned();
        let mut told = Vec::new();
        for name in self.capabilities.iter().filter_map(|name| enabled.enable(name)) {
            if !told.contains(&name) {
                untagged += " ";
                untagged += name;
                told.push(name);
            }
        }
        Answer::ok(tag, "ENABLE completed").with_untagged(format!("{untagged}\r\n").into_bytes())
    }
}
