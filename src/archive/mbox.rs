//! mbox: all messages of a mailbox in one file, each behind a line that begins with "From ". Where one ends is told by the
//! next such line, so lines of messages that look like it are quoted, in one of several ways.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::Facts;
use crate::error::Error;
use crate::mailbox::{FlagSet, Keyword, System};
use crate::message::header::{fields, first};

/// How lines of messages that begin with "From " are told from those between messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Any number of ">" before "From " has one more in the file.
    Rd,
    /// "From " has one ">" more in the file, and ">From " has not: what was which cannot be told.
    O,
    /// As O, and Content-Length says how long a message is.
    Cl,
    /// Content-Length says it, and nothing is quoted.
    Cl2,
}

/// One message out of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where its "From " line begins.
    pub offset: u64,
    /// When it came, in seconds since 1970, as that line has it.
    pub seconds: Option<i64>,
    pub octets: Vec<u8>,
}

/// Takes a file apart, line by line.
#[derive(Debug)]
pub struct Splitter {
    variant: Variant,
    offset: u64,
    building: Option<Building>,
}

#[derive(Debug)]
struct Building {
    found: Found,
    in_header: bool,
    /// The line before was empty, so that the next message may begin.
    after_empty: bool,
    /// So many octets of the body are not looked at.
    counted: u64,
}

impl Splitter {
    /// At the beginning of a file.
    pub fn new(variant: Variant) -> Splitter {
        Splitter { variant, offset: 0, building: None }
    }

    /// Takes the next line, with its end; returns a message that ended before it.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Found>, Error> {
        let offset = self.offset;
        self.offset += line.len() as u64;
        let Some(building) = &mut self.building else {
            if line.starts_with(b"From ") {
                self.building = Some(Building::new(offset, line));
            } else if !is_empty(line) {
                return Err(Error::bad("this is no mbox: its first line does not begin with \"From \""));
            }
            return Ok(None);
        };
        if building.counted == 0 && building.after_empty && is_from_line(line) {
            let found = self.building.replace(Building::new(offset, line)).map(Building::end);
            return Ok(found);
        }
        building.take(line, self.variant);
        Ok(None)
    }

    /// The last message, when there are no more lines.
    pub fn end(&mut self) -> Option<Found> {
        self.building.take().map(Building::end)
    }

    /// How many octets the message has that is being read.
    pub fn octets(&self) -> usize {
        self.building.as_ref().map_or(0, |building| building.found.octets.len())
    }
}

impl Building {
    fn new(offset: u64, line: &[u8]) -> Building {
        let found = Found { offset, seconds: from_date(line), octets: Vec::new() };
        Building { found, in_header: true, after_empty: false, counted: 0 }
    }

    fn take(&mut self, line: &[u8], variant: Variant) {
        let counted = std::mem::take(&mut self.counted);
        let length = line.len() as u64;
        if counted > 0 && variant == Variant::Cl2 {
            self.found.octets.extend_from_slice(line);
        } else {
            let quoted = !self.in_header && is_quoted(line, variant);
            self.found.octets.extend_from_slice(&line[usize::from(quoted)..]);
        }
        if counted > 0 {
            self.counted = counted.saturating_sub(length);
            // What is behind the octets that were counted is the empty line between messages.
            self.after_empty = self.counted == 0;
            return;
        }
        self.after_empty = is_empty(line);
        if self.in_header && self.after_empty {
            self.in_header = false;
            if matches!(variant, Variant::Cl | Variant::Cl2) {
                let length = first(header(&self.found.octets), "Content-Length");
                let length = length.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
                self.counted = length.unwrap_or(0);
            }
        }
    }

    /// Without the empty line that stands between messages.
    fn end(mut self) -> Found {
        let octets = &mut self.found.octets;
        for end in [&b"\r\n"[..], b"\n"] {
            let is_separator = octets.ends_with(end)
                && (octets.len() == end.len() || octets[..octets.len() - end.len()].ends_with(b"\n"));
            // The empty line behind the header belongs to the message.
            if is_separator && !self.in_header && !ends_with_header(octets) {
                octets.truncate(octets.len() - end.len());
                break;
            }
        }
        self.found
    }
}

