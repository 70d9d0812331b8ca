//! Parenthesized lists as IMAP prints them, read again (RFC 3501 §4.4).

use std::ops::Range;

/// A string, number or NIL, or a list of such.
pub(super) enum Node {
    Atom(usize, usize),
    List(Vec<Node>, usize, usize),
}

impl Node {
    /// The one at the beginning of `bytes`.
    pub fn read(bytes: &[u8]) -> Option<Node> {
        Reader { bytes, at: 0 }.node(0)
    }

    /// Where it is.
    pub fn range(&self) -> Range<usize> {
        match *self {
            Node::Atom(start, end) | Node::List(_, start, end) => start..end,
        }
    }

    /// Its octets, out of those that it was read from.
    pub fn octets<'a>(&self, all: &'a [u8]) -> &'a [u8] {
        &all[self.range()]
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn node(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        match *self.bytes.get(start)? {
            b'(' if depth < LIST_DEPTH_MAX => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    match *self.bytes.get(self.at)? {
                        b' ' => self.at += 1,
                        b')' => break,
                        _ => items.push(self.node(depth + 1)?),
                    }
                }
                self.at += 1;
                return Some(Node::List(items, start, self.at));
            }
            b'"' => self.quoted()?,
            b'{' => self.literal()?,
            b'(' | b')' => return None,
            _ => {
                let rest = &self.bytes[start..];
                self.at += rest.iter().position(|b| b" ()\"{".contains(b)).unwrap_or(rest.len());
            }
        }
        (self.at > start).then_some(Node::Atom(start, self.at))
    }

    fn quoted(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    fn literal(&mut self) -> Option<()> {
        let rest = &self.bytes[self.at + 1..];
        let end = rest.iter().position(|&b| b == b'}')?;
        let length: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let after = self.at.checked_add(1 + end + 3)?.checked_add(length)?;
        self.at = (after <= self.bytes.len()).then_some(after)?;
        Some(())
    }
}

/// Deeper than any structure we print: three levels a nested message.
const LIST_DEPTH_MAX: usize = 400;
