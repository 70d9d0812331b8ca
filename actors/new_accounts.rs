//! Makes accounts for people whom a directory knows, at their first login.

use archiveopteryx::aox::grammar::{display_name, target_name};
use archiveopteryx::db::{self, AddedAddress, AddedUser};
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
    let mut addresses = entry.addresses.iter().filter_map(|address| Address::parse(address));
    let mut why = "the entry has no address".to_owned();
    for address in addresses.by_ref() {
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
                add_others(database, &login, addresses).await?;
                return Ok(true);
            }
            // Somebody else was faster, for the same user who opens several connections at once.
            Ok(AddedUser::LoginTaken) => return Ok(true),
            Ok(AddedUser::AddressTaken(alias)) => {
                why = format!("mail for {address} goes to {} already", target_name(&alias.target));
            }
            Err(db::Error::Refused(error)) => why = error.to_string(),
            Err(error) => return Err(error.into()),
        }
    }
    refused(why)
}

/// Gives a new user the other addresses of the entry, as far as nobody has them.
async fn add_others(
    database: &actix::Addr<Database>,
    login: &Login,
    addresses: impl Iterator<Item = Address>,
) -> Result<(), Error> {
    for address in addresses {
        let unit = db::AddAddress { login: login.as_str().to_owned(), address: address.clone() };
        match database::run(database, unit).await {
            Ok(AddedAddress::Added) => (),
            Ok(AddedAddress::Taken(alias)) => {
                tracing::warn!(%login, %address, goes_to = target_name(&alias.target), "an address stays where it is");
            }
            Ok(AddedAddress::NoUser) => return Ok(()),
            Err(db::Error::Refused(error)) => {
                tracing::warn!(%login, %address, %error, "an address is left out")
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
