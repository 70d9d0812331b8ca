//! Why a command could not be parsed, told so that the author of a client can see where.

use nom::error::{ContextError, ErrorKind, ParseError};

use crate::error::Error;

/// What each grammar function returns: what is left, and what it found.
pub type Parsed<'a, T> = nom::IResult<&'a [u8], T, Fault>;

/// Where the input stopped making sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Octets that were left when it happened.
    left: usize,
    /// The rule that was expected there, if known.
    expected: Option<&'static str>,
    /// A failure with words of its own: a refusal rather than a mistake.
    error: Option<Error>,
}

impl Fault {
    /// What to tell the client, who sent `whole`. The input is not echoed: it may hold a password.
    pub fn into_error(self, whole: &[u8]) -> Error {
        let octet = whole.len().saturating_sub(self.left) + 1;
        match (self.error, self.expected) {
            (Some(error), _) => error,
            (None, Some(rule)) => Error::bad(format!("expected {rule} at octet {octet} of the arguments")),
            (None, None) => Error::bad(format!("cannot parse the arguments from octet {octet} on")),
        }
    }
}

impl Fault {
    /// Why this is no mistake but a refusal, if it is one.
    pub fn refusal(&self) -> Option<&Error> {
        self.error.as_ref().filter(|error| matches!(error, Error::No { .. }))
    }
}

/// Ends the parse at `input` with `error`, which no alternative can mend.
pub fn fail<T>(input: &[u8], error: Error) -> Parsed<'_, T> {
    Err(refused(input, error))
}

/// What [`fail`] returns, where the type of the result is another one.
pub fn refused(input: &[u8], error: Error) -> nom::Err<Fault> {
    nom::Err::Failure(Fault { left: input.len(), expected: None, error: Some(error) })
}

impl ParseError<&[u8]> for Fault {
    fn from_error_kind(input: &[u8], _: ErrorKind) -> Fault {
        Fault { left: input.len(), expected: None, error: None }
    }

    fn append(_: &[u8], _: ErrorKind, other: Fault) -> Fault {
        other
    }

    /// Of several alternatives the one that got farthest is what the client meant; of two that got as far, one that
    /// says what it expected.
    fn or(self, other: Fault) -> Fault {
        let names_more = self.left == other.left && other.expected.is_none();
        if self.left < other.left || names_more { self } else { other }
    }
}

impl ContextError<&[u8]> for Fault {
    fn add_context(input: &[u8], rule: &'static str, mut other: Fault) -> Fault {
        // A rule that failed at its first octet is what was expected there; deeper in, the inner rule knows better.
        if other.left == input.len() || other.expected.is_none() {
            other.left = input.len();
            other.expected = Some(rule);
        }
        other
    }
}

/// Runs `rule` over all of `input`, the arguments of a command.
pub fn complete<'a, T>(input: &'a [u8], rule: impl FnOnce(&'a [u8]) -> Parsed<'a, T>) -> Result<T, Error> {
    match rule(input) {
        Ok((rest, found)) if quirk_trailing_spaces(rest) => Ok(found),
        Ok((rest, _)) => {
            let fault = Fault { left: rest.len(), expected: Some("the end of the command"), error: None };
            Err(fault.into_error(input))
        }
        Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => Err(fault.into_error(input)),
        Err(nom::Err::Incomplete(_)) => Err(Error::bad("the command is not complete")),
    }
}

/// Spaces before the end of a command: Outlook Express, Alpine's tests and many scripts leave them (2026-11).
fn quirk_trailing_spaces(rest: &[u8]) -> bool {
    rest.iter().all(|octet| *octet == b' ')
}

/// The same as [`complete`], with the octet at which the input stopped making sense, from 0 on.
pub fn complete_or_where<'a, T>(
    input: &'a [u8],
    rule: impl FnOnce(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, (usize, Error)> {
    let mut left = 0;
    let watched = |input: &'a [u8]| {
        let parsed = rule(input);
        left = match &parsed {
            Ok((rest, _)) => rest.len(),
            Err(nom::Err::Error(fault) | nom::Err::Failure(fault)) => fault.left,
            Err(nom::Err::Incomplete(_)) => 0,
        };
        parsed
    };
    let read = complete(input, watched);
    read.map_err(|error| (input.len() - left, error))
}
