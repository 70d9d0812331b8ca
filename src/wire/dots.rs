//! Dots at the beginning of lines: taken out of DATA (RFC 5321 §4.5.2), put into what RETR sends (RFC 1939 §3), octet by
//! octet, however the pieces are cut.

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
                at += memchr::memchr(b'\r', &input[at..]).unwrap_or(input.len() - at);
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

/// Writes a message so that a dot on a line of its own can end it.
#[derive(Debug)]
pub struct Stuffer {
    at_line_start: bool,
    after_cr: bool,
}

impl Default for Stuffer {
    fn default() -> Stuffer {
        Stuffer { at_line_start: true, after_cr: false }
    }
}

impl Stuffer {
    /// Appends the next piece of the message to `out`.
    pub fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let (Some(&first), Some(&last)) = (piece.first(), piece.last()) else { return };
        // Octets from here on have not been written yet.
        let mut start = 0;
        if self.at_line_start && first == b'.' {
            out.push(b'.');
        }
        // Mail has few dots behind a line feed, so looking for those looks at the fewest octets.
        for dot in memchr::memmem::find_iter(piece, b"\n.").map(|at| at + 1) {
            let after_cr = if dot >= 2 { piece[dot - 2] == b'\r' } else { self.after_cr };
            if after_cr {
                out.extend_from_slice(&piece[start..dot]);
                out.push(b'.');
                start = dot;
            }
        }
        out.extend_from_slice(&piece[start..]);
        let before_last = if piece.len() >= 2 { piece[piece.len() - 2] == b'\r' } else { self.after_cr };
        self.at_line_start = last == b'\n' && before_last;
        self.after_cr = last == b'\r';
    }

    /// Appends what ends the message: CRLF where its last line has none, and the dot.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.at_line_start { b".\r\n" } else { b"\r\n.\r\n" });
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

    fn stuff(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut stuffer, mut out) = (Stuffer::default(), Vec::new());
        pieces.iter().for_each(|piece| stuffer.feed(piece, &mut out));
        stuffer.end(&mut out);
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

    #[test]
    fn dots_are_put_in_and_the_last_line_is_ended() {
        assert_eq!(stuff(&[b""]), b".\r\n");
        assert_eq!(stuff(&[b".\r\n.a\r\nb.\n.c"]), b"..\r\n..a\r\nb.\n.c\r\n.\r\n");
        assert_eq!(stuff(&[b"a\r", b"\n", b".", b".\r", b"\n"]), b"a\r\n...\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn what_is_stuffed_in_any_pieces_comes_out_again(text in "(\r\n|\r|\n|\\.|a){0,40}") {
            let mut text = text.into_bytes();
            let wire = stuff(&[&text]);
            for cut in 0..=text.len() {
                prop_assert_eq!(&stuff(&[&text[..cut], &text[cut..]]), &wire);
            }
            prop_assert_eq!(&stuff(&text.chunks(1).collect::<Vec<_>>()), &wire);
            if !text.is_empty() && !text.ends_with(b"\r\n") {
                text.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(unstuff(&[&wire]), (text, Some(wire.len())));
        }

        #[test]
        fn any_cut_gives_the_same(text in "(\r\n|\r|\n|\\.|a){0,40}") {
            let mut text = text.into_bytes();
            if !text.is_empty() {
                text.extend_from_slice(b"\r\n");
            }
            let mut wire = stuff(&[&text]);
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
