//! What a client hears of mailboxes that it does not have open (RFC 5465): what it knows of them, and what is new.
//!
//! Nobody keeps a list of events. When something has changed the mailboxes are read again, and the client is told how
//! they differ from what it knows; so however slow it reads, it costs no more than one such difference.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::command::fetch::Item as FetchItem;
use super::command::getmetadata;
use super::command::list::{List, Return, Selection};
use super::command::status::{self, Item};
use super::conversation::User;
use super::enabled::Enabled;
use super::grammar::source::Source;
use super::response;
use crate::db;
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::{Change, Located, MailboxKey, MailboxName, ModSeq, namespace};
use crate::policy::{Rights, Viewer};
use names::{above, parent_of, renamed};

mod names;

/// What a client wants to hear of in the mailbox that is open.
#[derive(Debug, Clone, PartialEq)]
pub struct Heeds {
    /// Messages that come and go.
    pub messages: bool,
    /// Flags that change.
    pub flags: bool,
    /// Annotations that change.
    pub annotations: bool,
    pub when: When,
    /// What is to be told of new messages.
    pub items: Arc<[FetchItem]>,
}

/// When a client wants to hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At the end of commands, and in IDLE.
    Asked,
    /// At any time, but of expunges as above.
    UnaskedButExpunges,
    /// At any time.
    Unasked,
}

/// What a client wants to hear of in some other mailboxes; nothing at all, if nothing is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Events {
    /// MessageNew and MessageExpunge, which go together.
    pub messages: bool,
    /// FlagChange.
    pub flags: bool,
    /// AnnotationChange.
    pub annotations: bool,
    /// MailboxName.
    pub names: bool,
    /// SubscriptionChange.
    pub subscriptions: bool,
    /// MailboxMetadataChange.
    pub metadata: bool,
    /// ServerMetadataChange, which is about no mailbox.
    pub server: bool,
}

/// Some mailboxes, and what is wanted of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub source: Source,
    pub events: Events,
}

/// What the client itself has done, and so need not hear of (RFC 5465 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Names that it has made, removed, renamed or subscribed to, with all that is below them.
    pub names: Vec<MailboxName>,
    /// How far it has brought mailboxes, and from where.
    pub changes: Vec<(MailboxKey, ModSeq, ModSeq)>,
}

/// What one client watches.
pub struct Watching {
    viewer: Viewer,
    connection: i64,
    append_limit: u64,
    enabled: Enabled,
    /// The mailbox that is open: what happens to its messages is told by its session.
    open: Option<MailboxKey>,
    groups: Vec<Group>,
    known: BTreeMap<String, Known>,
    own: Own,
    /// How many names of its own it had made or changed when the look began that is under way.
    own_looked_at: usize,
}

/// What a client knows of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Known {
    exists: bool,
    subscribed: bool,
    attributes: String,
    /// The mailbox with its counters, if the client may read it.
    mailbox: Option<db::FoundMailbox>,
}

impl Default for Heeds {
    /// What a client hears that has not said NOTIFY.
    fn default() -> Heeds {
        Heeds { messages: true, flags: true, annotations: false, when: When::Asked, items: Arc::new([]) }
    }
}

impl Heeds {
    /// Nothing is to be told.
    pub fn nothing() -> Heeds {
        Heeds { messages: false, flags: false, ..Heeds::default() }
    }
}

impl Own {
    /// What a command has changed.
    pub fn of(changes: &[Change]) -> Own {
        let changes = changes.iter().map(|change| (change.key, change.after, change.modseq));
        Own { names: Vec::new(), changes: changes.collect() }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.changes.is_empty()
    }
}

impl Events {
    fn or(self, other: Events) -> Events {
        Events {
            messages: self.messages || other.messages,
            flags: self.flags || other.flags,
            annotations: self.annotations || other.annotations,
            names: self.names || other.names,
            subscriptions: self.subscriptions || other.subscriptions,
            metadata: self.metadata || other.metadata,
            server: self.server || other.server,
        }
    }

    /// Whether nothing but what happens to messages is wanted.
    pub fn are_of_messages(self) -> bool {
        !(self.names || self.subscriptions || self.metadata || self.server)
    }

    fn is_none(self) -> bool {
        self == Events::default()
    }
}

