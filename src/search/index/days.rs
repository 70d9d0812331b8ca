//! Days as words of the index: where they stand in order, those before a day are found without reading a message.

use std::ops::Range;

use jiff::civil::Date;

use crate::search::StoredLeaf;

/// The word for a day.
pub(super) fn word(day: Date) -> String {
    // Of as many digits for each day.
    format!("{:09}", number(day))
}

/// The day of a word, as the ranges have it; None when the word is damaged.
pub(super) fn of_word(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// The days that a leaf asks for; None when it asks for something else.
pub(super) fn asked_for(leaf: &StoredLeaf) -> Option<Range<i64>> {
    match leaf {
        StoredLeaf::SentBefore(day) => Some(i64::MIN..number(*day)),
        StoredLeaf::SentOn(day) => Some(number(*day)..number(*day) + 1),
        StoredLeaf::SentSince(day) => Some(number(*day)..i64::MAX),
        _ => None,
    }
}

/// A number that is greater for a later day, and never negative.
fn number(day: Date) -> i64 {
    let (year, month) = (i64::from(day.year()) - i64::from(Date::MIN.year()), i64::from(day.month()));
    (year * 100 + month) * 100 + i64::from(day.day())
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_order_of_days_is_that_of_their_words() {
        for day in [Date::MIN, date(-1, 12, 31), date(0, 1, 1), date(1999, 12, 31), date(2026, 2, 28)] {
            let next = day + 1.day();
            assert!(word(day) < word(next) && word(day).len() == 9, "{day}");
            assert_eq!(of_word(word(day).as_bytes()), Some(number(day)));
        }
        assert_eq!(word(Date::MAX).len(), 9);
        assert_eq!(of_word(b"x"), None);
    }
}
