//! Makes accounts for people whom a directory knows, at their first login.

use archiveopteryx::aox::grammar::{Address, login};
use archiveopteryx::db::{self, AddedUser};
use archiveopteryx::error::{Code, Error};
use archiveopteryx::identity::directory::Entry;
use jiff::Timestamp;

use crate::database::{self, Database};

/// Makes an account without a password of its own for the owner of `entry`: true when there is one now. When the entry
/// does not say what an account needs, that is in the log, and the user hears that it is the administrator's turn.
pub async fn make(database: &actix::Addr<Database>, entry: &Entry) -> Result<bool, Error> {
    let refused = |why: String| {
        tracing::warn!(entry = %entry.name, why, "no account can be made for somebody whom the directory knows");
        Err(Error::no(
            Code::AuthorizationFailed,
            "your account is not set up yet, please ask your administrator",
        ))
    };
    let Some(name) = &entry.login else { return refused("the entry has no login".to_owned()) };
    let name = match login(name) {
        Ok(name) => name.to_owned(),
        Err(error) => return refused(error.to_string()),
    };
    let Some(address) = entry.addresses.iter().find_map(|address| Address::parse(address).ok()) else {
        return refused("the entry has no address".to_owned());
    };
    let unit = db::AddUser {
        login: name.clone(),
        alias: db::AliasAddress {
            localpart: address.localpart.clone(),
            localpart_key: address.localpart_key(),
            domain: address.domain.clone(),
        },
        verifiers: None,
        now: Timestamp::now(),
    };
    match database::run(database, unit).await? {
        AddedUser::Added => {
            tracing::info!(login = name, entry = %entry.name, "an account was made for somebody whom the directory knows");
            Ok(true)
        }
        // Somebody else was faster, for the same user who opens several connections at once.
        AddedUser::LoginTaken => Ok(true),
        AddedUser::AddressTaken(path) => refused(format!("mail for {address} goes to {path} already")),
    }
}
