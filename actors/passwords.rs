//! Checks passwords off the arbiters, a few at a time, and remembers what it has checked.
//!
//! Argon2 is slow by intention, some 30 ms of a core and 19 MiB. It must stall nobody but who logs in, so it runs on
//! threads of its own, as many at once as there are cores. A client that comes again is recognized by a keyed digest
//! of its password, under a key that only this process knows and that never leaves it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use archiveopteryx::db;
use archiveopteryx::error::{Code, Error};
use archiveopteryx::limits;
use archiveopteryx::wire::password;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::database::{self, Database};

/// Shared by all connections of the server.
#[derive(Clone)]
pub struct Passwords {
    shared: Arc<Shared>,
}

struct Shared {
    key: [u8; 32],
    slots: Semaphore,
    /// What was verified, by the verifier it was verified against: a changed password has a new verifier.
    known: Mutex<HashMap<String, [u8; 32]>>,
}

impl Passwords {
    pub fn new() -> Result<Passwords, Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| Error::bug(format!("no random numbers: {error}")))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Shared { key, slots: Semaphore::new(cores), known: Mutex::default() };
        Ok(Passwords { shared: Arc::new(shared) })
    }

    /// The account that `login` and `password` open. The answer does not tell an unknown user from a wrong password.
    pub async fn check(
        &self,
        database: &actix::Addr<Database>,
        login: &str,
        password: &[u8],
    ) -> Result<db::Account, Error> {
        let found = database::run(database, db::FindLogin { login: login.to_owned() }).await?;
        // No stored password holds octets that are not UTF-8, so anything else in their place is wrong, too.
        let password = String::from_utf8_lossy(password);
        let right = self.verify(found.as_ref().map(|found| found.argon2id.as_str()), &password).await?;
        match found {
            Some(found) if right && !found.disabled => Ok(found.account),
            _ => Err(Error::no(Code::AuthenticationFailed, "the user name or the password is wrong")),
        }
    }

    /// True if `password` fits `verifier`, an argon2id string. Takes as long for a user who does not exist.
    async fn verify(&self, verifier: Option<&str>, password: &str) -> Result<bool, Error> {
        let known = verifier.map(|verifier| (verifier.to_owned(), self.digest(verifier, password)));
        if let Some((verifier, digest)) = &known
            && self.known().get(verifier).is_some_and(|known| known.ct_eq(digest).into())
        {
            return Ok(true);
        }
        let _slot =
            self.shared.slots.acquire().await.map_err(|_| Error::bug("the password slots are gone"))?;
        let (verifier, secret) = (verifier.map(str::to_owned), password.to_owned());
        let check = move || match verifier {
            Some(verifier) => password::verify(&verifier, &secret),
            None => password::verify_nobody(&secret),
        };
        let right = tokio::task::spawn_blocking(check).await;
        let right = right.map_err(|error| Error::bug(format!("the password check failed: {error}")))?;
        if let (true, Some((verifier, digest))) = (right, known) {
            let mut known = self.known();
            if known.len() >= limits::KNOWN_PASSWORDS_MAX {
                known.clear();
            }
            known.insert(verifier, digest);
        }
        Ok(right)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, [u8; 32]>> {
        // A panic elsewhere cannot have left a map half changed.
        self.shared.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn digest(&self, verifier: &str, password: &str) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.shared.key).expect("HMAC takes a key of any length");
        mac.update(&(verifier.len() as u64).to_be_bytes());
        mac.update(verifier.as_bytes());
        mac.update(password.as_bytes());
        mac.finalize().into_bytes().into()
    }
}
