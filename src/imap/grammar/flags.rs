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
/// None is a flag that is heard and left alone, see `quirk_recent`.
pub fn flag(input: &[u8]) -> Parsed<'_, Option<Flag>> {
    let system = preceded(char('\\'), map_opt(atom, system));
    let keyword = map_opt(atom, |name| Some(Some(Flag::Keyword(Keyword::new(name)?))));
    context("a flag", alt((system, keyword))).parse(input)
}

/// The system flag of that name without its backslash. Unknown ones are refused: nothing could keep them.
fn system(name: &str) -> Option<Option<Flag>> {
    let known = System::NAMES.iter().find(|(_, known)| known[1..].eq_ignore_ascii_case(name));
    match known {
        Some((bit, _)) => Some(Some(Flag::System(*bit))),
        None => quirk_recent(name).then_some(None),
    }
}

/// \Recent may not be stored (RFC 3501 §2.3.2), yet imapsync and offlineimap copy it along with the other flags
/// (2026-11).
fn quirk_recent(name: &str) -> bool {
    name.eq_ignore_ascii_case("Recent")
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
    fn unknown_system_flags_are_refused() {
        assert!(flag(b"\\Nonsense").is_err());
        assert!(flag_list(b"(\\Seen").is_err());
    }
}
