//! Where the corpus of real mail lies, and what a reader may expect of each of its messages.

use std::path::{Path, PathBuf};

/// Every message file that the corpus' manifest names; empty when the corpus is not on this machine.
pub fn files() -> Vec<PathBuf> {
    let Some(root) = root() else { return Vec::new() };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.tsv")).expect("the corpus has a manifest");
    manifest.lines().skip(1).filter_map(|line| line.split('\t').next()).map(|file| root.join(file)).collect()
}

/// The corpus folder: `AOX_MAIL_CORPUS`, or the one that lies beside the project.
pub fn root() -> Option<PathBuf> {
    let root = match std::env::var_os("AOX_MAIL_CORPUS") {
        Some(given) => PathBuf::from(given),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mail"),
    };
    root.is_dir().then_some(root)
}

/// The canonical form of a message: what IMAP cannot carry is the only thing that changes.
pub fn canonical(message: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(message.len() + message.len() / 32);
    let mut previous = 0;
    for &byte in message {
        match byte {
            b'\n' if previous != b'\r' => canonical.extend_from_slice(b"\r\n"),
            0 => canonical.push(0x80),
            other => canonical.push(other),
        }
        previous = byte;
    }
    canonical
}
