//! What servers over one database ask each other: a question is a row, of which the others hear by a signal, and so is each
//! answer.

use serde_json::Value;

use super::unit::{Access, Error, Lent, Unit};

/// Asks; returns the number of the question. The signal is sent by who asked, when this is committed.
pub struct AskServers {
    pub what: Value,
}

/// Reads what has been asked.
pub struct ReadQuestion {
    pub question: i64,
}

/// Answers.
pub struct AnswerQuestion {
    pub question: i64,
    /// The name under which this server listens.
    pub server: String,
    pub answer: Value,
}

/// Looks which servers listen, and which of them have answered.
pub struct ReadAnswers {
    pub question: i64,
    /// The one that asks.
    pub server: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// By the names of servers.
    pub answers: Vec<(String, Value)>,
    /// How many other servers have not answered yet.
    pub missing: usize,
}

/// Forgets a question with its answers, and those that nobody forgot.
pub struct ForgetQuestion {
    pub question: i64,
}

/// What the connection calls itself on which a server listens to the others, before the server's name.
pub const LISTENER: &str = "aox listens as ";

impl Unit for AskServers {
    type Output = i64;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<i64, Error> {
        let sql = include_str!("sql/insert_question.sql");
        Ok(db.query_one(sql, &[&self.what.to_string()]).await?.get(0))
    }
}

impl Unit for ReadQuestion {
    /// None when nobody wants to know any more.
    type Output = Option<Value>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Option<Value>, Error> {
        let row = db.query_opt(include_str!("sql/select_question.sql"), &[&self.question]).await?;
        Ok(row.and_then(|row| serde_json::from_str(row.get(0)).ok()))
    }
}

impl Unit for AnswerQuestion {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let sql = include_str!("sql/insert_answer.sql");
        db.execute(sql, &[&self.question, &self.server, &self.answer.to_string()]).await?;
        Ok(())
    }
}

impl Unit for ReadAnswers {
    type Output = Answers;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Answers, Error> {
        let listeners = format!("{LISTENER}%");
        let sql = include_str!("sql/select_answers.sql");
        let rows =
            db.query(sql, &[&self.question, &self.server, &listeners, &(LISTENER.len() as i32)]).await?;
        let answered = rows.iter().filter_map(|row| {
            let answer: Option<&str> = row.get(1);
            Some((row.get(0), serde_json::from_str(answer?).ok()?))
        });
        let answers: Vec<(String, Value)> = answered.collect();
        let missing = rows.len() - answers.len();
        Ok(Answers { answers, missing })
    }
}

impl Unit for ForgetQuestion {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        db.execute(include_str!("sql/delete_question.sql"), &[&self.question]).await?;
        Ok(())
    }
}