/// Whether the empty line at the end of `octets` is the first one, which ends the header.
fn ends_with_header(octets: &[u8]) -> bool {
    header(octets).len() == octets.len()
}

/// A message up to and including its first empty line.
fn header(message: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        end += line.len();
        if is_empty(line) {
            break;
        }
    }
    &message[..end]
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n" | b"")
}

/// Whether the first octet of a line was put before it.
fn is_quoted(line: &[u8], variant: Variant) -> bool {
    let bare = match variant {
        Variant::Rd => &line[line.iter().take_while(|octet| **octet == b'>').count()..],
        Variant::O | Variant::Cl => line.strip_prefix(b">").unwrap_or(line),
        Variant::Cl2 => return false,
    };
    line.starts_with(b">") && bare.starts_with(b"From ")
}

/// A line between messages has a date: many programs do not quote "From " in sentences.
fn is_from_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") && from_date(line).is_some()
}

/// The date of `From sender Thu Jan  1 00:00:00 1970`, which is in UTC unless it says otherwise.
fn from_date(line: &[u8]) -> Option<i64> {
    let words: Vec<&str> = std::str::from_utf8(line).ok()?.split_ascii_whitespace().skip(1).collect();
    let month = words.iter().rposition(|word| MONTHS.contains(word))?;
    let number = |at: usize| words.get(at)?.parse::<i16>().ok();
    let day = i8::try_from(number(month + 1)?).ok()?;
    let (time, year) = (
        words.get(month + 2)?,
        words[month + 3..]
            .iter()
            .find_map(|word| (word.len() == 4).then(|| word.parse::<i16>().ok()).flatten())?,
    );
    let mut parts = time.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let month = i8::try_from(MONTHS.iter().position(|name| *name == words[month])?).ok()? + 1;
    let at = Date::new(year, month, day).ok()?.to_datetime(Time::new(hour, minute, second.min(59), 0).ok()?);
    let zone = words.iter().find_map(|word| {
        let sign = match word.as_bytes() {
            [b'+', digits @ ..] if digits.len() == 4 => 1,
            [b'-', digits @ ..] if digits.len() == 4 => -1,
            _ => return None,
        };
        let hours_minutes: i64 = word[1..].parse().ok()?;
        Some(sign * (hours_minutes / 100 * 3600 + hours_minutes % 100 * 60))
    });
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second() - zone.unwrap_or(0))
}

/// What header fields of other programs say of a message: Status, X-Status, X-Keywords, X-UID. They stay in it, except
/// where they stand before all others as [`write()`] puts them there.
pub fn take_marks(message: &mut Vec<u8>) -> Marks {
    let mut marks = Marks::default();
    let own = own_marks(message);
    // What the message itself has behind them is part of it, and says nothing.
    let said = if own > 0 { &message[..own] } else { header(message) };
    for field in fields(said) {
        let value = String::from_utf8_lossy(field.value).trim().to_owned();
        marks.read(&String::from_utf8_lossy(field.name), &value);
    }
    message.drain(..own);
    marks
}

/// What such fields say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    pub flags: FlagSet,
    pub uid: Option<u32>,
    pub uidvalidity: Option<u32>,
}

impl Marks {
    fn read(&mut self, name: &str, value: &str) {
        let mut keywords = Vec::new();
        let mut system = System::default();
        match name.to_ascii_lowercase().as_str() {
            "status" if value.contains('R') => system = System::SEEN,
            "x-status" => {
                let set = LETTERS.iter().filter(|(letter, _)| value.contains(*letter));
                system = set.fold(system, |all, (_, flag)| all.with(*flag));
            }
            "x-keywords" => {
                keywords = value.split([' ', ',', '\t']).filter_map(Keyword::new).collect();
            }
            "x-uid" => self.uid = value.parse().ok(),
            "x-imapbase" | "x-imap" => {
                self.uidvalidity = value.split(' ').next().and_then(|number| number.parse().ok());
            }
            _ => return,
        }
        self.flags = self.flags.union(&FlagSet::new(system, keywords));
    }
}

