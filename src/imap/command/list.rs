//! LIST (RFC 5258, with RFC 3501 §6.3.8 as its simplest form), LSUB (RFC 3501 §6.3.9), and what LIST can tell beside the
//! names: SPECIAL-USE (RFC 6154), STATUS (RFC 5819), MYRIGHTS (RFC 8440), METADATA (RFC 9590).

pub(in crate::imap) mod levels;

use std::collections::HashMap;

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt, peek, value, verify};
use nom::error::context;
use nom::sequence::preceded;

use self::levels::Line;
use super::{getmetadata, myrights, status};
use crate::db::{self, FindMailboxes, FoundStatus, GetMetadataOfMailboxes, MetadataValue, MetadataWanted};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{parenthesized, sp, word};
use crate::imap::grammar::mailbox::{list_mailbox, reference};
use crate::imap::grammar::metadata::entry_to_look_at;
use crate::imap::response;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::{Depth, MailboxName, MetadataEntry, namespace};
use crate::policy::{Rights, Viewer};

/// Which names a client would like to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    pub reference: String,
    /// A name is shown that one of these matches.
    pub patterns: Vec<String>,
    /// LSUB: only names that the user has subscribed to.
    pub lsub: bool,
    pub selection: Selection,
    /// What LIST is to tell beside the names.
    pub returns: Vec<Return>,
    /// Anything is used that RFC 3501 does not have.
    pub extended: bool,
}

/// Which mailboxes LIST is to select (RFC 5258 §3.1, RFC 6154 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    pub subscribed: bool,
    pub special_use: bool,
    /// Names above selected ones too.
    pub recursive: bool,
}

/// What a client wants to be told of each name (RFC 5258 §3.2, RFC 6154 §5.2, RFC 8440 §3, RFC 5819 §2, RFC 9590 §3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Return {
    /// \HasChildren and \HasNoChildren, which are told anyway.
    Children,
    /// \Sent and its like, which are told anyway.
    SpecialUse,
    /// \Subscribed.
    Subscribed,
    /// A MYRIGHTS response behind each mailbox.
    MyRights,
    /// A STATUS response behind each mailbox.
    Status(Vec<status::Item>),
    /// A METADATA response behind each mailbox.
    Metadata(Vec<MetadataEntry>),
}

/// `list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]`, from the first space on
/// (RFC 5258 §6)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, List> {
    let (rest, selection) = opt(preceded(sp, list_select_opts)).parse(input)?;
    let (rest, (reference, patterns)) =
        (preceded(sp, reference(enabled)), preceded(sp, mbox_or_pat(enabled))).parse(rest)?;
    let is_list = peek(preceded(sp, char('('))).parse(input).is_ok();
    let (rest, returns) = opt(preceded(sp, list_return_opts)).parse(rest)?;
    let extended = is_list || returns.is_some() || patterns.len() > 1;
    let (selection, returns) = (selection.unwrap_or_default(), returns.unwrap_or_default());
    Ok((rest, List { reference, patterns, lsub: false, selection, returns, extended }))
}

/// `lsub = "LSUB" SP mailbox SP list-mailbox`, from the first space on
pub fn parse_lsub(input: &[u8], enabled: Enabled) -> Parsed<'_, List> {
    let arguments = (preceded(sp, reference(enabled)), preceded(sp, list_mailbox(enabled)));
    let list = |(reference, pattern)| List {
        reference,
        patterns: vec![pattern],
        lsub: true,
        selection: Selection::default(),
        returns: Vec::new(),
        extended: false,
    };
    map(arguments, list).parse(input)
}

/// `mbox-or-pat = list-mailbox / patterns`, `patterns = "(" list-mailbox *(SP list-mailbox) ")"`
fn mbox_or_pat<'a>(enabled: Enabled) -> impl FnMut(&'a [u8]) -> Parsed<'a, Vec<String>> {
    move |input| {
        let one = map(list_mailbox(enabled), |pattern| vec![pattern]);
        alt((preceded(peek(char('(')), parenthesized(list_mailbox(enabled))), one)).parse(input)
    }
}

/// `list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")"`
///
/// RECURSIVEMATCH has to have something that is to be matched (RFC 5258 §3.1).
fn list_select_opts(input: &[u8]) -> Parsed<'_, Selection> {
    let none = value(Vec::new(), (char('('), char(')')));
    let options = alt((none, preceded(peek(char('(')), parenthesized(list_select_opt))));
    let selection = map(options, |options: Vec<fn(&mut Selection)>| {
        let mut selection = Selection::default();
        options.into_iter().for_each(|set| set(&mut selection));
        selection
    });
    let makes_sense =
        |selection: &Selection| !selection.recursive || selection.subscribed || selection.special_use;
    context("selection options, of which RECURSIVEMATCH is not the only one", verify(selection, makes_sense))
        .parse(input)
}

