//! Cuts a stream into commands: lines, and the literals that they announce (RFC 9051 §4.3, RFC 7888).
//!
//! Framing comes first and parsing second, so that a command that makes no sense never shifts the ones behind it. What
//! is too large is refused without being held: a client that announces gigabytes costs no more than one that does not.

/// Finds commands in what a client sends.
#[derive(Debug, Default)]
pub struct Framer {
    /// Received and not yet looked at, from `at` on.
    input: Vec<u8>,
    at: usize,
    /// The command so far, its literals in place.
    command: Vec<u8>,
    /// Where the line that is being gathered begins in `command`.
    line_start: usize,
    /// Octets of literals in `command`.
    literal_octets: u64,
    /// Octets of the announced literal that are yet to come.
    literal_left: u64,
    /// Set while the rest of a refused command is read past.
    discard: Option<Discard>,
}

/// What a client may send at this point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Octets of one command without its literals.
    pub line: usize,
    /// Octets of one literal; None where lines are only lines, as in an AUTHENTICATE exchange or after IDLE.
    pub literal: Option<u64>,
    /// Octets of a literal that is sent without asking (RFC 7888 §5); no more than `literal` in any case.
    pub unasked: u64,
    /// Octets of all literals of one command.
    pub literals: u64,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A whole command, or line, without the line end.
    Command(Vec<u8>),
    /// The client waits to be told that it may send a literal, of so many octets.
    GoAhead { octets: u64 },
    /// A command was too large and has been read past. `head` is its beginning, where the tag is.
    Refused { head: Vec<u8>, why: Refusal },
}

/// Which bound a command broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    LineTooLong,
    LiteralTooLarge,
    /// It would not have been too large if the client had asked.
    LiteralUnasked,
}

/// A refused command that is still arriving.
#[derive(Debug)]
struct Discard {
    head: Vec<u8>,
    why: Refusal,
    /// Octets of a literal that the client sends without asking (RFC 7888 §4).
    literal_left: u64,
    /// The last octets of the current line: as much as can announce another literal.
    tail: Vec<u8>,
}

/// A literal as its line announces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Announced {
    octets: u64,
    /// The client waits for a continuation request.
    synchronizing: bool,
}

impl Framer {
    /// Takes what the client sent.
    pub fn receive(&mut self, octets: &[u8]) {
        if self.at == self.input.len() {
            self.input.clear();
            self.at = 0;
        }
        self.input.extend_from_slice(octets);
    }

    /// The command so far, its literals in place.
    pub fn command(&self) -> &[u8] {
        &self.command
    }

    /// Forgets the command so far, when its client waits to send a literal and is told that it need not.
    pub fn abandon(&mut self) {
        self.command.clear();
        self.start_over();
    }

    /// What was received and not yet looked at, when it is for somebody else to look at.
    pub fn leave(&mut self) -> Vec<u8> {
        let unread = self.input.split_off(self.at);
        *self = Framer::default();
        unread
    }

    /// Octets that were received and not yet looked at.
    fn pending(&self) -> usize {
        self.input.len() - self.at
    }

    /// The next thing in the stream; None when more has to come first. `bounds` is asked with the beginning of the
    /// command, since APPEND may bring more than others.
    pub fn next(&mut self, bounds: impl Fn(&[u8]) -> Bounds) -> Option<Frame> {
        loop {
            if self.discard.is_some() {
                match self.discard_some()? {
                    Some(refused) => return Some(refused),
                    None => continue,
                }
            }
            if self.literal_left > 0 {
                self.take_literal();
                if self.literal_left > 0 {
                    return None;
                }
                self.line_start = self.command.len();
            }
            let ended = self.take_line();
            let bounds = bounds(&self.command);
            if self.command.len() as u64 - self.literal_octets > bounds.line as u64 {
                self.refuse(Refusal::LineTooLong, ended);
                continue;
            }
            if !ended {
                self.rest();
                return None;
            }
            if let Some(frame) = self.line_ended(bounds) {
                return Some(frame);
            }
        }
    }

