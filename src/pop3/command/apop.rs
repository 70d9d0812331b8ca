//! APOP (RFC 1939 §7): refused by design. The greeting has no timestamp, so that clients do not try.

use super::{Step, err};
use crate::pop3::conversation::Conversation;
use crate::pop3::language::Text;

/// Its digest is MD5 over the password itself, which we do not have: only verifiers are kept.
pub fn run(_: &mut Conversation, _: &[u8]) -> Step {
    err(Text::ApopRefused)
}
