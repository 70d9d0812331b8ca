//! The places where a client finds mailboxes (RFC 2342): its own, those of other users, those of everybody, and what was
//! deleted in its own.

use super::login::Login;
use super::name::{MailboxName, SEPARATOR};

/// The level under which the mailboxes of other users are, below their logins.
pub const OTHER_USERS: &str = "Other Users";
/// The level under which the mailboxes are that belong to everybody.
pub const SHARED: &str = "Shared";
/// The level under which one finds what was deleted in one's own mailboxes. Some clients call their wastebasket so: the name
/// itself is that of a mailbox like any other.
pub const DELETED: &str = "Deleted Messages";
/// The login of the account that owns what belongs to everybody. No user has a slash in the login.
pub const SHARED_LOGIN: &str = "/shared";

/// Whose mailbox a client means by a name, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// The client's own.
    Own(MailboxName),
    /// That of another account, which has this login in lower case.
    Foreign { login: String, name: MailboxName },
    /// What was deleted in a mailbox of the client's own that has, or had, this name.
    Deleted(MailboxName),
    /// A level at which there is never a mailbox.
    Level,
}

impl Located {
    /// Where `name` leads.
    pub fn of(name: &MailboxName) -> Located {
        let (first, rest) = name.as_str().split_once(SEPARATOR).unwrap_or((name.as_str(), ""));
        let (login, rest) = match first {
            OTHER_USERS => rest.split_once(SEPARATOR).unwrap_or((rest, "")),
            SHARED => (SHARED_LOGIN, rest),
            DELETED if is_deleted(name.as_str()) => {
                return MailboxName::new(rest).map_or(Located::Level, Located::Deleted);
            }
            _ => return Located::Own(name.clone()),
        };
        match MailboxName::new(rest) {
            Ok(name) => Located::Foreign { login: Login::key_of(login), name },
            Err(_) => Located::Level,
        }
    }
}

/// Whether a name is in the client's own namespace.
pub fn is_personal(name: &str) -> bool {
    MailboxName::new(name).is_ok_and(|name| matches!(Located::of(&name), Located::Own(_)))
}

/// Whether a name lies below another one: anywhere, or just one level.
pub fn is_below(name: &str, top: &str, deep: bool) -> bool {
    let rest = name.strip_prefix(top).and_then(|rest| rest.strip_prefix(SEPARATOR));
    rest.is_some_and(|rest| deep || !rest.contains(SEPARATOR))
}

/// What other accounts call the mailbox `name` of the account with that login.
pub fn seen_by_others(login: &str, name: &str) -> String {
    match login {
        SHARED_LOGIN => format!("{SHARED}{SEPARATOR}{name}"),
        login => format!("{OTHER_USERS}{SEPARATOR}{login}{SEPARATOR}{name}"),
    }
}

/// What a client calls that which was deleted in its mailbox `name`.
pub fn name_of_deleted(name: &str) -> String {
    format!("{DELETED}{SEPARATOR}{name}")
}

/// Whether a name leads to what was deleted.
pub fn is_deleted(name: &str) -> bool {
    name.strip_prefix(DELETED).is_some_and(|rest| rest.starts_with(SEPARATOR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn located(name: &str) -> Located {
        Located::of(&MailboxName::new(name).unwrap())
    }

    #[test]
    fn names_lead_to_their_owners() {
        assert!(matches!(located("Sent"), Located::Own(name) if name.as_str() == "Sent"));
        assert!(matches!(located("shared/x"), Located::Own(_)));
        for level in ["Other Users", "Other Users/anna", "Shared"] {
            assert_eq!(located(level), Located::Level, "{level}");
        }
        let expected = Located::Foreign { login: "anna".into(), name: MailboxName::inbox() };
        assert_eq!(located("Other Users/Anna/inbox"), expected);
        assert!(matches!(located("Deleted Messages"), Located::Own(_)));
        assert!(matches!(located("Deleted Messages (own)/a"), Located::Own(_)));
        assert_eq!(located("Deleted Messages/inbox"), Located::Deleted(MailboxName::inbox()));
        let expected = Located::Foreign { login: "/shared".into(), name: MailboxName::new("a/b").unwrap() };
        assert_eq!(located("Shared/a/b"), expected);
    }

    proptest! {
        #[test]
        fn what_others_call_it_leads_there(login in "[a-z.@]{1,9}", name in "[A-Za-z]{1,9}(/[a-z]{1,5}){0,3}") {
            let name = MailboxName::new(&name).unwrap();
            prop_assert_eq!(located(&name_of_deleted(name.as_str())), Located::Deleted(name.clone()));
            for login in [login.as_str(), SHARED_LOGIN] {
                let expected = Located::Foreign { login: login.to_owned(), name: name.clone() };
                prop_assert_eq!(located(&seen_by_others(login, name.as_str())), expected);
            }
        }
    }
}
