//! Dates of header fields: RFC 5322 §3.3 and §4.3, and the many other ways in which senders write them.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::header;
use super::repair::Repairs;

/// A date of a header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The moment.
    pub at: Timestamp,
    /// The day as written, whatever the zone: SENTON and its like compare that (RFC 9051 §6.4.4).
    pub on: Date,
    /// The time as written.
    pub time: Time,
    /// Seconds east of Greenwich.
    pub offset: i32,
    /// False when it took guessing.
    pub strict: bool,
}

impl Written {
    /// The date as RFC 5322 wants it.
    pub fn print(&self) -> String {
        let weekday = WEEKDAYS[self.on.weekday().to_monday_zero_offset() as usize];
        let month = MONTHS[self.on.month() as usize - 1];
        let (sign, offset) = if self.offset < 0 { ('-', -self.offset) } else { ('+', self.offset) };
        format!(
            "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            self.on.day(),
            self.on.year(),
            self.time.hour(),
            self.time.minute(),
            self.time.second(),
            offset / 3600,
            offset / 60 % 60,
        )
    }
}

/// The date that a field value means, if it means one.
pub fn parse_date(value: &[u8]) -> Option<Written> {
    let text = without_comments(value);
    let mut found = Found::default();
    for token in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"')) {
        found.token(token);
    }
    let (day, month, year) = found.date()?;
    let (hour, minute, second) = found.time.unwrap_or((0, 0, 0));
    let on = Date::new(year, month, day).ok()?;
    // A leap second is the second before it, as far as anyone who sorts mail cares.
    let time = Time::new(hour, minute, second.min(59), 0).ok()?;
    let offset = found.offset.unwrap_or(0);
    let at = Offset::from_seconds(offset).ok()?.to_timestamp(on.to_datetime(time)).ok()?;
    Some(Written { at, on, time, offset, strict: is_strict(text.trim()) })
}

/// The date of a Received field: what follows its last semicolon.
pub fn received_date(value: &[u8]) -> Option<Written> {
    let semicolon = value.iter().rposition(|&b| b == b';')?;
    parse_date(&value[semicolon + 1..])
}

/// When a message was sent: its Date, or what its Received fields let us guess.
pub(super) fn sent(message_header: &[u8], repairs: &mut Repairs) -> Option<Written> {
    let mut dates = header::fields(message_header).filter(|field| field.is("Date"));
    let first = dates.next();
    let valid = first.and_then(|field| parse_date(field.value));
    if let Some(written) = valid.or_else(|| dates.find_map(|field| parse_date(field.value))) {
        if !written.strict {
            repairs.note("date-syntax");
        }
        if valid.is_none() {
            repairs.note("date-repeated");
        }
        return Some(written);
    }
    repairs.note(if first.is_some() { "date-invalid" } else { "date-missing" });
    repair_date_from_received(message_header)
}

/// The oldest Received date that is within an hour of the next: older ones are other people's clocks.
fn repair_date_from_received(message_header: &[u8]) -> Option<Written> {
    let received = header::fields(message_header).filter(|field| field.is("Received"));
    let mut oldest: Option<Written> = None;
    for written in received.filter_map(|field| received_date(field.value)) {
        match oldest {
            Some(newer) if (newer.at.as_second() - written.at.as_second()).abs() > HOUR_SECONDS => break,
            _ => oldest = Some(written),
        }
    }
    oldest
}

#[derive(Default)]
struct Found {
    numbers: Vec<(i32, usize)>,
    /// The month, and how many numbers stood before it.
    month: Option<i8>,
    time: Option<(i8, i8, i8)>,
    offset: Option<i32>,
}

impl Found {
    fn token(&mut self, token: &str) {
        let token = token.trim_matches('.');
        let Some(first) = token.chars().next() else { return };
        if matches!(first, '+' | '-') && token.len() > 1 {
            if self.offset.is_none() && (self.time.is_some() || !self.numbers.is_empty()) {
                self.offset = Some(numeric_zone(token));
            }
        } else if first.is_ascii_digit() {
            self.digits(token);
        } else if let Some(month) = month(token) {
            self.month = self.month.or(Some(month));
            // "Dec-25-2001" and "Dec/25/2001".
            if let Some(at) = token.find(['-', '/']) {
                token[at..].split(['-', '/']).for_each(|rest| self.digits(rest));
            }
        } else {
            self.word(token);
        }
    }

