//! `aox set rights MAILBOX IDENTIFIER RIGHTS`: who may do what in a mailbox (RFC 4314).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::error::Error;
use crate::plan::Plan;
use crate::policy::{Modification, Rights, Subject};

/// The mailbox is a path, the identifier and the rights are written as in IMAP: `anna`, `$team`, `-anyone`; `lrs`, `+w`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetRights {
    pub mailbox: String,
    pub identifier: String,
    pub rights: String,
}

impl SetRights {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let modification = Modification::parse(&self.rights);
        at_once(modification.and_then(|modification| change(&self.mailbox, &self.identifier, modification)))
    }
}

/// What carries a change of rights out: one transaction, and a look at what has become of it.
pub(super) fn change(
    mailbox: &str,
    identifier: &str,
    modification: Modification,
) -> Result<Plan<Context, Outcome>, Error> {
    let path = MailboxPath::parse(mailbox)?;
    let subject = Subject::parse(identifier)?;
    let mailbox = db::Administered::Of(path.login.clone(), path.mailbox.clone());
    let unit = db::ChangeRights { mailbox: mailbox.clone(), subject: subject.clone(), modification };
    Ok(Plan::run(unit, move |changed, context: &mut Context| match changed {
        Ok(change) => {
            context.changes.extend(change);
            // What somebody has now depends on what he had.
            Plan::run(db::ListRights { mailbox, of: None }, move |listed, _| {
                Plan::Done(listed.map_err(Error::from).map(|listed| respond(&path, &subject, &listed)))
            })
        }
        Err(error) => Plan::Done(Err(error.into())),
    }))
}

fn respond(path: &MailboxPath, subject: &Subject, listed: &db::ListedRights) -> Answer {
    let (path, name) = (path.to_string(), subject.to_string());
    let same = |entry: &&(Subject, Rights)| entry.0.to_string().to_lowercase() == name.to_lowercase();
    let rights = match listed.is_owner(&subject.identifier) && !subject.negative {
        true => listed.of_owner,
        false => listed.entries.iter().find(same).map_or(Rights::NONE, |(_, rights)| *rights),
    };
    let letters = rights.letters();
    let sentence = match letters.as_str() {
        "" => format!("{name} has no rights of its own in {path} now."),
        letters if subject.negative => {
            format!(
                "From {} the rights {letters} in {path} are taken, whoever gives them.",
                subject.identifier
            )
        }
        letters => format!("{name} has the rights {letters} in {path} now."),
    };
    Answer::sentence(sentence, json!({"mailbox": path, "identifier": name, "rights": letters}))
}
