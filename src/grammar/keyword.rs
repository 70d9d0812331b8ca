//! Keywords as clients write them.

use nom::Parser;
use nom::combinator::map_opt;
use nom::error::context;

use super::Parsed;
use super::core::atom;
use crate::mailbox::Keyword;

/// `flag-keyword = atom`
pub fn flag_keyword(input: &[u8]) -> Parsed<'_, Keyword> {
    context("a keyword", map_opt(atom, Keyword::new)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_has_no_backslash() {
        assert_eq!(flag_keyword(b"$Junk x").map(|(_, keyword)| keyword.to_string()), Ok("$Junk".into()));
        assert!(flag_keyword(b"\\Seen").is_err());
    }
}
