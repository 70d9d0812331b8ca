//! The commands, one file each. Each reads its arguments and says what is to be done; none waits.

use super::conversation::{Conversation, Plan};
use super::grammar;
use super::language::Text;
use super::response::Reply;
use crate::login;

pub(super) mod apop;
pub(super) mod auth;
pub(super) mod pass;
pub(super) mod stls;
pub(super) mod user;
pub(super) mod utf8;

pub(super) mod capa;
pub(super) mod lang;
pub(super) mod quit;

pub(super) mod dele;
pub(super) mod list;
pub(super) mod noop;
pub(super) mod retr;
pub(super) mod rset;
pub(super) mod stat;
pub(super) mod top;
pub(super) mod uidl;

/// What a command asks the conversation to do.
pub(super) enum Step {
    /// Answer.
    Reply(Reply),
    /// Nothing: the answer has been written.
    Written,
    /// Carry this out; it answers by itself.
    Run(Plan),
    /// Go on with showing who the client is.
    Authenticate(login::Next),
    /// Begin TLS.
    StartTls,
    /// Answer, then close.
    Close(Reply),
}

/// The states of RFC 1939 in which a command makes sense.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Authorization,
    Transaction,
    Both,
}

/// How a command is begun: with what follows its keyword.
type Run = fn(&mut Conversation, &[u8]) -> Step;

/// The table of contents of this door.
fn find(keyword: &str) -> Option<(State, Run)> {
    Some(match keyword {
        "USER" => (State::Authorization, user::run),
        "PASS" => (State::Authorization, pass::run),
        "APOP" => (State::Authorization, apop::run),
        "AUTH" => (State::Authorization, auth::run),
        "STLS" => (State::Authorization, stls::run),
        "UTF8" => (State::Authorization, utf8::run),
        "CAPA" => (State::Both, capa::run),
        "LANG" => (State::Both, lang::run),
        "QUIT" => (State::Both, quit::run),
        "STAT" => (State::Transaction, stat::run),
        "LIST" => (State::Transaction, list::run),
        "UIDL" => (State::Transaction, uidl::run),
        "RETR" => (State::Transaction, retr::run),
        "TOP" => (State::Transaction, top::run),
        "DELE" => (State::Transaction, dele::run),
        "NOOP" => (State::Transaction, noop::run),
        "RSET" => (State::Transaction, rset::run),
        _ => return None,
    })
}

/// Begins the command of `line`.
pub(super) fn run(conversation: &mut Conversation, line: &[u8]) -> Step {
    let found = grammar::command(line).and_then(|(keyword, arguments)| Some((find(&keyword)?, arguments)));
    let Some(((state, run), arguments)) = found else { return err(Text::UnknownCommand) };
    match (state, conversation.logged_in()) {
        (State::Authorization, true) => err(Text::LoggedInAlready),
        (State::Transaction, false) => err(Text::LogInFirst),
        _ => run(conversation, arguments),
    }
}

/// `-ERR`
fn err(text: Text) -> Step {
    Step::Reply(Reply::err(text))
}

/// `+OK`
fn ok(text: Text) -> Step {
    Step::Reply(Reply::ok(text))
}

/// `+OK`, lines, and the dot behind them.
fn lines(conversation: &mut Conversation, text: Text, lines: &[String]) -> Step {
    conversation.reply(Reply::ok(text));
    for line in lines {
        conversation.out.extend_from_slice(line.as_bytes());
        conversation.out.extend_from_slice(b"\r\n");
    }
    conversation.out.extend_from_slice(b".\r\n");
    Step::Written
}
