//! Flags as clients write them.

use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, map_opt, value};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::preceded;

use super::Parsed;
use super::core::{atom, parenthesized, sp};
use crate::mailbox::{Flag, FlagSet, Keyword, System};

/// `flag-list = "(" [flag *(SP flag)] ")"`
pub fn flag_list(input: &[u8]) -> Parsed<'_, FlagSet> {
    let empty = value(FlagSet::default(), (char('('), char(')')));
    context("a flag list", alt((empty, map(parenthesized(flag), collect)))).parse(input)
}

/// `flag-list / (flag *(SP flag))`, as STORE has it.
pub fn store_flags(input: &[u8]) -> Parsed<'_, FlagSet> {
    alt((flag_list, map(separated_list1(sp, flag), collect))).parse(input)
}

/// `flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword / flag-extension`
///
/// None is a flag that is heard and left alone, see `quirk_foreign_flags`.
pub fn flag(input: &[u8]) -> Parsed<'_, Option<Flag>> {
    let system = preceded(char('\\'), map(atom, system));
    let keyword = map_opt(atom, |name| Some(Some(Flag::Keyword(Keyword::new(name)?))));
    context("a flag", alt((system, keyword))).parse(input)
}

/// The system flag of that name without its backslash.
fn system(name: &str) -> Option<Flag> {
    let known = System::NAMES.iter().find(|(_, known)| known[1..].eq_ignore_ascii_case(name));
    known.map_or_else(quirk_foreign_flags, |(bit, _)| Some(Flag::System(*bit)))
}

/// \Recent may not be stored (RFC 3501 §2.3.2), and no server has to know `flag-extension`, yet imapsync and offlineimap copy
/// such flags along with the others (2026-11): the message must not be lost for it. PERMANENTFLAGS does not offer them, and
/// "the server will either ignore the change or store the state change for the remainder of the current session only"
/// (RFC 3501 §7.1).
fn quirk_foreign_flags() -> Option<Flag> {
    None
}

fn collect(flags: Vec<Option<Flag>>) -> FlagSet {
    flags.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_any_case() {
        let (_, flags) = flag_list(b"(\\seen \\DELETED $Forwarded \\Recent)").unwrap();
        assert_eq!(flags.to_string(), "\\Deleted \\Seen $Forwarded");
        assert_eq!(flag_list(b"()").unwrap().1, FlagSet::default());
        assert_eq!(store_flags(b"\\Seen NonJunk").unwrap().1.to_string(), "\\Seen NonJunk");
    }

    #[test]
    fn flags_of_other_servers_are_left_out() {
        assert_eq!(flag(b"\\Important").unwrap().1, None);
        assert_eq!(store_flags(b"\\Seen \\Important").unwrap().1.to_string(), "\\Seen");
        assert!(flag(b"\\").is_err());
        assert!(flag_list(b"(\\Seen").is_err());
    }
}
