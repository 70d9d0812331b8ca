//! NOTIFY (RFC 5465): what a client wants to hear of, at once and without its asking, in which mailboxes.

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, opt, value};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded};

use super::fetch::Item;
use crate::error::{Code, Error};
use crate::imap::answer::{Answer, Watch};
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{atom, parenthesized, sp, word};
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::fetch::fetch_att;
use crate::imap::grammar::source::{Source, filter_mailboxes};
use crate::imap::watching::{Events, Group, Heeds, Watching, When};
use crate::mailbox::MailboxKey;

/// What the client listens to from now on.
#[derive(Debug, Clone, PartialEq)]
pub enum Notify {
    /// NONE: to nothing, not even in the mailbox that is open.
    Nothing,
    Set(Wanted),
}

/// What SET names.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// STATUS: what the mailboxes have now is told, too.
    pub status: bool,
    /// What is wanted of the mailbox that is open, whichever that is.
    pub selected: Heeds,
    pub groups: Vec<Group>,
}

/// `notify = "NOTIFY" SP (notify-set / notify-none)`, from the space on
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Notify> {
    let none = value(Notify::Nothing, word("NONE"));
    preceded(sp, alt((none, |input| notify_set(input, enabled)))).parse(input)
}

/// `notify-set = "SET" [status-indicator] SP event-groups`, `status-indicator = SP "STATUS"`,
/// `event-groups = event-group *(SP event-group)`
fn notify_set(input: &[u8], enabled: Enabled) -> Parsed<'_, Notify> {
    let status = map(opt((sp, word("STATUS"))), |status| status.is_some());
    let groups = preceded(sp, separated_list1(sp, |input| event_group(input, enabled)));
    let (rest, (status, groups)) = preceded(word("SET"), (status, groups)).parse(input)?;
    match wanted(status, groups) {
        Ok(wanted) => Ok((rest, Notify::Set(wanted))),
        Err(error) => fail(input, error),
    }
}

/// Which mailboxes a group is about.
#[derive(Debug, Clone)]
enum Filter {
    /// The one that is open.
    Selected(When),
    Others(Source),
}

/// One of the events that there are, with what MessageNew wants to be told of new messages.
#[derive(Debug, Clone)]
enum Event {
    MessageNew(Option<Vec<Item>>),
    MessageExpunge,
    FlagChange,
    AnnotationChange,
    MailboxName,
    SubscriptionChange,
    MailboxMetadataChange,
    ServerMetadataChange,
    /// It is not supported, or not known at all.
    Other,
}

/// `event-group = "(" filter-mailboxes SP events ")"`
fn event_group(input: &[u8], enabled: Enabled) -> Parsed<'_, (Filter, Vec<Event>)> {
    let filter = |input| filter(input, enabled);
    delimited(char('('), (filter, preceded(sp, events)), char(')')).parse(input)
}

/// `filter-mailboxes = filter-mailboxes-selected / filter-mailboxes-other`, where
/// `filter-mailboxes-selected = "selected" / "selected-delayed"`
fn filter(input: &[u8], enabled: Enabled) -> Parsed<'_, Filter> {
    let filters = alt((
        value(Filter::Selected(When::UnaskedButExpunges), word("selected-delayed")),
        value(Filter::Selected(When::Unasked), word("selected")),
        map(|input| filter_mailboxes(input, enabled), Filter::Others),
    ));
    context("which mailboxes", filters).parse(input)
}

/// `events = ( "(" event *(SP event) ")" ) / "NONE"`
fn events(input: &[u8]) -> Parsed<'_, Vec<Event>> {
    context("events", alt((value(Vec::new(), word("NONE")), parenthesized(event)))).parse(input)
}

/// `event = message-event / mailbox-event / user-event / event-ext`, where
/// `message-event = ( "MessageNew" [SP "(" fetch-att *(SP fetch-att) ")" ] ) / "MessageExpunge" / "FlagChange" / ...`
fn event(input: &[u8]) -> Parsed<'_, Event> {
    let (rest, name) = context("an event", atom).parse(input)?;
    Ok(match name.to_ascii_lowercase().as_str() {
        "messagenew" => {
            let (rest, items) = opt(preceded(sp, parenthesized(fetch_att))).parse(rest)?;
            (rest, Event::MessageNew(items))
        }
        "messageexpunge" => (rest, Event::MessageExpunge),
        "flagchange" => (rest, Event::FlagChange),
        "annotationchange" => (rest, Event::AnnotationChange),
        "mailboxname" => (rest, Event::MailboxName),
        "subscriptionchange" => (rest, Event::SubscriptionChange),
        "mailboxmetadatachange" => (rest, Event::MailboxMetadataChange),
        "servermetadatachange" => (rest, Event::ServerMetadataChange),
        _ => (rest, Event::Other),
    })
}

/// What groups mean together; refuses what RFC 5465 §5 and §6.1 forbid.
fn wanted(status: bool, groups: Vec<(Filter, Vec<Event>)>) -> Result<Wanted, Error> {
    let mut selected = None;
    let mut others = Vec::new();
    for (filter, events) in groups {
        let (events, items) = collected(events)?;
        match filter {
            Filter::Selected(_) if selected.is_some() => {
                return Err(Error::bad("SELECTED and SELECTED-DELAYED are said once, and not both"));
            }
            Filter::Selected(_) if !events.are_of_messages() => {
                return Err(Error::bad("SELECTED is for what happens to messages only"));
            }
            Filter::Selected(when) => {
                let items = items.unwrap_or_default().into();
                let Events { messages, flags, annotations, .. } = events;
                selected = Some(Heeds { messages, flags, annotations, when, items });
            }
            Filter::Others(_) if items.is_some() => {
                return Err(Error::bad("what new messages are is told in the open mailbox only"));
            }
            Filter::Others(source) => others.push(Group { source, events }),
        }
    }
    Ok(Wanted { status, selected: selected.unwrap_or_else(Heeds::nothing), groups: others })
}

