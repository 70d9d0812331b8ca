//! Numbers and dates as octets, for the lines of which there may be a million in one answer.

use crate::mailbox::InternalDate;

/// Appends a number in decimal.
pub fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Appends `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE` (RFC 3501 §9).
pub fn date_time(out: &mut Vec<u8>, date: InternalDate) {
    let local = date.seconds + i64::from(date.zone_minutes) * 60;
    let (year, month, day) = civil(local.div_euclid(86_400));
    let second = local.rem_euclid(86_400) as u64;
    out.push(b'"');
    out.push(if day < 10 { b' ' } else { b'0' + (day / 10) as u8 });
    out.push(b'0' + (day % 10) as u8);
    out.push(b'-');
    out.extend_from_slice(MONTHS[month as usize - 1]);
    out.push(b'-');
    // Four digits is what there is room for.
    let year = year.clamp(0, 9999) as u64;
    two_digits(out, year / 100);
    two_digits(out, year % 100);
    for (separator, part) in [(b' ', second / 3600), (b':', second / 60 % 60), (b':', second % 60)] {
        out.push(separator);
        two_digits(out, part);
    }
    let zone = u64::from(date.zone_minutes.unsigned_abs());
    out.extend_from_slice(if date.zone_minutes < 0 { b" -" } else { b" +" });
    two_digits(out, zone / 60);
    two_digits(out, zone % 60);
    out.push(b'"');
}

fn two_digits(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

/// Year, month and day of a day counted from 1970-01-01. Years begin in March here, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for n in [0, 7, 10, 1234567890, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, n);
            assert_eq!(out, n.to_string().into_bytes());
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for seconds in (-40_000_000_000i64..200_000_000_000).step_by(86_400 * 13 + 7919) {
            let zone_minutes = (seconds % 700) as i16;
            let mut out = Vec::new();
            date_time(&mut out, InternalDate { seconds, zone_minutes });
            let offset = jiff::tz::Offset::from_seconds(i32::from(zone_minutes) * 60).unwrap();
            let date = offset.to_datetime(jiff::Timestamp::from_second(seconds).unwrap());
            let sign = if zone_minutes < 0 { '-' } else { '+' };
            let zone = zone_minutes.unsigned_abs();
            let expected =
                format!("\"{}{sign}{:02}{:02}\"", date.strftime("%e-%b-%Y %H:%M:%S "), zone / 60, zone % 60);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
