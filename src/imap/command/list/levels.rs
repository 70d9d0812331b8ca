//! Which lines LIST and LSUB say: mailboxes, and the levels above them, whether there is a mailbox or not.

use std::collections::BTreeMap;

use super::{List, Return, Selection};
use crate::db::ListedMailbox;
use crate::imap::enabled::Enabled;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::{Pattern, namespace};
use crate::policy::Rights;

/// A name in the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub name: String,
    pub attributes: String,
    /// What mailboxes below are selected by, when this one is there to show the way to them.
    pub child_info: Vec<&'static str>,
    /// Those of a mailbox; a level has none.
    pub rights: Option<Rights>,
    /// It is not only there to show the way to others.
    pub selected: bool,
}

/// What is known of a name: of a mailbox, or of a level above one.
#[derive(Debug, Default)]
struct Level<'a> {
    exists: bool,
    subscribed: bool,
    has_children: bool,
    /// A subscribed name lies below it that no pattern matches.
    hides_subscribed: bool,
    /// A name lies below it that is selected and that no pattern matches.
    hides_selected: bool,
    /// Some names below it are subscribed, or have a use.
    below: Selection,
    special_use: Option<&'a str>,
    rights: Rights,
}

impl List {
    /// The names that match, in order.
    pub fn lines(&self, listed: &[ListedMailbox], enabled: Enabled) -> Vec<Line> {
        let patterns: Vec<Pattern> =
            self.patterns.iter().map(|pattern| Pattern::new(&self.reference, pattern)).collect();
        let matches = |name: &str| patterns.iter().any(|pattern| pattern.matches(name));
        let by_subscription = self.lsub || self.selection.subscribed;
        let shows_deleted = by_subscription || self.asks_for_deleted();
        let shown = |mailbox: &&ListedMailbox| shows_deleted || !namespace::is_deleted(&mailbox.name);
        let levels = levels(listed.iter().filter(shown), self.selection, &matches);
        let matching = levels.into_iter().filter(|(name, _)| matches(name));
        let line = |(name, level): (&str, Level)| {
            let attributes = match self.lsub {
                true => level.lsub_attributes(),
                false => self.list_attributes(&level, enabled),
            };
            attributes.map(|attributes| Line {
                name: name.to_owned(),
                attributes,
                child_info: if self.selection.recursive {
                    level.child_info(self.selection)
                } else {
                    Vec::new()
                },
                rights: level.exists.then_some(level.rights),
                selected: self.selection.selects(level.subscribed, level.special_use),
            })
        };
        matching.filter_map(line).collect()
    }

    /// None when LIST does not say the name.
    fn list_attributes(&self, level: &Level, enabled: Enabled) -> Option<String> {
        let selected = self.selection.selects(level.subscribed, level.special_use);
        // RFC 5258 §4: who is not selected himself is named only where he shows the way.
        let shows_the_way = self.selection.recursive && level.hides_selected;
        // A subscription can outlive its mailbox; only who asks for subscriptions hears of it.
        let is_there = level.exists || level.has_children || level.subscribed && self.selection.subscribed;
        if !(selected && is_there || shows_the_way) {
            return None;
        }
        let mut attributes = vec![if level.has_children { "\\HasChildren" } else { "\\HasNoChildren" }];
        if !level.exists {
            // RFC 9051 §6.3.9: a level of the hierarchy is told with \Noselect. §7.3.1 keeps \NonExistent for what is named
            // because it is subscribed, or shows the way; it implies \Noselect, but only to who knows that.
            let is_subscribed = level.subscribed && self.selection.subscribed;
            let knows = self.extended || enabled.imap4rev2;
            let is_meant = knows && (is_subscribed || shows_the_way);
            attributes.push(if is_meant { "\\NonExistent" } else { "\\Noselect" });
        }
        let tells_subscribed = self.selection.subscribed || self.returns.contains(&Return::Subscribed);
        if tells_subscribed && level.subscribed {
            attributes.push("\\Subscribed");
        }
        attributes.extend(level.special_use.and_then(special_use));
        Some(attributes.join(" "))
    }
}

impl Selection {
    fn selects(self, subscribed: bool, special_use: Option<&str>) -> bool {
        (subscribed || !self.subscribed) && (special_use.is_some() || !self.special_use)
    }
}

/// All names and the levels above them.
fn levels<'a>(
    listed: impl Iterator<Item = &'a ListedMailbox>,
    selection: Selection,
    matches: &impl Fn(&str) -> bool,
) -> BTreeMap<&'a str, Level<'a>> {
    let mut levels: BTreeMap<&str, Level> = BTreeMap::new();
    for mailbox in listed {
        let special_use = mailbox.special_use.as_deref();
        let is_hidden = !matches(&mailbox.name);
        let selected = selection.selects(mailbox.subscribed, special_use);
        for (end, _) in mailbox.name.match_indices(SEPARATOR) {
            let above = levels.entry(&mailbox.name[..end]).or_default();
            above.has_children |= mailbox.exists;
            above.hides_subscribed |= is_hidden && mailbox.subscribed;
            above.hides_selected |= is_hidden && selected;
            above.below.subscribed |= selected && mailbox.subscribed;
            above.below.special_use |= selected && special_use.is_some();
        }
        let level = levels.entry(&mailbox.name).or_default();
        level.exists |= mailbox.exists;
        level.subscribed |= mailbox.subscribed;
        level.special_use = special_use;
        level.rights = mailbox.rights;
    }
    levels
}

impl Level<'_> {
    /// By which options names below it are selected (RFC 5258 §3.5).
    fn child_info(&self, selection: Selection) -> Vec<&'static str> {
        let subscribed = (selection.subscribed && self.below.subscribed).then_some("SUBSCRIBED");
        let special_use = (selection.special_use && self.below.special_use).then_some("SPECIAL-USE");
        subscribed.into_iter().chain(special_use).collect()
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
