//! Where named searches are written down (RFC 5466): as metadata of the server.

use super::grammar::filter_value;
use crate::error::{Code, Error};
use crate::grammar::core::is_atom_char;
use crate::mailbox::MetadataEntry;

/// The entry of a filter, private to somebody or shared by all.
pub fn entry(scope: &str, name: &str) -> Result<MetadataEntry, Error> {
    MetadataEntry::new(&format!("/{scope}{VALUES}{name}"))
}

/// Refuses values for filters that are no search, and names that no filter can have (RFC 5466 §3.2).
pub fn check(entry: &MetadataEntry, value: Option<&[u8]>) -> Result<(), Error> {
    let whole = entry.as_str();
    let below = whole.strip_prefix("/private").or_else(|| whole.strip_prefix("/shared"));
    let Some(name) = below.and_then(|rest| rest.strip_prefix(VALUES)) else { return Ok(()) };
    if name.contains('/') || !name.bytes().all(is_atom_char) {
        return Err(Error::no(Code::Cannot, "The name of a filter is an atom without slashes"));
    }
    match value.map(filter_value) {
        Some(Err(error)) => Err(Error::no(Code::Cannot, format!("That is no whole search: {error}"))),
        _ => Ok(()),
    }
}

/// Below `/private` and `/shared`.
const VALUES: &str = "/filters/values/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_searches_are_written_down_as_filters() {
        let said =
            |entry: &str, value: &str| check(&MetadataEntry::new(entry).unwrap(), Some(value.as_bytes()));
        assert_eq!(said("/private/filters/values/a", "OR SEEN FLAGGED"), Ok(()));
        assert_eq!(said("/shared/filters/values/a", "FILTER b"), Ok(()));
        assert_eq!(said("/private/filters/descriptions/a", "anything"), Ok(()));
        for (entry, value) in [
            ("/private/filters/values/a", "OR SMALLER"),
            ("/private/filters/values/a", ""),
            ("/shared/filters/values/a", "CHARSET utf-8 ALL"),
            ("/private/filters/values/a/b", "ALL"),
            ("/private/filters/values/a(b", "ALL"),
        ] {
            assert!(
                matches!(said(entry, value), Err(Error::No { code: Code::Cannot, .. })),
                "{entry} {value}"
            );
        }
        let latin =
            check(&MetadataEntry::new("/private/filters/values/a").unwrap(), Some(b"SUBJECT \"\xe9\""));
        assert!(latin.is_err());
    }
}
