//! Values of the form `word; name=value`: Content-Type and Content-Disposition with their parameters.

use super::charset;
use super::text::decode_header_value;
use super::transfer::hex_value;

/// A value with parameters, as the sender wrote them (RFC 2045 §5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parametrized {
    /// What stands before the first semicolon, without comments.
    pub word: Vec<u8>,
    /// The parameters in order: names as written, values without their quotes.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A Content-Type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// `text` of `text/plain`, in lower case.
    pub main: String,
    /// `plain` of `text/plain`, in lower case.
    pub sub: String,
    /// The parameters as written.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl ContentType {
    /// A type without parameters.
    pub fn new(main: &str, sub: &str) -> ContentType {
        ContentType { main: main.to_string(), sub: sub.to_string(), parameters: Vec::new() }
    }

    /// True for this main type and subtype, given in lower case.
    pub fn is(&self, main: &str, sub: &str) -> bool {
        self.main == main && self.sub == sub
    }

    /// True for a type whose content is itself a message.
    pub fn is_message(&self) -> bool {
        self.main == "message" && matches!(self.sub.as_str(), "rfc822" | "global" | "news")
    }

    /// The plain value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&[u8]> {
        plain_parameter(&self.parameters, name)
    }

    /// The charset parameter in lower case, when it has one that is worth a look.
    pub fn charset(&self) -> Option<String> {
        let name = parameter(&self.parameters, "charset")?;
        let name = name.trim().to_ascii_lowercase();
        (!name.is_empty()).then_some(name)
    }
}

/// The type printed as `text/plain`.
impl std::fmt::Display for ContentType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.main, self.sub)
    }
}

/// Reads a value with parameters. Whatever is wrong with it, something comes of it.
pub fn parametrized(value: &[u8]) -> Parametrized {
    let mut reader = Reader { value, at: 0, comments_end: false };
    let word = reader.until(b";").trim_ascii().to_vec();
    let mut parameters = Vec::new();
    while reader.at < value.len() && parameters.len() < PARAMETERS_MAX {
        reader.skip(b"; \t\r\n");
        let name = reader.until(b"=;").trim_ascii().to_vec();
        if value.get(reader.at) != Some(&b'=') {
            continue;
        }
        reader.at += 1;
        let value = reader.parameter_value();
        if !name.is_empty() {
            parameters.push((name, value));
        }
    }
    Parametrized { word, parameters }
}

/// What stands between the commas of a value, without comments; nothing empty.
pub fn listed(value: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader { value, at: 0, comments_end: false };
    let mut items = Vec::new();
    while reader.at < value.len() {
        let item = reader.until(b",").trim_ascii().to_vec();
        items.extend(Some(item).filter(|item| !item.is_empty()));
        reader.at += 1;
    }
    items
}

/// A value without the comments that it begins with (RFC 2045 §5.1), if anything follows them.
pub fn behind_comments(value: &[u8]) -> &[u8] {
    let mut reader = Reader { value, at: 0, comments_end: false };
    reader.skip_comments();
    &value[reader.at..]
}

/// The value of a parameter, RFC 2231 continuations joined and charsets decoded, RFC 2047 words too.
pub fn parameter(parameters: &[(Vec<u8>, Vec<u8>)], name: &str) -> Option<String> {
    let mut pieces: Vec<(u32, bool, &[u8])> = Vec::new();
    for (key, value) in parameters {
        let Some(rest) = strip_prefix_ignoring_case(key, name.as_bytes()) else { continue };
        match rest {
            b"" => return Some(decode_header_value(value)),
            b"*" => pieces.push((0, true, value)),
            [b'*', digits @ ..] => {
                let (digits, encoded) = match digits.strip_suffix(b"*") {
                    Some(digits) => (digits, true),
                    None => (digits, false),
                };
                let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                pieces.push((number?, encoded, value));
            }
            _ => {}
        }
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.sort_by_key(|piece| piece.0);
    Some(join_continuations(&pieces))
}

/// The values of those parameters that are written in pieces or with a charset, each once.
pub fn extended_values(parameters: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (key, _) in parameters {
        let name = key.split(|octet| *octet == b'*').next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if key.contains(&b'*') && !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().filter_map(|name| parameter(parameters, name)).collect()
}

/// RFC 2231 §3 and §4: the charset stands before the first two apostrophes of the first piece.
fn join_continuations(pieces: &[(u32, bool, &[u8])]) -> String {
    let mut label: &[u8] = b"utf-8";
    let mut joined = Vec::new();
    for (i, &(_, encoded, value)) in pieces.iter().enumerate() {
        let mut value = value;
        if i == 0 && encoded {
            let mut split = value.splitn(3, |&b| b == b'\'');
            if let (Some(charset), Some(_), Some(rest)) = (split.next(), split.next(), split.next()) {
                label = charset;
                value = rest;
            }
        }
        if encoded {
            percent_decode(value, &mut joined);
        } else {
            joined.extend_from_slice(value);
        }
    }
    charset::decode(&joined, std::str::from_utf8(label).ok())
}

fn percent_decode(value: &[u8], decoded: &mut Vec<u8>) {
    let mut at = 0;
    while at < value.len() {
        if let [b'%', high, low, ..] = value[at..]
            && let (Some(high), Some(low)) = (hex_value(high), hex_value(low))
        {
            decoded.push(high << 4 | low);
            at += 3;
        } else {
            decoded.push(value[at]);
            at += 1;
        }
    }
}

fn plain_parameter<'a>(parameters: &'a [(Vec<u8>, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    parameters
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_slice())
}

fn strip_prefix_ignoring_case<'a>(bytes: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    (bytes.len() >= prefix.len() && bytes[..prefix.len()].eq_ignore_ascii_case(prefix))
        .then(|| &bytes[prefix.len()..])
}

struct Reader<'a> {
    value: &'a [u8],
    at: usize,
    /// A comment did not close: later parentheses are ordinary, so that the time is linear.
    comments_end: bool,
}

