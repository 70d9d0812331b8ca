//! LIST (RFC 3501 §6.3.8) with CHILDREN (RFC 3348) and SPECIAL-USE (RFC 6154), and LSUB (§6.3.9).

use std::collections::BTreeMap;

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::error::context;
use nom::sequence::preceded;

use super::myrights;
use crate::db;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{parenthesized, sp, word};
use crate::imap::grammar::mailbox::{list_mailbox, reference};
use crate::imap::response;
use crate::mailbox::Pattern;
use crate::mailbox::name::SEPARATOR;
use crate::policy::Rights;

/// Which names a client would like to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    pub reference: String,
    pub pattern: String,
    /// LSUB: only names that the user has subscribed to.
    pub subscribed: bool,
    /// What LIST is to tell beside the names.
    pub returns: Vec<Return>,
}

/// What a client wants to be told of each name (RFC 5258 §3, RFC 6154 §5.2, RFC 8440 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// \HasChildren and \HasNoChildren, which are told anyway.
    Children,
    /// \Sent and its like, which are told anyway.
    SpecialUse,
    /// \Subscribed.
    Subscribed,
    /// A MYRIGHTS response behind each mailbox.
    MyRights,
}

/// A name in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line<'a> {
    name: &'a str,
    attributes: String,
    /// Those of a mailbox; a level has none.
    rights: Option<Rights>,
}

/// What is known of a name: of a mailbox, or of a level above one.
#[derive(Debug, Default)]
struct Level<'a> {
    exists: bool,
    subscribed: bool,
    has_children: bool,
    /// A subscribed name lies below it that the pattern does not match.
    hides_subscribed: bool,
    special_use: Option<&'a str>,
    rights: Rights,
}

/// `list = "LIST" SP mailbox SP mbox-or-pat [SP list-return-opts]`, from the first space on (RFC 5258 §6)
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, List> {
    let (rest, list) = names(input, enabled)?;
    let (rest, returns) = opt(preceded(sp, list_return_opts)).parse(rest)?;
    Ok((rest, List { returns: returns.unwrap_or_default(), ..list }))
}

/// `lsub = "LSUB" SP mailbox SP list-mailbox`, from the first space on
pub fn parse_lsub(input: &[u8], enabled: Enabled) -> Parsed<'_, List> {
    let (rest, list) = names(input, enabled)?;
    Ok((rest, List { subscribed: true, ..list }))
}

/// `SP mailbox SP list-mailbox`
fn names(input: &[u8], enabled: Enabled) -> Parsed<'_, List> {
    let arguments = (preceded(sp, reference(enabled)), preceded(sp, list_mailbox(enabled)));
    let list = |(reference, pattern)| List { reference, pattern, subscribed: false, returns: Vec::new() };
    map(arguments, list).parse(input)
}

/// `list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"`
fn list_return_opts(input: &[u8]) -> Parsed<'_, Vec<Return>> {
    let none = value(Vec::new(), (char('('), char(')')));
    preceded((word("RETURN"), sp), alt((none, parenthesized(return_option)))).parse(input)
}

/// `return-option = "SUBSCRIBED" / "CHILDREN" / option-extension`, of which SPECIAL-USE and MYRIGHTS are known
fn return_option(input: &[u8]) -> Parsed<'_, Return> {
    let options = alt((
        value(Return::Children, word("CHILDREN")),
        value(Return::SpecialUse, word("SPECIAL-USE")),
        value(Return::Subscribed, word("SUBSCRIBED")),
        value(Return::MyRights, word("MYRIGHTS")),
    ));
    context("a return option", options).parse(input)
}

