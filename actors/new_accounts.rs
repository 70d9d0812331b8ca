//! Makes accounts for people whom a directory knows, at their first login.

use archiveopteryx::aox::grammar::{display_name, target_name};
use archiveopteryx::db::{self, AddedUser};
use archiveopteryx::error::{Code, Error};
use archiveopteryx::identity::directory::Entry;
use archiveopteryx::mailbox::{FirstMailbox, Login};
use archiveopteryx::wire::address::Address;
use jiff::Timestamp;

use crate::database::{self, Database};

/// Makes an account without a password of its own for the owner of `entry`: true when there is one now. When the entry
/// does not say what an account needs, that is in the log, and the user hears that it is the administrator's turn.
pub async fn make(
    database: &actix::Addr<Database>,
    entry: &Entry,
    first_mailboxes: &[FirstMailbox],
) -> Result<bool, Error> {
    let refused = |why: String| {
        tracing::warn!(entry = %entry.name, why, "no account can be made for somebody whom the directory knows");
        Err(Error::no(
            Code::AuthorizationFailed,
            "your account is not set up yet, please ask your administrator",
        ))
    };
    let Some(name) = &entry.login else { return refused("the entry has no login".to_owned()) };
    let login = match Login::new(name) {
        Ok(login) => login,
        Err(error) => return refused(error.to_string()),
    };
    let Some(address) = entry.addresses.iter().find_map(|address| Address::parse(address)) else {
        return refused("the entry has no address".to_owned());
    };
    let unit = db::AddUser {
        login: login.clone(),
        display_name: entry.display_name.as_deref().and_then(|name| display_name(name).ok()?),
        address: address.clone(),
        verifiers: None,
        first_mailboxes: first_mailboxes.to_vec(),
        now: Timestamp::now(),
    };
    match database::run(database, unit).await {
        Ok(AddedUser::Added) => {
            tracing::info!(%login, entry = %entry.name, "an account was made for somebody whom the directory knows");
            Ok(true)
        }
        // Somebody else was faster, for the same user who opens several connections at once.
        Ok(AddedUser::LoginTaken) => Ok(true),
        Ok(AddedUser::AddressTaken(alias)) => {
            refused(format!("mail for {address} goes to {} already", target_name(&alias.target)))
        }
        Err(db::Error::Refused(error)) => refused(error.to_string()),
        Err(error) => Err(error.into()),
    }
}
