//! Makes a mailbox for an account: `aox add mailbox`.

use jiff::Timestamp;

use super::change_rights::account_of;
use super::create_mailbox::create;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{FirstMailbox, Located, MailboxName};

/// Makes a mailbox. With the rights of the nearest one above it, like any other.
pub struct AddMailbox {
    /// Whose: a user's login, or that of the account that owns what belongs to everybody.
    pub login: String,
    pub name: MailboxName,
    /// The mailboxes that have a use by their names.
    pub uses: Vec<FirstMailbox>,
    pub now: Timestamp,
}

impl Unit for AddMailbox {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {}", self.login));
        let account = account_of(db, &self.login).await?.ok_or_else(nobody)?;
        if !matches!(Located::of(&self.name), Located::Own(_)) {
            let text = format!(
                "\"{}\" leads to what is shared or was deleted, so no mailbox can have that name",
                self.name
            );
            return Err(error::Error::no(Code::Cannot, text).into());
        }
        let special_use = FirstMailbox::use_of(&self.uses, &self.name);
        match create(db, account, &self.name, special_use, self.now).await? {
            Some(_) => Ok(()),
            None => Err(error::Error::no(Code::AlreadyExists, "there is a mailbox of that name").into()),
        }
    }
}
