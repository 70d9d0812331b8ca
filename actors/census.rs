//! Who is connected to all servers over one database: each knows its own clients, and answers the others' questions.
//!
//! A question is a row in the database, of which the others hear by a signal. Whoever asks knows from PostgreSQL which
//! servers listen, and waits for the answer of each, but not for long: one that hangs is told of as silent.

use std::time::{Duration, Instant};

use archiveopteryx::aox::conversation::{ConnectionFacts, Elsewhere};
use archiveopteryx::db::{self, Answers};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::database::{self, Database};
use crate::db_listener::{self, DbListener, Heard, News};
use crate::roll::Roll;

/// How this server asks the others, and answers them.
#[derive(Clone)]
pub struct Census {
    database: actix::Addr<Database>,
    listener: actix::Addr<DbListener>,
    roll: Roll,
    /// The name under which this server listens, and the one for people.
    name: String,
    label: String,
}

/// What servers ask.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Question {
    /// Who is connected?
    Connections,
    /// Send these of your clients away.
    Farewell { server: String, connections: Vec<u64>, why: String },
}

/// What servers answer.
#[derive(Serialize, Deserialize)]
struct Told {
    label: String,
    connections: Vec<ConnectionFacts>,
}

impl Census {
    /// From now on, questions are answered.
    pub fn start(
        database: actix::Addr<Database>,
        listener: actix::Addr<DbListener>,
        roll: Roll,
        name: String,
        hostname: &str,
    ) -> Census {
        let label = format!("{hostname}:{}", std::process::id());
        let census = Census { database, listener, roll, name, label };
        let answering = census.clone();
        let tell = move |heard: &Heard| {
            if let Heard::Asked(questions) = heard {
                for question in questions.clone() {
                    actix_rt::spawn(answering.clone().answer(question));
                }
            }
            true
        };
        census.listener.do_send(db_listener::Attach(Box::new(tell)));
        census
    }

    async fn answer(self, question: i64) {
        let asked = match database::run(&self.database, db::ReadQuestion { question }).await {
            Ok(asked) => asked.and_then(|what| serde_json::from_value(what).ok()),
            Err(error) => return tracing::warn!(%error, "what another server asks cannot be read"),
        };
        match asked {
            Some(Question::Connections) => {}
            Some(Question::Farewell { server, connections, why }) if server == self.name => {
                self.roll.send_away(&connections, &why);
            }
            _ => return,
        }
        let told = Told { label: self.label.clone(), connections: self.roll.facts() };
        let answer = serde_json::to_value(told).unwrap_or_default();
        let unit = db::AnswerQuestion { question, server: self.name.clone(), answer };
        if let Err(error) = database::run(&self.database, unit).await {
            tracing::warn!(%error, "another server cannot be answered");
        }
    }

    /// Who is connected to the other servers, and how many of these have not answered.
    pub async fn elsewhere(&self) -> Elsewhere {
        let Answers { answers, missing } = self.ask(&Question::Connections, None).await;
        let mut connections = Vec::new();
        for (name, answer) in answers {
            let Ok(Told { label, connections: theirs }) = serde_json::from_value(answer) else { continue };
            connections.push((name, label, theirs));
        }
        Elsewhere { connections, silent: missing }
    }

    /// Sends clients of another server away.
    pub async fn send_away(&self, server: String, connections: Vec<u64>, why: String) {
        let only = server.clone();
        self.ask(&Question::Farewell { server, connections, why }, Some(&only)).await;
    }

    /// Asks, and waits for the answers of all that listen, or of one.
    async fn ask(&self, question: &Question, only: Option<&str>) -> Answers {
        let what = serde_json::to_value(question).unwrap_or(Value::Null);
        let asked = self.asked(what, only).await;
        asked.unwrap_or_else(|error| {
            tracing::warn!(%error, "the other servers cannot be asked");
            Answers::default()
        })
    }

    async fn asked(&self, what: Value, only: Option<&str>) -> Result<Answers, db::Error> {
        let read = |question| db::ReadAnswers { question, server: self.name.clone() };
        // Most servers are alone.
        let others = database::run(&self.database, read(0)).await?;
        if others.missing == 0 {
            return Ok(others);
        }
        let question = database::run(&self.database, db::AskServers { what }).await?;
        self.listener.do_send(db_listener::Announce(News::Asked(question)));
        let begun = Instant::now();
        let answers = loop {
            let answers = database::run(&self.database, read(question)).await?;
            let is_enough = match only {
                Some(server) => answers.answers.iter().any(|(name, _)| name == server),
                None => answers.missing == 0,
            };
            if is_enough || begun.elapsed() > PATIENCE {
                break answers;
            }
            tokio::time::sleep(PERIOD).await;
        };
        database::run(&self.database, db::ForgetQuestion { question }).await?;
        Ok(answers)
    }
}

/// How long others are waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked whether they have answered.
const PERIOD: Duration = Duration::from_millis(20);
