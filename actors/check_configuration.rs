//! `aox check configuration`: everything that would keep `aox serve` from starting, told at once and without a server.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use archiveopteryx::aox::answer::{Answer, Table};
use archiveopteryx::settings::Settings;
use jiff::Timestamp;
use serde_json::json;

use crate::backends::Backends;
use crate::cli::CheckConfiguration;
use crate::control_client::print_answer;
use crate::home::{Home, short_socket_path};
use crate::log;
use crate::migrations;
use crate::postgres::Target;
use crate::postgres_home;
use crate::serve;
use crate::tls_files;

/// What was looked at.
#[derive(Default)]
struct Report {
    good: Vec<String>,
    mistakes: Vec<String>,
}

/// Looks at everything, and prints what it found. The exit code is 0 when a start would succeed.
pub fn run(home: &Home, check: &CheckConfiguration, json: bool) -> ExitCode {
    let mut report = Report::default();
    match serve::settings(home, check.config.clone()) {
        Ok(loaded) => {
            report.good.push("every setting is understood".to_owned());
            report.look(home, &loaded.settings);
        }
        Err(mistakes) => report.mistakes = mistakes,
    }
    let answer = report.answer();
    let printed = print_answer(&answer, json);
    if answer.good { printed } else { ExitCode::FAILURE }
}

impl Report {
    fn look(&mut self, home: &Home, settings: &Settings) {
        self.note(log::check(&settings.log), "the log can be written");
        self.note(Backends::open(settings).map(drop), "those who say who people are can be asked");
        self.note(can_be_written(home.path()), "the home can be written");
        self.look_at_certificates(settings);
        self.look_at_ports(home, settings);
        self.look_at_database(home, settings);
    }

    fn note(&mut self, outcome: Result<(), String>, good: &str) {
        match outcome {
            Ok(()) => self.good.push(good.to_owned()),
            Err(mistake) => self.mistakes.push(mistake),
        }
    }

    fn look_at_certificates(&mut self, settings: &Settings) {
        let files: Vec<PathBuf> = settings.tls.certificates.iter().map(PathBuf::from).collect();
        if files.is_empty() {
            return self.good.push("the server makes itself a certificate for TLS".to_owned());
        }
        match tls_files::load(&settings.tls, &files) {
            Ok((_, facts)) => {
                for fact in facts {
                    let (file, ends) = (fact.file.display(), fact.ends);
                    match ends < Timestamp::now() {
                        true => self.mistakes.push(format!("the certificate in {file} has ended, at {ends}")),
                        false => self.good.push(format!("the certificate in {file} is good until {ends}")),
                    }
                }
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
    }

    fn look_at_ports(&mut self, home: &Home, settings: &Settings) {
        let socket = short_socket_path(&home.control_socket());
        let runs = socket.is_ok_and(|(short, _folder)| UnixStream::connect(short).is_ok());
        if runs {
            let sentence = "a server runs in this home, so that its ports were not tried";
            return self.good.push(sentence.to_owned());
        }
        for (setting, address) in ports(settings) {
            match TcpListener::bind(address) {
                Ok(_) => self.good.push(format!("{setting}: {address} is free")),
                Err(error) => self.mistakes.push(format!("{setting}: cannot listen on {address}: {error}")),
            }
        }
    }

    fn look_at_database(&mut self, home: &Home, settings: &Settings) {
        let url = &settings.database.url;
        if url.is_empty() {
            let found =
                postgres_home::find_programs(&settings.postgres.programs, &home.path().join("postgres/data"));
            return match found {
                Ok(programs) => {
                    self.good.push(format!("PostgreSQL's programs are in {}", programs.display()))
                }
                Err(mistake) => self.mistakes.push(mistake),
            };
        }
        let fit =
            Target::from_url(url).map_err(|error| format!("database.url: {error}")).and_then(|target| {
                actix::System::new().block_on(async move { migrations::check_fit(&target).await })
            });
        self.note(fit, "the database can be used");
        let owner_url = &settings.database.owner_url;
        if !owner_url.is_empty()
            && let Err(error) = Target::from_url(owner_url)
        {
            self.mistakes.push(format!("database.owner_url: {error}"));
        }
    }

    fn answer(self) -> Answer {
        let mut table = Table::new(&["", "What"]);
        let mistakes = self.mistakes.iter().map(|text| vec!["wrong".to_owned(), text.clone()]);
        table.rows =
            mistakes.chain(self.good.iter().map(|text| vec!["good".to_owned(), text.clone()])).collect();
        let sentence = match self.mistakes.len() {
            0 => "`aox serve` can start with this configuration.".to_owned(),
            1 => "`aox serve` would not start: one thing is wrong.".to_owned(),
            count => format!("`aox serve` would not start: {count} things are wrong."),
        };
        Answer {
            sentences: vec![sentence],
            table: Some(table),
            json: json!({"mistakes": self.mistakes, "good": self.good}),
            good: self.mistakes.is_empty(),
        }
    }
}

/// Every address that the server would listen on, under the setting that names it.
fn ports(settings: &Settings) -> Vec<(&'static str, SocketAddr)> {
    let lists: [(&'static str, &[SocketAddr]); 6] = [
        ("imap.listen", &settings.imap.listen),
        ("imap.tls_listen", &settings.imap.tls_listen),
        ("pop3.listen", &settings.pop3.listen),
        ("pop3.tls_listen", &settings.pop3.tls_listen),
        ("lmtp.listen", &settings.lmtp.listen),
        ("lmtp.tls_listen", &settings.lmtp.tls_listen),
    ];
    lists
        .into_iter()
        .flat_map(|(setting, list)| list.iter().map(move |address| (setting, *address)))
        .collect()
}

/// Whether the folder, or the one in which it would be made, can be written.
fn can_be_written(folder: &Path) -> Result<(), String> {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(folder);
    if !there.is_dir() {
        return Err(format!("the home {} cannot be: {} is no folder", folder.display(), there.display()));
    }
    nix::unistd::access(there, nix::unistd::AccessFlags::W_OK | nix::unistd::AccessFlags::X_OK)
        .map_err(|error| format!("the home {} cannot be written: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_of_addresses_is_tried() {
        let settings = toml::Value::try_from(Settings::default()).unwrap();
        let sections = settings.as_table().unwrap().iter();
        let lists = sections.flat_map(|(section, values)| {
            let words = values.as_table().into_iter().flat_map(|table| table.keys());
            let lists = words.filter(|word| word.ends_with("listen"));
            lists.map(move |word| format!("{section}.{word}"))
        });
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let mut all = Settings::default();
        all.lmtp.tls_listen = vec![address];
        let tried: Vec<&str> = ports(&all).into_iter().map(|(setting, _)| setting).collect();
        for list in lists {
            assert!(tried.contains(&list.as_str()), "{list}");
        }
    }

    #[test]
    fn a_home_must_be_a_folder() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(can_be_written(file.path()).is_err());
        assert!(can_be_written(&file.path().parent().unwrap().join("new/er")).is_ok());
    }
}
