//! SEARCH and UID SEARCH (RFC 9051 §6.4.4): which messages?

use nom::Parser;
use nom::combinator::opt;
use nom::sequence::preceded;

pub mod finding;
pub mod results;

use crate::error::Error;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::returns::{Returns, search_return_opts};
use crate::imap::selected::{Running, Selected, Step};
use crate::search::Selector;
use crate::search::grammar::search_program;

/// What the messages must satisfy, and what is to be told of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The options behind RETURN, if it is there.
    pub returns: Option<Returns>,
    /// A refusal is told when the command is carried out: it has to clear what `$` stands for (RFC 5182 §2.1).
    pub program: Result<Selector, Error>,
}

/// `search = "SEARCH" [search-return-opts] SP search-program`, from behind the word on.
pub fn parse(input: &[u8]) -> Parsed<'_, Search> {
    let (rest, returns) = opt(search_return_opts).parse(input)?;
    let (rest, program) = or_refusal(rest, preceded(sp, search_program))?;
    Ok((rest, Search { returns, program }))
}

/// What a rule reads, or why it refuses to.
pub fn or_refusal<'a, T>(
    input: &'a [u8],
    mut rule: impl Parser<&'a [u8], Output = T, Error = crate::imap::grammar::Fault>,
) -> Parsed<'a, Result<T, Error>> {
    match rule.parse(input) {
        Ok((rest, found)) => Ok((rest, Ok(found))),
        Err(nom::Err::Failure(fault)) => match fault.refusal() {
            Some(error) => Ok((&[], Err(error.clone()))),
            None => Err(nom::Err::Failure(fault)),
        },
        Err(error) => Err(error),
    }
}

impl Search {
    /// What is in memory is asked first; only what that leaves open is asked of the stored messages.
    pub fn plan(self, running: Running, selected: &mut Selected) -> Step {
        let answering = results::Answering::new(b"SEARCH", self.returns, self.program.as_ref().ok());
        self.answer(answering, running, selected)
    }

    /// The same by ESEARCH (RFC 7377).
    pub fn plan_esearch(self, running: Running, selected: &mut Selected) -> Step {
        let returns = self.returns.or(Some(Returns::ALL));
        let answering = results::Answering::new(b"SEARCH", returns, self.program.as_ref().ok());
        self.answer(answering.naming_mailbox(), running, selected)
    }

    fn answer(self, mut answering: results::Answering, running: Running, selected: &mut Selected) -> Step {
        let selector = match answering.check(&running, selected).and(self.program) {
            Ok(selector) => selector,
            Err(error) => return answering.failed(error, running, selected),
        };
        let fixed = selector.clone().fixed(selected.scope(running.now));
        finding::find(selector, running, selected, move |found, running, selected| match found {
            Ok(mut found) => {
                answering.watch(fixed, Vec::new(), &mut found, &running);
                answering.respond(found.uids, running, selected)
            }
            Err(error) => answering.failed(error, running, selected),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn search_is_read() {
        let read = |input: &str| complete(input.as_bytes(), parse).expect(input);
        assert_eq!(read(" UNSEEN").returns, None);
        let search = read(" RETURN (SAVE MIN) CHARSET UTF-8 $ SEEN");
        assert!(search.returns.is_some_and(|returns| returns.save && returns.min));
        assert_eq!(search.program.map(|program| program.to_string()), Ok("($ SEEN)".to_string()));
        let refused = read(" RETURN (SAVE) CHARSET x-nonsense TEXT {2+}\r\nab");
        assert!(matches!(refused.program, Err(Error::No { code: Code::BadCharset, .. })));
    }

    #[test]
    fn malformed_search_is_refused() {
        for input in ["", " ", " RETURN (MIN)", " RETURN (MIN)SEEN", " RETURN MIN SEEN", " SEEN RETURN ()"] {
            assert!(matches!(complete(input.as_bytes(), parse), Err(Error::Bad(_))), "{input}");
        }
    }
}
