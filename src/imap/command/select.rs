//! SELECT (RFC 3501 §6.3.1) and EXAMINE (§6.3.2): find the mailbox that a session is to open.

mod resync;

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt, peek, value};
use nom::error::context;
use nom::sequence::preceded;
pub use resync::Resync;

use crate::db;
use crate::error::{Code, Error};
use crate::imap::answer::{After, Answer, Opening};
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{parenthesized, sp, word};
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::mailbox::{mailbox, reference};
use crate::imap::response;
use crate::mailbox::MailboxName;
use crate::policy::Rights;

/// Which mailbox, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    pub name: MailboxName,
    /// The same as the client has written it.
    pub written: String,
    /// EXAMINE.
    pub read_only: bool,
    /// The client wants to be told of mod-sequences (RFC 7162 §3.1.8).
    pub condstore: bool,
    /// What the client knows already (RFC 7162 §3.2.5).
    pub resync: Option<Resync>,
    /// It wants to hear of annotations that others write (RFC 5257 §4.2).
    pub annotate: bool,
}

/// `select = "SELECT" SP mailbox [select-params]`, from the first space on (RFC 4466 §6)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Select> {
    let (rest, (name, params)) = (preceded(sp, mailbox(enabled)), select_params).parse(input)?;
    let (_, written) = preceded(sp, reference(enabled)).parse(input)?;
    let mut select =
        Select { name, written, read_only: false, condstore: false, resync: None, annotate: false };
    for param in params {
        match param {
            Param::Annotate => select.annotate = true,
            Param::Condstore => select.condstore = true,
            Param::Qresync(resync) => (select.condstore, select.resync) = (true, Some(resync)),
        }
    }
    if select.resync.is_some() && !enabled.qresync {
        return fail(input, Error::bad("QRESYNC has to be enabled first")); // RFC 7162 §3.2.5
    }
    Ok((rest, select))
}

/// `examine = "EXAMINE" SP mailbox [select-params]`, from the first space on
pub fn parse_examine(input: &[u8], enabled: Enabled) -> Parsed<'_, Select> {
    let (rest, select) = parse(input, enabled)?;
    Ok((rest, Select { read_only: true, ..select }))
}

/// `select-params = SP "(" select-param *(SP select-param) ")"`, or nothing
fn select_params(input: &[u8]) -> Parsed<'_, Vec<Param>> {
    let listed = preceded(peek(char('(')), parenthesized(select_param));
    map(opt(preceded(sp, alt((listed, quirk_bare_qresync)))), Option::unwrap_or_default).parse(input)
}

/// QRESYNC without the parentheses around it, as libetpan says it (1.9.4, 2026-11).
fn quirk_bare_qresync(input: &[u8]) -> Parsed<'_, Vec<Param>> {
    map(preceded(word("QRESYNC"), resync::select_param), |resync| vec![Param::Qresync(resync)]).parse(input)
}

#[derive(Debug, Clone)]
enum Param {
    Annotate,
    Condstore,
    Qresync(Resync),
}

/// `select-param =/ condstore-param`, `condstore-param = "CONDSTORE"`, and QRESYNC (RFC 7162 §7),
/// `select-param =/ "ANNOTATE"` (RFC 5257 §5)
fn select_param(input: &[u8]) -> Parsed<'_, Param> {
    let qresync = map(preceded(word("QRESYNC"), resync::select_param), Param::Qresync);
    let annotate = value(Param::Annotate, word("ANNOTATE"));
    context("a parameter", alt((value(Param::Condstore, word("CONDSTORE")), annotate, qresync))).parse(input)
}

impl Select {
    /// Looks the mailbox up. Whatever comes of it, the mailbox that was open is not open any more.
    pub fn plan(self, tag: String, was_open: bool, user: &User) -> Plan {
        let (enabled, heeds) = (user.enabled, user.heeds.clone());
        let viewer = user.viewer();
        let find = db::FindMailbox { viewer, name: self.name.clone() };
        let (acting, client) = (user.acting(), user.client.clone());
        Plan::run(find, move |found, _| {
            let no_such = || Error::no(Code::NonExistent, "there is no such mailbox");
            let found = found.map_err(Error::from);
            let found = found.and_then(|found| db::FoundMailbox::for_whom_has(Rights::READ, found, no_such));
            Plan::Done(match found {
                Ok(found) => {
                    let opening = Opening::new(tag, self.name, self.read_only, viewer, &found);
                    // RFC 7162 §3.2.5: what a client knows of another incarnation is nothing.
                    let resync = self.resync.filter(|resync| resync.uidvalidity == found.uidvalidity);
                    let (written, annotate) = (self.written, self.annotate);
                    let opening =
                        Opening { written, acting, client, enabled, heeds, resync, annotate, ..opening };
                    let next = After::Open(Box::new(opening));
                    Answer { untagged: closed(was_open), next, ..Answer::default() }
                }
                Err(error) => {
                    let next = After::Unselect;
                    Answer { untagged: closed(was_open), next, sync: None, ..Answer::failed(&tag, error) }
                }
            })
        })
    }
}

/// What parts the responses of the mailbox that was open from those of the new one. RFC 7162 §3.2.11 wants it of every
/// server with CONDSTORE or QRESYNC, whatever the client has enabled, and RFC 9051 §7.1 has it too.
fn closed(was_open: bool) -> Vec<u8> {
    match was_open {
        true => response::ok("*", Some("CLOSED"), "The mailbox that was open is closed"),
        false => Vec::new(),
    }
}
