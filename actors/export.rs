//! `aox export`: asks the running server for messages, and writes them into files here.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, Reply, counted, octets};
use archiveopteryx::aox::command::{Command, ExportMessages, Exported};
use serde_json::json;

use crate::cli::exchange::Format;
use crate::control_client::{self, complain};
use crate::control_session::{Failure, Session};
use crate::export_target::Target;
use crate::home::Home;
use crate::progress_bar::StatusLine;

/// What is to be exported, where to.
#[derive(Debug)]
pub struct Order {
    pub format: Format,
    pub place: String,
    pub path: PathBuf,
    /// The search, word by word; none for all.
    pub words: Vec<String>,
    /// Among what was deleted.
    pub deleted: bool,
}

/// Exports, and prints what came of it.
pub fn run(home: &Home, order: Order, json: bool) -> ExitCode {
    print(export(home, order, json), json)
}

/// Prints what came of an export or import.
pub fn print(outcome: Result<Answer, Failure>, json: bool) -> ExitCode {
    match outcome {
        Ok(answer) => {
            let printed = control_client::print_answer(&answer, json);
            if answer.good { printed } else { ExitCode::from(control_client::REFUSED) }
        }
        Err(Failure::Refused(text)) => complain("refused", &text, json, control_client::REFUSED),
        Err(Failure::Wrong(text)) => complain("wrong", &text, json, control_client::WRONG),
    }
}

fn export(home: &Home, order: Order, json: bool) -> Result<Answer, Failure> {
    let Order { format, place, path, words, deleted } = order;
    let is_single = place.starts_with('/');
    let mut session = Session::open(home)?;
    let mut target = None;
    let command = ExportMessages { place, words, deleted };
    let mut sum = Sum::default();
    receive(&mut session, command, json, |exported, message| {
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(Target::new(format, &path, is_single)?),
        };
        sum.add(&exported);
        match exported.damaged {
            Some(_) => Ok(()),
            None => target.write(&exported, &message).map(|_| ()),
        }
    })?;
    target.map_or(Ok(()), Target::finish).map_err(Failure::Refused)?;
    Ok(sum.answer(&path))
}

/// Sends a command that is answered by messages, and gives each of them to `take`.
pub fn receive(
    session: &mut Session,
    command: impl Into<Command>,
    json: bool,
    mut take: impl FnMut(Exported, Vec<u8>) -> Result<(), String>,
) -> Result<Answer, Failure> {
    session.say(command)?;
    let mut line = StatusLine::new(json);
    loop {
        match session.reply()? {
            Reply::Message(exported) => {
                let message = session.octets(exported.facts.octets)?;
                take(*exported, message).map_err(Failure::Refused)?;
            }
            Reply::Done(answer) => return Ok(answer),
            Reply::Refused(text) => return Err(Failure::Refused(text)),
            Reply::Wrong(text) => return Err(Failure::Wrong(text)),
            Reply::Progress(text) => line.show(&text),
        }
    }
}

/// What was written.
#[derive(Default)]
pub struct Sum {
    messages: i64,
    octets: i64,
    damaged: Vec<String>,
}

impl Sum {
    /// One more.
    pub fn add(&mut self, exported: &Exported) {
        match &exported.damaged {
            Some(why) => {
                let uid = exported.facts.uid.unwrap_or(0);
                self.damaged.push(format!("{} {uid} of {}: {why}", exported.mailbox, exported.login));
            }
            None => {
                self.messages += 1;
                self.octets += exported.facts.octets as i64;
            }
        }
    }

    /// What is said of it.
    pub fn answer(self, path: &Path) -> Answer {
        let (messages, bytes) = (counted(self.messages, "message"), octets(self.octets));
        let mut sentences = vec![match self.messages {
            0 => "There was nothing to export.".to_owned(),
            _ => format!("{messages}, {bytes}, written to {}.", path.display()),
        }];
        sentences.extend(self.damaged.iter().map(|text| format!("Not exported: {text}.")));
        let json = json!({"exported": self.messages, "octets": self.octets, "path": path,
                          "not_exported": self.damaged});
        Answer { sentences, table: None, json, good: self.damaged.is_empty() }
    }
}
