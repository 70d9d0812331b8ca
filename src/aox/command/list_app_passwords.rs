//! `aox list app-passwords LOGIN`: which applications of a user have a password of their own.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::mailbox::Login;
use crate::plan::Plan;

/// Whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListAppPasswords {
    pub login: String,
}

impl ListAppPasswords {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let login = self.login;
        one_unit(db::ListAppPasswords { login_key: Login::key_of(&login) }, move |listed, _| match listed {
            Some(passwords) => Ok(respond(&login, &passwords)),
            None => Err(Error::no(Code::NonExistent, format!("there is no user {login}"))),
        })
    }
}

fn respond(login: &str, passwords: &[db::ListedAppPassword]) -> Answer {
    let mut table = Table::new(&["Name", "Made", "Last used"]);
    let mut json = Vec::new();
    for password in passwords {
        let db::ListedAppPassword { name, created_at, last_used_at } = password;
        json.push(json!({"name": name, "created_at": created_at.to_string(),
                         "last_used_at": last_used_at.map(|at| at.to_string())}));
        let last_used = last_used_at.map_or_else(|| "never".to_owned(), moment);
        table.rows.push(vec![name.clone(), moment(*created_at), last_used]);
    }
    Answer::list(table, &format!("{login} has no app passwords."), json)
}
