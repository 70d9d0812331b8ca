//! Secrets: read from where the settings say, and remembered for a while once they have proved right.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use archiveopteryx::error::Error;
use archiveopteryx::settings::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The secret itself, or the first line of the file; empty when neither is given.
pub fn read(secret: &Secret, file: &str, key: &str) -> Result<String, String> {
    if file.is_empty() {
        return Ok(secret.0.clone());
    }
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("{key}: {file} cannot be read: {error}"))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        Err(format!("{key}: the first line of {file} is empty"))
    } else {
        Ok(line.to_owned())
    }
}

/// What secrets opened a while ago, by digests under a key that only this process knows and that never leaves it.
pub struct Remembered<T> {
    key: [u8; 32],
    max: usize,
    known: Mutex<HashMap<[u8; 32], (T, Instant)>>,
}

impl<T: Clone> Remembered<T> {
    /// Remembers `max` of them at most.
    pub fn new(max: usize) -> Result<Remembered<T>, Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| Error::bug(format!("no random numbers: {error}")))?;
        Ok(Remembered { key, max, known: Mutex::default() })
    }

    /// What this opened, unless that is too long ago.
    pub fn get(&self, secret: &[&[u8]]) -> Option<T> {
        let known = self.known();
        let (opened, until) = known.get(&self.digest(secret))?;
        (*until > Instant::now()).then(|| opened.clone())
    }

    /// Remembers what this has opened.
    pub fn put(&self, secret: &[&[u8]], opened: T, keep: Duration) {
        if keep.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut known = self.known();
        if known.len() >= self.max {
            known.retain(|_, (_, until)| *until > now);
        }
        if known.len() >= self.max {
            known.clear();
        }
        known.insert(self.digest(secret), (opened, now + keep));
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], (T, Instant)>> {
        // A panic elsewhere cannot have left a map half changed.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of all parts, so that no two lists of parts are the same text.
    fn digest(&self, secret: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in secret {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_forgotten_in_time_and_never_too_much() {
        let remembered = Remembered::new(2).unwrap();
        remembered.put(&[b"anna", b"secret"], 1, Duration::from_secs(60));
        assert_eq!(remembered.get(&[b"anna", b"secret"]), Some(1));
        assert_eq!(remembered.get(&[b"annas", b"ecret"]), None);
        remembered.put(&[b"berta"], 2, Duration::ZERO);
        assert_eq!(remembered.get(&[b"berta"]), None);
        remembered.put(&[b"berta"], 2, Duration::from_nanos(1));
        assert_eq!(remembered.get(&[b"berta"]), None);
        remembered.put(&[b"carla"], 3, Duration::from_secs(60));
        assert_eq!(remembered.get(&[b"anna", b"secret"]), Some(1));
        remembered.put(&[b"dora"], 4, Duration::from_secs(60));
        assert_eq!(remembered.get(&[b"dora"]), Some(4));
        assert!(remembered.known().len() <= 2);
    }

    #[test]
    fn a_secret_is_the_first_line_of_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hunter2\nmore\n").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(read(&Secret::default(), path, "a.b"), Ok("hunter2".to_owned()));
        assert_eq!(read(&Secret("x".to_owned()), "", "a.b"), Ok("x".to_owned()));
        assert!(
            read(&Secret::default(), "/nonexistent", "a.b").unwrap_err().starts_with("a.b: /nonexistent")
        );
    }
}
