//! SORT and UID SORT (RFC 5256 §3): which messages, in which order? With RETURN, as SEARCH answers (RFC 5267 §3).

use std::sync::Arc;

use nom::Parser;
use nom::combinator::opt;
use nom::sequence::preceded;

use super::search::{finding, or_refusal, results};
use crate::db::ReadAnnotationKeys;
use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::returns::{Returns, search_return_opts};
use crate::imap::grammar::sort::{AnnotationKey, sort_criteria};
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::Uid;
use crate::plan::Plan;
use crate::search::Selector;
use crate::search::collation::{Collation, Comparator};
use crate::search::grammar::search_criteria;
use crate::search::keys::Keys;
use crate::search::sort::{Criterion, Known, Said, sort, wanted};

/// What the messages must satisfy, in which order they are wanted, and what is to be told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The options behind RETURN, if it is there.
    pub returns: Option<Returns>,
    /// Never empty.
    pub criteria: Vec<Criterion>,
    /// The annotations that are among them.
    pub annotations: Vec<AnnotationKey>,
    pub program: Result<Selector, Error>,
}

/// `sort = "SORT" SP sort-criteria SP search-criteria`,
/// `extended-sort = "SORT" search-return-opts SP sort-criteria SP search-criteria`, from behind the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Sort> {
    let (rest, returns) = opt(search_return_opts).parse(input)?;
    let (rest, (criteria, annotations)) = preceded(sp, sort_criteria).parse(rest)?;
    let (rest, program) = or_refusal(rest, preceded(sp, search_criteria))?;
    Ok((rest, Sort { returns, criteria, annotations, program }))
}

impl Sort {
    /// Finds the messages, reads what they are compared by, and sorts them.
    pub fn plan(self, mut running: Running, selected: &mut Selected) -> Step {
        let Sort { returns, mut criteria, annotations, program } = self;
        let Comparator { collation, reverse } = selected.enabled.comparator;
        criteria.iter_mut().for_each(|criterion| criterion.reverse ^= reverse && criterion.compares_texts());
        let mut answering = results::Answering::new(b"SORT", returns, program.as_ref().ok());
        let selector = match answering.check(&criteria, &mut running, selected).and(program) {
            Ok(selector) => selector,
            Err(error) => return answering.failed(error, running, selected),
        };
        let fixed = selector.clone().fixed(selected.scope(running.now));
        finding::find(selector, collation, running, selected, move |found, running, selected| match found {
            Ok(mut found) => {
                answering.take(fixed, criteria.clone(), collation, &mut found, &running);
                let ordering =
                    Ordering { found: found.uids, criteria, collation, said: Vec::new(), answering };
                ordering.read_annotations(annotations, running, selected)
            }
            Err(error) => answering.failed(error, running, selected),
        })
    }
}

/// Messages that were found, and how they are to be sorted.
struct Ordering {
    found: Vec<Uid>,
    criteria: Vec<Criterion>,
    collation: Collation,
    /// What is said of each message in the annotations that it is sorted by.
    said: Vec<Said>,
    answering: results::Answering,
}

impl Ordering {
    /// Reads the annotations that messages are sorted by, if there are any.
    fn read_annotations(
        mut self,
        keys: Vec<AnnotationKey>,
        running: Running,
        selected: &mut Selected,
    ) -> Step {
        if keys.is_empty() {
            return self.read_keys(running, selected);
        }
        let (key, reader, collation) = (selected.key(), selected.reader(), self.collation);
        let unit = ReadAnnotationKeys { key, reader, keys, collation };
        Plan::run(unit, move |read, selected: &mut Selected| match read {
            Ok(said) => {
                self.said = said;
                self.read_keys(running, selected)
            }
            Err(error) => self.answering.failed(error.into(), running, selected),
        })
    }

    /// Reads what else they are compared by.
    fn read_keys(mut self, running: Running, selected: &mut Selected) -> Step {
        let Some(wanted) = wanted(&self.criteria) else { return self.sort(None, running, selected) };
        let found = std::mem::take(&mut self.found);
        finding::with_keys(
            wanted,
            self.collation,
            found,
            running,
            selected,
            move |read, running, selected| match read {
                Ok((keys, found)) => Ordering { found, ..self }.sort(Some(keys), running, selected),
                Err(error) => self.answering.failed(error, running, selected),
            },
        )
    }

    fn sort(self, keys: Option<Arc<Keys>>, running: Running, selected: &mut Selected) -> Step {
        let Ordering { found, criteria, said, answering, .. } = self;
        let (told, count, relevancy) = (selected.view.told().clone(), found.len(), answering.relevancy());
        let work = move || {
            let (keys, relevancy) = (keys.as_deref(), relevancy.as_deref());
            sort(&criteria, &told, Known { keys, relevancy, annotations: &said }, &found)
        };
        finding::compute(count, work, selected, move |sorted, selected| match sorted {
            Ok(sorted) => answering.respond(sorted, running, selected),
            Err(error) => answering.failed(error, running, selected),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn sort_is_read() {
        let read = |input: &str| complete(input.as_bytes(), parse);
        let sort = read(" RETURN (MIN) (REVERSE DATE) UTF-8 UNSEEN SINCE 1-Feb-1994").unwrap();
        assert!(sort.returns.is_some_and(|returns| returns.min) && sort.criteria.len() == 1);
        assert_eq!(sort.program.unwrap().to_string(), "(UNSEEN SINCE 1-Feb-1994)");
        assert!(read(" (SUBJECT) x-nonsense ALL").is_ok_and(|sort| sort.program.is_err()));
        for bad in ["", " (DATE) UTF-8", " (DATE)", " DATE UTF-8 ALL", " (DATE) UTF-8 RETURN () ALL"] {
            assert!(matches!(read(bad), Err(Error::Bad(_))), "{bad}");
        }
    }
}
