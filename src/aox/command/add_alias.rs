//! `aox add alias ADDRESS MAILBOX`: mail for an address goes to a mailbox, also beside others.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::{Address, MailboxPath};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// The mailbox is `/users/LOGIN/NAME`, or a login for its INBOX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAlias {
    pub address: String,
    pub mailbox: String,
}

impl AddAlias {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked())
    }

    fn checked(self) -> Result<Plan<Context, Outcome>, Error> {
        let address = Address::parse(&self.address)?;
        let path = MailboxPath::parse(&self.mailbox)?;
        let unit = db::AddAlias {
            alias: db::AliasAddress {
                localpart: address.localpart.clone(),
                localpart_key: address.localpart_key(),
                domain: address.domain.clone(),
            },
            login: path.login.clone(),
            mailbox: path.mailbox.clone(),
        };
        Ok(one_unit(unit, move |added, _| match added {
            db::AddedAlias::Added => Ok(Answer::sentence(
                format!("Mail for {address} goes to {path} now."),
                json!({"address": address.to_string(), "mailbox": path.to_string()}),
            )),
            db::AddedAlias::ThereAlready => {
                Err(Error::no(Code::AlreadyExists, format!("mail for {address} goes to {path} already")))
            }
            db::AddedAlias::NoMailbox => {
                Err(Error::no(Code::NonExistent, format!("there is no mailbox {path}")))
            }
        }))
    }
}