    fn digits(&mut self, token: &str) {
        if let Some((date, time)) =
            token.split_once(['T', 't']).filter(|(date, _)| date.matches('-').count() == 2)
        {
            // ISO 8601.
            self.digits(date);
            self.digits(time);
        } else if token.contains(':') && self.time.is_none() {
            self.clock(token, ':');
        } else if token.matches('.').count() == 2
            && token.rsplit('.').next().is_some_and(|last| last.len() <= 2)
        {
            let is_date = self.numbers.is_empty() && self.month.is_none();
            if is_date {
                token.split('.').for_each(|part| self.digits(part));
            } else {
                self.clock(token, '.');
            }
        } else if token.contains(['-', '/', '.']) {
            token.split(['-', '/', '.']).for_each(|part| self.token(part));
        } else {
            let digits = token.bytes().take_while(u8::is_ascii_digit).count();
            let Some(number) = token.get(..digits).and_then(|digits| digits.parse().ok()) else { return };
            if self.numbers.len() < 3 && (self.numbers.len() < 2 || self.month.is_none()) {
                self.numbers.push((number, digits));
            } else if self.offset.is_none() && digits == 4 && self.time.is_some() {
                self.offset = Some(numeric_zone(token));
            }
        }
    }

    /// `12:34:56`, perhaps with a fraction, and perhaps with a zone glued to it.
    fn clock(&mut self, token: &str, separator: char) {
        let is_clock = |c: char| c.is_ascii_digit() || c == separator || c == '.';
        let end = token.find(|c| !is_clock(c)).unwrap_or(token.len());
        let mut parts = token[..end].split(separator).map(|part| {
            let whole = part.split('.').next().unwrap_or(part);
            whole.parse::<i8>().unwrap_or(-1)
        });
        let mut next = || parts.next();
        let (hour, minute, second) = (next().unwrap_or(-1), next().unwrap_or(-1), next().unwrap_or(0));
        self.time = Some((hour, minute, second));
        if end < token.len() {
            self.token(&token[end..]);
        }
    }

    fn word(&mut self, token: &str) {
        let upper = token.to_ascii_uppercase();
        match (upper.as_str(), &mut self.time) {
            ("PM", Some((hour, ..))) if *hour < 12 => *hour += 12,
            ("AM", Some((hour @ 12, ..))) => *hour = 0,
            _ => {
                let zone = ZONES.iter().find(|(name, _)| *name == upper);
                if let (Some((_, hours)), None) = (zone, self.offset) {
                    self.offset = Some(hours * 3600);
                } else if let Some(rest) = upper.strip_prefix("GMT").or_else(|| upper.strip_prefix("UTC")) {
                    self.offset = self.offset.or(Some(numeric_zone(rest)));
                }
            }
        }
    }

    /// Day, month and year from the numbers in the order in which they stood.
    fn date(&self) -> Option<(i8, i8, i16)> {
        let is_year = |&(number, digits): &(i32, usize)| digits >= 3 || number > 31;
        let (day, month, year) = match (self.month, self.numbers.as_slice()) {
            (Some(month), [first, second, ..]) if is_year(first) => (second.0, i32::from(month), *first),
            (Some(month), [first, second, ..]) => (first.0, i32::from(month), *second),
            (None, [year, month, day]) if is_year(year) => (day.0, month.0, *year),
            // "25/12/2001" where it can be told from "12/25/2001".
            (None, [first, second, year]) if first.0 > 12 => (first.0, second.0, *year),
            (None, [first, second, year]) => (second.0, first.0, *year),
            _ => return None,
        };
        let year = match year {
            // RFC 5322 §4.3.
            (number, 1 | 2) if number < 50 => number + 2000,
            (number, 1..=3) => number + 1900,
            (number, _) => number,
        };
        let month = i8::try_from(month).ok()?;
        Some((i8::try_from(day).ok()?, month, i16::try_from(year).ok().filter(|year| *year >= 1)?))
    }
}

/// `+0100`, `-1:00`, `+1`; what is no such thing is Greenwich.
fn numeric_zone(text: &str) -> i32 {
    let negative = text.starts_with('-');
    let digits: String = text.chars().filter(char::is_ascii_digit).take(4).collect();
    let number: i32 = digits.parse().unwrap_or(0);
    let (hours, minutes) = if digits.len() <= 2 { (number, 0) } else { (number / 100, number % 100) };
    if hours > 24 || minutes > 59 {
        return 0;
    }
    let seconds = hours * 3600 + minutes * 60;
    if negative { -seconds } else { seconds }
}

fn month(token: &str) -> Option<i8> {
    let head = token.get(..3)?;
    let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(head))?;
    let rest = token[3..].split(['-', '/']).next().unwrap_or_default();
    rest.chars().all(char::is_alphabetic).then_some(at as i8 + 1)
}

