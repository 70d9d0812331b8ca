//! What SEARCH and SORT are to return (RFC 9051 §6.4.4; RFC 5267, 9394).

use std::fmt;
use std::ops::Range;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag_no_case;
use nom::character::complete::{alpha1, char};
use nom::combinator::{cut, map, opt};
use nom::error::context;
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, separated_pair};

use super::Parsed;
use super::core::{nz_number, parenthesized, sp};
use super::fault::fail;
use super::fetch::fetch_att;
use crate::error::Error;
use crate::imap::command::fetch::Item;

/// The return options of one command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Returns {
    /// MIN: the first result.
    pub min: bool,
    /// MAX: the last result.
    pub max: bool,
    /// ALL: every result.
    pub all: bool,
    /// COUNT: how many results there are.
    pub count: bool,
    /// SAVE: `$` stands for the results from now on (RFC 5182).
    pub save: bool,
    /// RELEVANCY: how relevant each result is (RFC 6203 §4).
    pub relevancy: bool,
    /// UPDATE: changes of the results are to be told (RFC 5267 §4.3).
    pub update: bool,
    /// UPDATE with items: what is to be told of new messages that become results (RFC 5465 §7).
    pub items: Vec<Item>,
    /// PARTIAL: the results at these places.
    pub partial: Option<PartialRange>,
}

/// Places in a list of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialRange {
    low: u32,
    high: u32,
    /// Counted from the end.
    from_end: bool,
}

enum Return {
    Min,
    Max,
    All,
    Count,
    Save,
    Relevancy,
    Context,
    Update(Vec<Item>),
    Partial(PartialRange),
}

impl Returns {
    /// RETURN (ALL), which is also what RETURN () means.
    pub const ALL: Returns = Returns {
        min: false,
        max: false,
        all: true,
        count: false,
        save: false,
        relevancy: false,
        update: false,
        items: Vec::new(),
        partial: None,
    };

    /// What a command without results among its options returns: `RETURN ()` is `RETURN (ALL)` (RFC 4731 §3.1), but
    /// who only saves wants to hear nothing (RFC 5182 §2.2).
    fn completed(self) -> Returns {
        Returns { all: self.all || !self.tells() && !self.save, ..self }
    }

    /// Whether there is anything to say of the results.
    pub fn tells(&self) -> bool {
        self.min || self.max || self.all || self.count || self.relevancy || self.partial.is_some()
    }

    /// RFC 6203 §4: RELEVANCY needs a key that is FUZZY.
    pub fn check(&self, is_fuzzy: bool) -> Result<(), Error> {
        match self.relevancy && !is_fuzzy {
            true => Err(Error::bad("RELEVANCY is for searches with a key that is FUZZY")),
            false => Ok(()),
        }
    }

    /// The results that the options name, of all of them in their order: what `$` stands for, and what MODSEQ is about
    /// (RFC 5182 §2.4, RFC 9394 §3.2, RFC 4731 §3.2).
    pub fn named<T: Copy>(&self, results: &[T]) -> Vec<T> {
        let is_part = self.min || self.max || self.partial.is_some();
        if self.all || self.count || !is_part {
            return results.to_vec();
        }
        let partial = self.partial.map_or(0..0, |range| range.of(results.len()));
        let mut named = results[partial].to_vec();
        named.extend(results.first().filter(|_| self.min));
        named.extend(results.last().filter(|_| self.max));
        named
    }
}

/// `search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"`
pub fn search_return_opts(input: &[u8]) -> Parsed<'_, Returns> {
    let options = delimited(char('('), opt(separated_list1(sp, search_return_opt)), char(')'));
    let (rest, options) = preceded((sp, tag_no_case("RETURN")), cut(preceded(sp, options))).parse(input)?;
    let mut returns = Returns::default();
    for option in options.unwrap_or_default() {
        match option {
            Return::Min => returns.min = true,
            Return::Max => returns.max = true,
            Return::All => returns.all = true,
            Return::Count => returns.count = true,
            Return::Save => returns.save = true,
            // RFC 5267 §4.2: a hint, which may be ignored.
            Return::Context => (),
            Return::Relevancy => returns.relevancy = true,
            Return::Update(items) => (returns.update, returns.items) = (true, items),
            Return::Partial(_) if returns.partial.is_some() => {
                return fail(input, Error::bad("PARTIAL may be said once only"));
            }
            Return::Partial(range) => returns.partial = Some(range),
        }
    }
    // RFC 9394 §3.1: either one PARTIAL, one ALL, or neither of them.
    match returns.all && returns.partial.is_some() {
        true => fail(input, Error::bad("PARTIAL and ALL exclude each other")),
        false => Ok((rest, returns.completed())),
    }
}

/// `search-return-opt = "MIN" / "MAX" / "ALL" / "COUNT" / "SAVE"`,
/// `search-return-opt =/ modifier-context / modifier-partial / modifier-update` (RFC 5267 §5),
/// `search-return-opt =/ "RELEVANCY"` (RFC 6203 §7)
fn search_return_opt(input: &[u8]) -> Parsed<'_, Return> {
    let (rest, word) = context("a return option", alpha1).parse(input)?;
    let option = match word.to_ascii_uppercase().as_slice() {
        b"MIN" => Return::Min,
        b"MAX" => Return::Max,
        b"ALL" => Return::All,
        b"COUNT" => Return::Count,
        b"SAVE" => Return::Save,
        b"RELEVANCY" => Return::Relevancy,
        b"CONTEXT" => Return::Context,
        // `modifier-update = "UPDATE" [ "(" fetch-att *(SP fetch-att) ")" ]` (RFC 5465 §8, whose examples have a space)
        b"UPDATE" => {
            let items = opt(preceded(opt(sp), parenthesized(fetch_att)));
            return map(items, |items| Return::Update(items.unwrap_or_default())).parse(rest);
        }
        // `modifier-partial = "PARTIAL" SP partial-range`
        b"PARTIAL" => return map(preceded(sp, partial_range), Return::Partial).parse(rest),
        _ => return context("a return option", nom::combinator::fail()).parse(input),
    };
    Ok((rest, option))
}

