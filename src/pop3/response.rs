//! Replies (RFC 1939 §3), with response codes (RFC 2449 §8, RFC 3206).

use super::language::{Language, Text};
use crate::error::{Code, Error};

/// The first line of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// `+OK` or `-ERR`.
    pub good: bool,
    /// What stands between brackets, for programs.
    pub code: Option<&'static str>,
    /// The rest, for people.
    pub text: Text,
}

impl Reply {
    /// `+OK`
    pub fn ok(text: Text) -> Reply {
        Reply { good: true, code: None, text }
    }

    /// `-ERR`, for what a client does wrong, or what is not there.
    pub fn err(text: Text) -> Reply {
        Reply { good: false, code: None, text }
    }

    /// `-ERR` with a response code.
    pub fn refused(code: &'static str, text: Text) -> Reply {
        Reply { good: false, code: Some(code), text }
    }

    /// Appends the line. It has 512 octets at most (RFC 2449 §4).
    pub fn write(&self, out: &mut Vec<u8>, language: Language) {
        let start = out.len();
        out.extend_from_slice(if self.good { b"+OK" } else { b"-ERR" });
        if let Some(code) = self.code {
            out.extend_from_slice(format!(" [{code}]").as_bytes());
        }
        out.push(b' ');
        let text = self.text.told_in(language);
        // RFC 2449 §3: text that begins with a bracket would be read as a code.
        for c in text.trim_start_matches('[').chars() {
            let c = match c {
                c if c.is_control() => ' ',
                c if c.is_ascii() || language.is_international() => c,
                _ => '?',
            };
            if out.len() - start + c.len_utf8() > LINE_BYTES_MAX {
                break;
            }
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The one place where failures become replies. A bug of ours is logged in full and told in general.
impl From<Error> for Reply {
    fn from(error: Error) -> Reply {
        match error {
            Error::Bad(text) => Reply::err(Text::Plain(text)),
            Error::No { code: Code::AuthenticationFailed, .. } => Reply::refused("AUTH", Text::WrongPassword),
            Error::No { code: Code::PrivacyRequired, .. } => Reply::refused("AUTH", Text::PrivacyRequired),
            Error::No { code: Code::AuthorizationFailed | Code::Expired, text } => {
                Reply::refused("AUTH", Text::Plain(text))
            }
            Error::No { code: Code::Unavailable, .. } => Reply::refused("SYS/TEMP", Text::TryAgain),
            Error::No { code: Code::InUse | Code::Limit, text } => {
                Reply::refused("SYS/TEMP", Text::Plain(text))
            }
            Error::No { code: Code::NoPerm, text } => Reply::refused("SYS/PERM", Text::Plain(text)),
            Error::No { text, .. } => Reply::err(Text::Plain(text)),
            Error::Bug(text) => {
                tracing::error!("a command failed by a bug: {text}");
                Reply::refused("SYS/TEMP", Text::Internal)
            }
        }
    }
}

/// Without CRLF.
const LINE_BYTES_MAX: usize = 510;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply, language: Language) -> String {
        let mut out = Vec::new();
        reply.write(&mut out, language);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn codes_stand_between_brackets_and_nothing_else_does() {
        let reply = Reply::refused("SYS/TEMP", Text::Plain("[later] or\r\n.never é".to_owned()));
        assert_eq!(written(&reply, Language::English), "-ERR [SYS/TEMP] later] or  .never ?\r\n");
        assert_eq!(written(&reply, Language::German), "-ERR [SYS/TEMP] later] or  .never é\r\n");
    }

    #[test]
    fn no_line_is_too_long() {
        let reply = Reply::ok(Text::Plain("é".repeat(400)));
        assert!(written(&reply, Language::German).len() <= 512);
        assert_eq!(written(&reply, Language::English).len(), 406);
    }
}
