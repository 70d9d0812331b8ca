//! Reads what an IMAP server says, as strictly as a client may (RFC 9051 §9): into values, or with what is wrong.

/// A response, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Anything that is no string: an atom, a number, NIL, a flag, `BODY[1.MIME]<0>`.
    Atom(String),
    /// Quoted, or a literal.
    String(Vec<u8>),
    List(Vec<Value>),
}

impl Value {
    pub fn atom(&self) -> Option<&str> {
        if let Value::Atom(atom) = self { Some(atom) } else { None }
    }

    pub fn list(&self) -> Option<&[Value]> {
        if let Value::List(list) = self { Some(list) } else { None }
    }

    pub fn string(&self) -> Option<&[u8]> {
        if let Value::String(string) = self { Some(string) } else { None }
    }

    pub fn number(&self) -> Option<u64> {
        self.atom()?.parse().ok()
    }

    /// Whether it is this atom, in any case.
    pub fn is(&self, word: &str) -> bool {
        self.atom().is_some_and(|atom| atom.eq_ignore_ascii_case(word))
    }
}

/// Checks that `octets` are whole responses. Returns them, each without its line end.
pub fn responses(mut octets: &[u8]) -> Result<Vec<&[u8]>, String> {
    let mut found = Vec::new();
    while !octets.is_empty() {
        let end = end_of_first(octets)?;
        let response = &octets[..end - 2];
        check(response).map_err(|why| format!("{why}: {}", String::from_utf8_lossy(response)))?;
        found.push(response);
        octets = &octets[end..];
    }
    Ok(found)
}

/// The length of the first response, with its literals and its line end, once it is there.
pub fn first(octets: &[u8]) -> Option<usize> {
    end_of_first(octets).ok()
}

fn end_of_first(octets: &[u8]) -> Result<usize, &'static str> {
    let mut end = 0;
    loop {
        let line = octets[end..].windows(2).position(|two| two == b"\r\n");
        end += line.ok_or("a response without its end")? + 2;
        let Some(length) = announced(&octets[..end]) else { return Ok(end) };
        end = end.checked_add(length).filter(|end| *end <= octets.len()).ok_or("a literal is cut off")?;
    }
}

/// Whether this response is what a client can read.
fn check(response: &[u8]) -> Result<(), &'static str> {
    if response.starts_with(b"+ ") {
        return Ok(());
    }
    let rest = match response.strip_prefix(b"* ") {
        Some(rest) => rest,
        None => {
            let space =
                response.iter().position(|octet| *octet == b' ').ok_or("a response without a word")?;
            &response[space + 1..]
        }
    };
    let word = rest.split(|octet| *octet == b' ').next().unwrap_or_default();
    match word {
        b"OK" | b"NO" | b"BAD" | b"BYE" | b"PREAUTH" => status(&rest[word.len()..]),
        _ if response.starts_with(b"* ") => values(rest).map(|_| ()),
        _ => Err("a tagged response that is no status"),
    }
}

/// `resp-text = ["[" resp-text-code "]" SP] text`
fn status(text: &[u8]) -> Result<(), &'static str> {
    let text = text.strip_prefix(b" ").ok_or("a status without a space")?;
    if text.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        return Err("a status of several lines");
    }
    if std::str::from_utf8(text).is_err() {
        return Err("a status that is no text");
    }
    let human = match text.starts_with(b"[") {
        true => {
            let end = text.iter().position(|octet| *octet == b']').ok_or("a code without its end")?;
            text[end + 1..].strip_prefix(b" ").ok_or("nothing behind a code")?
        }
        false => text,
    };
    if human.is_empty() { Err("a status without a text") } else { Ok(()) }
}

/// Where a value is: "[" begins a section in the names of what FETCH returns (`msg-att`), and is a letter like others
/// anywhere else, also in the flags there.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Response,
    FetchItems,
    Elsewhere,
}

impl Place {
    /// Where the next value is, behind these of the same list.
    fn of_next(self, before: &[Value]) -> Place {
        let fetch = |word: &Value| word.is("FETCH") || word.is("UIDFETCH");
        match (self, before) {
            (Place::Response, [number, word]) if number.number().is_some() && fetch(word) => {
                Place::FetchItems
            }
            _ => Place::Elsewhere,
        }
    }
}

/// All values of a response behind its `* `.
pub fn values(input: &[u8]) -> Result<Vec<Value>, &'static str> {
    let (rest, values) = list(input, Place::Response, 0)?;
    if rest.is_empty() { Ok(values) } else { Err("a parenthesis closes nothing") }
}

/// Values with one space between two of them, up to what closes the list. Lists may follow each other without a space:
/// addresses, bodies and threads do.
fn list(mut input: &[u8], place: Place, depth: usize) -> Result<(&[u8], Vec<Value>), &'static str> {
    let mut values: Vec<Value> = Vec::new();
    if depth > DEPTH_MAX {
        return Err("lists in lists in lists");
    }
    while let Some(&first) = input.first() {
        if first == b')' {
            return Ok((input, values));
        }
        if !values.is_empty() {
            input = match (first, values.last()) {
                (b' ', _) => &input[1..],
                (b'(', Some(Value::List(_))) => input,
                _ => return Err("no space between two values"),
            };
        }
        let is_item = place == Place::FetchItems && values.len().is_multiple_of(2);
        let (rest, value) = match is_item {
            true => fetch_item(input)?,
            false => value(input, place.of_next(&values), depth)?,
        };
        values.push(value);
        input = rest;
    }
    Ok((input, values))
}

