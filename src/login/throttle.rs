//! How long an attempt to log in waits, by what has failed before.
//!
//! The wait comes before the answer, whether that is yes or no, and grows with each failure up to a bound. Nobody is ever
//! locked out: who has the right password gets in after the longest wait at most, and at once from an address where that
//! user has logged in before.

use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::limits;

/// What failures are counted for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subjects {
    /// Where the client is, as far as one client can choose it.
    pub place: String,
    pub address: String,
    /// The user, where the client names one.
    pub user: Option<OfUser>,
}

/// What failures are counted for when a user is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfUser {
    pub user: String,
    /// That user from that address.
    pub pair: String,
}

/// What has failed before, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failures {
    /// At `last`.
    pub count: f64,
    pub last: Timestamp,
}

/// The failures for each of the subjects of one attempt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    pub address: Option<Failures>,
    pub user: Option<Failures>,
    pub pair: Option<Failures>,
    /// Whether this user has logged in from this place before.
    pub known_place: bool,
}

impl Subjects {
    /// For a client at `address` that names `user`, a login as it is compared. `secret` keeps what was typed unreadable.
    pub fn new(address: IpAddr, user: Option<&str>, secret: &[u8]) -> Subjects {
        let place = place(address);
        let user = user.map(|user| {
            let name = digest(secret, user);
            OfUser { user: format!("user {name}"), pair: format!("pair {place} {name}") }
        });
        Subjects { address: format!("address {place}"), place, user }
    }

    /// Without the address, which many share: one of them cannot make all others wait.
    pub fn sharing_address(self) -> Subjects {
        Subjects { address: String::new(), ..self }
    }

    /// All of them; none of the default, which is for who need not be judged.
    pub fn all(&self) -> Vec<&str> {
        let address = Some(self.address.as_str()).filter(|address| !address.is_empty());
        let of_user = self.user.iter().flat_map(|of| [of.user.as_str(), of.pair.as_str()]);
        address.into_iter().chain(of_user).collect()
    }
}

impl History {
    /// The failures that were found for `subjects`, by their names.
    pub fn new(
        subjects: &Subjects,
        known_place: bool,
        found: impl Iterator<Item = (String, Failures)>,
    ) -> History {
        let mut history = History { known_place, ..History::default() };
        for (subject, failures) in found {
            let of = |wanted: fn(&OfUser) -> &String| subjects.user.as_ref().map(wanted) == Some(&subject);
            if subject == subjects.address {
                history.address = Some(failures);
            } else if of(|of| &of.user) {
                history.user = Some(failures);
            } else if of(|of| &of.pair) {
                history.pair = Some(failures);
            }
        }
        history
    }

    /// How long an attempt waits at `now`. Where the user is known, only the failures with that very name count:
    /// otherwise a guesser somewhere else, or a neighbour behind the same address, could make everybody wait.
    pub fn delay(&self, now: Timestamp) -> Duration {
        let count = |failures: &Option<Failures>| failures.map_or(0.0, |failures| failures.count_at(now));
        let count = match self.known_place {
            true => count(&self.pair),
            false => count(&self.address).max(count(&self.user)),
        };
        delay(count)
    }
}

impl Failures {
    /// What is left of the count at `now`.
    pub fn count_at(&self, now: Timestamp) -> f64 {
        let seconds = now.duration_since(self.last).as_secs_f64().max(0.0);
        self.count * 0.5_f64.powf(seconds / limits::LOGIN_FAILURES_HALVE_SECONDS)
    }
}

/// How long somebody waits who has failed so many times.
fn delay(count: f64) -> Duration {
    // A little less than a whole failure has faded by the time of the next one.
    let beyond = (count + FADED).floor() - limits::LOGIN_FAILURES_FREE;
    if beyond < 0.0 {
        return Duration::ZERO;
    }
    Duration::from_secs_f64(2_f64.powf(beyond).min(limits::LOGIN_DELAY_SECONDS_MAX))
}

/// The part of an address that a client cannot change at will: all of IPv4, the network of IPv6 (RFC 4291 §2.5.4).
fn place(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// A name that says nothing to who does not know the secret.
pub fn digest(secret: &[u8], name: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(name.as_bytes());
    mac.finalize().into_bytes()[..16].iter().map(|octet| format!("{octet:02x}")).collect()
}

/// What may have faded of a count without changing the wait.
const FADED: f64 = 0.5;

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    fn failures(count: f64) -> Option<Failures> {
        Some(Failures { count, last: Timestamp::UNIX_EPOCH })
    }

    fn seconds(history: &History) -> f64 {
        history.delay(Timestamp::UNIX_EPOCH).as_secs_f64()
    }

    #[test]
    fn the_wait_doubles_up_to_a_bound() {
        let waits: Vec<f64> = (0..10)
            .map(|count| seconds(&History { address: failures(f64::from(count)), ..History::default() }))
            .collect();
        assert_eq!(waits, [0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]);
    }

    #[test]
    fn an_hour_later_all_is_forgotten() {
        let worst = History { user: failures(limits::LOGIN_FAILURES_MAX), ..History::default() };
        let after = |minutes: i64| worst.delay(Timestamp::UNIX_EPOCH + minutes.minutes());
        assert_eq!(after(0).as_secs_f64(), limits::LOGIN_DELAY_SECONDS_MAX);
        assert!(after(20) > after(50));
        assert_eq!(after(60), Duration::ZERO);
    }

    #[test]
    fn who_is_known_waits_for_nobody_else() {
        let attacked = History { address: failures(50.0), user: failures(50.0), ..History::default() };
        assert_eq!(seconds(&attacked), 20.0);
        let known = History { known_place: true, ..attacked.clone() };
        assert_eq!(seconds(&known), 0.0);
        let guesser_next_door = History { pair: failures(4.0), ..known };
        assert_eq!(seconds(&guesser_next_door), 2.0);
    }

    #[test]
    fn a_user_is_the_same_from_everywhere_and_a_network_is_one_place() {
        let of = |address: &str, user| Subjects::new(address.parse().unwrap(), Some(user), b"secret");
        let (one, other) = (of("2001:db8::1", "anna"), of("2001:db8::ffff:2", "anna"));
        assert_eq!(one, other);
        assert_eq!(one.place, "2001:db8::/64");
        let (four, mapped) = (of("192.0.2.1", "anna"), of("::ffff:192.0.2.1", "anna"));
        assert_eq!(four, mapped);
        assert_eq!(four.user.as_ref().unwrap().user, one.user.as_ref().unwrap().user);
        assert_ne!(four.user.as_ref().unwrap().pair, one.user.as_ref().unwrap().pair);
        assert!(!four.all().iter().any(|subject| subject.contains("anna")));
    }

    #[test]
    fn failures_are_told_apart_by_their_subjects() {
        let subjects = Subjects::new("192.0.2.1".parse().unwrap(), Some("anna"), b"secret");
        let found = subjects.all().into_iter().zip([1.0, 2.0, 3.0]);
        let found = found.map(|(subject, count)| (subject.to_owned(), failures(count).unwrap()));
        let history = History::new(&subjects, false, found);
        assert_eq!(
            (history.address, history.user, history.pair),
            (failures(1.0), failures(2.0), failures(3.0))
        );
    }
}
