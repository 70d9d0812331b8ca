//! Quoted-printable, described so that the sender's very encoding can be written again from the decoded content.
//!
//! Encoders differ in which octets they escape and where they break lines. Both are predicted from a small profile;
//! what a prediction misses is listed. What would need long lists is not worth decoding, and stays as it is.

use super::transfer::escaped;

/// The profile of one encoder, and where it departed from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotedPrintable {
    /// Escapes are written `=e4`, not `=E4`.
    pub lower_case: bool,
    /// Octets which this encoder treats otherwise than RFC 2045 §6.7 suggests, sorted.
    pub unusual: Vec<u8>,
    /// Positions in the content, sorted, of octets that are escaped or not against the prediction.
    pub exceptions: Vec<u64>,
    /// Where lines are broken.
    pub breaks: Breaks,
    /// The encoded text ends in a lone `=`: the line break after it belongs to the boundary.
    pub last_equals: bool,
}

/// Where soft line breaks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Breaks {
    /// As late as lines of this many characters allow, the `=` included.
    Width {
        /// The most characters a line has.
        width: u64,
        /// A line that ends of itself may use the place of the `=`.
        full: bool,
    },
    /// Before these positions in the content.
    Listed(Vec<u64>),
}

impl Default for Breaks {
    fn default() -> Self {
        Breaks::Listed(Vec::new())
    }
}

/// An encoded text read as tokens.
struct Tokens {
    content: Vec<u8>,
    escaped: Vec<bool>,
    breaks: Vec<u64>,
    longest: u64,
    lower_case: bool,
    last_equals: bool,
}

impl QuotedPrintable {
    /// The profile and the content; None when describing it would cost more than a quarter of it.
    pub(super) fn of(encoded: &[u8]) -> Option<(QuotedPrintable, Vec<u8>)> {
        let tokens = read(encoded)?;
        let unusual = unusual(&tokens);
        let table = table(&unusual);
        let content = &tokens.content;
        let exceptions: Vec<u64> = (0..content.len())
            .filter(|&i| tokens.escaped[i] != is_escaped(&table, content, i))
            .map(|i| i as u64)
            .collect();
        let widths = [true, false].map(|full| Breaks::Width { width: tokens.longest, full });
        let fits = |breaks: &Breaks| predicted_breaks(&tokens, breaks) == tokens.breaks;
        let breaks = match widths.into_iter().find(|width| !tokens.breaks.is_empty() && fits(width)) {
            Some(width) => width,
            None => Breaks::Listed(tokens.breaks),
        };
        let listed = if let Breaks::Listed(list) = &breaks { list.len() } else { 0 };
        let cost = unusual.len() + 2 * exceptions.len() + 2 * listed;
        let shape = QuotedPrintable {
            lower_case: tokens.lower_case,
            unusual,
            exceptions,
            breaks,
            last_equals: tokens.last_equals,
        };
        (cost <= encoded.len() / 4 + 16).then_some((shape, tokens.content))
    }

