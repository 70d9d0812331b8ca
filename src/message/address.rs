//! Address lists: RFC 5322 §3.4 and §4.4, and what else stands in From, To and Cc.

use super::header::unfold;
use super::repair::Repairs;
use super::text::decode_header_value;

/// One entry of an address list, in the order of the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A mailbox.
    Address(Address),
    /// A group begins; this is its name.
    Group(Vec<u8>),
    /// The group ends.
    GroupEnd,
}

/// A mailbox as written, without its quoting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name; encoded words are still encoded.
    pub name: Option<Vec<u8>>,
    /// The obsolete source route, without its colon.
    pub route: Option<Vec<u8>>,
    /// Left of the `@`.
    pub localpart: Vec<u8>,
    /// Right of it; empty when there is none.
    pub domain: Vec<u8>,
}

/// Reads an address list. What cannot be an address is dropped.
pub fn parse_addresses(value: &[u8], repairs: &mut Repairs) -> Vec<Entry> {
    let value = unfold(value);
    let mut entries = Vec::new();
    let mut splitter = Splitter { value: &value, at: 0, ..Splitter::default() };
    let mut in_group = false;
    while let Some((item, end)) = splitter.item(in_group) {
        if end == b':' {
            if !item.text.trim_ascii().eq_ignore_ascii_case(b"mailto") {
                entries.push(Entry::Group(item.text.trim_ascii().to_vec()));
                in_group = true;
            }
            continue;
        }
        if let Some(address) = item.address(repairs) {
            entries.push(Entry::Address(address));
        }
        if end == b';' && in_group {
            entries.push(Entry::GroupEnd);
            in_group = false;
        }
    }
    if in_group {
        repairs.note("group-unterminated");
        entries.push(Entry::GroupEnd);
    }
    entries
}

/// The names of the groups in an address list, as they are written there.
pub fn group_names(value: &[u8]) -> Vec<Vec<u8>> {
    let entries = parse_addresses(value, &mut Repairs::default()).into_iter();
    entries.filter_map(|entry| if let Entry::Group(name) = entry { Some(name) } else { None }).collect()
}

/// What stands between two commas, sorted by its quoting.
#[derive(Debug, Default)]
struct Item {
    /// All outside brackets and comments, without quotes.
    text: Vec<u8>,
    /// True when some of that was quoted.
    quoted: bool,
    /// The first thing in angle brackets that has an `@`, else the first.
    angle: Option<Vec<u8>>,
    /// The last comment.
    comment: Option<Vec<u8>>,
}

/// Cuts a list into items. Quotes, comments and brackets that never close are ordinary characters; each search for a
/// close that fails is the last of its kind, so that the time is linear.
#[derive(Debug, Default)]
struct Splitter<'a> {
    value: &'a [u8],
    at: usize,
    quotes_end: bool,
    comments_end: bool,
    /// No angle bracket closes before this position.
    open_until: usize,
}

impl Splitter<'_> {
    /// The next item, and the character that ended it (0 at the end of the list).
    fn item(&mut self, in_group: bool) -> Option<(Item, u8)> {
        if self.at >= self.value.len() {
            return None;
        }
        let mut item = Item::default();
        while let Some(&b) = self.value.get(self.at) {
            let here = self.at;
            self.at += 1;
            match b {
                b',' | b';' => return Some((item, b)),
                b':' if self.begins_group(&item, in_group) => return Some((item, b)),
                b'"' if self.quoted(&mut item) => {}
                b'(' if self.comment(&mut item) => {}
                b'<' if self.angle(here, &mut item) => {}
                b'\\' if self.at < self.value.len() => {
                    item.text.push(self.value[self.at]);
                    self.at += 1;
                }
                // A stray closing bracket: "<<a@b>>".
                b'>' if item.angle.is_some() => {}
                _ => item.text.push(b),
            }
        }
        Some((item, 0))
    }

    /// A colon ends the name of a group, unless it is in an address or one of VMS's double colons.
    fn begins_group(&mut self, item: &Item, in_group: bool) -> bool {
        // Nor does it in "undisclosed-recipients:@host;".
        if matches!(self.value.get(self.at), Some(b':' | b'@')) {
            return false;
        }
        let double = self.at >= 2 && self.value[self.at - 2] == b':';
        !double
            && !in_group
            && item.angle.is_none()
            && !item.text.contains(&b'@')
            && !item.text.trim_ascii().is_empty()
    }

    fn quoted(&mut self, item: &mut Item) -> bool {
        if self.quotes_end {
            return false;
        }
        let Some(end) = closing_quote(self.value, self.at) else {
            self.quotes_end = true;
            return false;
        };
        unescape(&self.value[self.at..end], &mut item.text);
        item.quoted = true;
        self.at = end + 1;
        true
    }

    fn comment(&mut self, item: &mut Item) -> bool {
        if self.comments_end {
            return false;
        }
        let (mut depth, mut i) = (1, self.at);
        while let Some(&b) = self.value.get(i) {
            match b {
                b'\\' => i += 1,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let mut text = Vec::new();
                unescape(&self.value[self.at..i], &mut text);
                item.comment = Some(text).filter(|text| !text.trim_ascii().is_empty());
                self.at = i + 1;
                return true;
            }
            i += 1;
        }
        self.comments_end = true;
        false
    }

    fn angle(&mut self, here: usize, item: &mut Item) -> bool {
        let near = self.value.len().min(here + ANGLE_OCTETS_MAX);
        let from = self.open_until.max(here + 1);
        let Some(close) = closing_angle(&self.value[..near], from) else {
            self.open_until = near;
            return false;
        };
        let inside = &self.value[here + 1..close];
        // A bracket that was forgotten must not swallow the next address, but a source route has commas.
        let is_route = inside.trim_ascii_start().starts_with(b"@");
        let end = if is_route {
            inside.len()
        } else {
            inside.iter().position(|&b| b == b',').unwrap_or(inside.len())
        };
        let inside = without_doubled_brackets(&inside[..end]);
        if item.angle.as_ref().is_none_or(|angle| !angle.contains(&b'@')) {
            item.angle = Some(inside.to_vec());
        }
        self.at = here + 1 + end + usize::from(here + 1 + end == close);
        true
    }
}

