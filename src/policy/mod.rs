//! Who may do what: the rights of RFC 4314, whom they are given to, and who is asking. And how much may be kept,
//! and for how long.

pub mod deletion;
pub mod identifier;
pub mod quota;
pub mod quota_warning;
pub mod retention;
pub mod rights;
pub mod viewer;

pub use deletion::Ban;
pub use identifier::{Identifier, Subject};
pub use retention::PolicyKind;
pub use rights::{Modification, Rights};
pub use viewer::{Permit, Standing, Viewer};
