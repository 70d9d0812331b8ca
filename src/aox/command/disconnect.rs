//! `aox disconnect USER|NUMBER…`: sends clients away from this server; they may come back at once.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use super::show_connections::is_of;
use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{ConnectionFacts, Context, Farewell, Outcome};
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
        let all = &context.facts.connections;
        let mut connections: Vec<u64> = Vec::new();
        for whom in &self.whom {
            let is_meant = |one: &&ConnectionFacts| match whom.parse::<u64>() {
                // A login may be made of digits, too.
                Ok(number) => one.number == number || is_of(one, whom),
                Err(_) => is_of(one, whom),
            };
            let found: Vec<u64> = all.iter().filter(is_meant).map(|one| one.number).collect();
            if found.is_empty() {
                let nobody =
                    format!("nobody is connected as {whom}, nor is there a connection of that number");
                return Err(Error::no(Code::NonExistent, nobody));
            }
            connections.extend(found);
        }
        connections.sort_unstable();
        connections.dedup();
        // A plan has no context but when it goes on.
        Ok(Plan::emit(Vec::new(), move |context: &mut Context| {
            let sentence = format!("{} told to go.", counted(connections.len() as i64, "connection"));
            let json = json!({"disconnected": connections, "reason": why});
            context.farewell = Farewell { connections, why };
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
