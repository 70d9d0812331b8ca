//! What a client has enabled (RFC 5161), and chosen: how it wants to be spoken to.

use crate::search::collation::Comparator;

/// The extensions that change what is said to a client which did not ask for that with the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enabled {
    /// IMAP4rev2 (RFC 9051): no \Recent, ESEARCH for SEARCH, names in UTF-8.
    pub imap4rev2: bool,
    /// UTF8=ACCEPT (RFC 6855): names and strings in UTF-8.
    pub utf8: bool,
    /// CONDSTORE (RFC 7162 §3.1): flags come with their mod-sequence.
    pub condstore: bool,
    /// QRESYNC (RFC 7162 §3.2): VANISHED in place of EXPUNGE.
    pub qresync: bool,
    /// UIDONLY (RFC 9586): messages are known by their uids only.
    pub uidonly: bool,
    /// How texts are compared; COMPARATOR chooses that (RFC 5255 §4.7).
    pub comparator: Comparator,
    /// METADATA (RFC 5464 §4.1): what others write down about mailboxes and the server is told.
    pub metadata: bool,
}

impl Enabled {
    /// Whether mailbox names are said and heard in UTF-8 (RFC 9051 §5.1, RFC 6855 §3), and not in modified UTF-7.
    pub fn utf8_names(self) -> bool {
        self.imap4rev2 || self.utf8
    }

    /// Enables the extension of that name, if it is one that has to be enabled; returns its name as it is written. What
    /// it needs is enabled along with it (RFC 7162 §3.2.3, RFC 9051 §6.3.1).
    pub fn enable(&mut self, name: &str) -> Option<&'static str> {
        let known = ENABLEABLE.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        match *known {
            "IMAP4rev2" => self.imap4rev2 = true,
            "UTF8=ACCEPT" => self.utf8 = true,
            "CONDSTORE" => self.condstore = true,
            "UIDONLY" => self.uidonly = true,
            // RFC 5464 §4.1: by either name, "depending on which of those capabilities is supported".
            "METADATA" | "METADATA-SERVER" => self.metadata = true,
            _ => (self.condstore, self.qresync) = (true, true),
        }
        Some(known)
    }
}

const ENABLEABLE: [&str; 7] =
    ["IMAP4rev2", "UTF8=ACCEPT", "CONDSTORE", "QRESYNC", "UIDONLY", "METADATA", "METADATA-SERVER"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_extension_is_enabled_under_its_own_name() {
        let mut enabled = Enabled::default();
        assert_eq!(enabled.enable("imap4REV2"), Some("IMAP4rev2"));
        assert!(enabled.imap4rev2 && enabled.utf8_names() && !enabled.utf8);
        assert_eq!(enabled.enable("IDLE"), None);
        assert_eq!(enabled.enable("utf8=accept"), Some("UTF8=ACCEPT"));
        assert!(enabled.utf8 && !enabled.condstore);
        assert_eq!(enabled.enable("QRESYNC"), Some("QRESYNC"));
        assert!(enabled.condstore && enabled.qresync && !enabled.metadata);
        assert_eq!(enabled.enable("Metadata-Server"), Some("METADATA-SERVER"));
        assert!(enabled.metadata);
    }
}
