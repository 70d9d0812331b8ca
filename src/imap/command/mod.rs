//! The commands of IMAP, one file each, and their table of contents: [`find`].

pub mod append;
pub mod authenticate;
pub mod capability;
pub mod copy;
pub mod create;
pub mod delete;
pub mod enable;
pub mod expunge;
pub mod fetch;
pub mod getacl;
pub mod getquota;
pub mod getquotaroot;
pub mod id;
pub mod idle;
pub mod list;
pub mod listrights;
pub mod login;
pub mod logout;
pub mod r#move;
pub mod myrights;
pub mod namespace;
pub mod noop;
pub mod rename;
pub mod search;
pub mod select;
pub mod setacl;
pub mod setquota;
pub mod starttls;
pub mod status;
pub mod store;
pub mod subscribe;

pub use authenticate::Authenticate;
use jiff::Timestamp;
pub use login::Login;
use nom::Parser;

use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, sp, tag};
use crate::imap::grammar::fault::complete;

/// What a client says, parsed.
pub enum Command {
    Capability,
    Noop,
    Logout,
    Id(id::Id),
    StartTls,
    Login(Login),
    Authenticate(Authenticate),
    Enable(enable::Enable),
    /// SELECT and EXAMINE.
    Select(select::Select),
    Create(create::Create),
    Delete(delete::Delete),
    Rename(rename::Rename),
    /// SUBSCRIBE and UNSUBSCRIBE.
    Subscribe(subscribe::Subscribe),
    /// LIST and LSUB.
    List(list::List),
    /// SETACL and DELETEACL.
    SetAcl(setacl::SetAcl),
    GetAcl(getacl::GetAcl),
    ListRights(listrights::ListRights),
    MyRights(myrights::MyRights),
    Namespace,
    Status(status::Status),
    Append(append::Append),
    GetQuota(getquota::GetQuota),
    GetQuotaRoot(getquotaroot::GetQuotaRoot),
    SetQuota(setquota::SetQuota),
    Idle,
    /// A command for the mailbox that is open.
    OnMailbox {
        uid: bool,
        command: OnMailbox,
    },
}

/// A command for the mailbox that the client has selected: what the conversation hands to its session.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectedCommand {
    /// The client's tag, to be repeated in the answer.
    pub tag: String,
    /// The command came after UID: its set and its answers speak of uids (RFC 3501 §6.4.8).
    pub uid: bool,
    pub command: OnMailbox,
    /// When the client gave it.
    pub now: Timestamp,
}

/// What a session of a mailbox can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum OnMailbox {
    Fetch(fetch::Fetch),
    Store(store::Store),
    Search(search::Search),
    Copy(copy::Copy),
    Move(r#move::Move),
    /// EXPUNGE and, with a set, UID EXPUNGE.
    Expunge(expunge::Expunge),
    Noop,
    Check,
    /// Expunges silently, then ends the session.
    Close,
    /// Ends the session.
    Unselect,
    /// The answer is `+ idling` untagged and what there is to tell; the tagged answer follows IdleDone.
    Idle,
    /// The client said DONE: the answer is the tagged line of the IDLE, whose tag is in this command.
    IdleDone,
}

/// The state in which a command makes sense (RFC 3501 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    NotAuthenticated,
    Authenticated,
    Selected,
}

/// Reads a command's arguments: all that follows its name.
pub type Arguments = fn(&[u8]) -> Result<Command, Error>;

/// The beginning of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    pub tag: &'a str,
    /// The name as it is written; two words when the first is UID.
    pub name: &'a str,
    pub uid: bool,
    pub arguments: &'a [u8],
}

/// The tag that a command begins with, if it does.
pub fn tag_of(input: &[u8]) -> Option<&str> {
    let (rest, tag) = tag(input).ok()?;
    (rest.is_empty() || rest.starts_with(b" ")).then_some(tag)
}

/// A command up to its name.
pub fn head_of(input: &[u8]) -> Result<Head<'_>, Error> {
    complete(input, head)
}