/// Whether the text is as RFC 5322 §3.3 and §4.3 say.
fn is_strict(text: &str) -> bool {
    let text = match text.split_once(',') {
        Some((weekday, rest)) if WEEKDAYS.iter().any(|day| day.eq_ignore_ascii_case(weekday.trim())) => rest,
        Some(_) => return false,
        None => text,
    };
    let parts: Vec<&str> = text.split_ascii_whitespace().collect();
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let [day, month, year, time, zone] = parts[..] else { return false };
    number(day)
        && MONTHS.iter().any(|name| name.eq_ignore_ascii_case(month))
        && number(year)
        && year.len() == 4
        && time.split(':').all(|part| part.len() == 2 && number(part))
        && (zone.len() == 5 && zone.starts_with(['+', '-']) && number(&zone[1..])
            || ZONES.iter().any(|(name, _)| *name == zone))
}

fn without_comments(value: &[u8]) -> String {
    let mut depth = 0usize;
    let mut text = String::with_capacity(value.len().min(DATE_OCTETS_MAX));
    for &b in value.iter().take(DATE_OCTETS_MAX) {
        match b {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(if b.is_ascii() { char::from(b) } else { ' ' }),
            _ => {}
        }
    }
    text
}

const HOUR_SECONDS: i64 = 3600;

/// No date is longer.
const DATE_OCTETS_MAX: usize = 200;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Zone names with their hours: those of RFC 5322 §4.3, and some that people use.
const ZONES: [(&str, i32); 26] = [
    ("GMT", 0),
    ("UT", 0),
    ("UTC", 0),
    ("Z", 0),
    ("WET", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("AKST", -9),
    ("AKDT", -8),
    ("HST", -10),
    ("BST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("MET", 1),
    ("MEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("KST", 9),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> String {
        parse_date(value.as_bytes()).map_or("none".to_string(), |written| written.print())
    }

    #[test]
    fn rfc_5322_dates_are_read_strictly() {
        let written = parse_date(b" Fri, 21 Nov 1997 09:55:06 -0600").expect("a date");
        assert!(written.strict);
        assert_eq!(written.print(), "Fri, 21 Nov 1997 09:55:06 -0600");
        assert_eq!(written.at.to_string(), "1997-11-21T15:55:06Z");
        assert!(parse_date(b"1 Jul 2003 10:52:37 +0200 (CEST)").expect("a date").strict);
    }

    #[test]
    fn odd_dates_are_understood() {
        for (value, printed) in [
            ("Fri 21 Nov 97 09:55 EST", "Fri, 21 Nov 1997 09:55:00 -0500"),
            ("21-Nov-1997 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"),
            ("Fri Nov 21 09:55:06 1997", "Fri, 21 Nov 1997 09:55:06 +0000"),
            ("Friday, November 21, 1997 9:55:06 PM", "Fri, 21 Nov 1997 21:55:06 +0000"),
            ("1997-11-21T09:55:06Z", "Fri, 21 Nov 1997 09:55:06 +0000"),
            ("1997-11-21 09:55:06 +01:00", "Fri, 21 Nov 1997 09:55:06 +0100"),
            ("21/11/1997 09.55.06 +0100", "Fri, 21 Nov 1997 09:55:06 +0100"),
            ("11/21/97", "Fri, 21 Nov 1997 00:00:00 +0000"),
            ("21.11.1997 9:55", "Fri, 21 Nov 1997 09:55:00 +0000"),
            ("Fri, 21 Nov 1997 09:55:06.123 +9999", "Fri, 21 Nov 1997 09:55:06 +0000"),
            ("Fri, 21 Nov 02 09:55:06 GMT+0200", "Thu, 21 Nov 2002 09:55:06 +0200"),
            ("yesterday", "none"),
            ("32 Nov 1997", "none"),
            ("", "none"),
        ] {
            assert_eq!(read(value), printed, "{value}");
        }
    }

    #[test]
    fn a_missing_date_comes_from_the_oldest_plausible_received() {
        let header = b"Received: x; Fri, 21 Nov 1997 10:00:00 +0000\r\nReceived: y; Fri, 21 Nov 1997 09:30:00 +0000\r\n\
            Received: z; Thu, 20 Nov 1997 09:30:00 +0000\r\n\r\n";
        let mut repairs = Repairs::default();
        let sent = sent(header, &mut repairs).expect("a date");
        assert_eq!(sent.print(), "Fri, 21 Nov 1997 09:30:00 +0000");
        assert_eq!(repairs.names, ["date-missing"]);
    }
}