fn value(input: &[u8], place: Place, depth: usize) -> Result<(&[u8], Value), &'static str> {
    match input.first() {
        Some(b'(') => {
            let (rest, values) = list(&input[1..], place, depth + 1)?;
            Ok((rest.strip_prefix(b")").ok_or("a list without its end")?, Value::List(values)))
        }
        Some(b'"') => quoted(&input[1..]),
        Some(b'{') => literal(&input[1..]),
        Some(b'~') if input.get(1) == Some(&b'{') => literal(&input[2..]),
        _ => atom(input),
    }
}

/// `quoted = DQUOTE *QUOTED-CHAR DQUOTE`
fn quoted(input: &[u8]) -> Result<(&[u8], Value), &'static str> {
    let (mut string, mut at) = (Vec::new(), 0);
    loop {
        match input.get(at).ok_or("a quoted string without its end")? {
            b'"' => return Ok((&input[at + 1..], Value::String(string))),
            b'\\' => {
                let escaped = input.get(at + 1).filter(|octet| matches!(octet, b'"' | b'\\'));
                string.push(*escaped.ok_or("a backslash before what needs none")?);
                at += 1;
            }
            b'\r' | b'\n' | 0 => return Err("a quoted string of several lines"),
            octet => string.push(*octet),
        }
        at += 1;
    }
}

fn literal(input: &[u8]) -> Result<(&[u8], Value), &'static str> {
    let end = input.windows(3).position(|three| three == b"}\r\n").ok_or("a literal without a length")?;
    let length: usize = std::str::from_utf8(&input[..end])
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or("a literal of no length")?;
    let rest = &input[end + 3..];
    if rest.len() < length {
        return Err("a literal that is cut off");
    }
    Ok((&rest[length..], Value::String(rest[..length].to_vec())))
}

fn atom(input: &[u8]) -> Result<(&[u8], Value), &'static str> {
    let end = input.iter().position(|octet| matches!(octet, b' ' | b'(' | b')')).unwrap_or(input.len());
    let (atom, rest) = input.split_at(end);
    match atom.iter().find(|octet| matches!(octet, b'"' | b'{' | 0..=0x1f | 0x7f)) {
        Some(b'"' | b'{') => Err("a string inside of an atom"),
        Some(_) => Err("a control character in an atom"),
        None if atom.is_empty() => Err("an empty atom"),
        None => Ok((rest, atom_of(atom))),
    }
}

/// The name of what FETCH returns. Brackets behind some hold a section, strings too: `BODY[HEADER.FIELDS ("a b")]<0>`.
fn fetch_item(input: &[u8]) -> Result<(&[u8], Value), &'static str> {
    let names: [&[u8]; 3] = [b"BODY[", b"BINARY[", b"BINARY.SIZE["];
    let Some(name) = names.into_iter().find(|name| input.starts_with(name)) else { return atom(input) };
    let mut at = name.len();
    loop {
        let rest = match input.get(at).ok_or("a section without its end")? {
            b']' => break,
            b'"' => quoted(&input[at + 1..])?.0,
            b'{' => literal(&input[at + 1..])?.0,
            0..=0x1f | 0x7f => return Err("a control character in a section"),
            _ => &input[at + 1..],
        };
        at = input.len() - rest.len();
    }
    let (rest, _) = atom(&input[at..])?;
    Ok((rest, atom_of(&input[..input.len() - rest.len()])))
}

fn atom_of(octets: &[u8]) -> Value {
    Value::Atom(String::from_utf8_lossy(octets).into_owned())
}

/// The length of the literal that the line at the end announces.
fn announced(octets: &[u8]) -> Option<usize> {
    let line = octets.strip_suffix(b"}\r\n")?;
    let digits = line.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let (before, number) = line.split_at(line.len() - digits);
    if !before.ends_with(b"{") {
        return None;
    }
    std::str::from_utf8(number).ok()?.parse().ok()
}

const DEPTH_MAX: usize = 1000;

#[test]
fn responses_are_told_from_what_is_none() {
    let good = [
        "* 3 EXISTS\r\n",
        "* 1 FETCH (FLAGS (\\Seen $x) BODY[HEADER.FIELDS (\"a b\" c)]<0> {3}\r\na\r\n UID 4)\r\n",
        "a OK [COPYUID 1 2:3 4:5] done\r\n+ go on\r\n* BYE too long\r\n",
        "* 1 FETCH (FLAGS (BINARY[agged BODY[ x]y) BINARY[2]<7> NIL BINARY.SIZE[2] 9)\r\n",
        "* FLAGS (BODY[x \\Seen)\r\n",
        "* THREAD (1 (2)(3 4))(5)\r\n* LIST () \"/\" \"a\\\"b\"\r\n",
    ];
    for text in good {
        assert!(responses(text.as_bytes()).is_ok(), "{text}: {:?}", responses(text.as_bytes()));
    }
    let bad = [
        "* 3 EXISTS\n",
        "* 3 EXISTS",
        "* 1 FETCH (FLAGS (\\Seen)\r\n",
        "* LIST () \"/\" \"a\r\nb\"\r\n",
        "a OK\r\n",
        "a OK [X]\r\n",
        "* 1 FETCH  (UID 3)\r\n",
        "* 1 FETCH (BODY[] {9}\r\nab)\r\n",
        "* 1 FETCH (BODY[HEADER.FIELDS (a NIL)\r\n",
        "* 1 FETCH (BODY[]x\"y\" NIL)\r\n",
        "* FLAGS (BODY[a \"b\"]c)\r\n",
        "* LIST () \"/\" a\"b\r\n",
        "* SEARCH 1 \r\n",
    ];
    for text in bad {
        assert!(responses(text.as_bytes()).is_err(), "{text}");
    }
}