    /// Moves octets of the announced literal into the command.
    fn take_literal(&mut self) {
        let available = self.pending().min(usize::try_from(self.literal_left).unwrap_or(usize::MAX));
        self.command.extend_from_slice(&self.input[self.at..self.at + available]);
        self.at += available;
        self.literal_left -= available as u64;
    }

    /// Moves the rest of the current line into the command, as far as it is there. True when its end was among it.
    fn take_line(&mut self) -> bool {
        let available = &self.input[self.at..];
        let end = available.iter().position(|octet| *octet == b'\n');
        let taken = end.map_or(available.len(), |end| end + 1);
        self.command.extend_from_slice(&available[..taken]);
        self.at += taken;
        end.is_some()
    }

    /// Decides what the line that has just ended means. None to go on with what follows it.
    fn line_ended(&mut self, bounds: Bounds) -> Option<Frame> {
        let announced = bounds.literal.and_then(|_| announced(&self.command[self.line_start..]));
        let Some(announced) = announced else {
            let mut command = std::mem::take(&mut self.command);
            command.truncate(without_line_end(&command).len());
            self.start_over();
            return Some(Frame::Command(command));
        };
        let total = self.literal_octets.saturating_add(announced.octets);
        if bounds.literal.is_some_and(|max| announced.octets > max) || total > bounds.literals {
            self.refuse(Refusal::LiteralTooLarge, true);
            return None;
        }
        if !announced.synchronizing && announced.octets > bounds.unasked {
            self.refuse(Refusal::LiteralUnasked, true);
            return None;
        }
        self.literal_left = announced.octets;
        self.literal_octets = total;
        self.line_start = self.command.len();
        announced.synchronizing.then_some(Frame::GoAhead { octets: announced.octets })
    }

    /// Lets go of a command that is too large. With `at_line_end`, its current line is complete.
    fn refuse(&mut self, why: Refusal, at_line_end: bool) {
        let mut head = std::mem::take(&mut self.command);
        let tail = head[head.len().saturating_sub(TAIL_OCTETS).max(self.line_start)..].to_vec();
        head.truncate(HEAD_OCTETS);
        head.shrink_to_fit();
        self.start_over();
        let mut discard = Discard { head, why, literal_left: 0, tail };
        if at_line_end {
            // Seen again by discard_some, which decides whether anything follows this line.
            self.at -= 1;
            discard.tail.pop();
        }
        self.discard = Some(discard);
    }

    /// Reads past some of a refused command. None when more input is needed, Some(None) to go on.
    fn discard_some(&mut self) -> Option<Option<Frame>> {
        let pending = self.input.len() - self.at;
        let discard = self.discard.as_mut()?;
        let skipped = pending.min(usize::try_from(discard.literal_left).unwrap_or(usize::MAX));
        self.at += skipped;
        discard.literal_left -= skipped as u64;
        let available = &self.input[self.at..];
        let Some(end) =
            available.iter().position(|octet| *octet == b'\n').filter(|_| discard.literal_left == 0)
        else {
            if discard.literal_left == 0 {
                discard.remember(available);
                self.at = self.input.len();
            }
            self.rest();
            return None;
        };
        discard.remember(&available[..=end]);
        self.at += end + 1;
        match announced(&discard.tail) {
            Some(Announced { octets, synchronizing: false }) => {
                discard.literal_left = octets;
                discard.tail.clear();
                Some(None)
            }
            // A client that waits for a continuation request hears the refusal instead, and sends nothing more.
            _ => {
                let Discard { head, why, .. } = self.discard.take()?;
                Some(Some(Frame::Refused { head, why }))
            }
        }
    }

    /// Makes ready for the next command.
    fn start_over(&mut self) {
        self.line_start = 0;
        self.literal_octets = 0;
        self.literal_left = 0;
    }

