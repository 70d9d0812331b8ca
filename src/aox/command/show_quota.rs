//! `aox show quota LOGIN`: the quotas that a user is under, and how much is used of each.

use serde::{Deserialize, Serialize};

use super::list_quotas::list;
use super::one_unit;
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Which user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowQuota {
    pub login: String,
}

impl ShowQuota {
    /// Two statements.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let login = self.login.clone();
        one_unit(db::ReadQuotasOfUser { login: self.login }, move |quotas, _| match quotas {
            Some(quotas) => Ok(list(&quotas)),
            None => Err(Error::no(Code::NonExistent, format!("there is no user {login}"))),
        })
    }
}