/// `partial-range = partial-range-first / partial-range-last` (RFC 9394 §4)
pub fn partial_range(input: &[u8]) -> Parsed<'_, PartialRange> {
    context("a range of results", alt((partial_range_first, partial_range_last))).parse(input)
}

/// `partial-range-first = nz-number ":" nz-number`
fn partial_range_first(input: &[u8]) -> Parsed<'_, PartialRange> {
    let range = |(first, last)| PartialRange::new(first, last, false);
    map(separated_pair(nz_number, char(':'), nz_number), range).parse(input)
}

/// `partial-range-last = MINUS nz-number ":" MINUS nz-number`
fn partial_range_last(input: &[u8]) -> Parsed<'_, PartialRange> {
    let minus = || preceded(char('-'), nz_number);
    let range = |(first, last)| PartialRange::new(first, last, true);
    map(separated_pair(minus(), char(':'), minus()), range).parse(input)
}

impl PartialRange {
    /// RFC 9394 §4: 500:400 is the same as 400:500, and is told in the same words.
    fn new(first: u32, last: u32, from_end: bool) -> PartialRange {
        PartialRange { low: first.min(last), high: first.max(last), from_end }
    }

    /// Which of so many results are meant, counted from 0; those that there are not are left out.
    pub fn of(self, count: usize) -> Range<usize> {
        let (low, high) = (self.low as usize, self.high as usize);
        match self.from_end {
            false => (low - 1).min(count)..high.min(count),
            true => count.saturating_sub(high)..count.saturating_sub(low - 1),
        }
    }
}

impl fmt::Display for PartialRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PartialRange { low, high, from_end } = self;
        match from_end {
            true => write!(f, "-{low}:-{high}"),
            false => write!(f, "{low}:{high}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> Result<Returns, Error> {
        complete(input.as_bytes(), search_return_opts)
    }

    #[test]
    fn options_are_read() {
        let all = Returns { all: true, ..Returns::default() };
        assert_eq!(read(" RETURN ()"), Ok(all.clone()));
        assert_eq!(read(" return (Context)"), Ok(all));
        assert_eq!(read(" RETURN (SAVE)"), Ok(Returns { save: true, ..Returns::default() }));
        let several = read(" RETURN (MIN max COUNT SAVE UPDATE PARTIAL -1:-100)").unwrap();
        assert!(
            several.min && several.max && several.count && several.save && several.update && !several.all
        );
        let update = read(" RETURN (COUNT UPDATE (UID BODY.PEEK[HEADER]) MIN)").unwrap();
        assert!(update.update && update.min && update.items.len() == 2);
        assert_eq!(read(" RETURN (UPDATE(UID FLAGS))").unwrap().items, [Item::Uid, Item::Flags]);
        assert_eq!(several.partial.map(|range| range.to_string()), Some("-1:-100".to_string()));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for input in [
            " RETURN",
            " RETURN (",
            " RETURN (FOO)",
            " RETURN (MIN,MAX)",
            " RETURN (UPDATE (NOTHING))",
            " RETURN (PARTIAL)",
            " RETURN (PARTIAL 0:1)",
            " RETURN (PARTIAL -1:1)",
            " RETURN (PARTIAL 1:*)",
            " RETURN (PARTIAL 1:2 ALL)",
            " RETURN (PARTIAL 1:2 PARTIAL 3:4)",
        ] {
            assert!(matches!(read(input), Err(Error::Bad(_))), "{input}");
        }
    }

    #[test]
    fn the_marker_stands_for_what_is_returned() {
        let named = |options: &str| read(&format!(" RETURN ({options})")).unwrap().named(&[2, 10, 11, 21]);
        for (options, expected) in [
            ("SAVE", vec![2, 10, 11, 21]),
            ("SAVE MIN", vec![2]),
            ("SAVE MAX", vec![21]),
            ("SAVE MIN MAX", vec![2, 21]),
            ("SAVE MIN COUNT", vec![2, 10, 11, 21]),
            ("SAVE ALL MIN", vec![2, 10, 11, 21]),
            ("SAVE PARTIAL 2:3", vec![10, 11]),
            ("SAVE PARTIAL -1:-2 MIN", vec![11, 21, 2]),
            ("SAVE PARTIAL 9:8", vec![]),
            ("SAVE RELEVANCY", vec![2, 10, 11, 21]),
            ("SAVE RELEVANCY MIN", vec![2]),
            ("SAVE PARTIAL 2:3 COUNT MAX", vec![2, 10, 11, 21]),
        ] {
            assert_eq!(named(options), expected, "{options}");
        }
    }

    proptest! {
        #[test]
        fn ranges_count_from_either_end(
            first in 1u32..12, last in 1u32..12, from_end in any::<bool>(), count in 0usize..10,
        ) {
            let range = PartialRange::new(first, last, from_end);
            prop_assert_eq!(complete(range.to_string().as_bytes(), partial_range), Ok(range));
            let (low, high) = (first.min(last), first.max(last));
            let place = |index: usize| if from_end { count - index } else { index + 1 } as u32;
            let expected: Vec<usize> = (0..count).filter(|index| (low..=high).contains(&place(*index))).collect();
            prop_assert_eq!(range.of(count).collect::<Vec<_>>(), expected);
        }
    }
}
