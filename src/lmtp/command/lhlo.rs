//! LHLO (RFC 2033 §4.1): the client says who it is, and hears what we can do.

use super::Step;
use crate::lmtp::conversation::Conversation;
use crate::lmtp::response::Reply;

/// `lhlo = "LHLO" SP ( Domain / address-literal ) CRLF`. Any word is taken: it is only copied to Received.
pub fn run(conversation: &mut Conversation, arguments: &str) -> Step {
    let name = arguments.trim();
    if name.is_empty() || name.contains(' ') {
        return Step::Reply(Reply::new(501, "5.5.4", "say LHLO and your name"));
    }
    conversation.client = Some(name.to_owned());
    conversation.transaction = None;
    Step::Reply(respond(conversation))
}

/// Our name, and the extensions that are offered now.
fn respond(conversation: &Conversation) -> Reply {
    let setup = &conversation.setup;
    let mut lines = vec![setup.hostname.clone().into()];
    lines.extend(EXTENSIONS.iter().map(|&extension| extension.into()));
    lines.push(format!("SIZE {}", setup.message_bytes_max).into());
    if setup.starttls && !conversation.secure {
        lines.push("STARTTLS".into());
    }
    // RFC 2034 §4: no enhanced status here.
    Reply { code: 250, status: "", lines }
}

/// The answer to HELO and EHLO, which RFC 2033 §4.1 forbids to accept.
pub fn wrong_protocol() -> Reply {
    Reply::new(500, "5.5.1", "this is LMTP, not SMTP: say LHLO")
}

/// RFCs 2920, 2034, 6152, 6531, 3030.
const EXTENSIONS: [&str; 6] =
    ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME"];
