//! The program: who does it, and when. One file per actor; the actors' own headers say who hears what.

mod authenticator;
mod check_configuration;
mod cli;
mod control_client;
mod control_session;
mod export;
mod export_hold;
mod export_journal;
mod export_target;
mod follow;
mod guests;
mod home;
mod import;
mod import_source;
mod log;
mod progress_bar;
mod pulse;
mod serve;
mod settings_load;
mod upgrade;

mod cluster;
mod company;
mod migrations;
mod postgres;
mod postgres_home;
mod postgres_memory;
mod postmaster;

mod server;
mod services;

mod attendance;
mod client_socket;
mod client_task;
mod compressible;
mod control_connection;
mod doors;
mod imap_connection;
mod indexer;
mod keyring;
mod listener;
mod lmtp_connection;
mod self_signed;
mod tally;
mod tls;
mod tls_files;

mod database;
mod db_connection;
mod db_listener;
mod delivery;
mod delivery_lane;
mod drive;
mod login_log;
mod mailbox_registry;
mod mailbox_session;
mod metadata_watch;
mod notifier;
mod outbox;
mod password_checks;
mod pop3_connection;
mod recents;
mod recording;
mod roll;
mod sealer;
mod signals;
mod vacuum;

mod backends;
mod census;
mod certificates;
mod directory;
mod new_accounts;
mod secrets;
mod signing_keys;
mod tokens;
mod trust;
mod watched_mailbox;
mod watches;
mod web;

use std::process::ExitCode;

use archiveopteryx::aox::command::AuditShow;
use clap::Parser;

use crate::cli::{Check, Cli, Verb};
use crate::home::Home;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let json = cli.json;
    let home = match Home::new(&cli.home_folder()) {
        Ok(home) => home,
        Err(error) => {
            return control_client::complain("refused", &format!("the home cannot be: {error}"), json, 1);
        }
    };
    match cli.verb {
        Verb::Serve(serve) => serve::run(home, serve),
        Verb::Export(cli::exchange::Export::Hold { name, path }) => {
            export_hold::run(&home, name, &path, json)
        }
        Verb::Export(export) => {
            export.order().map_or(ExitCode::SUCCESS, |order| export::run(&home, order, json))
        }
        Verb::Import(import) => import::run(&home, &import.order(), json),
        Verb::Audit(cli::Audit::Show { user, kind, since, until, limit, follow: true }) => {
            follow::run(&home, AuditShow { user, kind, since, until, limit, is_repeated: false }, json)
        }
        Verb::Upgrade(upgrade) => upgrade::run(&home, &upgrade, json),
        Verb::Check(Check::Configuration(check)) => check_configuration::run(&home, &check, json),
        Verb::Anonymise(anonymise) => anonymise.run(json),
        Verb::Completions(completions) => completions.run(),
        Verb::Manual(manual) => manual.run(json),
        Verb::Help(help) => help.run(json),
        verb => match verb.request() {
            Ok(Some(request)) => control_client::run(&home, &request, json),
            Ok(None) => ExitCode::SUCCESS,
            Err(error) => control_client::complain("refused", &error, json, 1),
        },
    }
}
