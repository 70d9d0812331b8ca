//! What a mailbox is for, as its owner writes it down (RFC 6154 §4): the entry `/private/specialuse` is tied to the use
//! that LIST tells.

use super::unit::{Error, Lent};
use crate::error;
use crate::mailbox::MailboxKey;
use crate::mailbox::first_mailbox::special_use;

/// The entry. No value of it is kept with the others.
pub(super) const SPECIAL_USE_ENTRY: &str = "/private/specialuse";

/// Gives a mailbox the use that a value of the entry names, within another unit, and takes it from the one that had it
/// (RFC 6154 §5.4). Locks both.
pub(super) async fn set_special_use(
    db: &Lent<'_>,
    MailboxKey { account, mailbox }: MailboxKey,
    value: Option<&[u8]>,
) -> Result<(), Error> {
    let special_use = value.map(read).transpose()?.flatten();
    db.query(include_str!("sql/lock_mailboxes_of_use.sql"), &[&account.0, &mailbox.0, &special_use]).await?;
    db.execute(include_str!("sql/update_special_use.sql"), &[&account.0, &mailbox.0, &special_use]).await?;
    Ok(())
}

/// The use that a value names: "a space-separated list of special-use attributes" (RFC 6154 §4).
fn read(value: &[u8]) -> Result<Option<&'static str>, error::Error> {
    let text = String::from_utf8_lossy(value);
    let attributes = text.split(' ').filter(|word| !word.is_empty());
    // Without its backslash it is no attribute, and so names nothing.
    let words: Vec<&str> = attributes.map(|word| word.strip_prefix('\\').unwrap_or_default()).collect();
    special_use(&words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_use_is_read_as_list_prints_it() {
        assert_eq!(read(b"\\Sent"), Ok(Some("sent")));
        assert_eq!(read(b" \\jUNK "), Ok(Some("junk")));
        assert_eq!(read(b""), Ok(None));
        for wrong in [&b"Sent"[..], b"\\All", b"\\Sent \\Junk", b"\\Nonesuch", b"\\", b"\xff"] {
            assert!(matches!(read(wrong), Err(error::Error::No { code: Code::UseAttr, .. })), "{wrong:?}");
        }
    }
}
