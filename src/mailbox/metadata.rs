//! The names of entries in which something is written down about a mailbox, or about the server (RFC 5464 §3.2).

use std::fmt;

use crate::error::Error;
use crate::limits;

/// `/shared/comment` and the like, in lower case: RFC 5464 §3.2 compares them so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataEntry(String);

/// How much of what is below an entry is meant along with it (RFC 5464 §4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// Nothing.
    #[default]
    Zero,
    /// What is right below it.
    One,
    /// All of it.
    Infinity,
}

impl MetadataEntry {
    /// The name of an entry that may have a value.
    pub fn new(name: &str) -> Result<MetadataEntry, Error> {
        let entry = MetadataEntry::to_look_at(name)?;
        let levels = entry.0.matches('/').count();
        let wanted = if entry.is_of_vendor() { LEVELS_OF_VENDOR_MIN } else { LEVELS_MIN };
        match levels < wanted {
            true => Err(Error::bad(format!("below {name} an entry is missing"))),
            false => Ok(entry),
        }
    }

    /// The name of an entry, or of one that has others below it.
    pub fn to_look_at(name: &str) -> Result<MetadataEntry, Error> {
        let refused = |why: &str| Err(Error::bad(format!("no entry has such a name: {why}")));
        let name = name.to_ascii_lowercase();
        let mut levels = name.split('/');
        if name.len() > limits::METADATA_ENTRY_BYTES_MAX {
            return refused("it is too long");
        }
        if levels.next() != Some("") || !matches!(levels.next(), Some("private" | "shared")) {
            return refused("it has to begin with /private or /shared");
        }
        if levels.any(str::is_empty) {
            return refused("one of its levels is empty");
        }
        let fits = |octet: u8| (b' '..0x7f).contains(&octet) && !matches!(octet, b'*' | b'%');
        if !name.bytes().all(fits) {
            return refused("it may have neither *, nor %, nor anything that is not ASCII");
        }
        Ok(MetadataEntry(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether everybody has a value of his own there.
    pub fn is_private(&self) -> bool {
        self.0.starts_with("/private")
    }

    fn is_of_vendor(&self) -> bool {
        self.0.split('/').nth(2) == Some("vendor")
    }
}

impl fmt::Display for MetadataEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5464 §3.2: "Entry names can have any number of components starting at 2".
const LEVELS_MIN: usize = 2;
/// The same: below `/shared/vendor/<vendor-token>` there is one more at least.
const LEVELS_OF_VENDOR_MIN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_begin_with_whose_they_are() {
        for name in
            ["/shared/comment", "/Private/Comment", "/private/vendor/kolab/folder-type", "/shared/a b"]
        {
            assert_eq!(MetadataEntry::new(name).unwrap().as_str(), name.to_ascii_lowercase());
        }
        assert!(MetadataEntry::new("/PRIVATE/x").unwrap().is_private());
        for wrong in [
            "",
            "/",
            "comment",
            "/comment",
            "/shared",
            "/shared/",
            "/shared//a",
            "/shared/a/",
            "/public/a",
            "/sharedx/a",
            "/shared/a*",
            "/shared/%",
            "/shared/ä",
            "/shared/a\u{19}",
            "/shared/a\n",
            "shared/a",
            "/shared/vendor",
            "/shared/vendor/kolab",
        ] {
            assert!(matches!(MetadataEntry::new(wrong), Err(Error::Bad(_))), "{wrong}");
        }
        assert!(MetadataEntry::new(&format!("/shared/{}", "a".repeat(1000))).is_err());
        for level in ["/shared", "/private", "/shared/vendor", "/private/vendor/kolab"] {
            assert!(MetadataEntry::to_look_at(level).is_ok(), "{level}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(name in "/(shared|private)(/[ -$&-)+-.0-~]{1,9}){3,5}") {
            let entry = MetadataEntry::new(&name).unwrap();
            prop_assert_eq!(MetadataEntry::new(entry.as_str()), Ok(entry.clone()));
            prop_assert!(name.eq_ignore_ascii_case(entry.as_str()));
        }
    }
}
