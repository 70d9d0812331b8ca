//! Which mailboxes ESEARCH looks into and NOTIFY watches (RFC 7377 §4, RFC 5465 §8).

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::char;
use nom::combinator::{cut, map, opt, value};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};

use super::Parsed;
use super::core::{parenthesized, sp, word};
use super::mailbox::mailbox;
use crate::imap::enabled::Enabled;
use crate::mailbox::MailboxName;

/// One part of what is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The mailbox that is open.
    Selected,
    /// All of the user's to which mail can be delivered.
    Inboxes,
    /// All that belong to the user.
    Personal,
    Subscribed,
    /// These, and all that lie below them.
    Subtree(Vec<MailboxName>),
    /// These, and what lies one level below them.
    SubtreeOne(Vec<MailboxName>),
    Mailboxes(Vec<MailboxName>),
}

/// `esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"`, where
/// `source-mbox = filter-mailboxes *(SP filter-mailboxes)`. No scope options are defined yet.
pub fn esearch_source_opts(input: &[u8], enabled: Enabled) -> Parsed<'_, Vec<Source>> {
    let source_mbox = separated_list1(sp, |input| filter_mailboxes(input, enabled));
    let options = delimited(char('('), source_mbox, char(')'));
    preceded((tag_no_case("IN"), sp), cut(options)).parse(input)
}

/// `filter-mailboxes = filter-mailboxes-selected / filter-mailboxes-other`, where
/// `filter-mailboxes-selected = "selected"`,
/// `filter-mailboxes-other = "inboxes" / "personal" / "subscribed" / ("subtree" SP one-or-more-mailbox) /
/// ("mailboxes" SP one-or-more-mailbox)`, `filter-mailboxes-other =/ ("subtree-one" SP one-or-more-mailbox)`
pub fn filter_mailboxes(input: &[u8], enabled: Enabled) -> Parsed<'_, Source> {
    let named = |name| preceded((word(name), sp), |input| one_or_more_mailbox(input, enabled));
    let sources = alt((
        value(Source::Selected, word("selected")),
        value(Source::Inboxes, word("inboxes")),
        value(Source::Personal, word("personal")),
        value(Source::Subscribed, word("subscribed")),
        map(named("subtree-one"), Source::SubtreeOne),
        map(named("subtree"), Source::Subtree),
        map(named("mailboxes"), Source::Mailboxes),
    ));
    context("a source of messages", sources).parse(input)
}

/// `one-or-more-mailbox = mailbox / many-mailboxes`, `many-mailboxes = "(" mailbox *(SP mailbox) ")"`
fn one_or_more_mailbox(input: &[u8], enabled: Enabled) -> Parsed<'_, Vec<MailboxName>> {
    alt((parenthesized(mailbox(enabled)), map(mailbox(enabled), |name| vec![name]))).parse(input)
}

/// `[SP esearch-source-opts]`
pub fn source(input: &[u8], enabled: Enabled) -> Parsed<'_, Option<Vec<Source>>> {
    opt(preceded(sp, |input| esearch_source_opts(input, enabled))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn sources_are_read() {
        let read =
            |input: &str| complete(input.as_bytes(), |input| esearch_source_opts(input, Enabled::default()));
        let names = |names: &[&str]| names.iter().map(|name| MailboxName::new(name).unwrap()).collect();
        assert_eq!(
            read("in (mailboxes (a \"b c\") subtree-one d SELECTED)"),
            Ok(vec![
                Source::Mailboxes(names(&["a", "b c"])),
                Source::SubtreeOne(names(&["d"])),
                Source::Selected
            ])
        );
        assert_eq!(read("IN (subtree x)"), Ok(vec![Source::Subtree(names(&["x"]))]));
        for bad in
            ["IN", "IN ()", "IN personal", "IN (mailboxes)", "IN (selected-delayed)", "IN (personal (a))"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