/// Skips the brackets that some senders double.
fn without_doubled_brackets(inside: &[u8]) -> &[u8] {
    let doubled = inside.iter().take_while(|&&b| b == b'<' || b == b' ').count();
    &inside[doubled..]
}

fn closing_quote(value: &[u8], from: usize) -> Option<usize> {
    let mut i = from;
    while let Some(&b) = value.get(i) {
        match b {
            b'"' => return Some(i),
            b'\\' => i += 2,
            _ => i += 1,
        }
    }
    None
}

fn closing_angle(value: &[u8], from: usize) -> Option<usize> {
    let mut i = from;
    while let Some(&b) = value.get(i) {
        match b {
            b'>' => return Some(i),
            // A quoted local part may hold a bracket; a lone quote is a slip.
            b'"' => match closing_quote(&value[..value.len().min(i + LOCALPART_OCTETS_MAX)], i + 1) {
                Some(end) => i = end + 1,
                None => i += 1,
            },
            _ => i += 1,
        }
    }
    None
}

fn unescape(quoted: &[u8], text: &mut Vec<u8>) {
    let mut escaped = false;
    for &b in quoted {
        if b == b'\\' && !escaped {
            escaped = true;
        } else {
            text.push(b);
            escaped = false;
        }
    }
}

impl Item {
    fn address(self, repairs: &mut Repairs) -> Option<Address> {
        let text = self.text.trim_ascii();
        if let Some(angle) = &self.angle {
            let found = addr_spec(angle, repairs)?;
            let name = if text.is_empty() { self.comment } else { Some(text.to_vec()) };
            return Some(named(found, name, repairs));
        }
        if text.is_empty() {
            return None;
        }
        if text.contains(&b'@') {
            if self.quoted || !text.iter().any(|&b| b == b' ' || b == b'\t') {
                let found = if self.quoted { quoted_spec(text, repairs) } else { addr_spec(text, repairs) };
                return found.map(|found| named(found, self.comment, repairs));
            }
            return repair_address_among_words(text, self.comment, repairs);
        }
        if text.windows(2).any(|pair| pair == b"=?") {
            return repair_encoded_address(text, repairs);
        }
        // RFC 5322 wants a domain. One word may be a local user; several are a remark such as "list suppressed".
        if text.iter().any(|b| b.is_ascii_whitespace()) {
            repairs.note("address-dropped");
            return None;
        }
        repairs.note("address-without-domain");
        let found = Address { localpart: text.to_vec(), ..Address::default() };
        Some(named(found, self.comment, repairs))
    }
}

/// A name that only repeats the address says nothing, and quotes around names are often doubled.
fn named(mut found: Address, name: Option<Vec<u8>>, repairs: &mut Repairs) -> Address {
    let name = name.unwrap_or_default();
    let mut name = name.trim_ascii();
    if name.len() > 2
        && (name.starts_with(b"'") && name.ends_with(b"'")
            || name.starts_with(b"\"") && name.ends_with(b"\""))
    {
        repairs.note("name-doubly-quoted");
        name = name[1..name.len() - 1].trim_ascii();
    }
    let length = found.localpart.len();
    let repeats = name.len() == length + 1 + found.domain.len()
        && name.get(..length) == Some(&found.localpart[..])
        && name.get(length) == Some(&b'@')
        && name[length + 1..].eq_ignore_ascii_case(&found.domain);
    if !name.is_empty() && !repeats {
        found.name = Some(name.to_vec());
    }
    found
}

