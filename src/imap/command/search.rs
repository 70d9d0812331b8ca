//! SEARCH and UID SEARCH (RFC 9051 §6.4.4): which messages?

use nom::Parser;
use nom::bytes::complete::tag_no_case;
use nom::combinator::{opt, value};
use nom::sequence::preceded;

pub mod finding;
pub mod results;

use crate::error::Error;
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::returns::{Returns, search_return_opts};
use crate::imap::limited::MessageLimit;
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
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Search> {
    let (rest, returns) = opt(search_return_opts).parse(input)?;
    let (rest, program) = or_refusal(rest, preceded(sp, program(enabled)))?;
    Ok((rest, Search { returns, program }))
}

/// `search-program`, which names no charset once UTF8=ACCEPT is enabled: there is but one then (RFC 6855 §3).
pub fn program<'a>(
    enabled: Enabled,
) -> impl Parser<&'a [u8], Output = Selector, Error = crate::imap::grammar::Fault> {
    move |input: &'a [u8]| match value((), (tag_no_case("CHARSET"), sp)).parse(input) {
        Ok((_, ())) if enabled.utf8 => {
            fail(input, Error::bad("after ENABLE UTF8=ACCEPT, a search has no CHARSET: it is in UTF-8"))
        }
        Ok(_) | Err::<_, nom::Err<crate::imap::grammar::Fault>>(_) => search_program(input),
    }
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
        let answering = results::Answering::new(b"SEARCH", self.returns.clone(), self.program.as_ref().ok());
        self.answer(answering, running, selected)
    }

    /// The same by ESEARCH (RFC 7377).
    pub fn plan_esearch(self, running: Running, selected: &mut Selected) -> Step {
        let returns = self.returns.clone().or(Some(Returns::ALL));
        // RFC 9738 §3 limits SEARCH, and not this.
        selected.limit = MessageLimit::default();
        let answering = results::Answering::new(b"SEARCH", returns, self.program.as_ref().ok());
        self.answer(answering.naming_mailbox(), running, selected)
    }

    fn answer(
        self,
        mut answering: results::Answering,
        mut running: Running,
        selected: &mut Selected,
    ) -> Step {
        let selector = match answering.check(&[], &mut running, selected).and(self.program) {
            Ok(selector) => selector,
            Err(error) => return answering.failed(error, running, selected),
        };
        let fixed = selector.clone().fixed(selected.scope(running.now));
        let selector = selected.search_within_limit(selector, &mut running);
        let collation = selected.collation();
        finding::find(selector, collation, running, selected, move |found, running, selected| match found {
            Ok(mut found) => {
                answering.take(fixed, Vec::new(), collation, &mut found, &running);
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
        let read =
            |input: &str| complete(input.as_bytes(), |all| parse(all, Enabled::default())).expect(input);
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
            let read = complete(input.as_bytes(), |all| parse(all, Enabled::default()));
            assert!(matches!(read, Err(Error::Bad(_))), "{input}");
        }
    }

    #[test]
    fn a_charset_makes_no_sense_once_all_is_utf8() {
        let utf8 = Enabled { utf8: true, ..Enabled::default() };
        let read = |input: &str| complete(input.as_bytes(), |all| parse(all, utf8));
        assert!(matches!(read(" CHARSET UTF-8 ALL"), Err(Error::Bad(_))));
        assert!(matches!(read(" RETURN () CHARSET x-nonsense ALL"), Err(Error::Bad(_))));
        assert!(read(" SUBJECT \"\u{fc}\"").is_ok_and(|search| search.program.is_ok()));
    }
}