/// `command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF`, up to the name
fn head(input: &[u8]) -> Parsed<'_, Head<'_>> {
    let (rest, (tag, ())) = (tag, sp).parse(input)?;
    let (rest, name) = atom(rest)?;
    // `uid = "UID" SP (copy / fetch / search / store)`
    if name.eq_ignore_ascii_case("UID") {
        let (arguments, ((), name)) = (sp, atom).parse(rest)?;
        return Ok((&[], Head { tag, name, uid: true, arguments }));
    }
    Ok((&[], Head { tag, name, uid: false, arguments: rest }))
}

/// The command of that name: the state it needs, and how its arguments are read.
pub fn find(name: &str, uid: bool) -> Option<(Needs, Arguments)> {
    let name = name.to_ascii_uppercase();
    if uid { find_uid(&name) } else { find_plain(&name) }
}

fn find_plain(name: &str) -> Option<(Needs, Arguments)> {
    use Needs::{Authenticated, NotAuthenticated, Nothing, Selected};
    Some(match name {
        // RFC 3501 §6.1: in any state.
        "CAPABILITY" => (Nothing, |input| none(input, Command::Capability)),
        "NOOP" => (Nothing, |input| none(input, Command::Noop)),
        "LOGOUT" => (Nothing, |input| none(input, Command::Logout)),
        "ID" => (Nothing, |input| complete(input, id::parse).map(Command::Id)), // RFC 2971
        // RFC 3501 §6.2: before login.
        "STARTTLS" => (NotAuthenticated, |input| none(input, Command::StartTls)),
        "LOGIN" => (NotAuthenticated, |input| complete(input, login::parse).map(Command::Login)),
        "AUTHENTICATE" => {
            (NotAuthenticated, |input| complete(input, authenticate::parse).map(Command::Authenticate))
        }
        // RFC 3501 §6.3: after login.
        "SELECT" => (Authenticated, |input| complete(input, select::parse).map(Command::Select)),
        "EXAMINE" => (Authenticated, |input| complete(input, select::parse_examine).map(Command::Select)),
        "CREATE" => (Authenticated, |input| complete(input, create::parse).map(Command::Create)),
        "DELETE" => (Authenticated, |input| complete(input, delete::parse).map(Command::Delete)),
        "RENAME" => (Authenticated, |input| complete(input, rename::parse).map(Command::Rename)),
        "SUBSCRIBE" => (Authenticated, |input| complete(input, subscribe::parse).map(Command::Subscribe)),
        "UNSUBSCRIBE" => {
            (Authenticated, |input| complete(input, subscribe::parse_unsubscribe).map(Command::Subscribe))
        }
        "LIST" => (Authenticated, |input| complete(input, list::parse).map(Command::List)),
        "LSUB" => (Authenticated, |input| complete(input, list::parse_lsub).map(Command::List)),
        "STATUS" => (Authenticated, |input| complete(input, status::parse).map(Command::Status)),
        "APPEND" => (Authenticated, |input| complete(input, append::parse).map(Command::Append)),
        // RFC 9208 §4.1
        "GETQUOTA" => (Authenticated, |input| complete(input, getquota::parse).map(Command::GetQuota)),
        "GETQUOTAROOT" => {
            (Authenticated, |input| complete(input, getquotaroot::parse).map(Command::GetQuotaRoot))
        }
        "SETQUOTA" => (Authenticated, |input| complete(input, setquota::parse).map(Command::SetQuota)),
        "NAMESPACE" => (Authenticated, |input| none(input, Command::Namespace)), // RFC 2342
        // RFC 4314 §3
        "SETACL" => (Authenticated, |input| complete(input, setacl::parse).map(Command::SetAcl)),
        "DELETEACL" => (Authenticated, |input| complete(input, setacl::parse_deleteacl).map(Command::SetAcl)),
        "GETACL" => (Authenticated, |input| complete(input, getacl::parse).map(Command::GetAcl)),
        "LISTRIGHTS" => (Authenticated, |input| complete(input, listrights::parse).map(Command::ListRights)),
        "MYRIGHTS" => (Authenticated, |input| complete(input, myrights::parse).map(Command::MyRights)),
        "ENABLE" => (Authenticated, |input| complete(input, enable::parse).map(Command::Enable)), // RFC 5161
        "IDLE" => (Authenticated, |input| none(input, Command::Idle)),                            // RFC 2177
        // RFC 3501 §6.4: with a mailbox open.
        "CHECK" => (Selected, |input| none(input, on_mailbox(OnMailbox::Check))),
        "CLOSE" => (Selected, |input| none(input, on_mailbox(OnMailbox::Close))),
        "UNSELECT" => (Selected, |input| none(input, on_mailbox(OnMailbox::Unselect))), // RFC 3691
        "EXPUNGE" => {
            (Selected, |input| complete(input, expunge::parse).map(|e| on_mailbox(OnMailbox::Expunge(e))))
        }
        "SEARCH" => (Selected, |input| search(input, false)),
        "FETCH" => (Selected, |input| fetch(input, false)),
        "STORE" => (Selected, |input| store(input, false)),
        "COPY" => (Selected, |input| copy(input, false)),
        "MOVE" => (Selected, |input| r#move(input, false)), // RFC 6851
        _ => return None,
    })
}

/// The commands that may follow UID (RFC 3501 §6.4.8).
fn find_uid(name: &str) -> Option<(Needs, Arguments)> {
    Some((
        Needs::Selected,
        match name {
            "FETCH" => |input| fetch(input, true),
            "STORE" => |input| store(input, true),
            "SEARCH" => |input| search(input, true),
            "COPY" => |input| copy(input, true),
            "MOVE" => |input| r#move(input, true), // RFC 6851
            // RFC 4315 §2.1
            "EXPUNGE" => |input| {
                let expunge = complete(input, expunge::parse_uid)?;
                Ok(Command::OnMailbox { uid: true, command: OnMailbox::Expunge(expunge) })
            },
            _ => return None,
        },
    ))
}

/// A command without arguments.
fn none(input: &[u8], command: Command) -> Result<Command, Error> {
    complete(input, |input| Ok((input, ())))?;
    Ok(command)
}

fn on_mailbox(command: OnMailbox) -> Command {
    Command::OnMailbox { uid: false, command }
}

fn fetch(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Fetch(complete(input, fetch::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn store(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Store(complete(input, store::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn search(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Search(complete(input, search::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn copy(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Copy(complete(input, copy::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn r#move(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Move(complete(input, r#move::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let read = |input: &'static str| {
            complete(input.as_bytes(), head).map(|head| (head.tag, head.name, head.uid))
        };
        assert_eq!(read("a.1 noop"), Ok(("a.1", "noop", false)));
        assert_eq!(read("a UID fetch 1 FLAGS"), Ok(("a", "fetch", true)));
        assert_eq!(read("a LOGIN{3}"), Ok(("a", "LOGIN", false)));
        for input in ["", "a", "a ", "+ NOOP", "a (x)", "a+b NOOP", "a UID"] {
            assert!(read(input).is_err(), "{input}");
        }
    }

    #[test]
    fn every_command_is_found_in_any_case() {
        let (needs, _) = find("Fetch", true).unwrap();
        assert_eq!(needs, Needs::Selected);
        assert_eq!(find("login", false).unwrap().0, Needs::NotAuthenticated);
        assert!(find("LOGIN", true).is_none());
        assert!(find("XYZZY", false).is_none());
    }

    #[test]
    fn arguments_must_be_used_up() {
        let read = |name: &str, input: &str| find(name, false).unwrap().1(input.as_bytes());
        assert!(read("NOOP", "  ").is_ok());
        assert!(read("NOOP", " x").is_err());
        assert!(read("FETCH", " 1 FLAGS x").is_err());
    }
}
