//! `aox add app-password LOGIN NAME`: a password that one application of a user logs in with.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::login::token;
use crate::mailbox::Login;
use crate::plan::Plan;

/// The program that sends this has made the password; only a digest of it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAppPassword {
    pub login: String,
    pub name: String,
    pub password: String,
}

impl std::fmt::Debug for AddAppPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let AddAppPassword { login, name, .. } = self;
        f.debug_struct("AddAppPassword").field("login", login).field("name", name).finish_non_exhaustive()
    }
}

impl AddAppPassword {
    /// One transaction.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let AddAppPassword { login, name, password } = self;
        let printable = !name.trim().is_empty() && !name.chars().any(char::is_control);
        if !printable || name.len() > NAME_BYTES_MAX {
            let wanted = format!("the name needs 1 to {NAME_BYTES_MAX} octets of printable text");
            return Err(Error::no(Code::Cannot, wanted));
        }
        let digest = token::digest(password.as_bytes());
        let token_sha_256 = digest.ok_or_else(|| Error::bad("the password is not well formed"))?;
        let unit = db::AddAppPassword {
            login_key: Login::key_of(&login),
            name: name.clone(),
            token_sha_256,
            now: context.now,
        };
        Ok(one_unit(unit, move |added, _| {
            match added {
            db::AddedAppPassword::Added => Ok(Answer {
                sentences: vec![
                    format!("The application \"{name}\" of {login} logs in with this password:"),
                    password.clone(),
                    "It is shown this once. It works where the password itself is sent (PLAIN, LOGIN), not by SCRAM."
                        .to_owned(),
                ],
                table: None,
                json: json!({"login": login, "name": name, "password": password}),
                good: true,
            }),
            db::AddedAppPassword::NameTaken => {
                Err(Error::no(Code::AlreadyExists, format!("{login} has an app password \"{name}\" already")))
            }
            db::AddedAppPassword::TooMany => Err(Error::no(
                Code::Limit,
                format!("{login} has {} app passwords, and may not have more", db::APP_PASSWORDS_MAX),
            )),
            db::AddedAppPassword::NoUser => {
                Err(Error::no(Code::NonExistent, format!("there is no user {login}")))
            }
        }
        }))
    }
}

/// It is shown in tables.
const NAME_BYTES_MAX: usize = 100;
