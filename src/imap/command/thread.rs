//! THREAD and UID THREAD (RFC 5256 §3): which messages, as conversations?

use nom::Parser;
use nom::sequence::preceded;

use super::search::{finding, or_refusal};
use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::sort::thread_alg;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::SequenceSet;
use crate::search::Selector;
use crate::search::grammar::search_criteria;
use crate::search::thread::Algorithm;

/// What the messages must satisfy, and how they become conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    pub algorithm: Algorithm,
    pub program: Result<Selector, Error>,
}

/// `thread = "THREAD" SP thread-alg SP search-criteria`, from behind the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Thread> {
    let (rest, algorithm) = preceded(sp, thread_alg).parse(input)?;
    let (rest, program) = or_refusal(rest, preceded(sp, search_criteria))?;
    Ok((rest, Thread { algorithm, program }))
}

impl Thread {
    /// Finds the messages, reads what they refer to, and puts them together.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let all = selected.messages(&SequenceSet::all(), true).unwrap_or_default();
        // RFC 9738 §3.3: there are no conversations of some of the messages.
        if let Some(limit) = selected.exceeds(selected.limit.any, &all) {
            return running.exceeded(limit, None, selected);
        }
        let (algorithm, collation) = (self.algorithm, selected.collation());
        let selector = match self.program {
            Ok(selector) => selector,
            Err(error) => return running.failed(selected, error),
        };
        finding::find(selector, collation, running, selected, move |found, running, selected| match found {
            Ok(found) => finding::with_keys(
                algorithm.wanted(),
                collation,
                found.uids,
                running,
                selected,
                move |read, running, selected| match read {
                    Ok((keys, found)) => {
                        let (told, uid, count) = (selected.view.told().clone(), running.uid, found.len());
                        let work = move || algorithm.print(&told, &keys, &found, uid);
                        finding::compute(count, work, selected, |lists, selected| {
                            respond(lists, running, selected)
                        })
                    }
                    Err(error) => running.failed(selected, error),
                },
            ),
            Err(error) => running.failed(selected, error),
        })
    }
}

/// `thread-data = "THREAD" [SP 1*thread-list]`
fn respond(lists: Result<Vec<u8>, Error>, mut running: Running, selected: &mut Selected) -> Step {
    let lists = match lists {
        Ok(lists) => lists,
        Err(error) => return running.failed(selected, error),
    };
    running.untagged.extend_from_slice(b"* THREAD");
    if !lists.is_empty() {
        running.untagged.push(b' ');
        running.untagged.extend_from_slice(&lists);
    }
    running.untagged.extend_from_slice(b"\r\n");
    running.done(selected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn thread_is_read() {
        let read = |input: &str| complete(input.as_bytes(), parse);
        assert_eq!(
            read(" references US-ASCII ALL").map(|thread| thread.algorithm),
            Ok(Algorithm::References)
        );
        assert!(read(" REFS x-nonsense ALL").is_ok_and(|thread| thread.program.is_err()));
        for bad in ["", " REFS", " REFS UTF-8", " JWZ UTF-8 ALL", " REFERENCES UTF-8 FOO"] {
            assert!(matches!(read(bad), Err(Error::Bad(_))), "{bad}");
        }
    }
}