/// How many octets at the beginning of a message are fields that [`write()`] has put there.
fn own_marks(message: &[u8]) -> usize {
    let mut taken = 0;
    for (name, needed) in OWN_FIELDS {
        let rest = &message[taken..];
        let end = rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |at| at + 1);
        match rest.starts_with(name) {
            true => taken += end,
            false if needed => return 0,
            false => {}
        }
    }
    taken
}

/// Appends a message to an mbox of the variant [`Variant::Rd`], with fields before its own that say what is known of it.
pub fn write(out: &mut Vec<u8>, message: &[u8], facts: &Facts, uidvalidity: Option<(u32, u64)>) {
    let flags = facts.flag_set();
    let date = jiff::Timestamp::from_second(facts.seconds.unwrap_or(0)).unwrap_or_default();
    let date = date.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string();
    out.extend_from_slice(format!("From {} {date}\n", sender(message)).as_bytes());
    if let Some((uidvalidity, uidnext)) = uidvalidity {
        out.extend_from_slice(
            format!("X-IMAPbase: {uidvalidity} {}\n", uidnext.saturating_sub(1)).as_bytes(),
        );
    }
    let seen = if flags.system.contains(System::SEEN) { "RO" } else { "O" };
    let letters: String =
        LETTERS.iter().filter(|(_, flag)| flags.system.contains(*flag)).map(|(letter, _)| *letter).collect();
    let uid = facts.uid.unwrap_or(0);
    out.extend_from_slice(format!("X-UID: {uid}\nStatus: {seen}\nX-Status: {letters}\n").as_bytes());
    if !flags.keywords().is_empty() {
        let keywords: Vec<&str> = flags.keywords().iter().map(Keyword::as_str).collect();
        out.extend_from_slice(format!("X-Keywords: {}\n", keywords.join(" ")).as_bytes());
    }
    let text = super::line_ends::to_file(message);
    let mut in_header = true;
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        let bare = &line[line.iter().take_while(|octet| **octet == b'>').count()..];
        if !in_header && bare.starts_with(b"From ") {
            out.push(b'>');
        }
        in_header &= !is_empty(line);
        out.extend_from_slice(line);
    }
    out.extend_from_slice(if text.ends_with(b"\n") || text.is_empty() { b"\n" } else { b"\n\n" });
}