/// `"x y"@z` and a whole address in quotes: the text has lost its quotes already.
fn quoted_spec(text: &[u8], repairs: &mut Repairs) -> Option<Address> {
    let at = text.iter().rposition(|&b| b == b'@')?;
    // The quotes are gone, but the blanks they kept are part of the name: unless the whole address was quoted.
    let mut found = split_spec(&text[..at], &text[at + 1..], repairs)?;
    found.localpart = text[..at].trim_ascii().to_vec();
    Some(found)
}

/// Plan B: words around an address that is in no brackets are its name.
fn repair_address_among_words(
    text: &[u8],
    comment: Option<Vec<u8>>,
    repairs: &mut Repairs,
) -> Option<Address> {
    repairs.note("address-among-words");
    let mut found = None;
    let mut name = Vec::new();
    for word in text.split(|&b| b == b' ' || b == b'\t').filter(|word| !word.is_empty()) {
        if found.is_none() && word.len() > 1 && word[1..].contains(&b'@') {
            found = addr_spec(word, repairs);
        } else {
            name.extend_from_slice(word);
            name.push(b' ');
        }
    }
    if let Some(found) = found {
        let name = if name.is_empty() { comment } else { Some(name) };
        return Some(named(found, name, repairs));
    }
    // "a @ b" and "a . b @ c" have only blanks too many.
    let glued: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    addr_spec(&glued, repairs).map(|found| named(found, comment, repairs))
}

/// `=?utf-8?q?x<a@b>?=`: the sender encoded the address with the name.
fn repair_encoded_address(text: &[u8], repairs: &mut Repairs) -> Option<Address> {
    let decoded = decode_header_value(text);
    if !decoded.contains('@') || decoded.contains("=?") {
        return None;
    }
    repairs.note("address-encoded");
    let mut entries = parse_addresses(decoded.as_bytes(), repairs);
    entries.retain(|entry| matches!(entry, Entry::Address(_)));
    match entries.into_iter().next() {
        Some(Entry::Address(address)) => Some(address),
        _ => None,
    }
}

/// `addr-spec`, with a source route before it, or with slips in it.
fn addr_spec(text: &[u8], repairs: &mut Repairs) -> Option<Address> {
    let mut text = text.trim_ascii();
    if text.len() > 7 && text[..7].eq_ignore_ascii_case(b"mailto:") {
        text = &text[7..];
    }
    let mut route = None;
    if text.starts_with(b"@")
        && let Some(colon) = text.iter().position(|&b| b == b':')
    {
        route = Some(text[..colon].to_vec());
        text = text[colon + 1..].trim_ascii();
    }
    let Some(at) = text.iter().rposition(|&b| b == b'@') else {
        if text.is_empty() || text.contains(&b':') {
            return None;
        }
        repairs.note("address-without-domain");
        return split_spec(text, b"", repairs).map(|found| Address { route, ..found });
    };
    split_spec(&text[..at], &text[at + 1..], repairs).map(|found| Address { route, ..found })
}

fn split_spec(localpart: &[u8], domain: &[u8], repairs: &mut Repairs) -> Option<Address> {
    let (localpart, domain) = (without_comments(localpart), without_comments(domain));
    let mut localpart = localpart.trim_ascii();
    while let Some(rest) = localpart.strip_suffix(b"@") {
        repairs.note("address-double-at");
        localpart = rest;
    }
    let localpart = match localpart {
        [b'"', inner @ .., b'"'] => {
            let mut text = Vec::new();
            unescape(inner, &mut text);
            text
        }
        _ => localpart.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect(),
    };
    // A local part that long was no address, but some text with an "@" in it.
    if localpart.is_empty() || localpart.len() > LOCALPART_OCTETS_MAX || domain.len() > LOCALPART_OCTETS_MAX {
        repairs.note("address-dropped");
        return None;
    }
    let domain: Vec<u8> = domain.iter().copied().filter(|b| !b.is_ascii_whitespace() && *b != b'>').collect();
    let domain = domain.strip_suffix(b".").unwrap_or(&domain);
    let domain = if domain.contains(&b'[') { domain } else { domain.strip_suffix(b"]").unwrap_or(domain) };
    if is_nobody(&localpart) {
        repairs.note("address-of-nobody");
        return None;
    }
    Some(Address { name: None, route: None, localpart, domain: repair_bare_ipv4_domain(domain) })
}

