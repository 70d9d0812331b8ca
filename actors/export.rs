//! `aox export`: asks the running server for messages, and writes them into files here.

use std::path::PathBuf;
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, Reply};
use archiveopteryx::aox::command::{Command, ExportMessages, Exported};

use crate::cli::exchange::Format;
use crate::control_client::{self, complain};
use crate::control_session::{Failure, Session};
use crate::export_journal::Journal;
use crate::export_target::Target;
use crate::home::Home;
use crate::progress_bar::ProgressBar;

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
    let mut command = ExportMessages { place, words, deleted, after: None };
    let mut session = Session::open(home)?;
    let mut target = Target::resume(format, &path, &command).map_err(Failure::Refused)?;
    let begun = command.clone();
    command.after = target.as_ref().and_then(Target::position);
    let received = receive(&mut session, command, json, |exported, message| {
        let target = match &mut target {
            Some(target) => target,
            none => none.insert(Target::create(format, &path, &begun)?),
        };
        target.add(&exported, &message)
    });
    let Some(mut target) = target else { return received.map(|_| Journal::nothing(&path)) };
    match received {
        Ok(_) => target.finish().map_err(Failure::Refused),
        Err(failure) => Err(broken_off(failure, target.save())),
    }
}

/// Why an export was broken off, and that it can go on, if what was written could be saved.
pub fn broken_off(failure: Failure, saved: Result<(), String>) -> Failure {
    match (failure, saved) {
        (Failure::Refused(text), Ok(())) => Failure::Refused(format!("{text}; run it again to go on")),
        (failure, _) => failure,
    }
}

/// Sends a command that is answered by messages, and gives each of them to `take`.
pub fn receive(
    session: &mut Session,
    command: impl Into<Command>,
    json: bool,
    mut take: impl FnMut(Exported, Vec<u8>) -> Result<(), String>,
) -> Result<Answer, Failure> {
    session.say(command)?;
    let mut bar = ProgressBar::new(0, json);
    loop {
        match session.reply()? {
            Reply::Message(exported) => {
                let message = session.octets(exported.facts.octets)?;
                take(*exported, message).map_err(Failure::Refused)?;
            }
            Reply::Done(answer) => return Ok(answer),
            Reply::Refused(text) => return Err(Failure::Refused(text)),
            Reply::Wrong(text) => return Err(Failure::Wrong(text)),
            Reply::Progress(text) => bar.say(&text),
            Reply::Share { done, total, text } => bar.show(done, total, &text),
        }
    }
}
