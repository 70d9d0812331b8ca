//! The commands of IMAP, one file each, and their table of contents: [`find`].

pub mod append;
pub mod authenticate;
pub mod cancelupdate;
pub mod capability;
pub mod comparator;
pub mod compress;
pub mod copy;
pub mod create;
pub mod delete;
pub mod enable;
pub mod esearch;
pub mod expunge;
pub mod fetch;
pub mod genurlauth;
pub mod getacl;
pub mod getmetadata;
pub mod getquota;
pub mod getquotaroot;
pub mod id;
pub mod idle;
pub mod language;
pub mod list;
pub mod listrights;
pub mod login;
pub mod logout;
pub mod r#move;
pub mod myrights;
pub mod namespace;
pub mod noop;
pub mod notify;
pub mod rename;
pub mod replace;
pub mod resetkey;
pub mod search;
pub mod select;
pub mod setacl;
pub mod setmetadata;
pub mod setquota;
pub mod sort;
pub mod starttls;
pub mod status;
pub mod store;
pub mod subscribe;
pub mod thread;
pub mod uidbatches;
pub mod unauthenticate;
pub mod urlfetch;

pub use authenticate::Authenticate;
use jiff::Timestamp;
pub use login::Login;
use nom::Parser;

use crate::error::Error;
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, sp, tag};
use crate::imap::grammar::fault::complete;
use crate::imap::limited::MessageLimit;
use crate::imap::watching::Heeds;
use crate::search::Selector;

/// What a client says, parsed.
pub enum Command {
    Capability,
    Noop,
    Logout,
    Id(id::Id),
    Language(language::SpeakLanguage),
    StartTls,
    Login(Login),
    Authenticate(Authenticate),
    Enable(enable::Enable),
    Comparator(comparator::Choice),
    Compress,
    Unauthenticate,
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
    Notify(notify::Notify),
    Append(append::Append),
    GetQuota(getquota::GetQuota),
    GetQuotaRoot(getquotaroot::GetQuotaRoot),
    SetQuota(setquota::SetQuota),
    GenUrlAuth(genurlauth::GenUrlAuth),
    ResetKey(resetkey::ResetKey),
    UrlFetch(urlfetch::UrlFetch),
    GetMetadata(getmetadata::GetMetadata),
    SetMetadata(setmetadata::SetMetadata),
    Idle,
    /// ESEARCH, which may be for the mailbox that is open, or for others.
    Esearch(esearch::Esearch),
    /// REPLACE, whose message is still in the command; numbers are uids if the first is true.
    Replace(bool, replace::Replacement),
    /// A command for the mailbox that is open.
    OnMailbox {
        uid: bool,
        command: OnMailbox,
    },
}

impl Command {
    /// Whether a client that says this is to be told of mod-sequences from now on (RFC 7162 §3.1).
    pub fn enables_condstore(&self) -> bool {
        match self {
            Command::Select(select) => select.condstore,
            Command::Status(status) => status.items.contains(&status::Item::HighestModSeq),
            Command::OnMailbox { command: OnMailbox::Fetch(fetch), .. } => fetch.enables_condstore(),
            Command::OnMailbox { command: OnMailbox::Store(store), .. } => store.unchanged_since.is_some(),
            Command::OnMailbox { command: OnMailbox::Annotate(annotate), .. } => {
                annotate.unchanged_since.is_some()
            }
            // RFC 7162 §3.1.5
            searching => searching.program().is_some_and(Selector::asks_modseq),
        }
    }

    /// The program of a command that searches, unless it is refused.
    pub fn program(&self) -> Option<&Selector> {
        match self {
            Command::Esearch(search) => search.program.as_ref().ok(),
            Command::OnMailbox { command, .. } => command.program(),
            _ => None,
        }
    }

