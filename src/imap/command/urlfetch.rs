//! URLFETCH (RFC 4467 §7, RFC 5524): reads what URLs lead to that others have authorized.

mod large;
mod respond;
pub mod token;

use jiff::Timestamp;
use nom::Parser;
use nom::branch::alt;
use nom::character::complete::char;
use nom::combinator::{map, value};
use nom::error::context;
use nom::multi::{many0, many1};
use nom::sequence::{delimited, preceded};

use crate::db;
use crate::error::Error;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp, word};
use crate::imap::grammar::fault::fail;
use crate::imap::grammar::url::{self, Access, AuthorizedUrl, MessageUrl};
use crate::mailbox::Login;
use crate::policy::Viewer;

/// URLs, and what is wanted of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlFetch {
    urls: Vec<Wanted>,
}

/// What is wanted of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    url: Vec<u8>,
    /// None: its content, without any word about that.
    items: Option<Items>,
}

/// Metadata (RFC 5524 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Items {
    structure: bool,
    content: Option<Content>,
}

/// How the content is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// As it is.
    Body,
    /// Without its content transfer encoding.
    Binary,
}

/// `urlfetch = "URLFETCH" 1*(SP url-fetch-arg)`, from the first space on;
/// `url-fetch-arg = url-fetch-simple / url-fetch-ext` (RFC 5524 §5)
pub fn parse(input: &[u8]) -> Parsed<'_, UrlFetch> {
    let simple = map(astring, |url| Wanted { url: url.into_owned(), items: None });
    map(many1(preceded(sp, alt((url_fetch_ext, simple)))), |urls| UrlFetch { urls }).parse(input)
}

/// `url-fetch-ext = "(" url-full *(SP url-fetch-param) ")"`. Without parameters it is as without parentheses.
fn url_fetch_ext(input: &[u8]) -> Parsed<'_, Wanted> {
    let inside = (astring, many0(preceded(sp, url_fetch_param)));
    let (rest, (url, parameters)) = delimited(char('('), inside, char(')')).parse(input)?;
    let mut items = Items::default();
    for parameter in &parameters {
        let is_new = match parameter {
            None => !std::mem::replace(&mut items.structure, true),
            Some(content) => items.content.replace(*content).is_none(),
        };
        if !is_new {
            return fail(input, Error::bad("each is wanted once at most, and BODY or BINARY, not both"));
        }
    }
    let items = (!parameters.is_empty()).then_some(items);
    Ok((rest, Wanted { url: url.into_owned(), items }))
}

/// `url-fetch-param = "BODY" / "BINARY" / "BODYPARTSTRUCTURE" / atom`; None is the structure
fn url_fetch_param(input: &[u8]) -> Parsed<'_, Option<Content>> {
    let known = alt((
        value(None, word("BODYPARTSTRUCTURE")),
        value(Some(Content::Body), word("BODY")),
        value(Some(Content::Binary), word("BINARY")),
    ));
    context("BODY, BINARY or BODYPARTSTRUCTURE", known).parse(input)
}

/// Who reads.
struct Reader {
    tag: String,
    user: User,
    now: Timestamp,
    /// What is still to be read, the next at the end.
    urls: Vec<Wanted>,
}

impl UrlFetch {
    /// Reads one after the other; each has an answer of its own, so that no more than one is in memory, or a piece of it.
    pub fn plan(self, tag: String, user: &User, now: Timestamp) -> Plan {
        let UrlFetch { mut urls } = self;
        urls.reverse();
        Reader { tag, user: user.clone(), now, urls }.go_on()
    }
}

impl Reader {
    fn go_on(mut self) -> Plan {
        let Some(wanted) = self.urls.pop() else {
            return Plan::Done(Answer::ok(&self.tag, "URLFETCH completed"));
        };
        let Some((meant, mailbox)) = self.meant(&wanted) else { return self.nothing(wanted) };
        let user = meant.message.user.clone().unwrap_or_default();
        Plan::run(db::FindUrlKey { user, mailbox }, move |found, _| match found {
            Ok(found) => {
                let key = found.as_ref().map(|found| found.key.as_slice());
                let token = meant.verifier.as_ref().map_or("", |verifier| verifier.token.as_str());
                match (token::is_token(key, &meant.rump, token), found) {
                    (true, Some(found)) => self.admit(wanted, meant, found),
                    _ => self.nothing(wanted),
                }
            }
            Err(error) => self.failed(error.into()),
        })
    }

