//! `aox why MESSAGE`: how a message came, where it is or went, by whose doing, and what keeps it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, counted, moment, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{MailboxPath, mailbox_path};
use crate::aox::retention::{policy_json, sentence};
use crate::db::{self, Arrival, MeantMessage, PlaceOfMessage, ToldMessage, Tombstone};
use crate::error::{Code, Error};
use crate::mailbox::{AccountId, MessageId, System};
use crate::plan::Plan;

/// Which message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The id of a message, a Message-ID, or a mailbox.
    pub what: String,
    /// The message's uid, when that is a mailbox.
    pub uid: Option<u32>,
}

impl Why {
    /// Finds the messages that may be meant, then tells of the only one, or which there are.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.meant().map(|meant| {
            let find = db::FindMessages { meant, limit: SHOWN_MAX };
            Plan::run(find, move |found: Result<_, db::Error>, _: &mut Context| match found {
                Ok(found) => self.tell(found),
                Err(error) => Plan::Done(Err(error.into())),
            })
        }))
    }

    fn meant(&self) -> Result<MeantMessage, Error> {
        if let Some(uid) = self.uid {
            let MailboxPath { login, mailbox } = MailboxPath::parse(&self.what)?;
            return Ok(MeantMessage::Place { login, mailbox: mailbox.as_str().to_owned(), uid });
        }
        if let Ok(id) = self.what.parse() {
            return Ok(MeantMessage::Id(MessageId(id)));
        }
        if self.what.starts_with('/') {
            return Err(Error::bad("a mailbox needs a uid behind it, such as /users/anna/INBOX 17"));
        }
        Ok(MeantMessage::MessageId(self.what.clone()))
    }

    fn tell(self, found: Vec<(AccountId, MessageId)>) -> Plan<Context, Outcome> {
        match found.as_slice() {
            [] => Plan::Done(Err(self.nothing())),
            [(account, message)] => {
                let unit = db::TellMessage { account: *account, message: *message };
                one_unit(unit, move |told, _| told.map(|told| respond(&told)).ok_or_else(|| self.nothing()))
            }
            _ => tell_each(found, Vec::new()),
        }
    }

    fn nothing(&self) -> Error {
        let place = self.uid.map(|uid| format!(" {uid}")).unwrap_or_default();
        let gone = "; what has been ended for good leaves nothing but the events in `aox audit show`";
        Error::no(Code::NonExistent, format!("there is no message {}{place}{gone}", self.what))
    }
}

/// One after the other, then all together: one Message-ID has a message for each recipient.
fn tell_each(mut found: Vec<(AccountId, MessageId)>, mut told: Vec<ToldMessage>) -> Plan<Context, Outcome> {
    let Some((account, message)) = found.pop() else { return Plan::Done(Ok(respond_all(&told))) };
    let unit = db::TellMessage { account, message };
    Plan::run(unit, move |one: Result<_, db::Error>, _: &mut Context| match one {
        Ok(one) => {
            told.extend(one);
            tell_each(found, told)
        }
        Err(error) => Plan::Done(Err(error.into())),
    })
}

fn respond_all(told: &[ToldMessage]) -> Answer {
    let answers: Vec<Answer> = told.iter().map(respond).collect();
    let first = format!("{} of that name:", counted(told.len() as i64, "message"));
    let sentences =
        answers.iter().flat_map(|answer| [vec![String::new()], answer.sentences.clone()].concat());
    Answer {
        sentences: std::iter::once(first).chain(sentences).collect(),
        table: None,
        json: Value::Array(answers.into_iter().map(|answer| answer.json).collect()),
        good: true,
    }
}

fn respond(told: &ToldMessage) -> Answer {
    let ToldMessage { message, login, octets: size, subject, message_id, arrived_at, .. } = told;
    let mut sentences = vec![format!(
        "Message {message} of {login}: {}, {}{}.",
        subject.as_ref().map_or_else(|| "without a subject".to_owned(), |subject| format!("\"{subject}\"")),
        octets(*size),
        message_id.as_ref().map(|id| format!(", {id}")).unwrap_or_default(),
    )];
    sentences.push(came(told));
    sentences.extend(told.places.iter().map(|place| is_in(login, place)));
    sentences.extend(told.tombstones.iter().map(|tombstone| went(login, tombstone)));
    if told.places.is_empty() && told.tombstones.is_empty() {
        sentences.push("It is in no mailbox, and was not deleted from one.".to_owned());
    }
    sentences.extend(told.policies.iter().map(|policy| {
        let name = policy.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        format!("Policy {}{name} covers it: {}.", policy.id, sentence(policy))
    }));
    let json = json!({
        "message": message.0, "login": login, "octets": size, "subject": subject, "message_id": message_id,
        "arrived_at": arrived_at.to_string(), "arrival": told.arrival.as_ref().map(arrival_json),
        "mailboxes": told.places.iter().map(|place| place_json(login, place)).collect::<Vec<_>>(),
        "policies": told.policies.iter().map(policy_json).collect::<Vec<_>>(),
        "deletions": told.tombstones.iter().map(|one| tombstone_json(login, one)).collect::<Vec<_>>(),
    });
    Answer { sentences, table: None, json, good: true }
}

