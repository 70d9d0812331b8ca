//! Who somebody is, when others than our own database say so: a directory, an authorization server, a certificate.
//!
//! Everything here only reads and judges what was said. Those who ask live outside this library.

pub mod bearer;
pub mod certificate;
pub mod directory;
