//! Whether a domain is one of the site, for all that has to do with addresses.

use super::unit::{Error, Lent};
use crate::error::{self, Code};

/// Whether addresses may be in `domain`: the site names none, or this one.
pub(super) async fn is_ours(db: &Lent<'_>, domain: &str) -> Result<bool, Error> {
    Ok(db.query_one(include_str!("sql/select_domain_is_ours.sql"), &[&domain]).await?.get(0))
}

/// Refuses an address in a domain that is not one of the site.
pub(super) async fn check_ours(db: &Lent<'_>, domain: &str) -> Result<(), Error> {
    if is_ours(db, domain).await? {
        return Ok(());
    }
    let text = format!("{domain} is not a domain of this site; `aox add domain {domain}` makes it one");
    Err(error::Error::no(Code::Cannot, text).into())
}
