//! `aox show logins`: who has logged in, who has failed, from where and how.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{at_once, one_unit};
use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db;
use crate::error::Error;
use crate::limits;
use crate::mailbox::Login;
use crate::plan::Plan;

/// Which attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowLogins {
    /// Only those with this login, or by this administrator.
    pub user: Option<String>,
    /// Only those that did not get in.
    pub failed: bool,
    /// Only those since then: a date, a time, or a span up to now.
    pub since: Option<String>,
    pub limit: u32,
}

impl ShowLogins {
    /// One statement.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let since = self.since.map(|text| since(&text, context.now)).transpose()?;
        let unit = db::ListLogins {
            login_key: self.user.map(|login| Login::key_of(&login)),
            failed: self.failed,
            since,
            limit: self.limit.min(limits::LISTED_LOGINS_MAX),
        };
        Ok(one_unit(unit, |logins, _| Ok(respond(&logins))))
    }
}

/// The time that `text` means at `now`.
pub(super) fn since(text: &str, now: Timestamp) -> Result<Timestamp, Error> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let day = text.parse::<Date>().ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    let span = text.parse::<Span>().ok().filter(|span| span.is_positive());
    let ago = span.and_then(|span| now.to_zoned(TimeZone::UTC).checked_sub(span).ok());
    let wanted = || {
        Error::bad(format!(
            "\"{text}\" is neither a date, nor a time such as 2026-11-23T12:00:00Z, nor a span such as 2h"
        ))
    };
    day.or(ago).map(|zoned| zoned.timestamp()).ok_or_else(wanted)
}

fn respond(logins: &[db::ListedLogin]) -> Answer {
    let mut table =
        Table::new(&["Time", "Login", "Result", "Door", "Address", "How", "TLS", "Acting administrator"]);
    let mut json = Vec::new();
    for listed in logins {
        let db::ListedLogin { at, login, by, door, address, mechanism, tls, outcome } = listed;
        json.push(json!({"at": at.to_string(), "login": login, "by": by, "door": door, "address": address,
                         "mechanism": mechanism, "tls": tls, "outcome": outcome}));
        let tls = if *tls { "yes" } else { "no" };
        let cells = [login, outcome, door, address, mechanism, tls, by.as_deref().unwrap_or("")];
        table.rows.push([moment(*at)].into_iter().chain(cells.map(str::to_owned)).collect());
    }
    Answer::list(table, "Nobody has tried to log in.", json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_taken_in_every_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
            ("2h", "2026-11-23T10:00:00Z"),
            ("7d", "2026-11-16T12:00:00Z"),
            ("30 minutes", "2026-11-23T11:30:00Z"),
        ] {
            assert_eq!(since(text, now).unwrap().to_string(), wanted, "{text}");
        }
        assert!(since("yesterday", now).is_err());
        assert!(since("-2h", now).is_err());
    }
}
