//! Whom rights are given to (RFC 4314 §2): users, groups, anyone, anonymous; and from whom they are taken.

use std::fmt;

use crate::error::Error;
use crate::limits;

/// One or many of those who use mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// Everybody who has logged in, in whatever way.
    Anyone,
    /// Who has logged in without saying who he is.
    Anonymous,
    /// The members of a group, which is written with a dollar before its name.
    Group(String),
    /// A user, by the login.
    User(String),
}

/// Whom an entry of a list of rights is about, and whether it gives or takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub identifier: Identifier,
    /// The rights are taken from him, whatever other entries give; written with a dash before the name.
    pub negative: bool,
}

impl Subject {
    /// `identifier = astring`. It is prepared by SASLprep, and BAD if that leaves nothing (RFC 4314 §3).
    pub fn parse(text: &str) -> Result<Subject, Error> {
        let negative = text.starts_with('-');
        let name = text.strip_prefix('-').unwrap_or(text);
        Ok(Subject { identifier: Identifier::parse(name)?, negative })
    }
}

impl Identifier {
    fn parse(text: &str) -> Result<Identifier, Error> {
        let refused = || Error::bad("this cannot be the name of a user or group");
        let name = stringprep::saslprep(text).map_err(|_| refused())?;
        let bare = name.strip_prefix('$');
        if name.len() > limits::IDENTIFIER_BYTES_MAX || bare.unwrap_or(&name).is_empty() {
            return Err(refused());
        }
        Ok(match (bare, &*name) {
            (Some(group), _) => Identifier::Group(group.to_owned()),
            (None, "anyone") => Identifier::Anyone,
            (None, "anonymous") => Identifier::Anonymous,
            (None, user) => Identifier::User(user.to_owned()),
        })
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identifier::Anyone => f.write_str("anyone"),
            Identifier::Anonymous => f.write_str("anonymous"),
            Identifier::Group(name) => write!(f, "${name}"),
            Identifier::User(login) => f.write_str(login),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negative {
            f.write_str("-")?;
        }
        self.identifier.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_are_told_apart() {
        let read = |text: &str| Subject::parse(text).map(|subject| (subject.identifier, subject.negative));
        assert_eq!(read("anyone"), Ok((Identifier::Anyone, false)));
        assert_eq!(read("-anonymous"), Ok((Identifier::Anonymous, true)));
        assert_eq!(read("-$team"), Ok((Identifier::Group("team".into()), true)));
        assert_eq!(read("anna@example.org"), Ok((Identifier::User("anna@example.org".into()), false)));
        for wrong in ["", "-", "$", "-$", "a\u{7}b", "\u{ad}"] {
            assert!(matches!(read(wrong), Err(Error::Bad(_))), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read(name in "[a-z@.ü0-9]{1,20}", kind in 0..4, negative: bool) {
            prop_assume!(name != "anyone" && name != "anonymous");
            let identifier = match kind {
                0 => Identifier::Anyone,
                1 => Identifier::Anonymous,
                2 => Identifier::Group(name),
                _ => Identifier::User(name),
            };
            let subject = Subject { identifier, negative };
            prop_assert_eq!(Subject::parse(&subject.to_string()), Ok(subject));
        }
    }
}