    /// The same, to be replaced.
    pub fn program_mut(&mut self) -> Option<&mut Result<Selector, Error>> {
        match self {
            Command::Esearch(search) => Some(&mut search.program),
            Command::OnMailbox { command, .. } => match command {
                OnMailbox::Search(search) | OnMailbox::Esearch(search) => Some(&mut search.program),
                OnMailbox::Sort(sort) => Some(&mut sort.program),
                OnMailbox::Thread(thread) => Some(&mut thread.program),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it names messages by their places, which a client may not do that has enabled UIDONLY (RFC 9586 §3).
    pub fn uses_numbers(&self) -> bool {
        match self {
            Command::Replace(uid, _) => !uid,
            // RFC 9586 §3.7: the fourth parameter of QRESYNC must not be used then.
            Command::Select(select) => select.resync.as_ref().is_some_and(|resync| resync.by_place),
            Command::OnMailbox { uid, command } => {
                let by_place = matches!(
                    command,
                    OnMailbox::Fetch(_)
                        | OnMailbox::Store(_)
                        | OnMailbox::Annotate(_)
                        | OnMailbox::Search(_)
                        | OnMailbox::Sort(_)
                        | OnMailbox::Thread(_)
                        | OnMailbox::Copy(_)
                        | OnMailbox::Move(_)
                );
                by_place && !uid || command.program().is_some_and(Selector::names_places)
            }
            searching => searching.program().is_some_and(Selector::names_places),
        }
    }
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
    /// How the client wants to be spoken to.
    pub enabled: Enabled,
    /// How many messages it may be about.
    pub limit: MessageLimit,
}

/// What a session of a mailbox can be asked to do.
#[derive(Debug, Clone, PartialEq)]
pub enum OnMailbox {
    Fetch(fetch::Fetch),
    Store(store::Store),
    /// STORE ANNOTATION (RFC 5257).
    Annotate(store::annotate::Annotate),
    Search(search::Search),
    /// ESEARCH in the open mailbox.
    Esearch(search::Search),
    Sort(sort::Sort),
    CancelUpdate(cancelupdate::CancelUpdate),
    UidBatches(uidbatches::UidBatches),
    Thread(thread::Thread),
    Copy(copy::Copy),
    Move(r#move::Move),
    Replace(replace::Replace),
    /// EXPUNGE and, with a set, UID EXPUNGE.
    Expunge(expunge::Expunge),
    Noop,
    /// The client wants to hear of this from now on, and at once of what is new.
    Heed(Heeds),
    Check,
    /// Expunges silently, then ends the session.
    Close,
    /// Ends the session.
    Unselect,
    /// What follows SELECT for a client that comes back; the tagged answer is that of SELECT.
    Resync(select::Resync),
    /// The answer is `+ idling` untagged and what there is to tell; the tagged answer follows IdleDone.
    Idle,
    /// The client said DONE: the answer is the tagged line of the IDLE, whose tag is in this command.
    IdleDone,
}

impl OnMailbox {
    /// The program of a command that searches, unless it is refused.
    fn program(&self) -> Option<&Selector> {
        match self {
            OnMailbox::Search(search) | OnMailbox::Esearch(search) => search.program.as_ref().ok(),
            OnMailbox::Sort(sort) => sort.program.as_ref().ok(),
            OnMailbox::Thread(thread) => thread.program.as_ref().ok(),
            _ => None,
        }
    }
}

/// The state in which a command makes sense (RFC 3501 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    NotAuthenticated,
    Authenticated,
    Selected,
}

/// Reads a command's arguments: all that follows its name. Some mean something else when an extension is enabled.
pub type Arguments = fn(&[u8], Enabled) -> Result<Command, Error>;

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
    find_anywhere(name).or_else(|| find_authenticated(name)).or_else(|| find_selected(name))
}

/// The commands of RFC 3501 §6.1 and §6.2: in any state, or before login.
fn find_anywhere(name: &str) -> Option<(Needs, Arguments)> {
    use Needs::{NotAuthenticated, Nothing};
    Some(match name {
        "CAPABILITY" => (Nothing, |input, _| none(input, Command::Capability)),
        "NOOP" => (Nothing, |input, _| none(input, Command::Noop)),
        "LOGOUT" => (Nothing, |input, _| none(input, Command::Logout)),
        "ID" => (Nothing, |input, _| complete(input, id::parse).map(Command::Id)), // RFC 2971
        "LANGUAGE" => (Nothing, |input, _| complete(input, language::parse).map(Command::Language)), // RFC 5255
        "STARTTLS" => (NotAuthenticated, |input, _| none(input, Command::StartTls)),
        "LOGIN" => (NotAuthenticated, |input, _| complete(input, login::parse).map(Command::Login)),
        "AUTHENTICATE" => {
            (NotAuthenticated, |input, _| complete(input, authenticate::parse).map(Command::Authenticate))
        }
        _ => return None,
    })
}

/// The commands of RFC 3501 §6.3 and their like: after login.
fn find_authenticated(name: &str) -> Option<(Needs, Arguments)> {
    let read: Arguments = match name {
        "ENABLE" => |input, _| complete(input, enable::parse).map(Command::Enable), // RFC 5161
        "COMPARATOR" => |input, _| complete(input, comparator::parse).map(Command::Comparator), // RFC 5255
        "IDLE" => |input, _| none(input, Command::Idle),                            // RFC 2177
        "COMPRESS" => |input, _| complete(input, compress::parse).map(|()| Command::Compress), // RFC 4978
        "UNAUTHENTICATE" => |input, _| none(input, Command::Unauthenticate),        // RFC 8437
        "NAMESPACE" => |input, _| none(input, Command::Namespace),                  // RFC 2342
        // RFC 7377
        "ESEARCH" => |input, on| complete(input, |all| esearch::parse(all, on)).map(Command::Esearch),
        "SELECT" => |input, on| complete(input, |all| select::parse(all, on)).map(Command::Select),
        "EXAMINE" => |input, on| complete(input, |all| select::parse_examine(all, on)).map(Command::Select),
        "CREATE" => |input, on| complete(input, |all| create::parse(all, on)).map(Command::Create),
        "DELETE" => |input, on| complete(input, |all| delete::parse(all, on)).map(Command::Delete),
        "RENAME" => |input, on| complete(input, |all| rename::parse(all, on)).map(Command::Rename),
        "SUBSCRIBE" => |input, on| complete(input, |all| subscribe::parse(all, on)).map(Command::Subscribe),
        "UNSUBSCRIBE" => {
            |input, on| complete(input, |all| subscribe::parse_unsubscribe(all, on)).map(Command::Subscribe)
        }
        "LIST" => |input, on| complete(input, |all| list::parse(all, on)).map(Command::List),
        "LSUB" => |input, on| complete(input, |all| list::parse_lsub(all, on)).map(Command::List),
        // RFC 5465
        "NOTIFY" => |input, on| complete(input, |all| notify::parse(all, on)).map(Command::Notify),
        "STATUS" => |input, on| complete(input, |all| status::parse(all, on)).map(Command::Status),
        "APPEND" => |input, on| complete(input, |all| append::parse(all, on)).map(Command::Append),
        // RFC 4467 §7
        "GENURLAUTH" => |input, _| complete(input, genurlauth::parse).map(Command::GenUrlAuth),
        "RESETKEY" => |input, on| complete(input, |all| resetkey::parse(all, on)).map(Command::ResetKey),
        "URLFETCH" => |input, _| complete(input, urlfetch::parse).map(Command::UrlFetch),
        // RFC 9208 §4.1
        "GETQUOTA" => |input, _| complete(input, getquota::parse).map(Command::GetQuota),
        "GETQUOTAROOT" => {
            |input, on| complete(input, |all| getquotaroot::parse(all, on)).map(Command::GetQuotaRoot)
        }
        "SETQUOTA" => |input, _| complete(input, setquota::parse).map(Command::SetQuota),
        // RFC 5464 §4
        "GETMETADATA" => {
            |input, on| complete(input, |all| getmetadata::parse(all, on)).map(Command::GetMetadata)
        }
        "SETMETADATA" => {
            |input, on| complete(input, |all| setmetadata::parse(all, on)).map(Command::SetMetadata)
        }
        // RFC 4314 §3
        "SETACL" => |input, on| complete(input, |all| setacl::parse(all, on)).map(Command::SetAcl),
        "DELETEACL" => {
            |input, on| complete(input, |all| setacl::parse_deleteacl(all, on)).map(Command::SetAcl)
        }
        "GETACL" => |input, on| complete(input, |all| getacl::parse(all, on)).map(Command::GetAcl),
        "LISTRIGHTS" => {
            |input, on| complete(input, |all| listrights::parse(all, on)).map(Command::ListRights)
        }
        "MYRIGHTS" => |input, on| complete(input, |all| myrights::parse(all, on)).map(Command::MyRights),
        _ => return None,
    };
    Some((Needs::Authenticated, read))
}

/// The commands of RFC 3501 §6.4: with a mailbox open.
fn find_selected(name: &str) -> Option<(Needs, Arguments)> {
    let read: Arguments = match name {
        "CHECK" => |input, _| none(input, on_mailbox(OnMailbox::Check)),
        "CLOSE" => |input, _| none(input, on_mailbox(OnMailbox::Close)),
        "UNSELECT" => |input, _| none(input, on_mailbox(OnMailbox::Unselect)), // RFC 3691
        "EXPUNGE" => |input, _| complete(input, expunge::parse).map(|e| on_mailbox(OnMailbox::Expunge(e))),
        "SEARCH" => |input, on| search(input, on, false),
        // RFC 5267 §4.3.5
        "CANCELUPDATE" => |input, _| {
            complete(input, cancelupdate::parse).map(|cancel| on_mailbox(OnMailbox::CancelUpdate(cancel)))
        },
        // RFC 10022
        "UIDBATCHES" => |input, _| {
            complete(input, uidbatches::parse).map(|batches| on_mailbox(OnMailbox::UidBatches(batches)))
        },
        "SORT" => |input, _| sort(input, false), // RFC 5256
        "THREAD" => |input, _| thread(input, false),
        "FETCH" => |input, _| fetch(input, false),
        "STORE" => |input, _| store(input, false),
        "COPY" => |input, on| copy(input, on, false),
        "MOVE" => |input, on| r#move(input, on, false), // RFC 6851
        "REPLACE" => |input, on| replace(input, on, false), // RFC 8508
        _ => return None,
    };
    Some((Needs::Selected, read))
}

/// The commands that may follow UID (RFC 3501 §6.4.8).
fn find_uid(name: &str) -> Option<(Needs, Arguments)> {
    Some((
        Needs::Selected,
        match name {
            "FETCH" => |input, _| fetch(input, true),
            "STORE" => |input, _| store(input, true),
            "SEARCH" => |input, on| search(input, on, true),
            "SORT" => |input, _| sort(input, true), // RFC 5256
            "THREAD" => |input, _| thread(input, true),
            "COPY" => |input, on| copy(input, on, true),
            "MOVE" => |input, on| r#move(input, on, true), // RFC 6851
            "REPLACE" => |input, on| replace(input, on, true), // RFC 8508
            // RFC 4315 §2.1
            "EXPUNGE" => |input, _| {
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
    // Of flags or of annotations: what is neither is told of as the former.
    let command = match store::annotate::is_meant(input) {
        true => OnMailbox::Annotate(complete(input, store::annotate::parse)?),
        false => OnMailbox::Store(complete(input, store::parse)?),
    };
    Ok(Command::OnMailbox { uid, command })
}

fn search(input: &[u8], on: Enabled, uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Search(complete(input, |all| search::parse(all, on))?);
    Ok(Command::OnMailbox { uid, command })
}

fn sort(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Sort(complete(input, sort::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn thread(input: &[u8], uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Thread(complete(input, thread::parse)?);
    Ok(Command::OnMailbox { uid, command })
}

fn copy(input: &[u8], on: Enabled, uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Copy(complete(input, |all| copy::parse(all, on))?);
    Ok(Command::OnMailbox { uid, command })
}

fn r#move(input: &[u8], on: Enabled, uid: bool) -> Result<Command, Error> {
    let command = OnMailbox::Move(complete(input, |all| r#move::parse(all, on))?);
    Ok(Command::OnMailbox { uid, command })
}

fn replace(input: &[u8], on: Enabled, uid: bool) -> Result<Command, Error> {
    complete(input, |all| replace::parse(all, on)).map(|replacement| Command::Replace(uid, replacement))
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
        let read =
            |name: &str, input: &str| find(name, false).unwrap().1(input.as_bytes(), Enabled::default());
        assert!(read("NOOP", "  ").is_ok());
        assert!(read("NOOP", " x").is_err());
        assert!(read("FETCH", " 1 FLAGS x").is_err());
    }
}
