//! Who uses a mailbox, and what follows from whose it is.

use std::sync::Arc;

use super::rights::Rights;
use crate::error::{Code, Error};
use crate::mailbox::{AccountId, UidSet};

/// Somebody who has logged in, as rights are given to him.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The account that is used.
    pub account: AccountId,
    /// He did not say who he is, so what is given to `anonymous` is his too.
    pub anonymous: bool,
}

/// How somebody stands to a mailbox that is not his own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// What he may do in it.
    pub rights: Rights,
    /// What he has seen there; None where all share one \Seen.
    pub seen: Option<Arc<UidSet>>,
}

impl Standing {
    /// That of an owner, whose \Seen is the one that is kept with the message.
    pub fn owner() -> Standing {
        Standing { rights: Rights::ALL, seen: None }
    }
}

impl Viewer {
    /// Somebody who has shown that the account is his.
    pub fn new(account: AccountId) -> Viewer {
        Viewer { account, anonymous: false }
    }

    /// Whether what belongs to `owner` is his own.
    pub fn owns(self, owner: AccountId) -> bool {
        self.account == owner
    }

    /// What he may do in a mailbox of `owner` in which `granted` was given to him and to the groups he is in. The owner
    /// has every right, whatever anybody says.
    pub fn rights(self, owner: AccountId, granted: Rights) -> Rights {
        if self.owns(owner) { Rights::ALL } else { granted }
    }
}

/// Checks that somebody who has `rights` in a mailbox has all that are `needed`. Who lacks one is told so only if he may
/// know of the mailbox at all; otherwise he hears what he would hear if it did not exist (RFC 4314 §6).
pub fn demand(rights: Rights, needed: Rights, no_such: impl FnOnce() -> Error) -> Result<(), Error> {
    if rights.contains(needed) {
        return Ok(());
    }
    match rights.contains(Rights::LOOKUP) {
        true => Err(lacking(needed.without(rights))),
        false => Err(no_such()),
    }
}

/// Somebody who may know of a mailbox lacks these rights in it.
pub fn lacking(rights: Rights) -> Error {
    Error::no(Code::NoPerm, format!("You need the right \"{}\" in that mailbox", rights.letters()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_needs_no_grant() {
        let anna = Viewer::new(AccountId(1));
        assert_eq!(anna.rights(AccountId(1), Rights::NONE), Rights::ALL);
        assert_eq!(anna.rights(AccountId(2), Rights::READ), Rights::READ);
    }

    #[test]
    fn who_may_not_look_hears_of_nothing() {
        let ask = |rights| demand(rights, Rights::READ, || Error::no(Code::NonExistent, "nothing"));
        assert_eq!(ask(Rights::READ), Ok(()));
        assert!(
            matches!(ask(Rights::LOOKUP), Err(Error::No { code: Code::NoPerm, text }) if text.contains("\"r\""))
        );
        for hidden in [Rights::NONE, Rights::ADMINISTER, Rights::INSERT] {
            assert!(matches!(ask(hidden), Err(Error::No { code: Code::NonExistent, .. })));
        }
    }
}