/// Who sent the message, as far as it can stand in a "From " line.
fn sender(message: &[u8]) -> String {
    let path =
        first(header(message), "Return-Path").map(|value| String::from_utf8_lossy(value).trim().to_owned());
    let address = path.as_deref().map(|path| path.trim_start_matches('<').trim_end_matches('>'));
    let is_plain = |address: &&str| !address.is_empty() && address.chars().all(|c| c.is_ascii_graphic());
    address.filter(is_plain).unwrap_or("MAILER-DAEMON").to_owned()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The letters of X-Status.
const LETTERS: [(char, System); 4] =
    [('A', System::ANSWERED), ('F', System::FLAGGED), ('T', System::DRAFT), ('D', System::DELETED)];
/// The fields that are put before a message, in their order, and which of them are always there.
const OWN_FIELDS: [(&[u8], bool); 5] = [
    (b"X-IMAPbase: ", false),
    (b"X-UID: ", true),
    (b"Status: ", true),
    (b"X-Status: ", true),
    (b"X-Keywords: ", false),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(variant: Variant, text: &str) -> Vec<(u64, String)> {
        let mut splitter = Splitter::new(variant);
        let lines = text.as_bytes().split_inclusive(|octet| *octet == b'\n');
        let mut found: Vec<Found> =
            lines.filter_map(|line| splitter.line(line).expect("it is an mbox")).collect();
        found.extend(splitter.end());
        found.into_iter().map(|found| (found.offset, String::from_utf8(found.octets).unwrap())).collect()
    }

    const FROM: &str = "From a@b Thu Jan  1 00:00:10 1970\n";

    #[test]
    fn messages_are_told_apart() {
        let text = format!("{FROM}a: b\n\nFrom here on\n>From x\n>>From y\n\n{FROM}c: d\n\n");
        let whole = |body: &str| format!("a: b\n\nFrom here on\n{body}");
        let found = split(Variant::Rd, &text);
        assert_eq!(found[0], (0, whole("From x\n>From y\n")));
        assert_eq!(found[1].1, "c: d\n\n");
        assert_eq!(split(Variant::O, &text)[0].1, whole("From x\n>>From y\n"));
        assert_eq!(split(Variant::Cl2, &text)[0].1, whole(">From x\n>>From y\n"));
        assert!(Splitter::new(Variant::Rd).line(b"a: b\n").is_err());
        assert_eq!(split(Variant::Rd, ""), []);
    }

    #[test]
    fn content_length_counts() {
        let body = format!("x\n\n{FROM}y\n");
        let text = format!("{FROM}Content-Length: {}\n\n{body}\n{FROM}c: d\n\ne\n", body.len());
        let found = split(Variant::Cl2, &text);
        assert_eq!(found.len(), 2);
        assert!(found[0].1.ends_with(&body), "{found:?}");
        assert_eq!(found[1].1, "c: d\n\ne\n");
        assert_eq!(split(Variant::Rd, &text).len(), 3);
    }

    #[test]
    fn dates_are_read() {
        let date = |text: &str| from_date(text.as_bytes());
        assert_eq!(date("From a@b Thu Jan  1 00:00:10 1970"), Some(10));
        assert_eq!(date("From a b Thu Jan  1 01:00:10 1970 +0100"), Some(10));
        assert_eq!(date("From a@b Sun Nov 29 15:18:51 2026"), Some(1_795_965_531));
        for none in ["From here on", "From a@b", "From a Jan 32 00:00:00 1970", "From Jan"] {
            assert_eq!(date(none), None, "{none}");
        }
    }

    #[test]
    fn marks_of_others_stay_and_count() {
        let text = b"Subject: x\nStatus: RO\nX-Status: AF\nX-Keywords: $Work, Later\nX-UID: 7\n\ny\n";
        let mut message = text.to_vec();
        let marks = take_marks(&mut message);
        assert_eq!(message, text);
        assert_eq!(marks.flags.to_string(), "\\Answered \\Flagged \\Seen $Work Later");
        assert_eq!((marks.uid, marks.uidvalidity), (Some(7), None));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            bodies in proptest::collection::vec("(From |>|x|\n|X-UID: 1\n){0,8}", 1..5),
            bits in 0u8..32,
        ) {
            let mut out = Vec::new();
            let flags = FlagSet::new(System(bits), [Keyword::new("$Work").unwrap()]);
            let mails: Vec<Vec<u8>> = bodies
                .iter()
                .map(|body| format!("Subject: x\n\n{body}\n").replace('\n', "\r\n").into_bytes())
                .collect();
            for (at, mail) in mails.iter().enumerate() {
                let facts = Facts { flags: Facts::names(&flags), uid: Some(at as u32 + 1), seconds: Some(60), ..Facts::default() };
                write(&mut out, mail, &facts, (at == 0).then_some((5, 99)));
            }
            let mut splitter = Splitter::new(Variant::Rd);
            let mut found = Vec::new();
            for line in out.split_inclusive(|octet| *octet == b'\n') {
                found.extend(splitter.line(line).unwrap());
            }
            found.extend(splitter.end());
            prop_assert_eq!(found.len(), mails.len());
            for (at, (mut one, mail)) in found.into_iter().zip(mails).enumerate() {
                let marks = take_marks(&mut one.octets);
                prop_assert_eq!(super::super::line_ends::to_mail(one.octets), mail);
                prop_assert_eq!(one.seconds, Some(60));
                prop_assert_eq!(marks.flags, flags.clone());
                prop_assert_eq!((marks.uid, marks.uidvalidity), (Some(at as u32 + 1), (at == 0).then_some(5)));
            }
        }
    }
}
