//! `aox set metadata ENTRY VALUE`: what all users read about the server, or about a mailbox (RFC 5464).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::Answer;
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db::{self, MetadataPlace};
use crate::error::{Code, Error};
use crate::mailbox::MetadataEntry;
use crate::plan::Plan;
use crate::search::filter;

/// The mailbox is a path; without one it is about the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMetadata {
    pub mailbox: Option<String>,
    pub entry: String,
    pub value: String,
}

impl SetMetadata {
    /// One transaction.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(set(self.mailbox.as_deref(), &self.entry, Some(self.value)))
    }
}

/// What sets an entry, or removes it: one transaction.
pub(super) fn set(
    mailbox: Option<&str>,
    entry: &str,
    value: Option<String>,
) -> Result<Plan<Context, Outcome>, Error> {
    let entry = MetadataEntry::new(entry)?;
    if entry.is_private() {
        let text =
            "what is private to a user is written by that user; an administrator writes /shared entries";
        return Err(Error::no(Code::Cannot, text));
    }
    let path = mailbox.map(MailboxPath::parse).transpose()?;
    let is_admin = path.is_none() && entry.as_str() == ADMIN;
    if is_admin && value.as_deref().is_some_and(|value| !is_uri(value)) {
        let text = format!("{ADMIN} says how to reach you, as a URI such as mailto:postmaster@example.org");
        return Err(Error::no(Code::Cannot, text));
    }
    if path.is_none() {
        filter::check(&entry, value.as_deref().map(str::as_bytes))?;
    }
    let about = about(path.as_ref());
    let place = MetadataPlace::Of(path.map(|path| (path.login, path.mailbox)));
    let sentence = match &value {
        Some(value) => format!("{entry} of {about} is \"{value}\" now."),
        None => format!("{entry} of {about} is removed."),
    };
    let json = json!({"about": about, "entry": entry.as_str(), "value": value});
    let values = vec![(entry, value.map(String::into_bytes))];
    let unit = db::SetMetadata { place, values, connection: 0, by: None };
    Ok(one_unit(unit, move |(), _| Ok(Answer::sentence(sentence, json))))
}

/// About what something is written, as an answer calls it.
pub(super) fn about(path: Option<&MailboxPath>) -> String {
    path.map_or_else(|| "the server".to_owned(), MailboxPath::to_string)
}

/// `scheme ":"` (RFC 3986 §3.1), and something behind it.
fn is_uri(text: &str) -> bool {
    let of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(of_scheme)
            && !rest.is_empty()
    })
}

/// RFC 5464 §3.2.1.1: "The value MUST be a URI".
const ADMIN: &str = "/shared/admin";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_all_share_is_set() {
        let refused = |entry, value: &str| set(None, entry, Some(value.to_owned())).err();
        assert_eq!(refused("/shared/admin", "mailto:postmaster@example.org"), None);
        assert_eq!(refused("/shared/comment", "Hello"), None);
        assert!(matches!(refused("/Shared/Admin", "postmaster"), Some(Error::No { code: Code::Cannot, .. })));
        assert!(matches!(refused("/private/comment", "x"), Some(Error::No { code: Code::Cannot, .. })));
        assert!(matches!(refused("comment", "x"), Some(Error::Bad(_))));
        assert!(refused("/shared/filters/values/a", "OR SEEN").is_some());
        assert!(set(Some("/nothing"), "/shared/comment", None).is_err());
    }
}