/// `list-select-opt = "SUBSCRIBED" / "REMOTE" / "RECURSIVEMATCH" / "SPECIAL-USE"`; no mailbox is remote
fn list_select_opt(input: &[u8]) -> Parsed<'_, fn(&mut Selection)> {
    let set = |set: fn(&mut Selection)| set;
    let options = alt((
        value(set(|selection| selection.subscribed = true), word("SUBSCRIBED")),
        value(set(|_| {}), word("REMOTE")),
        value(set(|selection| selection.recursive = true), word("RECURSIVEMATCH")),
        value(set(|selection| selection.special_use = true), word("SPECIAL-USE")),
    ));
    context("a selection option", options).parse(input)
}

/// `list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"`
fn list_return_opts(input: &[u8]) -> Parsed<'_, Vec<Return>> {
    let none = value(Vec::new(), (char('('), char(')')));
    preceded((word("RETURN"), sp), alt((none, parenthesized(return_option)))).parse(input)
}

/// `return-option = "SUBSCRIBED" / "CHILDREN" / option-extension`, of which SPECIAL-USE, MYRIGHTS, STATUS and METADATA are known:
/// `status-option = "STATUS" SP "(" status-att *(SP status-att) ")"` (RFC 5819 §4),
/// `return-option =/ "METADATA" SP "(" entry *(SP entry) ")"` (RFC 9590 §5)
fn return_option(input: &[u8]) -> Parsed<'_, Return> {
    let status = preceded((word("STATUS"), sp), parenthesized(status::status_att));
    let metadata = preceded((word("METADATA"), sp), parenthesized(entry_to_look_at));
    let options = alt((
        value(Return::Children, word("CHILDREN")),
        value(Return::SpecialUse, word("SPECIAL-USE")),
        value(Return::Subscribed, word("SUBSCRIBED")),
        value(Return::MyRights, word("MYRIGHTS")),
        map(status, Return::Status),
        map(metadata, Return::Metadata),
    ));
    context("a return option", options).parse(input)
}

