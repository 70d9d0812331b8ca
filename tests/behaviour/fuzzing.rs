//! A short round of fuzzing, the same each time; `scripts/fuzz` goes on for as long as one likes.

use crate::fuzz::engine::Fuzzer;
use crate::fuzz::{self, Target};

/// Runs the seeds of a target, and inputs that are made of them.
fn round(target: Target, inputs: u32) {
    let mut fuzzer = Fuzzer::new(target, Vec::new(), 1);
    let mut outcome = fuzzer.begin();
    for _ in 0..inputs {
        outcome = outcome.and_then(|()| fuzzer.step().map(|_| ()));
    }
    if let Err(finding) = outcome {
        panic!("{}: {} by {:?}", target.name, finding.why, String::from_utf8_lossy(&finding.input));
    }
}

#[test]
fn imap_takes_anything() {
    round(fuzz::imap::TARGET, 500);
}

#[test]
fn messages_may_be_anything() {
    round(fuzz::mail::TARGET, 500);
}

#[test]
fn lmtp_takes_anything() {
    round(fuzz::lmtp::TARGET, 500);
}

#[test]
fn pop3_takes_anything() {
    round(fuzz::pop3::TARGET, 500);
}