/// RFC 5322 §3.4.1 allows comments around the parts of an address; nobody but its examples uses them.
fn without_comments(text: &[u8]) -> Vec<u8> {
    let unclosed = text.contains(&b'"')
        || text.iter().filter(|&&b| b == b'(').count() != text.iter().filter(|&&b| b == b')').count();
    let mut depth = 0usize;
    let mut kept = Vec::with_capacity(text.len());
    for &b in text {
        match b {
            _ if unclosed => kept.push(b),
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            _ if depth == 0 => kept.push(b),
            _ => {}
        }
    }
    kept
}

/// `<Undisclosed-Recipient:;@host>`, `(Recipient list suppressed)@localhost`: what MTAs make of an empty group.
fn is_nobody(localpart: &[u8]) -> bool {
    let letters: Vec<u8> =
        localpart.iter().filter(|b| b.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    let names =
        [&b"undisclosedrecipient"[..], b"unlistedrecipient", b"unknownrecipient", b"recipientlistsuppressed"];
    names.iter().any(|name| letters.starts_with(name) && letters.len() <= name.len() + 1)
}

/// `a@192.0.2.1` lacks the brackets of a domain literal.
fn repair_bare_ipv4_domain(domain: &[u8]) -> Vec<u8> {
    let is_ipv4 = std::str::from_utf8(domain).is_ok_and(|text| text.parse::<std::net::Ipv4Addr>().is_ok());
    if is_ipv4 { [b"[", domain, b"]"].concat() } else { domain.to_vec() }
}

/// Longer things in angle brackets are no addresses; it also bounds the time that thousands of brackets could take.
const ANGLE_OCTETS_MAX: usize = 1000;

/// The predecessor refused longer ones too; RFC 5321 §4.5.3.1 allows 64 and 255.
const LOCALPART_OCTETS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let entries = parse_addresses(value.as_bytes(), &mut Repairs::default());
        let print = |entry: &Entry| match entry {
            Entry::Address(a) => {
                let name = a.name.as_deref().map(|name| format!("{} ", text(name))).unwrap_or_default();
                format!("{name}<{}|{}>", text(&a.localpart), text(&a.domain))
            }
            Entry::Group(name) => format!("{}:", text(name)),
            Entry::GroupEnd => ";".to_string(),
        };
        entries.iter().map(print).collect()
    }

    #[test]
    fn rfc_5322_lists_are_read() {
        assert_eq!(read("anna@example.org"), ["<anna|example.org>"]);
        assert_eq!(
            read("\"Joe Q. Public\" <john@x>, (a) b@c (Bea)"),
            ["Joe Q. Public <john|x>", "Bea <b|c>"]
        );
        assert_eq!(
            read("A Group:Ed <ed@x>,joe@y; , c@d"),
            ["A Group:", "Ed <ed|x>", "<joe|y>", ";", "<c|d>"]
        );
        assert_eq!(read("Undisclosed recipients:;"), ["Undisclosed recipients:", ";"]);
        assert_eq!(read("\"a \\\"b\\\" c\"@d"), ["<a \"b\" c|d>"]);
        assert_eq!(read("X <@a,@b:c@d>"), ["X <c|d>"]);
    }

    #[test]
    fn broken_lists_are_mended() {
        assert_eq!(read("Anna anna@x.org"), ["Anna <anna|x.org>"]);
        assert_eq!(read("<<a@b>>, <c@@d>"), ["<a|b>", "<c|d>"]);
        assert_eq!(read("\"open <a@b>, c@d"), ["\"open <a|b>", "<c|d>"]);
        assert_eq!(read("<a@b, <c@d>"), ["<a|b>", "<c|d>"]);
        assert_eq!(read("a@b; c@d"), ["<a|b>", "<c|d>"]);
        assert_eq!(read("\"'x@y'\" <x@y>"), ["<x|y>"]);
        assert_eq!(read("x@y <x@y>"), ["<x|y>"]);
        assert_eq!(read("a@192.0.2.1"), ["<a|[192.0.2.1]>"]);
        assert_eq!(read("<>, <Unknown-Recipient:;>, list suppressed, @host"), Vec::<String>::new());
        assert_eq!(read("=?utf-8?q?x<a@b>?="), ["=?utf-8?q?x?= <a|b>"]);
        assert_eq!(read("=?utf-8?q?x_=3Ca=40b=3E?="), ["x <a|b>"]);
        assert_eq!(
            read("<Undisclosed-Recipient:;@host>, undisclosed-recipients:@host;, UndisclosedRecipients@h"),
            [""; 0]
        );
        assert_eq!(
            read("P <pete(his account)@silly.test(his host)>, a@b]"),
            ["P <pete|silly.test>", "<a|b>"]
        );
        assert_eq!(read("mailto:a@b"), ["<a|b>"]);
        assert_eq!(read("a . b @ c"), ["<a.b|c>"]);
        assert_eq!(read("root"), ["<root|>"]);
    }
}