/// How it came.
fn came(told: &ToldMessage) -> String {
    let at = moment(told.arrived_at);
    let Some(arrival) = &told.arrival else {
        return format!("It came at {at}; how, is not recorded.");
    };
    let Arrival { event, kind, by, door, client, detail, .. } = arrival;
    let text = |name: &str| detail[name].as_str().unwrap_or_default().to_owned();
    let client = client.clone().unwrap_or_else(|| text("client"));
    let from = if client.is_empty() { door.clone() } else { format!("{door} from {client}") };
    match kind.as_str() {
        "delivery" => format!(
            "It was delivered at {at} by {from}: <{}> sent it to <{}> (event {event}).",
            text("sender"),
            text("recipient")
        ),
        _ => format!(
            "{} put it there at {at} by {from} (event {event}).",
            by.as_deref().unwrap_or("An administrator")
        ),
    }
}

fn is_in(login: &str, place: &PlaceOfMessage) -> String {
    let flags = flags(place);
    let ban = place.ban.as_ref().map(|ban| format!(" Its owner may not delete it there: {ban}."));
    format!(
        "It is in {} as uid {}, since {}{}.{}",
        mailbox_path(login, &place.mailbox),
        place.uid,
        moment(place.saved_at),
        if flags.is_empty() { String::new() } else { format!(", flagged {}", flags.join(" ")) },
        ban.unwrap_or_default()
    )
}

fn went(login: &str, tombstone: &Tombstone) -> String {
    let Tombstone { mailbox, uid, deleted_at, by, door, client, reason, until, restored_at } = tombstone;
    let from = client.as_ref().map(|client| format!(" from {client}")).unwrap_or_default();
    let since = match restored_at {
        Some(at) => format!("It was taken back at {}.", moment(*at)),
        None if ["move", "rename"].contains(&reason.to_lowercase().as_str()) => {
            "It was moved elsewhere.".to_owned()
        }
        None => format!("It can be taken back until {} at least.", moment(*until)),
    };
    format!(
        "{} took it out of {} (uid {uid}) at {} by {door}{from}: {reason}. {since}",
        by.as_deref().unwrap_or("An administrator or a policy"),
        mailbox_path(login, mailbox),
        moment(*deleted_at)
    )
}

/// Its flags as IMAP writes them.
fn flags(place: &PlaceOfMessage) -> Vec<String> {
    let is_set = |flag: System| place.flags & i16::from(flag.0) != 0;
    let set = System::NAMES.iter().filter(|(flag, _)| is_set(*flag)).map(|(_, name)| (*name).to_owned());
    set.chain(place.keywords.iter().cloned()).collect()
}

fn arrival_json(arrival: &Arrival) -> Value {
    let Arrival { event, at, kind, by, door, client, detail } = arrival;
    json!({"event": event, "at": at.to_string(), "kind": kind, "by": by, "door": door,
           "client": client.clone().map_or_else(|| detail["client"].clone(), Value::from),
           "sender": detail["sender"], "recipient": detail["recipient"]})
}

fn place_json(login: &str, place: &PlaceOfMessage) -> Value {
    json!({"mailbox": mailbox_path(login, &place.mailbox), "uid": place.uid, "flags": flags(place),
           "since": place.saved_at.to_string(), "delete_ban": place.ban})
}

fn tombstone_json(login: &str, tombstone: &Tombstone) -> Value {
    let Tombstone { mailbox, uid, deleted_at, by, door, client, reason, until, restored_at } = tombstone;
    json!({"mailbox": mailbox_path(login, mailbox), "uid": uid, "at": deleted_at.to_string(), "by": by,
           "door": door, "client": client, "reason": reason, "until": until.to_string(),
           "restored_at": restored_at.map(|at| at.to_string())})
}

/// Messages of one Message-ID that are told of.
const SHOWN_MAX: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_in_three_ways() {
        let meant = |what: &str, uid| Why { what: what.to_owned(), uid }.meant();
        assert_eq!(meant("1234", None).unwrap(), MeantMessage::Id(MessageId(1234)));
        assert_eq!(meant("<a@b>", None).unwrap(), MeantMessage::MessageId("<a@b>".to_owned()));
        let place = MeantMessage::Place { login: "anna".to_owned(), mailbox: "Sent".to_owned(), uid: 7 };
        assert_eq!(meant("/users/anna/Sent", Some(7)).unwrap(), place);
        assert!(meant("/users/anna/Sent", None).is_err());
        assert!(meant("/nowhere", Some(1)).is_err());
    }
}
