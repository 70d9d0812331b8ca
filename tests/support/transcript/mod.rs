//! Conversations as text: what clients say, and what they must hear. `tests/transcripts/README.md` tells the format.

pub mod connection;
pub mod names;
pub mod pattern;
pub mod play;

use std::path::Path;

/// One transcript, as read from its file.
pub struct Transcript {
    /// The file's name without its extension: the behaviour as a sentence.
    pub name: String,
    /// The lines of the file, for rewriting.
    pub lines: Vec<String>,
    /// Untagged lines must come in the order in which they are written.
    pub ordered: bool,
    /// Untagged lines that are not written must not come.
    pub strict: bool,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug)]
pub enum Step {
    /// An account exists from now on, with this login and address.
    User { login: String, address: String },
    /// The file is delivered to the user's INBOX, where it becomes the message with this number.
    Mail { login: String, number: usize, file: String },
    /// The administrator runs `aox` with these arguments, and it succeeds.
    Aox { arguments: Vec<String> },
    /// The client closes its connection without a word.
    Close { connection: String },
    /// Both sides begin TLS, and what is said from now on is said inside.
    StartTls { connection: String },
    /// What is said from now on is compressed, or no longer.
    Compress { connection: String, begins: bool },
    /// The server has closed the connection.
    Closed { connection: String },
    /// The client says these commands, in one write unless a literal makes it wait.
    Say { connection: String, commands: Vec<String> },
    /// What the clients hear next.
    Hear { expectations: Vec<Expectation> },
}

/// One response that must come, or must not.
#[derive(Debug, Clone)]
pub struct Expectation {
    /// Which client hears it.
    pub connection: String,
    /// The index of its first line in the file.
    pub line: usize,
    /// Its lines: more than one when the response holds literals.
    pub patterns: Vec<String>,
    /// It must not come.
    pub forbidden: bool,
}

impl Transcript {
    /// Reads one file.
    pub fn read(path: &Path) -> Result<Transcript, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Transcript::parse(&name, &text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads the text of one file.
    pub fn parse(name: &str, text: &str) -> Result<Transcript, String> {
        let lines = text.lines().map(str::to_string).collect();
        let mut transcript =
            Transcript { name: name.to_string(), lines, ordered: false, strict: false, steps: Vec::new() };
        if !text.starts_with("# ") {
            return Err("the first line is not a comment that tells the behaviour".to_string());
        }
        for (index, line) in text.lines().enumerate() {
            let line = without_comment(line);
            if !line.trim().is_empty() {
                transcript.add_line(index, line).map_err(|error| format!("line {}: {error}", index + 1))?;
            }
        }
        Ok(transcript)
    }

    fn add_line(&mut self, index: usize, line: &str) -> Result<(), String> {
        if let Some((connection, mark, text)) = spoken(line) {
            return self.add_spoken(index, connection, mark, text);
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
        let step = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["ordered"] => {
                self.ordered = true;
                return Ok(());
            }
            ["strict"] => {
                self.strict = true;
                return Ok(());
            }
            ["user", login] => {
                Step::User { login: login.to_string(), address: format!("{login}@example.org") }
            }
            ["user", login, address] => Step::User { login: login.to_string(), address: address.to_string() },
            ["mail", number, file] => {
                let number = number.parse().map_err(|_| format!("{number:?} is not a number"))?;
                Step::Mail { login: self.last_user()?, number, file: file.to_string() }
            }
            ["aox", ..] => Step::Aox { arguments: words[1..].to_vec() },
            ["close", connection] => Step::Close { connection: connection.to_string() },
            ["starttls", connection] => Step::StartTls { connection: connection.to_string() },
            ["compress", connection] => Step::Compress { connection: connection.to_string(), begins: true },
            ["decompress", connection] => {
                Step::Compress { connection: connection.to_string(), begins: false }
            }
            ["closed", connection] => Step::Closed { connection: connection.to_string() },
            _ => return Err(format!("{line:?} is not a line of a transcript")),
        };
        self.steps.push(step);
        Ok(())
    }

    fn add_spoken(&mut self, index: usize, connection: &str, mark: Mark, text: &str) -> Result<(), String> {
        let connection = connection.to_string();
        match (mark, self.steps.last_mut()) {
            (Mark::Command, Some(Step::Say { connection: same, commands })) if *same == connection => {
                commands.push(text.to_string());
            }
            (Mark::Command, _) => self.steps.push(Step::Say { connection, commands: vec![text.to_string()] }),
            (Mark::MoreCommand, Some(Step::Say { connection: same, commands })) if *same == connection => {
                let command = commands.last_mut().ok_or("there is no command to go on with")?;
                command.push_str("\r\n");
                command.push_str(text);
            }
            (Mark::Response | Mark::Forbidden, last) => {
                let forbidden = mark == Mark::Forbidden;
                let patterns = vec![text.to_string()];
                let expectation = Expectation { connection, line: index, patterns, forbidden };
                match last {
                    Some(Step::Hear { expectations }) => expectations.push(expectation),
                    _ => self.steps.push(Step::Hear { expectations: vec![expectation] }),
                }
            }
            (Mark::MoreResponse, Some(Step::Hear { expectations })) => {
                let expectation = expectations.last_mut().ok_or("there is no response to go on with")?;
                expectation.patterns.push(text.to_string());
            }
            _ => return Err("this line goes on with something that has not begun".to_string()),
        }
        Ok(())
    }

    fn last_user(&self) -> Result<String, String> {
        let logins = self.steps.iter().rev();
        let mut logins = logins.filter_map(|step| match step {
            Step::User { login, .. } => Some(login.clone()),
            _ => None,
        });
        logins.next().ok_or_else(|| "there is no user yet to whom mail could go".to_string())
    }
}

/// What a spoken line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Command,
    MoreCommand,
    Response,
    MoreResponse,
    Forbidden,
}

/// `anna C: a1 NOOP` is the connection, the mark and the text.
fn spoken(line: &str) -> Option<(&str, Mark, &str)> {
    let (connection, rest) = line.split_once(' ')?;
    let mark = match rest.get(..2)? {
        "C:" => Mark::Command,
        "C>" => Mark::MoreCommand,
        "S:" => Mark::Response,
        "S>" => Mark::MoreResponse,
        "S!" => Mark::Forbidden,
        _ => return None,
    };
    let text = &rest[2..];
    Some((connection, mark, text.strip_prefix(' ').unwrap_or(text)))
}

/// A comment fills a line, or follows something after two spaces at least.
fn without_comment(line: &str) -> &str {
    if line.starts_with('#') {
        return "";
    }
    match line.find("  # ") {
        Some(at) => line[..at].trim_end(),
        None => line,
    }
}

/// A message of `tests/messages`, with the line ends of mail.
pub fn message(file: &str) -> Result<Vec<u8>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages").join(file);
    let octets = std::fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(super::corpus::canonical(&octets))
}