    /// What a URL means, if it can be one that opens anything now.
    fn meant(&self, wanted: &Wanted) -> Option<(AuthorizedUrl, crate::mailbox::MailboxName)> {
        let url = url::authorized(&wanted.url).ok()?;
        let is_internal = url.verifier.as_ref().is_some_and(|verifier| verifier.mechanism == token::INTERNAL);
        let is_valid = url.expires.is_none_or(|expires| self.now <= expires);
        let mailbox = url.message.mailbox.clone()?;
        (is_internal && is_valid).then_some((url, mailbox))
    }

    /// Looks whether this user may use the URL (RFC 4467 §3), which is genuine.
    fn admit(self, wanted: Wanted, meant: AuthorizedUrl, found: db::FoundUrlKey) -> Plan {
        let is_named = !self.user.anonymous;
        let may = match &meant.access {
            Access::Anonymous => true,
            Access::AuthUser => is_named,
            Access::User(user) => is_named && Login::key_of(user) == Login::key_of(&self.user.account.login),
            Access::Submit(_) => {
                let (account, group) = (self.user.account.id, self.user.submission_group.clone());
                return Plan::run(db::IsMember { account, group }, move |is_member, _| match is_member {
                    Ok(true) if is_named => self.read(wanted, meant.message, found.viewer, true),
                    Ok(_) => self.nothing(wanted),
                    Err(error) => self.failed(error.into()),
                });
            }
        };
        if may { self.read(wanted, meant.message, found.viewer, true) } else { self.nothing(wanted) }
    }

    /// Reads it as the one who has authorized it: what he may read now. What is described is read whole; other content, if
    /// it is large, in pieces.
    fn read(self, wanted: Wanted, url: MessageUrl, viewer: Viewer, in_pieces: bool) -> Plan {
        let Some(mailbox) = url.mailbox.clone() else { return self.nothing(wanted) };
        let structure = wanted.items.is_some_and(|items| items.structure);
        let in_pieces = in_pieces && !structure;
        let section = url.section.clone();
        let read = db::ReadReferenced {
            viewer,
            mailbox,
            uidvalidity: url.uidvalidity,
            uid: url.uid,
            section,
            structure,
            in_pieces,
        };
        Plan::run(read, move |stored, _| match stored {
            Ok(Some(db::Referenced::Large(stored, range))) => {
                large::begin(self, wanted, url, viewer, (stored, range))
            }
            Ok(Some(db::Referenced::Whole(stored))) => match respond::respond(&wanted, &url, &stored) {
                Ok(out) => self.say(out),
                Err(error) => self.failed(error),
            },
            Ok(None) => self.nothing(wanted),
            Err(error) => self.failed(error.into()),
        })
    }

    /// Says that the URL opens nothing, and nothing of why.
    fn nothing(self, wanted: Wanted) -> Plan {
        let out = respond::nothing(&wanted);
        self.say(out)
    }

    fn say(self, out: Vec<u8>) -> Plan {
        Plan::emit(out, move |_: &mut Conversation| self.go_on())
    }

    fn failed(self, error: Error) -> Plan {
        Plan::Done(Answer::failed(&self.tag, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn urls_come_alone_or_with_what_is_wanted() {
        let read = |input: &str| complete(input.as_bytes(), parse).map(|found| found.urls);
        let found = read(" imap://a@b/c (\"x\" BINARY bodypartstructure) (y BODY) (z)").unwrap();
        let items: Vec<_> = found.iter().map(|wanted| wanted.items).collect();
        let (binary, body) = (Some(Content::Binary), Some(Content::Body));
        let expected = [
            None,
            Some(Items { structure: true, content: binary }),
            Some(Items { structure: false, content: body }),
            None,
        ];
        assert_eq!(items, expected);
        for wrong in ["", " (x BODY BINARY)", " (x BODY BODY)", " (x ENVELOPE)", " ()", " (x"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
