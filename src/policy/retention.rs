//! Policies about how long mail stays: kept, deleted by age, or held.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// What a policy does with the mail that it covers. Of several, a hold wins over all, and what retains over what deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyKind {
    /// It does not end until it has some age, or never.
    Retain,
    /// It is deleted when it has some age, and ends after the undelete time.
    Delete,
    /// It does not end as long as the hold is there.
    Hold,
}

impl PolicyKind {
    /// Its word in the database.
    pub fn word(self) -> &'static str {
        match self {
            PolicyKind::Retain => "retain",
            PolicyKind::Delete => "delete",
            PolicyKind::Hold => "hold",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<PolicyKind> {
        [PolicyKind::Retain, PolicyKind::Delete, PolicyKind::Hold]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// How long something is kept: a number of days, or `forever`, which is None.
pub fn days(text: &str) -> Result<Option<u32>, Error> {
    if text.eq_ignore_ascii_case("forever") {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days));
    let wanted =
        || Error::bad(format!("\"{text}\" is no number of days from 1 to {DAYS_MAX}, and not forever"));
    number.map(Some).ok_or_else(wanted)
}

/// A hundred years: what is to stay longer stays forever.
pub const DAYS_MAX: u32 = 36_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_a_number_or_forever() {
        assert_eq!(days("365").unwrap(), Some(365));
        assert_eq!(days("Forever").unwrap(), None);
        for bad in ["0", "-1", "36501", "ten", ""] {
            assert!(days(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn kinds_have_words() {
        for kind in [PolicyKind::Retain, PolicyKind::Delete, PolicyKind::Hold] {
            assert_eq!(PolicyKind::of(kind.word()), Some(kind));
        }
        assert_eq!(PolicyKind::of("keep"), None);
    }
}
