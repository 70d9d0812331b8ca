//! `aox enable user LOGIN`: a user who was disabled can log in again.

use serde::{Deserialize, Serialize};

use super::disable_user::switch;
use crate::aox::conversation::{Context, Outcome};
use crate::plan::Plan;

/// Which user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnableUser {
    pub login: String,
}

impl EnableUser {
    /// One statement.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        switch(self.login, false)
    }
}