/// The events of one group.
fn collected(events: Vec<Event>) -> Result<(Events, Option<Vec<Item>>), Error> {
    let (mut all, mut expunge, mut items) = (Events::default(), false, None);
    for event in events {
        match event {
            Event::MessageNew(wanted) => (all.messages, items) = (true, wanted.or(items)),
            Event::MessageExpunge => expunge = true,
            Event::FlagChange => all.flags = true,
            Event::AnnotationChange => all.annotations = true,
            Event::MailboxName => all.names = true,
            Event::SubscriptionChange => all.subscriptions = true,
            Event::MailboxMetadataChange => all.metadata = true,
            Event::ServerMetadataChange => all.server = true,
            Event::Other => return Err(Error::no(Code::BadEvent, "not all of these events are known here")),
        }
    }
    if all.messages != expunge {
        return Err(Error::bad("MessageNew and MessageExpunge go together"));
    }
    if (all.flags || all.annotations) && !all.messages {
        return Err(Error::bad("FlagChange and AnnotationChange need MessageNew and MessageExpunge"));
    }
    Ok((all, items))
}

impl Notify {
    /// Reads what is to be watched, and tells of it if that was asked for; then what is new in the open mailbox, which is
    /// `open`.
    pub fn plan(self, tag: String, user: &User, open: Option<MailboxKey>) -> Plan {
        let wanted = match self {
            Notify::Nothing => {
                let nothing = |conversation: &mut Conversation| {
                    Plan::Done(conversation.heed(tag, Vec::new(), Heeds::nothing(), Watch::End))
                };
                return Plan::emit(Vec::new(), nothing);
            }
            Notify::Set(wanted) => wanted,
        };
        let Wanted { status, selected, groups } = wanted;
        let mut watching = Watching::new(user, open, groups);
        Plan::run(watching.reads_all(), move |read, conversation: &mut Conversation| {
            let read = match read {
                Ok(read) => read,
                Err(error) => return Plan::Done(Answer::failed(&tag, error)),
            };
            match watching.begin(read, status) {
                Ok(told) => {
                    let watch = Watch::Begin(Box::new(watching));
                    Plan::Done(conversation.heed(tag, told, selected, watch))
                }
                Err(error) => Plan::Done(Answer::failed(&tag, error)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;
    use crate::mailbox::MailboxName;

    fn read(input: &str) -> Result<Notify, Error> {
        complete(input.as_bytes(), |input| parse(input, Enabled::default()))
    }

    fn set(input: &str) -> Wanted {
        match read(input).expect(input) {
            Notify::Set(wanted) => wanted,
            Notify::Nothing => panic!("{input} asks for something"),
        }
    }

    #[test]
    fn what_is_wanted_is_read() {
        assert_eq!(read(" none"), Ok(Notify::Nothing));
        let wanted = set(
            " SET STATUS (Selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (TO)]) messageexpunge annotationchange)) \
             (subtree (Lists a) (MessageNew MessageExpunge FlagChange)) (personal (MailboxName SubscriptionChange))",
        );
        assert!(wanted.status && wanted.selected.messages && !wanted.selected.flags);
        assert!(wanted.selected.annotations);
        assert_eq!((wanted.selected.when, wanted.selected.items.len()), (When::Unasked, 2));
        let names = ["Lists", "a"].map(|name| MailboxName::new(name).unwrap()).to_vec();
        let events = Events { messages: true, flags: true, ..Events::default() };
        assert_eq!(wanted.groups[0], Group { source: Source::Subtree(names), events });
        let events = Events { names: true, subscriptions: true, ..Events::default() };
        assert_eq!(wanted.groups[1], Group { source: Source::Personal, events });
        let wanted = set(" SET (subscribed (servermetadatachange MailboxMetadataChange))");
        assert_eq!(wanted.groups[0].events, Events { metadata: true, server: true, ..Events::default() });
        let wanted = set(" set (selected-delayed (MessageExpunge MessageNew)) (mailboxes INBOX NONE)");
        assert_eq!(wanted.selected.when, When::UnaskedButExpunges);
        assert_eq!(wanted.groups[0].events, Events::default());
        assert_eq!(set(" SET (inboxes (MailboxName))").selected, Heeds::nothing());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for bad in [
            "",
            " SET",
            " SET STATUS",
            " SET (selected MessageNew)",
            " SET (selected ())",
            " SET (selected (MessageNew))",
            " SET (selected (MessageNew MessageExpunge MailboxName))",
            " SET (selected (MailboxMetadataChange))",
            " SET (selected-delayed (ServerMetadataChange))",
            " SET (selected NONE) (selected-delayed NONE)",
            " SET (personal (FlagChange))",
            " SET (selected (AnnotationChange))",
            " SET (personal (MessageNew (UID) MessageExpunge))",
            " SET (mailboxes (MessageNew MessageExpunge))",
            " NONE (personal NONE)",
        ] {
            assert!(matches!(read(bad), Err(Error::Bad(_))), "{bad}");
        }
        let refused = read(" SET (personal (MessageNew FullMoon MessageExpunge))");
        assert!(matches!(refused, Err(Error::No { code: Code::BadEvent, .. })));
    }
}