    /// Writes the encoded text.
    pub(super) fn encode(&self, content: &[u8], sink: &mut impl FnMut(&[u8])) {
        let table = table(&self.unusual);
        let mut exceptions = self.exceptions.iter().copied().peekable();
        let mut breaker = Breaker::new(&self.breaks);
        let mut pending = Vec::with_capacity(PENDING_OCTETS + 8);
        for i in 0..content.len() {
            let mut escape = is_escaped(&table, content, i);
            if exceptions.next_if_eq(&(i as u64)).is_some() {
                escape = !escape;
            }
            if breaker.breaks_before(content, i, escape) {
                pending.extend_from_slice(b"=\r\n");
            }
            if escape {
                let digits = if self.lower_case { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
                let (high, low) = (content[i] >> 4, content[i] & 15);
                pending.extend_from_slice(&[b'=', digits[usize::from(high)], digits[usize::from(low)]]);
            } else {
                pending.push(content[i]);
            }
            if pending.len() >= PENDING_OCTETS {
                sink(&pending);
                pending.clear();
            }
        }
        if breaker.breaks_at_end(content.len()) {
            pending.extend_from_slice(b"=\r\n");
        }
        if self.last_equals {
            pending.push(b'=');
        }
        sink(&pending);
    }
}

/// Reads an encoded text; None when escapes are in both cases, or a soft break is not `=` CRLF.
fn read(encoded: &[u8]) -> Option<Tokens> {
    let mut content = Vec::with_capacity(encoded.len());
    let mut is_escape = Vec::with_capacity(encoded.len());
    let (mut breaks, mut longest, mut line_start) = (Vec::new(), 0, 0);
    let (mut lower, mut upper, mut last_equals) = (false, false, false);
    let mut at = 0;
    while at < encoded.len() {
        let rest = &encoded[at..];
        if rest.starts_with(b"=\r\n") {
            // Two breaks at one place would be one entry of the list.
            if breaks.last() == Some(&(content.len() as u64)) {
                return None;
            }
            breaks.push(content.len() as u64);
            longest = longest.max((at + 1 - line_start) as u64);
            at += 3;
            line_start = at;
        } else if rest == b"=" {
            last_equals = true;
            at += 1;
        } else if let Some(b) = escaped(rest) {
            lower |= rest[1..3].iter().any(u8::is_ascii_lowercase);
            upper |= rest[1..3].iter().any(u8::is_ascii_uppercase);
            content.push(b);
            is_escape.push(true);
            at += 3;
        } else {
            if rest.starts_with(b"\r\n") && ends_in_blanks(&content, &is_escape, &breaks) {
                return None;
            }
            content.push(rest[0]);
            is_escape.push(false);
            at += 1;
            if rest[0] == b'\n' {
                line_start = at;
            }
        }
    }
    if !last_equals && ends_in_blanks(&content, &is_escape, &breaks) {
        return None;
    }
    let tokens = Tokens { content, escaped: is_escape, breaks, longest, lower_case: lower, last_equals };
    (!(lower && upper)).then_some(tokens)
}

/// Whether a line ends here whose last octets are blanks as they are. Those are no content: something has added them on the
/// way (RFC 2045 §6.7, rule 3).
fn ends_in_blanks(content: &[u8], escaped: &[bool], breaks: &[u64]) -> bool {
    let is_blank = matches!(content.last(), Some(b' ' | b'\t')) && escaped.last() == Some(&false);
    is_blank && breaks.last() != Some(&(content.len() as u64))
}

/// The octets that this encoder escapes, or leaves, in most cases against the usual rule.
fn unusual(tokens: &Tokens) -> Vec<u8> {
    let usual = table(&[]);
    let mut against = [0i64; 256];
    for (i, &b) in tokens.content.iter().enumerate() {
        if !is_line_end(&tokens.content, i) {
            against[usize::from(b)] += if tokens.escaped[i] != usual[usize::from(b)] { 1 } else { -1 };
        }
    }
    (0..=255).filter(|&b: &u8| against[usize::from(b)] > 0).collect()
}

/// Which octets are escaped in the middle of a line.
fn table(unusual: &[u8]) -> [bool; 256] {
    let mut table = [true; 256];
    for b in 32..=126u8 {
        table[usize::from(b)] = b == b'=';
    }
    table[usize::from(b'\t')] = false;
    for &b in unusual {
        table[usize::from(b)] ^= true;
    }
    table
}

fn is_escaped(table: &[bool; 256], content: &[u8], i: usize) -> bool {
    match content[i] {
        // Line breaks stand for themselves, and blanks before them would be lost (RFC 2045 §6.7 rules 3 and 4).
        b'\r' | b'\n' | b' ' | b'\t' if is_line_end(content, i) => matches!(content[i], b' ' | b'\t'),
        b => table[usize::from(b)],
    }
}

/// Whether the octet is part of a CRLF, or a blank before one.
fn is_line_end(content: &[u8], i: usize) -> bool {
    let next = content.get(i + 1);
    match content[i] {
        b'\r' => next == Some(&b'\n'),
        b'\n' => i > 0 && content[i - 1] == b'\r',
        b' ' | b'\t' => next.is_none_or(|&b| b == b'\r'),
        _ => false,
    }
}

fn predicted_breaks(tokens: &Tokens, breaks: &Breaks) -> Vec<u64> {
    let mut breaker = Breaker::new(breaks);
    (0..tokens.content.len())
        .filter(|&i| breaker.breaks_before(&tokens.content, i, tokens.escaped[i]))
        .map(|i| i as u64)
        .collect()
}

/// Follows the encoder along its lines and says where it breaks them.
struct Breaker<'a> {
    breaks: &'a Breaks,
    column: u64,
    listed: usize,
}

