//! Search keys about what a message is called, since when it is where it is, and what has been noted of it there (RFC 8474
//! §6, RFC 8514 §4.3, RFC 5257 §4.8).

use std::fmt;

use jiff::civil::Date;

use super::selector::{Astring, DATE};
use crate::mailbox::{EntryMatch, Placement, Scope};

/// A search key that neither the snapshot nor the text of a message answers, but its place in the mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PlacedLeaf {
    /// EMAILID.
    EmailId(String),
    /// THREADID.
    ThreadId(String),
    /// SAVEDBEFORE: came into the mailbox on an earlier day.
    SavedBefore(Date),
    /// SAVEDON: came into it on this day.
    SavedOn(Date),
    /// SAVEDSINCE: came into it on this day or later.
    SavedSince(Date),
    /// ANNOTATION.
    Annotation(AnnotationText),
}

/// A text to look for in annotations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnnotationText {
    pub entry: EntryMatch,
    /// None means either.
    pub scope: Option<Scope>,
    pub text: String,
}

impl PlacedLeaf {
    /// Whether the message is one that this looks for.
    pub fn selects(&self, placement: &Placement) -> bool {
        let saved = |is: fn(i64, i64) -> bool, day: &Date| {
            placement.save_date().is_some_and(|date| is(date.day(), days_since_1970(*day)))
        };
        match self {
            PlacedLeaf::EmailId(id) => placement.email_id() == *id,
            PlacedLeaf::ThreadId(id) => placement.thread_id() == *id,
            PlacedLeaf::SavedBefore(day) => saved(|saved, day| saved < day, day),
            PlacedLeaf::SavedOn(day) => saved(|saved, day| saved == day, day),
            PlacedLeaf::SavedSince(day) => saved(|saved, day| saved >= day, day),
            // They are kept by themselves.
            PlacedLeaf::Annotation(_) => false,
        }
    }
}

/// The number of a day.
pub(super) fn days_since_1970(date: Date) -> i64 {
    jiff::civil::date(1970, 1, 1).duration_until(date).as_hours() / 24
}

impl fmt::Display for PlacedLeaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlacedLeaf::EmailId(id) => write!(f, "EMAILID {id}"),
            PlacedLeaf::ThreadId(id) => write!(f, "THREADID {id}"),
            PlacedLeaf::SavedBefore(date) => write!(f, "SAVEDBEFORE {}", date.strftime(DATE)),
            PlacedLeaf::SavedOn(date) => write!(f, "SAVEDON {}", date.strftime(DATE)),
            PlacedLeaf::SavedSince(date) => write!(f, "SAVEDSINCE {}", date.strftime(DATE)),
            PlacedLeaf::Annotation(AnnotationText { entry, scope, text }) => {
                write!(f, "ANNOTATION {} value", Astring(entry.as_str()))?;
                scope.iter().try_for_each(|scope| write!(f, ".{}", scope.suffix()))?;
                write!(f, " {}", Astring(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{MessageId, Uid};
    use jiff::civil::date;

    #[test]
    fn days_are_those_of_utc() {
        // The last second of the third of January 2026.
        let saved_at = Some((days_since_1970(date(2026, 1, 4))) * 86_400 - 1);
        let placement = Placement { uid: Uid::MIN, known_as: MessageId(1), saved_at, thread_root: None };
        let (third, fourth) = (date(2026, 1, 3), date(2026, 1, 4));
        assert!(PlacedLeaf::SavedOn(third).selects(&placement));
        assert!(PlacedLeaf::SavedSince(third).selects(&placement));
        assert!(PlacedLeaf::SavedBefore(fourth).selects(&placement));
        for leaf in [
            PlacedLeaf::SavedOn(fourth),
            PlacedLeaf::SavedSince(fourth),
            PlacedLeaf::SavedBefore(third),
            PlacedLeaf::EmailId(placement.thread_id()),
            PlacedLeaf::ThreadId(placement.email_id()),
        ] {
            assert!(!leaf.selects(&placement), "{leaf}");
        }
        assert!(PlacedLeaf::EmailId(placement.email_id()).selects(&placement));
        assert!(!PlacedLeaf::EmailId(placement.email_id().to_lowercase()).selects(&placement));
        let gone = Placement { saved_at: None, ..placement };
        assert!(!PlacedLeaf::SavedSince(third).selects(&gone));
    }
}
