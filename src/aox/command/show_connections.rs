//! `aox show connections`: who is connected to the servers of the database, and what they do.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Table, counted, moment};
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
    /// The servers know them, and have told.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let connections: Vec<Connection> = all(context)
            .filter(|connection| self.user.as_ref().is_none_or(|user| is_of(connection.facts, user)))
            .collect();
        let mut answer = respond(&connections, context.now);
        let silent = context.facts.elsewhere.silent as i64;
        if silent > 0 {
            answer.sentences.push(format!("{} did not answer.", counted(silent, "other server")));
        }
        Plan::Done(Ok(answer))
    }
}

/// A client of this server, or of another one.
#[derive(Clone, Copy)]
pub(super) struct Connection<'a> {
    /// The name under which the other server listens, and the one that it has for people.
    pub server: Option<(&'a str, &'a str)>,
    pub facts: &'a ConnectionFacts,
}

/// Everybody who is connected.
pub(super) fn all(context: &Context) -> impl Iterator<Item = Connection<'_>> {
    let here = context.facts.connections.iter().map(|facts| Connection { server: None, facts });
    let elsewhere = context.facts.elsewhere.connections.iter().flat_map(|(name, label, connections)| {
        connections.iter().map(move |facts| Connection { server: Some((name, label)), facts })
    });
    here.chain(elsewhere)
}

impl Connection<'_> {
    /// How it is named: at another server, with that.
    pub fn name(self) -> String {
        match self.server {
            None => self.facts.number.to_string(),
            Some((_, label)) => format!("{}@{label}", self.facts.number),
        }
    }
}

/// Whether a connection is a user's, or of somebody who acts for others under that name.
pub(super) fn is_of(connection: &ConnectionFacts, user: &str) -> bool {
    let key = Login::key_of(user);
    [&connection.user, &connection.by].into_iter().flatten().any(|login| Login::key_of(login) == key)
}

fn respond(connections: &[Connection], now: Timestamp) -> Answer {
    let mut table = Table::new(&["Number", "Door", "User", "Client", "TLS", "Since", "Idle", "Mailbox"]);
    let mut json = Vec::new();
    for connection in connections {
        let ConnectionFacts { number, door, client, user, by, tls, since, heard, mailbox } = connection.facts;
        let server = connection.server.map(|(_, label)| label);
        let idle = now.duration_since(*heard).max(SignedDuration::ZERO).as_secs();
        json.push(
            json!({"number": number, "door": door, "client": client, "user": user, "by": by, "tls": tls,
                         "since": since.to_string(), "idle_seconds": idle, "mailbox": mailbox, "server": server}),
        );
        let who = match (user, by) {
            (Some(user), Some(by)) => format!("{user} (by {by})"),
            (user, _) => user.clone().unwrap_or_default(),
        };
        table.rows.push(vec![
            connection.name(),
            door.clone(),
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
            door: "imap".to_owned(),
            client: "192.0.2.7:1000".to_owned(),
            user: Some("anna".to_owned()),
            by: Some("Chief".to_owned()),
            tls: true,
            since: Timestamp::UNIX_EPOCH,
            heard: Timestamp::UNIX_EPOCH,
            mailbox: None,
        };
        assert!(is_of(&connection, "ANNA") && is_of(&connection, "chief") && !is_of(&connection, "bert"));
        let answer = respond(
            &[Connection { server: None, facts: &connection }],
            "1970-01-01T02:05:00Z".parse().unwrap(),
        );
        let row = &answer.table.unwrap().rows[0];
        assert_eq!((row[2].as_str(), row[6].as_str()), ("anna (by Chief)", "2 h 5 min"));
    }
}
