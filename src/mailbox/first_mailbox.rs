//! The mailboxes that are made with an account, and the use that each has (RFC 6154).

use std::fmt;
use std::str::FromStr;

use super::MailboxName;
use crate::error::{Code, Error};

/// A mailbox that every account has at first. One of that name has its use whenever it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstMailbox {
    pub name: MailboxName,
    /// In lower case, without the backslash.
    pub special_use: Option<&'static str>,
}

impl FirstMailbox {
    /// What accounts have unless the site says something else.
    pub fn defaults() -> Vec<FirstMailbox> {
        let all = ["Sent:sent", "Drafts:drafts", "Trash:trash", "Junk:junk", "Archive:archive"];
        all.iter().map(|text| text.parse().expect("the defaults are well formed")).collect()
    }

    /// The use that a mailbox has by its name.
    pub fn use_of(all: &[FirstMailbox], name: &MailboxName) -> Option<&'static str> {
        all.iter().find(|first| first.name == *name)?.special_use
    }
}

/// `Name`, or `Name:use`.
impl FromStr for FirstMailbox {
    type Err = String;

    fn from_str(text: &str) -> Result<FirstMailbox, String> {
        let (name, special_use) = match text.rsplit_once(':') {
            None => (text, None),
            Some((name, word)) => {
                let known = known_use(word.trim());
                let wrong =
                    || format!("\"{word}\" is no use of a mailbox such as {}", SPECIAL_USES.join(", "));
                (name, Some(known.ok_or_else(wrong)?))
            }
        };
        let name = MailboxName::new(name.trim()).map_err(|error| error.to_string())?;
        if name.is_inbox() {
            return Err("INBOX is there anyway, and has no other use".to_owned());
        }
        Ok(FirstMailbox { name, special_use })
    }
}

impl fmt::Display for FirstMailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        self.special_use.map_or(Ok(()), |special_use| write!(f, ":{special_use}"))
    }
}

/// The use that some words name, in any case and without the backslash; a mailbox has one at most.
pub fn special_use(words: &[impl AsRef<str>]) -> Result<Option<&'static str>, Error> {
    let refusal = |text: &str| Error::no(Code::UseAttr, text);
    match words {
        [] => Ok(None),
        [word] => match known_use(word.as_ref()) {
            Some(special_use) => Ok(Some(special_use)),
            None => Err(refusal("no mailbox can be used for that here")),
        },
        _ => Err(refusal("a mailbox has one use at most")),
    }
}

fn known_use(word: &str) -> Option<&'static str> {
    SPECIAL_USES.into_iter().find(|known| known.eq_ignore_ascii_case(word))
}

/// The uses of RFC 6154 §2 that a mailbox with messages of its own can have; the others are views of all mail.
const SPECIAL_USES: [&str; 5] = ["archive", "drafts", "junk", "sent", "trash"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_mailbox_is_read_as_it_is_printed() {
        for text in ["Sent:sent", "Notes", "Work/Old:archive"] {
            assert_eq!(text.parse::<FirstMailbox>().map(|read| read.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(
            "Spam : JUNK".parse::<FirstMailbox>().map(|read| read.to_string()),
            Ok("Spam:junk".to_owned())
        );
        for bad in ["", ":sent", "All:all", "Sent:", "inbox", "a//b"] {
            assert!(bad.parse::<FirstMailbox>().is_err(), "{bad}");
        }
    }
}
