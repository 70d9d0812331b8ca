//! The commands, one file each. Each reads its arguments and says what is to be done; none waits.

use super::conversation::Conversation;
use super::grammar;
use super::response::Reply;
use crate::wire::address::Address;

pub(super) mod lhlo;

pub(super) mod mail;
pub(super) mod rcpt;

pub(super) mod bdat;
pub(super) mod data;

pub(super) mod help;
pub(super) mod noop;
pub(super) mod quit;
pub(super) mod rset;
pub(super) mod starttls;
pub(super) mod vrfy;

/// What a command asks the conversation to do.
pub(super) enum Step {
    /// Answer.
    Reply(Reply),
    /// Find out who gets mail for this address, then answer.
    Resolve(Address),
    /// Read DATA.
    ReadData,
    /// Read a chunk.
    ReadChunk { octets: u64, last: bool },
    /// Read a chunk of a transaction that will come to nothing, and answer so.
    SkipChunk { octets: u64, last: bool, reply: Reply },
    /// Begin TLS.
    StartTls,
    /// Answer, then close.
    Close(Reply),
}

/// Finds the command of `line` and runs it: the table of contents of this door.
pub(super) fn run(conversation: &mut Conversation, line: &[u8]) -> Step {
    let Some(text) = std::str::from_utf8(line).ok().filter(|text| !text.contains(|c: char| c.is_control()))
    else {
        return Step::Reply(Reply::new(500, "5.5.2", "the line is neither ASCII nor UTF-8 text"));
    };
    let Ok((_, (verb, arguments))) = grammar::command_line(text) else {
        return Step::Reply(Reply::new(500, "5.5.2", "a command was expected"));
    };
    match verb.as_str() {
        "LHLO" => lhlo::run(conversation, arguments),
        "HELO" | "EHLO" => Step::Reply(lhlo::wrong_protocol()),
        "MAIL" => mail::run(conversation, arguments),
        "RCPT" => rcpt::run(conversation, arguments),
        "DATA" => data::run(conversation, arguments),
        "BDAT" => bdat::run(conversation, arguments),
        "RSET" => rset::run(conversation, arguments),
        "NOOP" => noop::run(),
        "VRFY" => vrfy::run(arguments),
        "HELP" => help::run(),
        "STARTTLS" => starttls::run(conversation, arguments),
        "QUIT" => quit::run(conversation),
        "EXPN" | "SEND" | "SOML" | "SAML" | "TURN" | "ETRN" | "AUTH" => {
            Step::Reply(Reply::new(502, "5.5.1", "the command is not implemented"))
        }
        _ => Step::Reply(Reply::new(500, "5.5.1", "the command is not known")),
    }
}

/// A command that has no arguments got some.
fn no_arguments() -> Step {
    Step::Reply(Reply::new(501, "5.5.4", "the command takes no arguments"))
}

/// A command came at the wrong time.
fn bad_sequence(text: &'static str) -> Step {
    Step::Reply(Reply::new(503, "5.5.1", text))
}
