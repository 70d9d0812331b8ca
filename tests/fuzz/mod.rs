//! Fuzzing of what reads octets of strangers: an engine that mutates inputs and keeps those that reach new code, and
//! the targets, one file each.

// The program and the tests use it each in part.
#![allow(dead_code)]

pub mod coverage;
pub mod engine;
pub mod imap;
pub mod lmtp;
pub mod mail;
pub mod pop3;
pub mod reply;
pub mod seeds;

/// Something that takes any octets, and panics when it finds a promise broken.
#[derive(Clone, Copy)]
pub struct Target {
    /// How it is called on the command line.
    pub name: &'static str,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What is worth being put into an input.
    pub words: &'static [&'static str],
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[imap::TARGET, mail::TARGET, lmtp::TARGET, pop3::TARGET];