impl List {
    /// Reads the names. An empty pattern asks for the separator only, and needs none.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        if self.pattern.is_empty() && !self.subscribed {
            let untagged = b"* LIST (\\Noselect) \"/\" \"\"\r\n".to_vec();
            return Plan::Done(Answer::ok(&tag, "LIST completed").with_untagged(untagged));
        }
        let enabled = user.enabled;
        Plan::run(db::ListMailboxes { viewer: user.viewer() }, move |listed, _| {
            Plan::Done(match listed {
                Ok(listed) => self.respond(&tag, &listed, enabled),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }

    fn respond(&self, tag: &str, listed: &[db::ListedMailbox], enabled: Enabled) -> Answer {
        let word = if self.subscribed { "LSUB" } else { "LIST" };
        let mut untagged = Vec::new();
        for Line { name, attributes, rights } in self.lines(listed) {
            untagged.extend_from_slice(format!("* {word} ({attributes}) \"{SEPARATOR}\" ").as_bytes());
            response::mailbox(&mut untagged, name, enabled);
            untagged.extend_from_slice(b"\r\n");
            if let Some(rights) = rights.filter(|_| self.returns.contains(&Return::MyRights)) {
                myrights::write(&mut untagged, name, rights, enabled);
            }
        }
        Answer::ok(tag, &format!("{word} completed")).with_untagged(untagged)
    }

    /// The names that match, in order.
    fn lines<'a>(&self, listed: &'a [db::ListedMailbox]) -> Vec<Line<'a>> {
        let pattern = Pattern::new(&self.reference, &self.pattern);
        let levels = levels(listed, &pattern);
        let matching = levels.into_iter().filter(|(name, _)| pattern.matches(name));
        let tells_subscribed = self.returns.contains(&Return::Subscribed);
        let line = |(name, level): (&'a str, Level)| {
            let attributes = match self.subscribed {
                true => level.lsub_attributes(),
                false => level.list_attributes(tells_subscribed),
            };
            attributes.map(|attributes| Line {
                name,
                attributes,
                rights: level.exists.then_some(level.rights),
            })
        };
        matching.filter_map(line).collect()
    }
}

/// All names and the levels above them.
fn levels<'a>(listed: &'a [db::ListedMailbox], pattern: &Pattern) -> BTreeMap<&'a str, Level<'a>> {
    let mut levels: BTreeMap<&str, Level> = BTreeMap::new();
    for mailbox in listed {
        let hidden = mailbox.subscribed && !pattern.matches(&mailbox.name);
        for (end, _) in mailbox.name.match_indices(SEPARATOR) {
            let above = levels.entry(&mailbox.name[..end]).or_default();
            above.has_children |= mailbox.exists;
            above.hides_subscribed |= hidden;
        }
        let level = levels.entry(&mailbox.name).or_default();
        level.exists |= mailbox.exists;
        level.subscribed |= mailbox.subscribed;
        level.special_use = mailbox.special_use.as_deref();
        level.rights = mailbox.rights;
    }
    levels
}

impl Level<'_> {
    /// None when LIST does not know of it: a subscription can outlive its mailbox.
    fn list_attributes(&self, tells_subscribed: bool) -> Option<String> {
        if !self.exists && !self.has_children {
            return None;
        }
        let mut attributes = vec![if self.has_children { "\\HasChildren" } else { "\\HasNoChildren" }];
        if !self.exists {
            attributes.push("\\Noselect");
        }
        if tells_subscribed && self.subscribed {
            attributes.push("\\Subscribed");
        }
        attributes.extend(self.special_use.and_then(special_use));
        Some(attributes.join(" "))
    }

    /// None when LSUB does not list it. RFC 3501 §6.3.9: when `foo/bar` is subscribed and `%` asks, `foo` is named with
    /// \Noselect, so that a client finds its way down.
    fn lsub_attributes(&self) -> Option<String> {
        match self {
            Level { subscribed: true, exists: true, .. } => Some(String::new()),
            Level { subscribed: true, .. } | Level { hides_subscribed: true, .. } => {
                Some("\\Noselect".into())
            }
            _ => None,
        }
    }
}

/// The attribute of RFC 6154 §2.
fn special_use(name: &str) -> Option<&'static str> {
    ["\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash"]
        .into_iter()
        .find(|attribute| attribute[1..].eq_ignore_ascii_case(name))
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

    fn said(command: &str) -> String {
        let (word, arguments) = command.split_at(4);
        let enabled = Enabled::default();
        let parse = if word == "LSUB" { parse_lsub } else { parse };
        let list = complete(arguments.as_bytes(), |input| parse(input, enabled)).expect(command);
        String::from_utf8(list.respond("a", &listed(), enabled).untagged).unwrap()
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
            assert!(complete(wrong.as_bytes(), |input| parse(input, Enabled::default())).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_pattern_asks_for_the_separator() {
        let list = complete(b" \"\" \"\"", |input| parse(input, Enabled::default())).unwrap();
        assert_eq!((list.reference.as_str(), list.pattern.as_str()), ("", ""));
        assert!(complete(b" \"\"", |input| parse(input, Enabled::default())).is_err());
    }
}