impl Source {
    /// Whether a name is among these.
    fn has(&self, name: &str, subscribed: bool) -> bool {
        let is_below = |tops: &[MailboxName], deep| {
            tops.iter().any(|top| top.as_str() == name || namespace::is_below(name, top.as_str(), deep))
        };
        match self {
            Source::Selected => false,
            // RFC 5465 §6.3: mail may come to any mailbox, by its address with a subaddress.
            Source::Inboxes | Source::Personal => namespace::is_personal(name),
            Source::Subscribed => subscribed,
            Source::Subtree(tops) => is_below(tops, true),
            Source::SubtreeOne(tops) => is_below(tops, false),
            Source::Mailboxes(named) => named.iter().any(|one| one.as_str() == name),
        }
    }

    /// The names that it says.
    fn names(&self) -> &[MailboxName] {
        match self {
            Source::Subtree(names) | Source::SubtreeOne(names) | Source::Mailboxes(names) => names,
            _ => &[],
        }
    }
}

impl Watching {
    /// What is wanted in which mailboxes, before any of them has been read.
    pub fn new(user: &User, open: Option<MailboxKey>, groups: Vec<Group>) -> Watching {
        Watching {
            viewer: user.viewer(),
            connection: user.connection,
            append_limit: user.append_limit,
            enabled: user.enabled,
            open,
            groups,
            known: BTreeMap::new(),
            own: Own::default(),
            own_looked_at: 0,
        }
    }

    /// How the client wants to be spoken to now, and what it has open.
    pub fn turn_to(&mut self, enabled: Enabled, open: Option<MailboxKey>) {
        (self.enabled, self.open) = (enabled, open);
    }

    /// The client has done this itself.
    pub fn note_own(&mut self, own: Own) {
        self.own.names.extend(own.names);
        self.own.changes.extend(own.changes);
    }

    /// Begins to look at all that is watched. What the client does from now on is not seen, perhaps, before the next look.
    pub fn looks_at_all(&mut self) -> db::WatchMailboxes {
        self.own_looked_at = self.own.names.len();
        self.reads_all()
    }

    /// What reads all that is watched.
    pub fn reads_all(&self) -> db::WatchMailboxes {
        let mut names = self.groups.iter().flat_map(|group| group.source.names());
        let deleted =
            names.any(|name| namespace::is_deleted(name.as_str()) || name.as_str() == namespace::DELETED);
        db::WatchMailboxes { viewer: self.viewer, deleted, others: self.sees_others() }
    }

    /// What reads those of the mailboxes that are watched for their messages; None when there are none.
    pub fn reads_some(&self, keys: &HashSet<MailboxKey>) -> Option<db::FindMailboxes> {
        let is_one = |known: &Known| {
            known.mailbox.as_ref().is_some_and(|mailbox| keys.contains(&mailbox.key.of_kept()))
        };
        let names = self.known.iter().filter(|(_, known)| is_one(known));
        let names: Vec<MailboxName> = names.filter_map(|(name, _)| MailboxName::new(name).ok()).collect();
        (!names.is_empty()).then_some(db::FindMailboxes {
            viewer: self.viewer,
            names,
            sums: db::Sums::default(),
        })
    }

    /// Whether mailboxes of others may be among those that are watched.
    pub fn sees_others(&self) -> bool {
        let is_foreign = |name: &MailboxName| !matches!(Located::of(name), Located::Own(_));
        self.groups
            .iter()
            .any(|group| group.source == Source::Subscribed || group.source.names().iter().any(is_foreign))
    }

    /// Who watches.
    pub fn viewer(&self) -> Viewer {
        self.viewer
    }

    /// The number of the connection that watches.
    pub fn connection(&self) -> i64 {
        self.connection
    }

    /// Whether anything is wanted of what others write down about mailboxes and the server.
    pub fn hears_metadata(&self) -> bool {
        self.groups.iter().any(|group| group.events.metadata || group.events.server)
    }

    /// Others have written that down. Returns what to tell of it (RFC 5465 §5.6, §5.7).
    pub fn metadata_changed(&self, changes: &[db::ChangedMetadata]) -> Vec<u8> {
        let mut out = Vec::new();
        // RFC 5464 §4.1: after ENABLE METADATA the client is told of all changes, of these too.
        for changed in changes.iter().filter(|_| !self.enabled.metadata) {
            let is_wanted = match &changed.mailbox {
                Some(name) => {
                    let subscribed = self.known.get(name).is_some_and(|known| known.subscribed);
                    self.events(name, subscribed).metadata
                }
                None => self.groups.iter().any(|group| group.events.server),
            };
            if is_wanted {
                let entries = changed.entries.iter().map(String::as_str);
                getmetadata::write_changed(&mut out, changed.mailbox.as_deref(), entries, self.enabled);
            }
        }
        out
    }

