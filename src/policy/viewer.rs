//! Who uses a mailbox, and what follows from whose it is.

use std::sync::Arc;

use super::deletion::Ban;
use super::rights::Rights;
use crate::error::{Code, Error};
use crate::mailbox::{AccountId, OwnSeen};

/// Somebody who has logged in, as rights are given to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The account that is used.
    pub account: AccountId,
    /// He did not say who he is, so what is given to `anonymous` is his too.
    pub anonymous: bool,
    /// Who it is that uses it: somebody else for an administrator who acts for the user. What the site says about
    /// deleting concerns him.
    pub acting: AccountId,
}

impl Viewer {
    /// Whose private things he sees; nobody's, if he does not say who he is.
    pub fn reader(self) -> Option<AccountId> {
        (!self.anonymous).then_some(self.account)
    }
}

/// What somebody may do in a mailbox, and why not more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permit {
    pub rights: Rights,
    /// What keeps him from deleting, whatever he was given.
    pub ban: Option<Ban>,
}

/// How somebody stands to a mailbox that is not his own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// What he may do in it.
    pub permit: Permit,
    /// What he has seen there; None where all share one \Seen.
    pub seen: Option<Arc<OwnSeen>>,
}

impl Standing {
    /// That of an owner, whose \Seen is the one that is kept with the message.
    pub fn owner() -> Standing {
        Standing { permit: Permit::of(Rights::ALL), seen: None }
    }
}

impl Permit {
    /// These rights, of which the site takes none.
    pub fn of(rights: Rights) -> Permit {
        Permit { rights, ban: None }
    }

    /// Checks that all rights `needed` are there. Who lacks one is told so only if he may know of the mailbox at all;
    /// otherwise he hears what he would hear if it did not exist (RFC 4314 §6).
    pub fn demand(&self, needed: Rights, no_such: impl FnOnce() -> Error) -> Result<(), Error> {
        if self.rights.contains(needed) {
            return Ok(());
        }
        match self.rights.contains(Rights::LOOKUP) {
            true => Err(self.lacking(needed)),
            false => Err(no_such()),
        }
    }

    /// Somebody who may know of the mailbox lacks some of the rights that he needs: by the word of the site, or because
    /// nobody gave them to him.
    pub fn lacking(&self, needed: Rights) -> Error {
        let missing = needed.without(self.rights);
        match &self.ban {
            Some(ban) if missing.has_any(Rights::DELETING) => ban.into(),
            _ => {
                let letters = missing.letters();
                Error::no(Code::NoPerm, format!("You need the right \"{letters}\" in that mailbox"))
            }
        }
    }
}

impl Viewer {
    /// Somebody who has shown that the account is his.
    pub const fn new(account: AccountId) -> Viewer {
        Viewer { account, anonymous: false, acting: account }
    }

    /// Whether what belongs to `owner` is his own.
    pub fn owns(self, owner: AccountId) -> bool {
        self.account == owner
    }

    /// What he may do in a mailbox of `owner` in which `granted` was given to him and to the groups he is in. The owner
    /// has every right, whatever anybody says; but nobody can do what the site has banned.
    pub fn permit(self, owner: AccountId, granted: Rights, ban: Option<Ban>) -> Permit {
        let rights = if self.owns(owner) { Rights::ALL } else { granted };
        let banned = if ban.is_some() { Rights::DELETING } else { Rights::NONE };
        Permit { rights: rights.without(banned), ban }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_needs_no_grant_but_obeys_the_site() {
        let anna = Viewer::new(AccountId(1));
        assert_eq!(anna.permit(AccountId(1), Rights::NONE, None), Permit::of(Rights::ALL));
        assert_eq!(anna.permit(AccountId(2), Rights::READ, None), Permit::of(Rights::READ));
        let banned = anna.permit(AccountId(1), Rights::NONE, Some(Ban::new("The site says no")));
        assert_eq!(banned.rights.letters(), "lrswipkna");
        let Error::No { code, text } = banned.lacking(Rights::EXPUNGE) else { panic!("it is a refusal") };
        assert_eq!((code, text.as_str()), (Code::NoPerm, "The site says no"));
        let guest = anna.permit(AccountId(2), Rights::LOOKUP, Some(Ban::new("The site says no")));
        assert!(guest.lacking(Rights::WRITE).to_string().contains("\"w\""));
    }

    #[test]
    fn who_may_not_look_hears_of_nothing() {
        let ask =
            |rights| Permit::of(rights).demand(Rights::READ, || Error::no(Code::NonExistent, "nothing"));
        assert_eq!(ask(Rights::READ), Ok(()));
        assert!(
            matches!(ask(Rights::LOOKUP), Err(Error::No { code: Code::NoPerm, text }) if text.contains("\"r\""))
        );
        for hidden in [Rights::NONE, Rights::ADMINISTER, Rights::INSERT] {
            assert!(matches!(ask(hidden), Err(Error::No { code: Code::NonExistent, .. })));
        }
    }
}
