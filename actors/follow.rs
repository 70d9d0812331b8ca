//! `aox audit show --follow`: asks the running server again and again what has happened, and prints what is new.

use std::collections::{HashSet, VecDeque};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use archiveopteryx::aox::command::AuditShow;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::control_client::{REFUSED, WRONG, complain};
use crate::control_session::{Failure, Session};
use crate::home::Home;

/// Prints what happens until somebody ends it, the latest last. As JSON, each event is a line of its own.
pub fn run(home: &Home, mut wanted: AuditShow, json: bool) -> ExitCode {
    let mut printed = Printed::default();
    let outcome = Session::open(home).and_then(|mut session| {
        loop {
            let now = Timestamp::now();
            let answer = session.ask(wanted.clone(), &[])?;
            let rows = answer.table.map(|table| table.rows).unwrap_or_default();
            let events = answer.json.as_array().cloned().unwrap_or_default();
            for (event, row) in events.into_iter().zip(rows).rev() {
                let line = if json { event.to_string() } else { row.join("  ").trim_end().to_owned() };
                if printed.is_new(&event) && writeln!(std::io::stdout(), "{line}").is_err() {
                    return Ok(());
                }
            }
            // An event has the time at which its transaction began, and is seen when that has ended.
            let since = now.checked_sub(SignedDuration::from_secs(OVERLAP_SECONDS)).unwrap_or(now);
            wanted.since = Some(since.to_string());
            (wanted.is_repeated, wanted.limit) = (true, PRINTED_MAX as u32);
            std::thread::sleep(PERIOD);
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Refused(text)) => complain("refused", &text, json, REFUSED),
        Err(Failure::Wrong(text)) => complain("wrong", &text, json, WRONG),
    }
}

/// The events that were printed last.
#[derive(Default)]
struct Printed {
    known: HashSet<(bool, i64)>,
    /// The oldest first.
    order: VecDeque<(bool, i64)>,
}

impl Printed {
    /// Whether it was not printed; it counts as printed from now on.
    fn is_new(&mut self, event: &Value) -> bool {
        // Logins have numbers of their own.
        let key = (event["kind"] == "login", event["id"].as_i64().unwrap_or(0));
        if !self.known.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > PRINTED_MAX {
            self.order.pop_front().map(|oldest| self.known.remove(&oldest));
        }
        true
    }
}

const PERIOD: Duration = Duration::from_secs(1);
/// No transaction that records something is longer.
const OVERLAP_SECONDS: i64 = 120;
/// As many as may happen in that time and still be told apart.
const PRINTED_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_printed_once() {
        let mut printed = Printed::default();
        let event = |kind: &str, id: i64| serde_json::json!({"kind": kind, "id": id});
        assert!(printed.is_new(&event("login", 1)) && printed.is_new(&event("command", 1)));
        assert!(!printed.is_new(&event("login", 1)) && !printed.is_new(&event("command", 1)));
        for id in 2..PRINTED_MAX as i64 + 9 {
            printed.is_new(&event("append", id));
        }
        assert_eq!((printed.known.len(), printed.order.len()), (PRINTED_MAX, PRINTED_MAX));
    }
}
