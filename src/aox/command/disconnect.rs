//! `aox disconnect USER|NUMBER…`: sends clients away, whichever server of the database they
//! are connected to; they may come back at once.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use super::show_connections::{Connection, all, is_of};
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Farewell, Outcome};
use crate::error::{Code, Error};
use crate::plan::Plan;

/// Whom, and what they are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disconnect {
    /// Logins, and numbers as `show connections` has them.
    pub whom: Vec<String>,
    pub reason: Option<String>,
}

impl Disconnect {
    /// What the server knows says who it is; the server tells them when this is done.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        at_once(self.checked(context))
    }

    fn checked(self, context: &Context) -> Result<Plan<Context, Outcome>, Error> {
        let why = match self.reason {
            Some(reason) => words(&reason)?,
            None => "an administrator has closed this connection".to_owned(),
        };
        let mut farewell = Farewell { why, ..Farewell::default() };
        for whom in &self.whom {
            // A login may be made of digits, too.
            let is_meant = |one: &Connection| one.name() == *whom || is_of(one.facts, whom);
            let found: Vec<Connection> = all(context).filter(is_meant).collect();
            if found.is_empty() {
                let nobody =
                    format!("nobody is connected as {whom}, nor is there a connection of that number");
                return Err(Error::no(Code::NonExistent, nobody));
            }
            for one in found {
                let numbers = match one.server {
                    None => &mut farewell.connections,
                    Some((name, _)) => farewell.elsewhere.entry(name.to_owned()).or_default(),
                };
                if !numbers.contains(&one.facts.number) {
                    numbers.push(one.facts.number);
                }
            }
        }
        // A plan has no context but when it goes on.
        Ok(Plan::emit(Vec::new(), move |context: &mut Context| {
            let elsewhere = farewell.elsewhere.values().map(Vec::len).sum::<usize>();
            let count = farewell.connections.len() + elsewhere;
            let sentence = format!("{} told to go.", counted(count as i64, "connection"));
            let json = json!({"disconnected": farewell.connections, "elsewhere": elsewhere,
                              "reason": farewell.why});
            context.farewell = farewell;
            Plan::Done(Ok(Answer::sentence(sentence, json)))
        }))
    }
}

/// A reason that every protocol can carry: one line of ASCII.
fn words(reason: &str) -> Result<String, Error> {
    let reason = reason.trim();
    let fits = !reason.is_empty() && reason.len() <= REASON_BYTES_MAX;
    if !fits || !reason.bytes().all(|octet| (b' '..=b'~').contains(&octet)) || reason.starts_with('[') {
        let wanted =
            format!("the reason must be one line of ASCII, of {REASON_BYTES_MAX} characters at most");
        return Err(Error::no(Code::Cannot, wanted));
    }
    Ok(reason.to_owned())
}

/// With it, a line of LMTP stays below 512 octets.
const REASON_BYTES_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_and_no_response_code() {
        assert_eq!(words(" back at noon ").unwrap(), "back at noon");
        for bad in ["", "a\r\nb", "[ALERT] x", "\u{fc}", &"x".repeat(201)] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
