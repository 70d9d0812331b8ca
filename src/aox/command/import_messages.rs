//! The work of `aox import`: messages, whose octets follow the request, come into a mailbox in one transaction.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::archive::Facts;
use crate::db::{self, Appending, Importing, NewMessage};
use crate::error::{Code, Error};
use crate::limits;
use crate::mailbox::{AccountId, InternalDate};
use crate::plan::Plan;

/// The mailbox, how the client names the source, and what is known of each message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportMessages {
    pub mailbox: String,
    pub source: String,
    pub messages: Vec<Facts>,
    /// Quotas need not be obeyed.
    #[serde(default)]
    pub over_quota: bool,
    /// The octets of the messages, one behind the other, as they come behind the request.
    #[serde(skip)]
    pub octets: Vec<u8>,
}

impl ImportMessages {
    /// How many octets come behind the request; refused when they are too many.
    pub fn octets_wanted(&self) -> Result<usize, Error> {
        let sum = self.messages.iter().try_fold(0u64, |sum, facts| sum.checked_add(facts.octets));
        let most = limits::IMPORT_BYTES_MAX;
        let fits = sum.and_then(|sum| usize::try_from(sum).ok()).filter(|sum| *sum <= most);
        fits.ok_or_else(|| Error::bad(format!("messages can be imported {most} octets at once, no more")))
    }

    /// The messages are taken apart where that keeps nobody waiting, then stored in one transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let MailboxPath { login, mailbox: name } = MailboxPath::parse(&self.mailbox)?;
        if self.octets_wanted()? != self.octets.len() {
            return Err(Error::bad("the octets of the messages have to follow the request"));
        }
        let now = context.now;
        let ImportMessages { source, messages, over_quota, octets, .. } = self;
        if messages.iter().any(|facts| facts.octets == 0) {
            return Err(Error::no(Code::Cannot, "an empty message cannot be stored"));
        }
        let prepare = move || {
            let mut rest = &octets[..];
            let prepare = |facts: Facts| {
                let (message, behind) = rest.split_at(facts.octets as usize);
                rest = behind;
                importing(facts, message, now)
            };
            messages.into_iter().map(prepare).collect::<Vec<Importing>>()
        };
        Ok(Plan::compute(prepare, move |messages: Result<Vec<Importing>, db::Error>, _| {
            let messages = match messages {
                Ok(messages) => messages,
                Err(error) => return Plan::Done(Err(error.into())),
            };
            let is_limited = !over_quota;
            let unit = db::ImportMessages { login, name, source, messages, saved_at: now, is_limited };
            Plan::run(unit, |outcome, context: &mut Context| Plan::Done(respond(outcome, context)))
        }))
    }
}

fn importing(facts: Facts, message: &[u8], now: jiff::Timestamp) -> Importing {
    // The unit gives the message to the account.
    let message = NewMessage::prepare(AccountId(0), message.to_vec(), now);
    let seconds = facts.seconds.unwrap_or(now.as_second());
    let internal_date = InternalDate { seconds, zone_minutes: facts.zone_minutes };
    let appending = Appending { message, flags: facts.flag_set(), internal_date };
    Importing { item: facts.item, uid: facts.uid, appending }
}

fn respond(
    outcome: Result<(Vec<crate::mailbox::Change>, usize), db::Error>,
    context: &mut Context,
) -> Outcome {
    let (changes, imported) = outcome?;
    context.changes.extend(changes);
    let sentence = format!("{} imported.", counted(imported as i64, "message"));
    Ok(Answer::sentence(sentence, json!({"imported": imported})))
}
