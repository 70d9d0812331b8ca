//! The form in which a message is kept: lines end in CRLF, and no octet is one that IMAP cannot carry.

/// A message in the form we keep, and what had to change for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The octets every client will see.
    pub bytes: Vec<u8>,
    /// What was changed.
    pub changes: Changes,
}

/// What [`canonical`] had to change; recorded with the message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// A line ended in LF alone: it now ends in CRLF.
    pub bare_lf: bool,
    /// There was a NUL, which RFC 9051 §4.3 does not let a literal carry: it is now 0x80.
    pub nul: bool,
    /// A part sent with BODY=BINARYMIME is now base64.
    pub binary: bool,
}

/// Makes line ends CRLF and NULs 0x80. A lone CR stays. Nothing is copied when nothing needs to change.
pub fn canonical(mut input: Vec<u8>) -> Canonical {
    let mut changes = Changes::default();
    let mut bare = 0;
    let mut before = 0u8;
    for b in input.iter_mut() {
        if *b == b'\n' && before != b'\r' {
            bare += 1;
        } else if *b == 0 {
            *b = NUL_BECOMES;
            changes.nul = true;
        }
        before = *b;
    }
    if bare == 0 {
        return Canonical { bytes: input, changes };
    }
    changes.bare_lf = true;
    let mut bytes = Vec::with_capacity(input.len() + bare);
    let mut before = 0u8;
    for b in input {
        if b == b'\n' && before != b'\r' {
            bytes.push(b'\r');
        }
        bytes.push(b);
        before = b;
    }
    Canonical { bytes, changes }
}

/// The octet that stands where a NUL was: no text has it in ASCII or UTF-8, so it can be told later.
pub const NUL_BECOMES: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(input: &[u8]) -> (Vec<u8>, Changes) {
        let canonical = canonical(input.to_vec());
        (canonical.bytes, canonical.changes)
    }

    #[test]
    fn bare_line_feeds_become_crlf_and_lone_carriage_returns_stay() {
        let (bytes, changes) = changed(b"\na\nb\r\nc\rd\r\r\n\n");
        assert_eq!(bytes, b"\r\na\r\nb\r\nc\rd\r\r\n\r\n");
        assert!(changes.bare_lf && !changes.nul);
    }

    #[test]
    fn a_canonical_message_is_not_copied() {
        let input = b"a\r\n\r\nb\r\n".to_vec();
        let address = input.as_ptr();
        let canonical = canonical(input);
        assert_eq!(canonical.bytes.as_ptr(), address);
        assert_eq!(canonical.changes, Changes::default());
    }

    #[test]
    fn nul_becomes_0x80() {
        assert_eq!(changed(b"a\0b"), (b"a\x80b".to_vec(), Changes { nul: true, ..Changes::default() }));
    }
}
