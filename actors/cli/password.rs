//! Where the password of a command comes from. It goes no further: the server is sent verifiers of it.

use archiveopteryx::login::token;
use archiveopteryx::wire::password::{Salts, Verifiers};
use clap::Args;

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of the standard input instead of asking for it
    #[arg(long)]
    pub password_stdin: bool,
}

impl PasswordSource {
    /// Gets the password, and makes the verifiers of it, so that it goes no further.
    pub fn verifiers(&self) -> Result<Verifiers, String> {
        let password = if self.password_stdin { first_line()? } else { asked_twice()? };
        verifiers(&password)
    }
}

/// The verifiers of `password`, with new salts.
pub fn verifiers(password: &str) -> Result<Verifiers, String> {
    let mut salts = Salts::default();
    for salt in [&mut salts.argon2id, &mut salts.scram_sha_256, &mut salts.scram_sha_1] {
        getrandom::fill(salt).map_err(|error| format!("this system gives no random numbers: {error}"))?;
    }
    Verifiers::new(password, &salts).map_err(|error| error.to_string())
}

/// A new password for an application.
pub fn token() -> Result<String, String> {
    let mut random = [0; token::LETTERS];
    getrandom::fill(&mut random).map_err(|error| format!("this system gives no random numbers: {error}"))?;
    Ok(token::new(&random))
}

fn first_line() -> Result<String, String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| format!("the password cannot be read: {error}"))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn asked_twice() -> Result<String, String> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map_err(|error| format!("no password can be asked for here ({error}); use --password-stdin"))
    };
    let first = ask("Password: ")?;
    if first != ask("The same again: ")? {
        return Err("the two are not the same".to_owned());
    }
    Ok(first)
}
