//! Taking the dots out of DATA (RFC 5321 §4.5.2), octet by octet, however the client's packets are cut.

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// After CRLF, or at the beginning.
    #[default]
    LineStart,
    /// After a dot that began a line.
    Dot,
    /// After a dot that began a line, and CR.
    DotCr,
    /// After CR.
    Cr,
    /// Anywhere else, also after a bare LF.
    Text,
}

/// Reads DATA up to its end.
///
/// Only CRLF, dot, CRLF is the end. A dot between bare line feeds is text: whoever takes it for the end lets a sender
/// smuggle a second message past a stricter relay.
#[derive(Debug, Default)]
pub struct Unstuffer {
    place: Place,
}

/// What [`Unstuffer::feed`] has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fed {
    /// Octets of the input that belong to DATA.
    pub taken: usize,
    /// Whether they hold its end.
    pub ended: bool,
}

impl Unstuffer {
    /// Reads `input` and gives `sink` what is left of it when the stuffing is taken out, in pieces.
    pub fn feed(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Fed {
        // Octets from here on are text that has not been given away yet.
        let mut start = 0;
        let mut at = 0;
        while let Some(&octet) = input.get(at) {
            if self.place == Place::Text {
                // Most of all octets: nothing happens before the next CR.
                at += input[at..].iter().position(|&c| c == b'\r').unwrap_or(input.len() - at);
                if at == input.len() {
                    break;
                }
                self.place = Place::Cr;
                at += 1;
                continue;
            }
            self.place = match (self.place, octet) {
                (Place::LineStart, b'.') => {
                    sink(&input[start..at]);
                    start = at + 1;
                    Place::Dot
                }
                (Place::Dot, b'\r') => {
                    start = at + 1;
                    Place::DotCr
                }
                (Place::DotCr, b'\n') => return Fed { taken: at + 1, ended: true },
                (Place::DotCr, _) => {
                    // The CR that was held back is text after all, and this octet follows a CR.
                    sink(b"\r");
                    start = at;
                    if octet == b'\r' { Place::Cr } else { Place::Text }
                }
                (Place::Cr, b'\n') => Place::LineStart,
                (_, b'\r') => Place::Cr,
                _ => Place::Text,
            };
            at += 1;
        }
        if start < input.len() {
            sink(&input[start..]);
        }
        Fed { taken: input.len(), ended: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unstuff(pieces: &[&[u8]]) -> (Vec<u8>, Option<usize>) {
        let (mut unstuffer, mut out, mut before) = (Unstuffer::default(), Vec::new(), 0);
        for piece in pieces {
            let fed = unstuffer.feed(piece, |text| out.extend_from_slice(text));
            before += fed.taken;
            if fed.ended {
                return (out, Some(before));
            }
        }
        (out, None)
    }

    fn stuff(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for (n, &octet) in text.iter().enumerate() {
            if octet == b'.' && (n == 0 || text[..n].ends_with(b"\r\n")) {
                out.push(b'.');
            }
            out.push(octet);
        }
        if !out.is_empty() && !text.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        out
    }

    #[test]
    fn dots_are_taken_out_and_the_end_is_found() {
        assert_eq!(unstuff(&[b".\r\nQUIT\r\n"]), (b"".to_vec(), Some(3)));
        assert_eq!(unstuff(&[b"a\r\n..b\r\n.\r\n"]), (b"a\r\n.b\r\n".to_vec(), Some(11)));
        assert_eq!(unstuff(&[b".a\r\n.\r\n"]), (b"a\r\n".to_vec(), Some(7)));
        assert_eq!(unstuff(&[b"\r\n.\r\r\n.\r\n"]), (b"\r\n\r\r\n".to_vec(), Some(9)));
        assert_eq!(unstuff(&[b"\r\n.\rx\r\n.\r\n"]), (b"\r\n\rx\r\n".to_vec(), Some(10)));
    }

    #[test]
    fn only_crlf_dot_crlf_is_the_end() {
        for smuggled in [
            &b"a\n.\nMAIL"[..],
            b"a\n.\r\nMAIL",
            b"a\r\n.\nMAIL",
            b"a\r.\rMAIL",
            b"a\r.\r\nMAIL",
            b"a\r\n\r.\r\nb",
        ] {
            assert_eq!(unstuff(&[smuggled]).1, None, "{:?}", String::from_utf8_lossy(smuggled));
        }
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same(text in "(\r\n|\r|\n|\\.|a){0,40}") {
            let mut text = text.into_bytes();
            if !text.is_empty() {
                text.extend_from_slice(b"\r\n");
            }
            let mut wire = stuff(&text);
            let end = wire.len();
            wire.extend_from_slice(b"QUIT\r\n");
            prop_assert_eq!(unstuff(&[&wire]), (text.clone(), Some(end)));
            for cut in 0..=wire.len() {
                prop_assert_eq!(unstuff(&[&wire[..cut], &wire[cut..]]), (text.clone(), Some(end)));
            }
            let single: Vec<&[u8]> = wire.chunks(1).collect();
            prop_assert_eq!(unstuff(&single), (text, Some(end)));
        }
    }
}
