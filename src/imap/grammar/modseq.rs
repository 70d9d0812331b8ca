//! Mod-sequences as clients write them (RFC 7162 §7).

use nom::Parser;
use nom::combinator::{map, verify};
use nom::error::context;

use super::Parsed;
use super::core::number64;
use crate::mailbox::ModSeq;

/// `mod-sequence-value = 1*DIGIT`, a positive number of 63 bits
pub fn mod_sequence_value(input: &[u8]) -> Parsed<'_, ModSeq> {
    context("a mod-sequence above zero", verify(mod_sequence_valzer, |modseq| modseq.0 > 0)).parse(input)
}

/// `mod-sequence-valzer = "0" / mod-sequence-value`
pub fn mod_sequence_valzer(input: &[u8]) -> Parsed<'_, ModSeq> {
    context("a mod-sequence", map(number64, ModSeq)).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mod_sequences_have_63_bits() {
        assert_eq!(mod_sequence_value(b"9223372036854775807"), Ok((&b""[..], ModSeq(i64::MAX as u64))));
        assert!(mod_sequence_value(b"9223372036854775808").is_err());
        assert!(mod_sequence_value(b"0").is_err());
        assert_eq!(mod_sequence_valzer(b"0)"), Ok((&b")"[..], ModSeq(0))));
    }
}
