//! PASS (RFC 1939 §7): the password of the user that USER has named, and the maildrop opens.

use super::{Step, err};
use crate::login::Exchange;
use crate::pop3::conversation::Conversation;
use crate::pop3::language::Text;
use crate::wire::sasl::Password;

/// `"PASS" SP string`. Everything behind the first space is the password: spaces belong to it.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    let Some(login) = conversation.login.take() else { return err(Text::SayUser) };
    if std::str::from_utf8(arguments).is_err() {
        return err(Text::NotUtf8);
    }
    let password = Password::new(arguments.to_vec());
    Step::Authenticate(Exchange::with_password("PASS", &login, password, &conversation.setup.terms))
}
