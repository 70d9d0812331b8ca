//! What the command line tells of itself: completions for shells, manual pages, and the list of all commands.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, Table};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use crate::control_client::{complain, print_answer};

/// `aox completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell
    pub shell: Shell,
}

/// `aox manual`.
#[derive(Debug, Args)]
pub struct Manual {
    /// The folder to write them into, such as /usr/local/share/man/man1
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
}

/// `aox help`.
#[derive(Debug, Args)]
pub struct Help {
    /// A command, such as `add user`; without it, all commands are listed
    pub words: Vec<String>,
}

impl Completions {
    /// Prints what the shell is to read.
    pub fn run(&self) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "aox", &mut script);
        written(io::stdout().write_all(&script), "the completions cannot be written")
    }
}

impl Manual {
    /// Writes a page for each command.
    pub fn run(&self, json: bool) -> ExitCode {
        match write_pages(&self.into) {
            Ok(()) => {
                let into = self.into.display().to_string();
                let sentence = format!("The pages are in {into}; `man -l {into}/aox.1` shows the first.");
                print_answer(&Answer::sentence(sentence, serde_json::json!({"into": into})), json)
            }
            Err(error) => {
                let sentence = format!("the pages cannot be written to {}: {error}", self.into.display());
                complain("refused", &sentence, json, 1)
            }
        }
    }
}

impl Help {
    /// Lists the commands, or tells of one.
    pub fn run(&self, json: bool) -> ExitCode {
        let mut root = Cli::command();
        root.build();
        if self.words.is_empty() || self.words == ["commands"] {
            return print_answer(&listing(&root), json);
        }
        let mut found = &mut root;
        for word in &self.words {
            match found.find_subcommand_mut(word) {
                Some(inner) => found = inner,
                None => {
                    let sentence = format!(
                        "there is no command \"{}\"; `aox help` lists those that there are",
                        self.words.join(" ")
                    );
                    return complain("wrong", &sentence, json, 2);
                }
            }
        }
        written(found.print_long_help(), "the help cannot be written")
    }
}

fn write_pages(into: &Path) -> io::Result<()> {
    std::fs::create_dir_all(into)?;
    clap_mangen::generate_to(Cli::command(), into)
}

/// Every command with what it does.
fn listing(root: &clap::Command) -> Answer {
    let mut table = Table::new(&["Command", "What it does"]);
    let mut json = Vec::new();
    for (name, about) in commands(root, "aox") {
        json.push(serde_json::json!({"command": name, "about": about}));
        table.rows.push(vec![name, about]);
    }
    Answer::list(table, "", json)
}

/// The commands below `command`, those that have no further words.
fn commands(command: &clap::Command, name: &str) -> Vec<(String, String)> {
    let inner: Vec<_> = command
        .get_subcommands()
        .filter(|inner| !inner.is_hide_set())
        .flat_map(|inner| commands(inner, &format!("{name} {}", inner.get_name())))
        .collect();
    if !inner.is_empty() {
        return inner;
    }
    vec![(name.to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default())]
}

/// A reader that hung up has seen enough.
fn written(outcome: io::Result<()>, what: &str) -> ExitCode {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain("refused", &format!("{what}: {error}"), false, 1)
        }
        _ => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_completions_that_know_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "aox", &mut script);
            let script = String::from_utf8(script).unwrap();
            assert!(script.contains("disconnect") && script.contains("configuration"), "{shell}");
        }
    }

    #[test]
    fn each_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        write_pages(folder.path()).unwrap();
        for page in ["aox.1", "aox-add-user.1", "aox-check-configuration.1", "aox-show-connections.1"] {
            let text = std::fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(text.contains(".SH NAME"), "{page}");
        }
    }

    #[test]
    fn the_listing_has_every_command_and_what_it_does() {
        let all = commands(&Cli::command(), "aox");
        assert!(all.iter().any(|(name, _)| name == "aox add user"));
        assert!(all.iter().all(|(name, about)| !about.is_empty() && name != "aox add"), "{all:?}");
    }
}
