//! USER (RFC 1939 §7): who the client says it is.

use super::{Step, err, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::language::Text;
use crate::pop3::response::Reply;

/// `"USER" SP name`. Every name is taken: only PASS tells whether there is such a user, and not even that.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    conversation.login = None;
    // RFC 2595 §2.3: a client that may not send its password is told before it does.
    if !conversation.setup.terms.plaintext_allowed {
        return Step::Reply(Reply::refused("AUTH", Text::PrivacyRequired));
    }
    // RFC 6856 §2.2: what is not UTF-8 is refused.
    let Ok(login) = std::str::from_utf8(arguments) else { return err(Text::NotUtf8) };
    match login.trim() {
        "" => err(Text::NameWanted),
        login => {
            conversation.login = Some(login.to_owned());
            ok(Text::SayPass)
        }
    }
}