impl List {
    /// Reads the names. An empty pattern asks for the separator only, and needs none.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        if self.patterns == [""] && !self.lsub && !self.extended {
            let untagged = b"* LIST (\\Noselect) \"/\" \"\"\r\n".to_vec();
            return Plan::Done(Answer::ok(&tag, "LIST completed").with_untagged(untagged));
        }
        let (enabled, viewer) = (user.enabled, user.viewer());
        let terms = status::Terms { enabled, append_limit: user.append_limit };
        let deleted = self.asks_for_deleted();
        Plan::run(db::ListMailboxes { viewer, deleted }, move |listed, _| {
            let lines = match listed {
                Ok(listed) => self.lines(&listed, enabled),
                Err(error) => return Plan::Done(Answer::failed(&tag, error)),
            };
            self.find_statuses(tag, lines, viewer, terms)
        })
    }

    /// Finds the counters of the mailboxes, if they are asked for.
    fn find_statuses(self, tag: String, lines: Vec<Line>, viewer: Viewer, terms: status::Terms) -> Plan {
        let Some(items) = self.status_items() else {
            return self.find_metadata(tag, lines, More::default(), viewer, terms);
        };
        let unit = FindMailboxes { viewer, names: readable(&lines), sums: status::sums(items) };
        Plan::run(unit, move |found, _| match found {
            Ok(statuses) => {
                self.find_metadata(tag, lines, More { statuses, ..More::default() }, viewer, terms)
            }
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }

    /// Reads what is written down about the mailboxes, if that is asked for.
    fn find_metadata(
        self,
        tag: String,
        lines: Vec<Line>,
        more: More,
        viewer: Viewer,
        terms: status::Terms,
    ) -> Plan {
        let Some(entries) = self.metadata_entries().map(<[_]>::to_vec) else {
            return Plan::Done(self.respond(&tag, &lines, &more, terms));
        };
        // RFC 9590 §4: what leads to others only "doesn't match the selection criteria" itself.
        let names = lines.iter().filter(|line| line.rights.is_some() && line.selected);
        let names = names.filter_map(|line| MailboxName::new(&line.name).ok()).collect();
        let wanted = MetadataWanted { entries, depth: Depth::Zero, octets_max: u32::MAX };
        Plan::run(GetMetadataOfMailboxes { viewer, names, wanted }, move |found, _| {
            Plan::Done(match found {
                Ok(metadata) => self.respond(&tag, &lines, &More { metadata, ..more }, terms),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    fn respond(&self, tag: &str, lines: &[Line], more: &More, terms: status::Terms) -> Answer {
        let enabled = terms.enabled;
        let word = if self.lsub { "LSUB" } else { "LIST" };
        let mut untagged = Vec::new();
        for Line { name, attributes, child_info, rights, .. } in lines {
            untagged.extend_from_slice(format!("* {word} ({attributes}) \"{SEPARATOR}\" ").as_bytes());
            response::mailbox(&mut untagged, name, enabled);
            if !child_info.is_empty() {
                // `childinfo-extended-item = "CHILDINFO" SP "(" list-select-base-opt-quoted ... ")"` (RFC 5258 §6)
                let quoted: Vec<String> = child_info.iter().map(|option| format!("\"{option}\"")).collect();
                untagged.extend_from_slice(format!(" (\"CHILDINFO\" ({}))", quoted.join(" ")).as_bytes());
            }
            untagged.extend_from_slice(b"\r\n");
            if let Some(rights) = rights.filter(|_| self.returns.contains(&Return::MyRights)) {
                myrights::write(&mut untagged, name, rights, enabled);
            }
            let Ok(name) = MailboxName::new(name) else { continue };
            if let (Some(items), Some(found)) = (self.status_items(), more.statuses.get(&name)) {
                status::write(&mut untagged, &name, items, found, terms);
            }
            if let (Some(asked), Some(found)) = (self.metadata_entries(), more.metadata.get(&name)) {
                getmetadata::write(&mut untagged, Some(&name), asked, found, enabled);
            }
        }
        Answer::ok(tag, &format!("{word} completed")).with_untagged(untagged)
    }

    /// Whether the names of what was deleted are meant, too: they are for who goes there, and not among the others.
    fn asks_for_deleted(&self) -> bool {
        let literal = |pattern: &String| {
            let asked = format!("{}{pattern}", self.reference);
            asked.split(['*', '%']).next().is_some_and(|literal| literal.starts_with(namespace::DELETED))
        };
        self.patterns.iter().any(literal)
    }

    fn metadata_entries(&self) -> Option<&[MetadataEntry]> {
        self.returns.iter().find_map(|wanted| match wanted {
            Return::Metadata(entries) => Some(&entries[..]),
            _ => None,
        })
    }

    fn status_items(&self) -> Option<&[status::Item]> {
        self.returns.iter().find_map(|wanted| match wanted {
            Return::Status(items) => Some(&items[..]),
            _ => None,
        })
    }
}

/// What was found beside the names.
#[derive(Debug, Default)]
struct More {
    statuses: HashMap<MailboxName, FoundStatus>,
    metadata: HashMap<MailboxName, Vec<MetadataValue>>,
}

/// The mailboxes that the user may read.
fn readable(lines: &[Line]) -> Vec<MailboxName> {
    let may_read = |line: &&Line| line.rights.is_some_and(|rights| rights.contains(Rights::READ));
    lines.iter().filter(may_read).filter_map(|line| MailboxName::new(&line.name).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    fn mailbox(name: &str, subscribed: bool) -> db::ListedMailbox {
        let special_use = (name == "Sent").then(|| "sent".to_string());
        let rights = Rights::parse("lr").unwrap();
        db::ListedMailbox { name: name.into(), exists: true, subscribed, special_use, rights }
    }

    fn listed() -> Vec<db::ListedMailbox> {
        let gone = db::ListedMailbox { exists: false, ..mailbox("gone/away", true) };
        let names = ["INBOX", "INBOX/work", "Sent", "a/b/c", "a/b/d"];
        names.iter().map(|name| mailbox(name, name.contains('/'))).chain([gone]).collect()
    }

    fn read(arguments: &str) -> Result<List, crate::error::Error> {
        complete(arguments.as_bytes(), |input| parse(input, Enabled::default()))
    }

    fn said(command: &str) -> String {
        let (word, arguments) = command.split_at(4);
        let enabled = Enabled::default();
        let parse = if word == "LSUB" { parse_lsub } else { parse };
        let list = complete(arguments.as_bytes(), |input| parse(input, enabled)).expect(command);
        let lines = list.lines(&listed(), enabled);
        let terms = status::Terms { enabled, append_limit: 1 };
        String::from_utf8(list.respond("a", &lines, &More::default(), terms).untagged).unwrap()
    }

    #[test]
    fn list_names_levels_without_a_mailbox() {
        let expected = "* LIST (\\HasChildren) \"/\" INBOX\r\n\
                        * LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n\
                        * LIST (\\HasChildren \\Noselect) \"/\" a\r\n";
        assert_eq!(said("LIST \"\" %"), expected);
        assert_eq!(said("LIST a/ %"), "* LIST (\\HasChildren \\Noselect) \"/\" a/b\r\n");
        assert_eq!(said("LIST \"\" inbox"), "* LIST (\\HasChildren) \"/\" INBOX\r\n");
        assert_eq!(said("LIST \"\" *").lines().count(), 7);
        assert_eq!(said("LIST \"\" gone*"), "");
    }

    #[test]
    fn lsub_shows_the_way_down() {
        let expected = "* LSUB (\\Noselect) \"/\" INBOX\r\n\
                        * LSUB (\\Noselect) \"/\" a\r\n\
                        * LSUB (\\Noselect) \"/\" gone\r\n";
        assert_eq!(said("LSUB \"\" %"), expected);
        let expected = "* LSUB () \"/\" INBOX/work\r\n\
                        * LSUB () \"/\" a/b/c\r\n\
                        * LSUB () \"/\" a/b/d\r\n\
                        * LSUB (\\Noselect) \"/\" gone/away\r\n";
        assert_eq!(said("LSUB \"\" *"), expected);
    }

    #[test]
    fn list_tells_what_is_asked_for() {
        let expected =
            "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX/work\r\n* MYRIGHTS INBOX/work lr\r\n";
        assert_eq!(said("LIST INBOX/ % return (Subscribed MYRIGHTS children)"), expected);
        let expected = "* LIST (\\HasChildren \\Noselect) \"/\" a\r\n";
        assert_eq!(said("LIST \"\" a RETURN (MYRIGHTS)"), expected);
        assert_eq!(said("LIST \"\" a RETURN ()"), expected);
        for wrong in [" \"\" a RETURN", " \"\" a RETURN (X)", " \"\" a (MYRIGHTS)"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn list_selects_what_is_asked_for() {
        let expected = "* LIST (\\HasNoChildren \\Subscribed) \"/\" INBOX/work\r\n\
                        * LIST (\\HasNoChildren \\NonExistent \\Subscribed) \"/\" gone/away\r\n";
        assert_eq!(said("LIST (SUBSCRIBED) \"\" (INBOX/* gone/*)"), expected);
        let expected = "* LIST (\\HasChildren) \"/\" INBOX (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n\
                        * LIST (\\HasChildren \\NonExistent) \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n\
                        * LIST (\\HasNoChildren \\NonExistent) \"/\" gone (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n";
        assert_eq!(said("LIST (RECURSIVEMATCH SUBSCRIBED) \"\" %"), expected);
        // All that is below is shown anyway.
        assert_eq!(said("LIST (SUBSCRIBED RECURSIVEMATCH) \"\" *").lines().count(), 4);
        assert_eq!(said("LIST (SPECIAL-USE) \"\" *"), "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n");
        assert_eq!(said("LIST (REMOTE) \"\" Sent"), said("LIST \"\" Sent"));
        assert_eq!(said("LIST () \"\" \"\""), "");
        for wrong in [" (RECURSIVEMATCH) \"\" *", " (X) \"\" *", " \"\" ()", " \"\" (a", " (SUBSCRIBED) \"\""]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn status_is_one_of_the_options() {
        let list = read(" \"\" % RETURN (SUBSCRIBED STATUS (MESSAGES UNSEEN))").unwrap();
        assert_eq!(list.status_items(), Some(&[status::Item::Messages, status::Item::Unseen][..]));
        assert!(read(" \"\" % RETURN (STATUS ())").is_err());
        let list = read(" \"\" % RETURN (metadata (\"/shared/comment\" /private/Comment))").unwrap();
        assert_eq!(list.metadata_entries().map(<[_]>::len), Some(2));
        for wrong in ["METADATA", "METADATA ()", "METADATA (/other)"] {
            assert!(read(&format!(" \"\" % RETURN ({wrong})")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_pattern_asks_for_the_separator() {
        let list = read(" \"\" \"\"").unwrap();
        assert_eq!((list.reference.as_str(), list.patterns, list.extended), ("", vec![String::new()], false));
        assert!(read(" \"\"").is_err());
    }
}
