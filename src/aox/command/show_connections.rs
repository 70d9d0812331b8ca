//! `aox show connections`: who is connected to this server, and what they do.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Table, moment};
use crate::aox::conversation::{ConnectionFacts, Context, Outcome};
use crate::mailbox::Login;
use crate::plan::Plan;

/// Which connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowConnections {
    /// Only those of this user, or of this administrator.
    pub user: Option<String>,
}

impl ShowConnections {
    /// The server knows them; the database is not asked.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let of =
            |connection: &&ConnectionFacts| self.user.as_ref().is_none_or(|user| is_of(connection, user));
        let connections: Vec<_> = context.facts.connections.iter().filter(of).collect();
        Plan::Done(Ok(respond(&connections, context.now)))
    }
}

/// Whether a connection is a user's, or of somebody who acts for others under that name.
pub(super) fn is_of(connection: &ConnectionFacts, user: &str) -> bool {
    let key = Login::key_of(user);
    [&connection.user, &connection.by].into_iter().flatten().any(|login| Login::key_of(login) == key)
}

fn respond(connections: &[&ConnectionFacts], now: Timestamp) -> Answer {
    let mut table = Table::new(&["Number", "Door", "User", "Client", "TLS", "Since", "Idle", "Mailbox"]);
    let mut json = Vec::new();
    for connection in connections {
        let ConnectionFacts { number, door, client, user, by, tls, since, heard, mailbox } = connection;
        let idle = now.duration_since(*heard).max(SignedDuration::ZERO).as_secs();
        json.push(
            json!({"number": number, "door": door, "client": client, "user": user, "by": by, "tls": tls,
                         "since": since.to_string(), "idle_seconds": idle, "mailbox": mailbox}),
        );
        let who = match (user, by) {
            (Some(user), Some(by)) => format!("{user} (by {by})"),
            (user, _) => user.clone().unwrap_or_default(),
        };
        table.rows.push(vec![
            number.to_string(),
            (*door).to_owned(),
            who,
            client.clone(),
            if *tls { "yes" } else { "no" }.to_owned(),
            moment(*since),
            duration(idle),
            mailbox.clone().unwrap_or_default(),
        ]);
    }
    Answer::list(table, "Nobody is connected.", json)
}

/// A number of seconds as people read it.
fn duration(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_of_who_uses_it_and_of_who_acts() {
        let connection = ConnectionFacts {
            number: 1,
            door: "imap",
            client: "192.0.2.7:1000".to_owned(),
            user: Some("anna".to_owned()),
            by: Some("Chief".to_owned()),
            tls: true,
            since: Timestamp::UNIX_EPOCH,
            heard: Timestamp::UNIX_EPOCH,
            mailbox: None,
        };
        assert!(is_of(&connection, "ANNA") && is_of(&connection, "chief") && !is_of(&connection, "bert"));
        let answer = respond(&[&connection], "1970-01-01T02:05:00Z".parse().unwrap());
        let row = &answer.table.unwrap().rows[0];
        assert_eq!((row[2].as_str(), row[6].as_str()), ("anna (by Chief)", "2 h 5 min"));
    }
}
