//! One mail: parsed leniently, repaired in what is derived from it, taken apart and rebuilt to the byte.
//!
//! What is kept is never changed: [`canonical`] makes the line ends and octets such that IMAP can carry them, and
//! from then on [`take_apart`] and [`Recipe`] promise to give back every byte. All rules about broken mail are rules
//! about [`Derived`] data.

pub mod canonical;
pub mod header;
pub mod section;

pub use canonical::{Canonical, Changes, canonical};
pub use section::{Section, SectionBytes, SectionText, select_fields};