    /// The mailboxes that are watched.
    pub fn keys(&self) -> HashSet<MailboxKey> {
        self.known
            .values()
            .filter_map(|known| known.mailbox.as_ref())
            .map(|mailbox| mailbox.key.of_kept())
            .collect()
    }

    /// What there is when the watch begins. Returns what to tell of it: mailboxes that the client may know of but not
    /// read, and, if that was asked for, what the others have.
    pub fn begin(&mut self, read: db::Watched, status: bool) -> Result<Vec<u8>, Error> {
        self.known = self.learn(&read)?;
        let mut out = Vec::new();
        for (name, known) in &self.known {
            let events = self.events(name, known.subscribed);
            match &known.mailbox {
                None if known.exists && self.is_named(name) => self.line(&mut out, name, "\\NoAccess", None),
                Some(mailbox) if status && events.messages => {
                    self.status(&mut out, name, None, mailbox, events)
                }
                _ => {}
            }
        }
        Ok(out)
    }

    /// All that is watched has been read again. Returns what to tell of it; an error ends the watch.
    pub fn read_all(&mut self, read: db::Watched) -> Result<Vec<u8>, Error> {
        let now = self.learn(&read)?;
        let before = std::mem::replace(&mut self.known, now);
        let mut out = Vec::new();
        let mut told = self.tell_names(&mut out, &before);
        for (name, known) in &self.known {
            let was = told.renamed.get(name.as_str()).copied().unwrap_or(name);
            let was = before.get(was);
            let events = self.events(name, known.subscribed);
            let subscribed = was.is_some_and(|was| was.subscribed);
            if events.subscriptions
                && subscribed != known.subscribed
                && !self.is_own(name)
                && told.lines.insert(name)
            {
                self.line(&mut out, name, &known.attributes, None);
            }
            if let Some(mailbox) = known.mailbox.as_ref().filter(|_| events.messages) {
                match was.and_then(|was| was.mailbox.as_ref()) {
                    Some(was) => self.status(&mut out, name, Some(was), mailbox, events),
                    // It is new, and mail has come before it was noticed.
                    None if mailbox.messages > 0 => self.status(&mut out, name, None, mailbox, events),
                    None => {}
                }
            }
        }
        for (name, was) in
            before.iter().filter(|(name, was)| was.subscribed && !self.known.contains_key(*name))
        {
            let events = self.events(name, was.subscribed);
            if events.subscriptions && !self.is_own(name) && told.lines.insert(name) {
                self.line(&mut out, name, "\\NonExistent", None);
            }
        }
        self.own.names.drain(..self.own_looked_at);
        self.forget_changes();
        Ok(out)
    }

