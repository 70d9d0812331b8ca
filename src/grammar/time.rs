//! Dates and times as clients write them.

use jiff::civil::{Date, DateTime};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag as octets, take, take_while_m_n};
use nom::character::complete::{char, one_of};
use nom::combinator::{map, map_opt};
use nom::error::context;
use nom::sequence::{delimited, preceded, terminated};

use super::Parsed;
use crate::mailbox::InternalDate;

/// `date = date-text / DQUOTE date-text DQUOTE`
pub fn date(input: &[u8]) -> Parsed<'_, Date> {
    context("a date", alt((date_text, delimited(char('"'), date_text, char('"'))))).parse(input)
}

/// `date-text = date-day "-" date-month "-" date-year`
fn date_text(input: &[u8]) -> Parsed<'_, Date> {
    let day = take_while_m_n(1, 2, |octet: u8| octet.is_ascii_digit());
    map_opt((map_opt(day, number), month, date_year), |(day, month, year)| {
        Date::new(year, month, day as i8).ok()
    })
    .parse(input)
}

/// `"-" date-month "-"`, `date-month = "Jan" / "Feb" / ... / "Dec"`
fn month(input: &[u8]) -> Parsed<'_, i8> {
    let month = map_opt(take(3usize), |name: &[u8]| {
        let at = MONTHS.iter().position(|month| month.as_bytes().eq_ignore_ascii_case(name))?;
        Some(at as i8 + 1)
    });
    delimited(char('-'), month, char('-')).parse(input)
}

/// `date-year = 4DIGIT`
fn date_year(input: &[u8]) -> Parsed<'_, i16> {
    map_opt(take_while_m_n(4, 4, |octet: u8| octet.is_ascii_digit()), number).parse(input)
}

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`
pub fn date_time(input: &[u8]) -> Parsed<'_, InternalDate> {
    let inside =
        map_opt((date_fixed, preceded(char(' '), time), preceded(char(' '), zone)), |(date, time, zone)| {
            let (hour, minute, second) = time;
            // A leap second is the second after it: POSIX time has no other name for it.
            let at =
                DateTime::new(date.year(), date.month(), date.day(), hour, minute, second.min(59), 0).ok()?;
            let utc = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
            Some(InternalDate {
                seconds: utc + i64::from(second == 60) - i64::from(zone) * 60,
                zone_minutes: zone,
            })
        });
    context("a date-time", delimited(char('"'), inside, char('"'))).parse(input)
}

/// `date-day-fixed = (SP DIGIT) / 2DIGIT`, with month and year; a single digit alone is taken too.
fn date_fixed(input: &[u8]) -> Parsed<'_, Date> {
    let (input, _) = nom::combinator::opt(char(' ')).parse(input)?;
    date_text(input)
}

/// `time = 2DIGIT ":" 2DIGIT ":" 2DIGIT`
fn time(input: &[u8]) -> Parsed<'_, (i8, i8, i8)> {
    let within = |max: i8| map_opt(two_digits, move |number| (number as i8 <= max).then_some(number as i8));
    (terminated(within(23), octets(":")), terminated(within(59), octets(":")), within(60)).parse(input)
}

/// `zone = ("+" / "-") 4DIGIT`, in minutes
fn zone(input: &[u8]) -> Parsed<'_, i16> {
    map((one_of("+-"), two_digits, two_digits), |(sign, hours, minutes)| {
        let east = hours * 60 + minutes;
        if sign == '-' { -east } else { east }
    })
    .parse(input)
}

fn two_digits(input: &[u8]) -> Parsed<'_, i16> {
    map_opt(take_while_m_n(2, 2, |octet: u8| octet.is_ascii_digit()), number).parse(input)
}

fn number(digits: &[u8]) -> Option<i16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The months as IMAP writes them.
pub const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(date(b"1-Feb-1994").unwrap().1, Date::constant(1994, 2, 1));
        assert_eq!(date(b"\"01-feb-1994\"").unwrap().1, Date::constant(1994, 2, 1));
        for bad in [&b"31-Feb-1994"[..], b"1-Foo-1994", b"1-Feb-94", b"", b"0-Jan-2000"] {
            assert!(date(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn date_times_keep_their_zone() {
        let read = |text: &[u8]| date_time(text).unwrap().1;
        assert_eq!(
            read(b"\"17-Jul-1996 02:44:25 -0700\""),
            InternalDate { seconds: 837596665, zone_minutes: -420 }
        );
        assert_eq!(read(b"\" 1-Jan-1970 00:00:00 +0000\"").seconds, 0);
        assert_eq!(read(b"\"31-Dec-1998 23:59:60 +0000\"").seconds, 915148800);
        assert!(date_time(b"\"17-Jul-1996 24:44:25 -0700\"").is_err());
        assert!(date_time(b"\"17-Jul-1996\"").is_err());
    }
}
