//! Replies of LMTP, with enhanced status codes (RFC 2034, RFC 3463).

use std::borrow::Cow;

use crate::settings::OverReply;

/// One reply; several lines when it has several texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// RFC 5321 §4.2.
    pub code: u16,
    /// RFC 3463; empty where RFC 2034 §4 wants none: in the greeting, after LHLO, and with 3xx.
    pub status: &'static str,
    /// Never empty; without line ends.
    pub lines: Vec<Cow<'static, str>>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, status: &'static str, text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { code, status, lines: vec![text.into()] }
    }

    /// There is no room for the message (RFC 3463 §3.3, X.2.2). RFC 5321 §4.2.3 has 452 for a server whose room may
    /// grow, and 552 for one that has no more.
    pub fn over_quota(reply: OverReply) -> Reply {
        let text = "the mailbox is full";
        match reply {
            OverReply::Temporary => Reply::new(452, "4.2.2", text),
            OverReply::Permanent => Reply::new(552, "5.2.2", text),
        }
    }

    /// The command was not understood or not allowed: what counts towards
    /// [`limits::LMTP_ERRORS_MAX`](crate::limits::LMTP_ERRORS_MAX). Recipients that do not exist do not count.
    pub fn is_mistake(&self) -> bool {
        (500..=504).contains(&self.code)
    }

    /// Appends the reply to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        for (n, line) in (1..).zip(&self.lines) {
            let separator = if n == self.lines.len() { ' ' } else { '-' };
            out.extend_from_slice(format!("{}{separator}", self.code).as_bytes());
            if !self.status.is_empty() {
                out.extend_from_slice(self.status.as_bytes());
                out.push(b' ');
            }
            out.extend(line.bytes().map(|c| if c.is_ascii_control() { b' ' } else { c }));
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_code() {
        let mut out = Vec::new();
        Reply { code: 214, status: "2.0.0", lines: vec!["one".into(), "two\r\n250 no".into()] }
            .write(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), "214-2.0.0 one\r\n214 2.0.0 two  250 no\r\n");
    }
}