impl Reader<'_> {
    fn skip(&mut self, octets: &[u8]) {
        while self.value.get(self.at).is_some_and(|b| octets.contains(b)) {
            self.at += 1;
        }
    }

    /// What comes before any of the `ends`, without comments and line breaks; stays before the end it met.
    fn until(&mut self, ends: &[u8]) -> Vec<u8> {
        let mut read = Vec::new();
        while let Some(&b) = self.value.get(self.at) {
            match b {
                b'(' => self.comment(),
                _ if ends.contains(&b) => break,
                b'\r' | b'\n' => self.at += 1,
                _ => {
                    read.push(b);
                    self.at += 1;
                }
            }
        }
        read
    }

    /// Skips a comment; a parenthesis that never closes is an ordinary character and skipped alone.
    fn comment(&mut self) {
        let mut depth = 0usize;
        let mut i = if self.comments_end { self.value.len() } else { self.at };
        while let Some(&b) = self.value.get(i) {
            match b {
                b'\\' => i += 1,
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    self.at = i + 1;
                    return;
                }
                b')' => depth -= 1,
                _ => {}
            }
            i += 1;
        }
        self.comments_end = true;
        self.at += 1;
    }

    /// Skips white space and comments, if the value goes on behind them.
    fn skip_comments(&mut self) {
        let begin = self.at;
        self.skip(b" \t\r\n");
        while self.value.get(self.at) == Some(&b'(') {
            self.comment();
            self.skip(b" \t\r\n");
        }
        if self.comments_end || matches!(self.value.get(self.at), None | Some(b';')) {
            self.at = begin;
        }
    }

    /// A quoted string, or all up to the next semicolon.
    fn parameter_value(&mut self) -> Vec<u8> {
        self.skip_comments();
        self.skip(b" \t\r\n");
        if self.value.get(self.at) != Some(&b'"') {
            // Some senders write `name=a (1).doc` without quotes, so that only a comment at the end is one.
            let rest = &self.value[self.at..];
            let end = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
            self.at += end;
            return unquoted(&rest[..end]);
        }
        self.at += 1;
        let mut read = Vec::new();
        while let Some(&b) = self.value.get(self.at) {
            self.at += 1;
            match b {
                b'"' => break,
                b'\r' | b'\n' => {}
                b'\\' => match self.value.get(self.at) {
                    // Windows path names and Outlook forget to double the backslash.
                    Some(&escaped) if escaped == b'"' || escaped == b'\\' => {
                        read.push(escaped);
                        self.at += 1;
                    }
                    _ => read.push(b'\\'),
                },
                _ => read.push(b),
            }
        }
        read
    }
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let value = super::header::unfold(value);
    let comment = value.windows(2).position(|pair| pair == b" (").filter(|_| value.ends_with(b")"));
    match comment {
        Some(at) => value[..at].trim_ascii_end().to_vec(),
        None => value,
    }
}

/// Parameters of one field that are read: more would only be an attack.
const PARAMETERS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> (String, Vec<(String, String)>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let value = parametrized(value.as_bytes());
        (text(&value.word), value.parameters.iter().map(|(n, v)| (text(n), text(v))).collect())
    }

    #[test]
    fn parameters_are_read_with_quotes_comments_and_folds() {
        let (word, parameters) =
            read(" text/plain (x;y);\r\n charset=\"us-\\\"ascii\" ; format = flowed (x)");
        assert_eq!(word, "text/plain");
        assert_eq!(
            parameters,
            [("charset", "us-\"ascii"), ("format", "flowed")].map(|(a, b)| (a.into(), b.into()))
        );
        let commented = read("(a) text/plain; (b) charset (c) = (d (e)) (f) \"utf-8\" (g); x=(h)y");
        assert_eq!(commented.0, "text/plain");
        assert_eq!(commented.1, [("charset", "utf-8"), ("x", "y")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(read("a/b; name=(1)").1, [("name".into(), "(1)".into())]);
        assert_eq!(read("a/b; name=(1.doc; x=y").1.len(), 2);
        assert_eq!(read("a/b; name=a(1).doc").1, [("name".into(), "a(1).doc".into())]);
        assert_eq!(listed(b" en (english), (x) de,, "), [b"en", b"de"]);
        assert_eq!(read("a/b; boundary=\"open").1, [("boundary".into(), "open".into())]);
        assert_eq!(read("a/b; x=\"1\" y=2;;=3;z").1.len(), 2);
        assert_eq!(read("a/b; name=the file.doc").1, [("name".into(), "the file.doc".into())]);
    }

    #[test]
    fn rfc_2231_parameters_are_joined_and_decoded() {
        let parameters = |value: &str| parametrized(value.as_bytes()).parameters;
        let long = "x; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"";
        let title = parameter(&parameters(long), "title");
        assert_eq!(title.as_deref(), Some("This is even more ***fun*** isn't it!"));
        let name = parameter(&parameters("x; filename*=ISO-8859-1''Gr%FC%DFe"), "filename");
        assert_eq!(name.as_deref(), Some("Grüße"));
        let name = parameter(&parameters("x; filename=\"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\""), "filename");
        assert_eq!(name.as_deref(), Some("Grüße"));
        assert_eq!(parameter(&parameters("x; a=b"), "c"), None);
    }
}
