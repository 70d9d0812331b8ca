//! Verifies passwords off the arbiters, a few at a time, and remembers what it has verified.
//!
//! Argon2 is slow by intention, some 30 ms of a core and 19 MiB. It must stall nobody but who logs in, so it runs on
//! threads of its own, as many at once as there are cores, and no address has more of them waiting than that: who guesses
//! from one address stands in line with himself. A client that comes again is recognized by a keyed digest of its
//! password, under a key that only this process knows and that never leaves it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use archiveopteryx::error::Error;
use archiveopteryx::limits;
use archiveopteryx::wire::password::{self, Memory};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Shared by all connections of the server.
#[derive(Clone)]
pub struct PasswordChecks {
    shared: Arc<Shared>,
}

struct Shared {
    key: [u8; 32],
    slots: Semaphore,
    /// How many are being checked, or stand in line.
    waiting: AtomicUsize,
    slots_max: usize,
    /// The lines before the slots, one for each place from where somebody waits.
    lines: Mutex<HashMap<String, Arc<Semaphore>>>,
    /// What nobody computes in at the moment; it is given back when nobody waits any more.
    memories: Mutex<Vec<Memory>>,
    /// What was verified, by the verifier it was verified against: a changed password has a new verifier.
    known: Mutex<HashMap<String, [u8; 32]>>,
}

impl PasswordChecks {
    pub fn new() -> Result<PasswordChecks, Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| Error::bug(format!("no random numbers: {error}")))?;
        let slots_max = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = Semaphore::new(slots_max);
        let (lines, memories, known) = (Mutex::default(), Mutex::default(), Mutex::default());
        let waiting = AtomicUsize::new(0);
        let shared = Shared { key, slots, waiting, slots_max, lines, memories, known };
        Ok(PasswordChecks { shared: Arc::new(shared) })
    }

    /// True if `password`, which came from `place`, fits `verifier`, an argon2id string. Takes as long for a user who
    /// does not exist, or has none.
    pub async fn verify(&self, place: &str, verifier: Option<&str>, password: &[u8]) -> Result<bool, Error> {
        // No stored password holds octets that are not UTF-8, so anything else in their place is wrong, too.
        let password = String::from_utf8_lossy(password);
        let known = verifier.map(|verifier| (verifier.to_owned(), self.digest(verifier, &password)));
        if let Some((verifier, digest)) = &known
            && locked(&self.shared.known).get(verifier).is_some_and(|known| known.ct_eq(digest).into())
        {
            return Ok(true);
        }
        let right = self.compute(place, verifier.map(str::to_owned), password.into_owned()).await?;
        if let (true, Some((verifier, digest))) = (right, known) {
            let mut known = locked(&self.shared.known);
            if known.len() >= limits::KNOWN_PASSWORDS_MAX {
                known.clear();
            }
            known.insert(verifier, digest);
        }
        Ok(right)
    }

    /// How many are being checked, or stand in line for that.
    pub fn waiting(&self) -> usize {
        self.shared.waiting.load(Ordering::Relaxed)
    }

    /// Stands in line, then has a thread do the work.
    async fn compute(&self, place: &str, verifier: Option<String>, secret: String) -> Result<bool, Error> {
        let _counted = Counted::new(&self.shared);
        let line = self.line(place);
        let gone = |_| Error::bug("the password slots are gone");
        let _turn = line.acquire().await.map_err(gone)?;
        let _slot = self.shared.slots.acquire().await.map_err(gone)?;
        let mut memory = locked(&self.shared.memories).pop().unwrap_or_default();
        let check = move || {
            let right = match verifier {
                Some(verifier) => password::verify(&verifier, &secret, &mut memory),
                None => password::verify_nobody(&secret, &mut memory),
            };
            (right, memory)
        };
        let checked = tokio::task::spawn_blocking(check).await;
        let (right, memory) =
            checked.map_err(|error| Error::bug(format!("the password check failed: {error}")))?;
        locked(&self.shared.memories).push(memory);
        Ok(right)
    }

    /// The line of `place`. Lines in which nobody stands any more are forgotten now and then.
    fn line(&self, place: &str) -> Arc<Semaphore> {
        let mut lines = locked(&self.shared.lines);
        if lines.len() >= LINES_KEPT {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        let line = lines.entry(place.to_owned());
        line.or_insert_with(|| Arc::new(Semaphore::new(self.shared.slots_max))).clone()
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

/// One who waits, as long as it lives.
struct Counted<'a>(&'a Shared);

impl Counted<'_> {
    fn new(shared: &Shared) -> Counted<'_> {
        shared.waiting.fetch_add(1, Ordering::Relaxed);
        Counted(shared)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::Relaxed) == 1 {
            locked(&self.0.memories).clear();
        }
    }
}

/// What a mutex guards. A panic elsewhere cannot have left a map half changed.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lines that are kept before the empty ones are looked for.
const LINES_KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use archiveopteryx::wire::password::{Salts, Verifiers};

    use super::*;

    #[actix_rt::test]
    async fn a_password_is_verified_once_and_then_known() {
        let checks = PasswordChecks::new().unwrap();
        let verifiers = Verifiers::new("secret", &Salts::default()).unwrap();
        let verifier = Some(verifiers.argon2id.as_str());
        assert!(!checks.verify("here", verifier, b"wrong").await.unwrap());
        assert!(checks.verify("here", verifier, b"secret").await.unwrap());
        let begin = std::time::Instant::now();
        for _ in 0..100 {
            assert!(checks.verify("here", verifier, b"secret").await.unwrap());
        }
        assert!(begin.elapsed() < std::time::Duration::from_millis(100), "{:?}", begin.elapsed());
        assert!(!checks.verify("here", None, b"secret").await.unwrap());
    }

    #[actix_rt::test]
    async fn who_guesses_much_stands_in_line_with_himself() {
        let checks = PasswordChecks::new().unwrap();
        let guesses: Vec<_> = (0..64)
            .map(|_| {
                let checks = checks.clone();
                actix_rt::spawn(async move { checks.verify("there", None, b"guess").await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert!(!checks.verify("here", None, b"one more").await.unwrap());
        let open = guesses.iter().filter(|guess| !guess.is_finished()).count();
        assert!(open > 32, "{open} of 64 guesses were still in line");
        for guess in guesses {
            guess.abort();
        }
    }
}