    /// Some mailboxes have been read again, which had these names. Returns what to tell of them; None when all have to be
    /// read, because some are not what they were.
    pub fn read_some(&mut self, mut found: HashMap<MailboxName, db::FoundStatus>) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut names: Vec<MailboxName> = found.keys().cloned().collect();
        names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        for name in names {
            let now = found.remove(&name)?.mailbox;
            let known = self.known.get(name.as_str())?;
            let was = known.mailbox.as_ref()?;
            if was.key != now.key || !now.permit.rights.contains(Rights::READ) {
                return None;
            }
            let events = self.events(name.as_str(), known.subscribed);
            if events.messages {
                self.status(&mut out, name.as_str(), Some(was), &now, events);
            }
            self.known.get_mut(name.as_str())?.mailbox = Some(now);
        }
        self.forget_changes();
        Some(out)
    }

    /// What has been read, as far as it is wanted.
    fn learn(&self, read: &db::Watched) -> Result<BTreeMap<String, Known>, Error> {
        let everything = List {
            reference: String::new(),
            patterns: vec!["*".to_owned(), format!("{}{SEPARATOR}*", namespace::DELETED)],
            lsub: false,
            selection: Selection::default(),
            returns: vec![Return::Subscribed],
            extended: true,
        };
        let mut known: BTreeMap<String, Known> = BTreeMap::new();
        for listed in &read.listed {
            let mailbox = MailboxName::new(&listed.name).ok().and_then(|name| read.found.get(&name));
            let mailbox = mailbox
                .map(|found| &found.mailbox)
                .filter(|mailbox| mailbox.permit.rights.contains(Rights::READ));
            let attributes = if listed.subscribed { "\\NonExistent \\Subscribed" } else { "\\NonExistent" };
            known.insert(
                listed.name.clone(),
                Known {
                    exists: listed.exists,
                    subscribed: listed.subscribed,
                    attributes: attributes.to_owned(),
                    mailbox: mailbox.cloned(),
                },
            );
        }
        for line in everything.lines(&read.listed, self.enabled) {
            // RFC 5465 §5.4: what refers to no mailbox is told with this one.
            known.entry(line.name).or_default().attributes =
                line.attributes.replace("\\Noselect", "\\NonExistent");
        }
        known.retain(|name, known| !self.events(name, known.subscribed).is_none());
        if known.len() > limits::NOTIFY_MAILBOXES_MAX {
            let text = "these are more mailboxes than can be watched";
            return Err(Error::no(Code::NotificationOverflow, text));
        }
        Ok(known)
    }

    /// What is wanted of a name: what all groups want together, unless one says NONE (RFC 5465 §8).
    fn events(&self, name: &str, subscribed: bool) -> Events {
        let mut groups =
            self.groups.iter().filter(|group| group.source.has(name, subscribed)).map(|group| group.events);
        groups
            .try_fold(Events::default(), |all, events| (!events.is_none()).then(|| all.or(events)))
            // What happens to the server is not what happens to a mailbox, so that none is watched for it.
            .map_or(Events::default(), |events| Events { server: false, ..events })
    }

    /// Whether the client has named it, and not only a kind of mailboxes.
    fn is_named(&self, name: &str) -> bool {
        self.groups.iter().any(|group| !group.source.names().is_empty() && group.source.has(name, false))
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.names.iter().any(|own| own.as_str() == name || namespace::is_below(name, own.as_str(), true))
    }

    /// Tells of mailboxes that have come, gone, or got another name (RFC 5465 §5.4, §5.9).
    fn tell_names<'a>(&'a self, out: &mut Vec<u8>, before: &'a BTreeMap<String, Known>) -> Told<'a> {
        let mut told = Told { lines: BTreeSet::new(), renamed: renamed(before, &self.known) };
        let (mut lowest, mut moved): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
        for (name, old) in &told.renamed {
            let (parent, parent_before) = (told.renamed.get(parent_of(name)), parent_of(old));
            // RFC 5465 §5.4: nothing is said of the children.
            let came_along =
                parent.is_some_and(|parent| *parent == parent_before) && !parent_before.is_empty();
            let wanted =
                self.events(name, self.known[*name].subscribed).names && !came_along && !self.is_own(name);
            if wanted && told.lines.insert(name) {
                self.line(out, name, &self.known[*name].attributes, Some(old));
                moved.extend([*name, *old]);
            }
        }
        let old_names: BTreeSet<&str> = told.renamed.values().copied().collect();
        for name in before.keys().chain(self.known.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (before.get(name), self.known.get(name));
            if told.renamed.contains_key(name.as_str())
                || old_names.contains(name.as_str())
                || self.is_own(name)
            {
                continue;
            }
            let subscribed = is.or(was).is_some_and(|known| known.subscribed);
            let events = self.events(name, subscribed);
            let readable = |known: Option<&Known>| known.is_some_and(|known| known.mailbox.is_some());
            let exists = |known: Option<&Known>| known.is_some_and(|known| known.exists);
            let attributes = match (exists(was), exists(is)) {
                (false, true) | (true, false) if events.names => {
                    lowest.insert(parent_of(name));
                    is.map_or("\\NonExistent", |is| is.attributes.as_str())
                }
                // It may be there still, but not for this client.
                (true, false) if events.messages && !namespace::is_personal(name) => "\\NoAccess",
                (true, true) if readable(was) && !readable(is) => "\\NoAccess",
                (true, true) if readable(is) && !readable(was) => is.map_or("", |is| is.attributes.as_str()),
                _ => continue,
            };
            if told.lines.insert(name) {
                self.line(out, name, attributes, None);
            }
        }
        self.tell_above(out, before, &lowest, &moved, &mut told);
        told
    }

    /// Tells of the levels above mailboxes that have come or gone: of the lowest ones (RFC 5465 §5.4), and of those
    /// further up, and above what was moved, that have come or gone with them, or have children now or no more.
    fn tell_above<'a>(
        &'a self,
        out: &mut Vec<u8>,
        before: &'a BTreeMap<String, Known>,
        lowest: &BTreeSet<&'a str>,
        moved: &BTreeSet<&'a str>,
        told: &mut Told<'a>,
    ) {
        let attributes = |known: Option<&'a Known>| known.map(|known| known.attributes.as_str());
        let differs = |name: &&str| attributes(before.get(*name)) != attributes(self.known.get(*name));
        let further = lowest.iter().chain(moved).flat_map(|name| above(name)).filter(differs);
        for name in further.chain(lowest.iter().copied()).collect::<BTreeSet<_>>() {
            let known = self.known.get(name);
            let is_wanted = self.events(name, known.is_some_and(|known| known.subscribed)).names;
            if !name.is_empty() && is_wanted && told.lines.insert(name) {
                self.line(out, name, attributes(known).unwrap_or("\\NonExistent"), None);
            }
        }
    }

    /// `"*" SP "LIST" SP "(" [mbx-list-flags] ")" SP DQUOTE QUOTED-CHAR DQUOTE SP mailbox [SP mbox-list-extended]`
    fn line(&self, out: &mut Vec<u8>, name: &str, attributes: &str, old: Option<&str>) {
        out.extend_from_slice(format!("* LIST ({attributes}) \"{SEPARATOR}\" ").as_bytes());
        response::mailbox(out, name, self.enabled);
        if let Some(old) = old {
            response::oldname(out, old, self.enabled);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Tells what has changed of the counters of a mailbox, or all of them.
    fn status(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        was: Option<&db::FoundMailbox>,
        is: &db::FoundMailbox,
        events: Events,
    ) {
        let is_open = self.open == Some(is.key);
        if is_open || was.is_some_and(|was| self.is_own_change(was, is)) {
            return;
        }
        let items = self.items(was, is, events);
        if let (false, Ok(name)) = (items.is_empty(), MailboxName::new(name)) {
            let found = db::FoundStatus::of(is.clone());
            let terms = status::Terms { enabled: self.enabled, append_limit: self.append_limit };
            status::write(out, &name, &items, &found, terms);
        }
    }

    /// Which counters are told (RFC 5465 §3.1, §5.1 to §5.3).
    fn items(&self, was: Option<&db::FoundMailbox>, is: &db::FoundMailbox, events: Events) -> Vec<Item> {
        let other = |value: fn(&db::FoundMailbox) -> u64| was.is_none_or(|was| value(was) != value(is));
        let (messages, unseen) = (other(|is| is.messages) || other(|is| is.uidnext), other(|is| is.unseen));
        let (valid, modseq) = (other(|is| is.uidvalidity.get().into()), other(|is| is.highestmodseq.0));
        let mut items = Vec::new();
        if messages {
            items.extend([Item::Messages, Item::UidNext]);
        }
        // Who has not asked for mod-sequences can do nothing with one, but may be told at the beginning.
        let changes = events.flags || events.annotations;
        if modseq && (self.enabled.condstore && (messages || changes) || was.is_none() && changes) {
            items.push(Item::HighestModSeq);
        }
        if unseen && events.flags {
            items.push(Item::Unseen);
        }
        if valid || !items.is_empty() {
            items.push(Item::UidValidity);
        }
        items
    }

    /// Whether all that has happened was the client's own doing.
    fn is_own_change(&self, was: &db::FoundMailbox, is: &db::FoundMailbox) -> bool {
        let mut reached = was.highestmodseq;
        for (key, after, modseq) in &self.own.changes {
            if *key == is.key && *after <= reached {
                reached = reached.max(*modseq);
            }
        }
        reached >= is.highestmodseq && reached > was.highestmodseq
    }

    /// Forgets own changes that are known by now.
    fn forget_changes(&mut self) {
        let known: HashMap<MailboxKey, ModSeq> = self
            .known
            .values()
            .filter_map(|known| known.mailbox.as_ref())
            .map(|mailbox| (mailbox.key, mailbox.highestmodseq))
            .collect();
        self.own.changes.retain(|(key, _, modseq)| known.get(key).is_some_and(|known| known < modseq));
    }
}

/// What has been said of names already.
struct Told<'a> {
    lines: BTreeSet<&'a str>,
    /// New names, each with the old one.
    renamed: BTreeMap<&'a str, &'a str>,
}