impl<'a> Breaker<'a> {
    fn new(breaks: &'a Breaks) -> Self {
        Breaker { breaks, column: 0, listed: 0 }
    }

    fn breaks_before(&mut self, content: &[u8], i: usize, escaped: bool) -> bool {
        match self.breaks {
            Breaks::Listed(list) => {
                let here = list.get(self.listed) == Some(&(i as u64));
                self.listed += usize::from(here);
                here
            }
            Breaks::Width { width, full } => {
                if !escaped && matches!(content[i], b'\r' | b'\n') {
                    self.column = if content[i] == b'\n' { 0 } else { self.column };
                    return false;
                }
                let token = if escaped { 3 } else { 1 };
                let ends = *full && (i + 1 == content.len() || content[i + 1] == b'\r');
                let here = self.column > 0 && self.column + token + u64::from(!ends) > *width;
                self.column = if here { token } else { self.column + token };
                here
            }
        }
    }

    fn breaks_at_end(&self, length: usize) -> bool {
        match self.breaks {
            Breaks::Listed(list) => list.get(self.listed) == Some(&(length as u64)),
            Breaks::Width { .. } => false,
        }
    }
}

/// Octets that are gathered before they are handed on.
const PENDING_OCTETS: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back(encoded: &[u8]) -> QuotedPrintable {
        let (shape, content) = QuotedPrintable::of(encoded).expect("worth describing");
        let mut written = Vec::new();
        shape.encode(&content, &mut |b: &[u8]| written.extend_from_slice(b));
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(encoded));
        shape
    }

    #[test]
    fn a_usual_encoder_is_predicted_without_exceptions() {
        let line = "=E4 text that is long enough to be broken where the encoder has to break =\r\nit=20\r\n";
        let shape = comes_back(line.repeat(3).as_bytes());
        assert_eq!(shape.exceptions, Vec::<u64>::new());
        assert_eq!(shape.unusual, Vec::<u8>::new());
    }

    #[test]
    fn odd_encoders_come_back_too() {
        assert!(comes_back("=e4=f6 a=2eb=2e\r\nwords=\r\n and words=".repeat(4).as_bytes()).lower_case);
        comes_back(b"1=1, a=ZZ, raw \xe4, =0D=0A and = alone\r\nlast=\r\n");
        comes_back(b"soft=");
        comes_back(b"");
    }

    #[test]
    fn blanks_that_transport_has_added_are_no_content() {
        for encoded in ["added \r\nhere", "added\t \r\n", "at the end "] {
            assert_eq!(QuotedPrintable::of(encoded.as_bytes()), None, "{encoded:?}");
        }
        comes_back(b"escaped=20\r\nbroken =\r\n here, and =\r\n\r\n");
    }

    #[test]
    fn lines_broken_at_a_fixed_width_need_no_list() {
        let text = "0123456789".repeat(30);
        let mut encoded = String::new();
        for (i, c) in text.chars().enumerate() {
            if i > 0 && i % 75 == 0 {
                encoded.push_str("=\r\n");
            }
            encoded.push(c);
        }
        assert!(matches!(comes_back(encoded.as_bytes()).breaks, Breaks::Width { width: 76, .. }));
    }

    #[test]
    fn escapes_in_both_cases_stay_as_they_are() {
        assert!(QuotedPrintable::of(b"=e4=E4").is_none());
    }
}
