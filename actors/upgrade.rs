//! `aox upgrade`: brings the schema of a database that the site runs itself up to date.

use std::process::ExitCode;

use archiveopteryx::aox::answer::Answer;
use archiveopteryx::db::migrate::{self, REVISION_NEWEST};
use archiveopteryx::settings::Settings;

use crate::cli::Upgrade;
use crate::control_client::{complain, print_answer};
use crate::home::Home;
use crate::migrations;
use crate::postgres::Target;
use crate::serve;

/// Prints the SQL for the roles, or applies what the schema lacks.
pub fn run(home: &Home, upgrade: &Upgrade, json: bool) -> ExitCode {
    if upgrade.roles {
        print!("{}", migrate::roles_sql());
        return ExitCode::SUCCESS;
    }
    let settings = match serve::settings(home, upgrade.config.clone()) {
        Ok(loaded) => loaded.settings,
        Err(mistakes) => return complain("wrong", &mistakes.join("\n"), json, 2),
    };
    match actix::System::new().block_on(apply(&settings)) {
        Ok(answer) => print_answer(&answer, json),
        Err(error) => complain("refused", &error, json, 1),
    }
}

async fn apply(settings: &Settings) -> Result<Answer, String> {
    let database = &settings.database;
    if database.url.is_empty() {
        return Ok(Answer::sentence(
            "The server's own PostgreSQL is brought up to date whenever `aox serve` starts; there is nothing to do.",
            serde_json::json!({"applied": []}),
        ));
    }
    if database.owner_url.is_empty() {
        return Err(
            "database.owner_url must name the database as the role that owns the tables (aox_owner); \
                    `aox upgrade --roles` prints how to create it"
                .to_owned(),
        );
    }
    let owner =
        Target::from_url(&database.owner_url).map_err(|error| format!("database.owner_url: {error}"))?;
    let applied = migrations::migrate(&owner).await.map_err(|error| error.to_string())?;
    let names: Vec<&str> = applied.iter().map(|migration| migration.name).collect();
    let sentence = match names.len() {
        0 => format!("The schema has revision {REVISION_NEWEST} already; there was nothing to do."),
        _ => format!("The schema has revision {REVISION_NEWEST} now; applied: {}.", names.join(", ")),
    };
    Ok(Answer::sentence(sentence, serde_json::json!({"applied": names, "revision": REVISION_NEWEST})))
}
