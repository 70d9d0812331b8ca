//! GENURLAUTH (RFC 4467 §7): makes URLs by which others can read messages.

use nom::Parser;
use nom::multi::many1;
use nom::sequence::preceded;

use super::urlfetch::token::{INTERNAL, token};
use crate::db;
use crate::error::Error;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Plan, User};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp};
use crate::imap::grammar::url::{self, AuthorizedUrl, mechanism};
use crate::imap::response;
use crate::mailbox::Login;
use crate::policy::Viewer;

/// URLs without verifiers, and the mechanism for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenUrlAuth {
    rumps: Vec<(Vec<u8>, String)>,
}

/// `genurlauth = "GENURLAUTH" 1*(SP url-rump SP mechanism)`, from the first space on; `url-rump = astring`
pub fn parse(input: &[u8]) -> Parsed<'_, GenUrlAuth> {
    let pair = (preceded(sp, astring), preceded(sp, mechanism));
    let (rest, rumps) = many1(pair).parse(input)?;
    let rumps = rumps.into_iter().map(|(rump, mechanism)| (rump.into_owned(), mechanism)).collect();
    Ok((rest, GenUrlAuth { rumps }))
}

impl GenUrlAuth {
    /// Looks at all of them, then makes one after the other.
    pub fn plan(self, tag: String, user: &User) -> Plan {
        let read = |(rump, mechanism): &(Vec<u8>, String)| readable(rump, mechanism, user);
        match self.rumps.iter().map(read).collect::<Result<Vec<AuthorizedUrl>, Error>>() {
            Ok(mut urls) => {
                urls.reverse();
                make(tag, urls, b"* GENURLAUTH".to_vec(), user.viewer())
            }
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        }
    }
}

/// What RFC 4467 §7 wants to be looked at, with BAD for what is wrong.
fn readable(rump: &[u8], mechanism: &str, user: &User) -> Result<AuthorizedUrl, Error> {
    let url = url::authorized(rump)?;
    if user.anonymous {
        return Err(Error::bad("who is anonymous has nothing to authorize"));
    }
    if mechanism != INTERNAL {
        return Err(Error::bad("INTERNAL is the only mechanism here"));
    }
    if url.verifier.is_some() {
        return Err(Error::bad("the URL has a verifier already"));
    }
    let owner = url.message.user.as_deref().unwrap_or_default();
    // Everybody has a table of keys of his own.
    if Login::key_of(owner) != Login::key_of(&user.account.login) {
        return Err(Error::bad("the user in the URL has to be the one who has logged in"));
    }
    Ok(url)
}

/// Makes the URLs, the last of which is the next; `out` is the answer so far.
fn make(tag: String, mut urls: Vec<AuthorizedUrl>, mut out: Vec<u8>, viewer: Viewer) -> Plan {
    let Some(url) = urls.pop() else {
        out.extend_from_slice(b"\r\n");
        return Plan::Done(Answer::ok(&tag, "GENURLAUTH completed").with_untagged(out));
    };
    let Some(mailbox) = url.message.mailbox.clone() else { unreachable!("an absolute URL names a mailbox") };
    let key = db::MakeUrlKey { viewer, mailbox, uidvalidity: url.message.uidvalidity, renew: false };
    Plan::run(key, move |key, _| match key {
        Ok(Some(key)) => {
            out.push(b' ');
            let full = format!("{}:{INTERNAL}:{}", url.rump, token(&key, &url.rump));
            response::astring(&mut out, full.as_bytes());
            make(tag, urls, out, viewer)
        }
        Ok(None) => Plan::Done(Answer::failed(&tag, Error::bad("the URL names no mailbox that there is"))),
        Err(error) => Plan::Done(Answer::failed(&tag, error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn urls_come_with_mechanisms() {
        let read = |input: &str| complete(input.as_bytes(), parse).map(|found| found.rumps.len());
        assert_eq!(read(" \"imap://a@b/c/;UID=1;URLAUTH=anonymous\" INTERNAL x XSAMPLE"), Ok(2));
        assert!(read(" x").is_err() && read("").is_err() && read(" x INTERNAL y").is_err());
    }
}