    /// All input is used up: gives back what a burst has needed, so that an idle client costs little.
    fn rest(&mut self) {
        self.input.clear();
        self.at = 0;
        if self.input.capacity() > RESTING_OCTETS {
            self.input = Vec::new();
        }
    }
}

impl Discard {
    /// Keeps the last octets of the line.
    fn remember(&mut self, octets: &[u8]) {
        self.tail.extend_from_slice(&octets[octets.len().saturating_sub(TAIL_OCTETS)..]);
        let surplus = self.tail.len().saturating_sub(TAIL_OCTETS);
        self.tail.drain(..surplus);
    }
}

/// The literal that `line` announces at its end: `"{" number ["+"] "}" CRLF`.
///
/// A number beyond all bounds is still an announcement; it saturates, so that it is refused rather than misread.
fn announced(line: &[u8]) -> Option<Announced> {
    let inside = without_line_end(line).strip_suffix(b"}")?;
    let open = inside.iter().rposition(|octet| *octet == b'{')?;
    let inside = &inside[open + 1..];
    let (digits, synchronizing) = match inside.strip_suffix(b"+") {
        Some(digits) => (digits, false),
        None => (inside, true),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let octets =
        digits.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(Announced { octets, synchronizing })
}

/// `line` without CRLF; a bare LF counts as a line end too, as hand-written clients send it.
fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// As much of a refused command as is kept, to find its tag in.
const HEAD_OCTETS: usize = 256;
/// As much of a line as can announce a literal: `{18446744073709551615+}` and CRLF, with room for leading zeros.
const TAIL_OCTETS: usize = 64;
/// Room for input that a client may keep while it is idle.
const RESTING_OCTETS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNDS: Bounds = Bounds { line: 80, literal: Some(20), unasked: 20, literals: 30 };

    /// All frames in `input` when it arrives in pieces of the given sizes, repeated.
    fn frames(input: &[u8], pieces: &[usize]) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        let mut rest = input;
        let mut sizes = pieces.iter().cycle();
        while !rest.is_empty() {
            let size = (*sizes.next().expect("a size")).clamp(1, rest.len());
            framer.receive(&rest[..size]);
            rest = &rest[size..];
            frames.extend(std::iter::from_fn(|| framer.next(|_| BOUNDS)));
        }
        frames
    }

    fn command(text: &str) -> Frame {
        Frame::Command(text.as_bytes().to_vec())
    }

    fn refused(head: &str, why: Refusal) -> Frame {
        Frame::Refused { head: head.as_bytes().to_vec(), why }
    }

    /// The same frames come out wherever the stream is cut.
    fn check(input: &str, expected: &[Frame]) {
        for size in 1..=input.len().max(1) {
            assert_eq!(frames(input.as_bytes(), &[size]), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_are_commands() {
        check("a NOOP\r\nb NOOP\n\r\nc", &[command("a NOOP"), command("b NOOP"), command("")]);
    }

    #[test]
    fn literals_stay_in_their_place() {
        check(
            "a LOGIN {4}\r\nfr\r\n {3+}\r\na\nb\r\nb NOOP\r\n",
            &[Frame::GoAhead { octets: 4 }, command("a LOGIN {4}\r\nfr\r\n {3+}\r\na\nb"), command("b NOOP")],
        );
        check("a X {0}\r\n\r\n", &[Frame::GoAhead { octets: 0 }, command("a X {0}\r\n")]);
    }

    #[test]
    fn a_large_literal_that_asks_is_refused_before_it_comes() {
        check(
            "a LOGIN {21}\r\nb NOOP\r\n",
            &[refused("a LOGIN {21}\r\n", Refusal::LiteralTooLarge), command("b NOOP")],
        );
    }

    #[test]
    fn a_large_literal_that_does_not_ask_is_read_past() {
        check(
            "a LOGIN {21+}\r\nx NOOP\r\n4567890123456 {5+}\r\nx\r\ny\n z\r\nb NOOP\r\n",
            &[refused("a LOGIN {21+}\r\n", Refusal::LiteralTooLarge), command("b NOOP")],
        );
        check(
            "a LOGIN {22+}\r\nx NOOP\r\n45678901234567 {5}\r\nb NOOP\r\n",
            &[refused("a LOGIN {22+}\r\n", Refusal::LiteralTooLarge), command("b NOOP")],
        );
    }

    #[test]
    fn a_literal_that_does_not_ask_may_have_to() {
        let bounds = Bounds { unasked: 3, ..BOUNDS };
        let mut framer = Framer::default();
        framer.receive(b"a X {3+}\r\nabc {4}\r\nabcd\r\nb X {4+}\r\nabcd\r\nc NOOP\r\n");
        let found: Vec<Frame> = std::iter::from_fn(|| framer.next(|_| bounds)).collect();
        let whole = command("a X {3+}\r\nabc {4}\r\nabcd");
        let refused = refused("b X {4+}\r\n", Refusal::LiteralUnasked);
        assert_eq!(found, [Frame::GoAhead { octets: 4 }, whole, refused, command("c NOOP")]);
    }

    #[test]
    fn all_literals_of_a_command_have_a_bound() {
        let input =
            format!("a X {{20+}}\r\n{0} {{11+}}\r\n{1}\r\nb NOOP\r\n", "x".repeat(20), "y".repeat(11));
        let head = format!("a X {{20+}}\r\n{0} {{11+}}\r\n", "x".repeat(20));
        check(&input, &[refused(&head, Refusal::LiteralTooLarge), command("b NOOP")]);
    }

    #[test]
    fn numbers_without_bound_are_refused_too() {
        let head = "a X {99999999999999999999999}\r\n";
        check(head, &[refused(head, Refusal::LiteralTooLarge)]);
    }

    #[test]
    fn a_long_line_is_read_past() {
        let whole = |frames: Vec<Frame>| {
            let [Frame::Refused { head, why: Refusal::LineTooLong }, Frame::Command(next)] = &frames[..]
            else {
                panic!("{frames:?}")
            };
            assert!(head.starts_with(b"a xx"));
            assert_eq!(next, b"b NOOP");
        };
        let long = "x".repeat(200);
        for size in 1..300 {
            whole(frames(format!("a {long}\r\nb NOOP\r\n").as_bytes(), &[size]));
            whole(frames(format!("a {long} {{3+}}\r\n\r\n2\r\nb NOOP\r\n").as_bytes(), &[size]));
            whole(frames(format!("a {long} {{3}}\r\nb NOOP\r\n").as_bytes(), &[size]));
        }
    }

    #[test]
    fn what_is_refused_is_not_held() {
        let mut framer = Framer::default();
        framer.receive(b"a X {4000000000+}\r\n");
        assert_eq!(framer.next(|_| BOUNDS), None);
        for _ in 0..100 {
            framer.receive(&[b'\n'; 65536]);
            assert_eq!(framer.next(|_| BOUNDS), None);
            assert!(framer.input.capacity() <= 131072 && framer.command.capacity() < 1024);
        }
    }

    proptest! {
        #[test]
        fn no_cut_makes_a_difference(
            input in "([ab{}+1-3 \r\n]|\\{[0-9]{1,2}\\+?\\}\r\n){0,60}",
            pieces in proptest::collection::vec(1usize..9, 1..9),
        ) {
            // Which octets a refusal kept of a long line depends on where it was cut; all else may not.
            let strip = |frames: Vec<Frame>| frames.into_iter().map(|frame| match frame {
                Frame::Refused { why, .. } => Frame::Refused { head: Vec::new(), why },
                other => other,
            }).collect::<Vec<_>>();
            let at_once = strip(frames(input.as_bytes(), &[usize::MAX]));
            prop_assert_eq!(strip(frames(input.as_bytes(), &pieces)), at_once);
        }

        #[test]
        fn garbage_never_panics(input in proptest::collection::vec(any::<u8>(), 0..400)) {
            frames(&input, &[7, 1, 30]);
        }
    }
}
