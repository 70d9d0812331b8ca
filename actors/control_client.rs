//! The other end of the control socket: sends one command to the running server and prints the answer.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, Reply, Table};
use archiveopteryx::aox::command::Command;
use archiveopteryx::aox::conversation;
use comfy_table::{ContentArrangement, TableStyle};

use crate::cli::Request;
use crate::home::{Home, short_socket_path};
use crate::progress_bar::ProgressBar;

/// Makes `request` and prints what comes back. The exit code is 0 when it was done, 1 when it was refused, 2 when it
/// was not understood.
pub fn run(home: &Home, request: &Request, json: bool) -> ExitCode {
    if let Some(rehearsal) = request.rehearsal.as_ref().filter(|_| !json && somebody_looks_on()) {
        let shown = send(home, rehearsal, json);
        if shown != ExitCode::SUCCESS {
            return shown;
        }
        if !is_agreed_to() {
            return complain("refused", "nothing was changed", json, REFUSED);
        }
    }
    send(home, &request.command, json)
}

/// Whether a person could answer a question.
fn somebody_looks_on() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Asks whether to go on. Silence means no.
fn is_agreed_to() -> bool {
    print!("Do it? [y/N] ");
    let mut answer = String::new();
    let read = io::stdout().flush().and_then(|()| io::stdin().read_line(&mut answer));
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

/// Sends one command and prints its answer.
fn send(home: &Home, command: &Command, json: bool) -> ExitCode {
    match exchange(home, command, json) {
        Ok(Reply::Done(answer)) => {
            let written = print_answer(&answer, json);
            if answer.good { written } else { ExitCode::from(REFUSED) }
        }
        Ok(Reply::Wrong(text)) => complain("wrong", &text, json, WRONG),
        Ok(Reply::Refused(text)) => complain("refused", &text, json, REFUSED),
        Ok(Reply::Progress(_) | Reply::Share { .. } | Reply::Message(_)) => {
            complain("refused", "the server broke off its answer", json, REFUSED)
        }
        Err(text) => complain("refused", &text, json, REFUSED),
    }
}

/// Prints a sentence about something that was not done; returns the exit code.
pub fn complain(kind: &str, text: &str, json: bool, code: u8) -> ExitCode {
    if json {
        // The exit code says the same to whoever does not read this.
        let _ = writeln!(io::stdout(), "{}", serde_json::json!({ kind: text }));
    } else {
        eprintln!("aox: {text}");
    }
    ExitCode::from(code)
}

/// Prints an answer as sentences and a table, or as JSON. The exit code says whether it could be written.
pub fn print_answer(answer: &Answer, json: bool) -> ExitCode {
    let mut out = io::stdout().lock();
    let text = if json {
        format!("{}\n", answer.json)
    } else {
        let mut text: String = answer.sentences.iter().map(|sentence| format!("{sentence}\n")).collect();
        if let Some(table) = &answer.table {
            text.push_str(&rendered(table, terminal_width()));
        }
        text
    };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // A reader that hung up has seen enough, as `head` does.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain("refused", &format!("the answer cannot be written: {error}"), false, REFUSED)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Connects to the server of a home.
pub fn connect(home: &Home) -> Result<UnixStream, String> {
    let path = home.control_socket();
    let nobody = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => format!(
            "no server runs in {}; start one by `aox serve --home {}`, or name another home by --home",
            home.path().display(),
            home.path().display()
        ),
        _ => format!("the server cannot be reached at {}: {error}", path.display()),
    };
    let (short, _folder) = short_socket_path(&path).map_err(nobody)?;
    UnixStream::connect(short).map_err(nobody)
}

/// The last line of the server's answer; progress is shown meanwhile, when a person looks on.
fn exchange(home: &Home, command: &Command, json: bool) -> Result<Reply, String> {
    let mut stream = connect(home)?;
    let broken = |error: io::Error| format!("the connection to the server broke: {error}");
    stream.write_all(&conversation::request(command)).map_err(broken)?;
    let mut bar = ProgressBar::new(0, json);
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(broken)?;
        let reply: Reply = serde_json::from_str(&line)
            .map_err(|error| format!("the server's answer cannot be understood: {error}"))?;
        match reply {
            Reply::Progress(text) => bar.say(&text),
            Reply::Share { done, total, text } => bar.show(done, total, &text),
            last => return Ok(last),
        }
    }
    Err("the server broke off without an answer".to_owned())
}

/// Aligned columns without lines, wrapped to the terminal.
fn rendered(table: &Table, width: Option<u16>) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn.load_style(TableStyle::new()).set_header(table.headings.clone());
    drawn.add_rows(table.rows.iter().cloned());
    if let Some(width) = width {
        drawn.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    for column in drawn.column_iter_mut() {
        column.set_padding((0, 2));
    }
    drawn.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// None when nobody looks on: a program gets whole lines.
fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
}

/// The exit code of what was refused.
pub const REFUSED: u8 = 1;
/// The exit code of what was not understood.
pub const WRONG: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_fits() {
        let mut table = Table::new(&["Login", "Messages"]);
        table.rows = vec![vec!["anna".to_owned(), "5".to_owned()], vec!["b".to_owned(), "12".to_owned()]];
        assert_eq!(rendered(&table, None), "Login  Messages\nanna   5\nb      12\n");
        table.rows.push(vec!["a word ".repeat(30), "1".to_owned()]);
        assert!(rendered(&table, Some(40)).lines().all(|line| line.chars().count() <= 40));
    }
}
