//! SETMETADATA (RFC 5464 §4.3): something is written down about a mailbox, or about the server.

use nom::Parser;
use nom::combinator::map;
use nom::error::context;
use nom::sequence::{preceded, separated_pair};

use crate::db::{self, MetadataPlace};
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{parenthesized, sp};
use crate::imap::grammar::metadata::{entry, mailbox_or_server, metadata_value};
use crate::mailbox::{MailboxName, MetadataEntry};
use crate::search::filter;

/// Entries of a mailbox, or of the server, with their new values; without one an entry is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetMetadata {
    pub name: Option<MailboxName>,
    pub values: Vec<(MetadataEntry, Option<Vec<u8>>)>,
}

/// `setmetadata = "SETMETADATA" SP mailbox SP entry-values`, from the first space on,
/// `entry-values = "(" entry-value *(SP entry-value) ")"`, `entry-value = entry SP value`
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, SetMetadata> {
    let entry_value = |input| separated_pair(entry, sp, metadata_value).parse(input);
    let values = context("entries and their values", parenthesized(entry_value));
    map((preceded(sp, mailbox_or_server(enabled)), preceded(sp, values)), |(name, values)| SetMetadata {
        name,
        values,
    })
    .parse(input)
}

impl SetMetadata {
    /// Sets all of them, or none.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let check =
            |(entry, value): &(MetadataEntry, Option<Vec<u8>>)| filter::check(entry, value.as_deref());
        if let Err(error) = self.values.iter().filter(|_| self.name.is_none()).try_for_each(check) {
            return Plan::Done(Answer::failed(&tag, error));
        }
        let place = MetadataPlace::By(user.viewer(), self.name);
        let by = Some(user.culprit("SETMETADATA").actor());
        let set = db::SetMetadata { place, values: self.values, connection: user.connection, by };
        Plan::run(set, move |set, _| {
            Plan::Done(match set {
                Ok(()) => Answer::ok(&tag, "SETMETADATA completed"),
                Err(error) => Answer::failed(&tag, error),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> Result<SetMetadata, crate::error::Error> {
        complete(input.as_bytes(), |input| parse(input, Enabled::default()))
    }

    #[test]
    fn values_come_in_every_form() {
        let set =
            read(" INBOX (/private/comment {3}\r\na\r\n /shared/comment NIL /shared/b \"NIL\")").unwrap();
        let values: Vec<_> = set.values.iter().map(|(_, value)| value.as_deref()).collect();
        assert_eq!(values, [Some(&b"a\r\n"[..]), None, Some(b"NIL")]);
        let set = read(" \"\" (/private/vendor/a/b ~{2+}\r\n\0x /private/vendor/a/c \"\")").unwrap();
        assert_eq!(set.name, None);
        assert_eq!(set.values[0].1.as_deref(), Some(&b"\0x"[..]));
        assert_eq!(set.values[1].1.as_deref(), Some(&b""[..]));
        for wrong in [
            " INBOX ()",
            " INBOX /shared/comment \"a\"",
            " INBOX (/shared/comment)",
            " INBOX (/shared/comment a)",
            " INBOX (/shared \"a\")",
            " INBOX (/shared/a* \"a\")",
            " INBOX (comment \"a\")",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
