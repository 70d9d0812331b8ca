//! BDAT (RFC 3030 §2): the message in chunks of known length.

use super::Step;
use crate::lmtp::conversation::Conversation;
use crate::lmtp::grammar;
use crate::lmtp::response::Reply;

/// `bdat = "BDAT" SP chunk-size [ SP end-marker ] CRLF`. The chunk follows in any case, so it is read in any case.
pub fn run(conversation: &mut Conversation, arguments: &str) -> Step {
    let Some((octets, last)) = grammar::bdat_arguments(arguments) else {
        // Where the chunk ends, and commands begin again, nobody can tell.
        return Step::Close(Reply::new(501, "5.5.4", "BDAT needs a length; without it we cannot go on"));
    };
    let skip = |text: &'static str| Step::SkipChunk { octets, last, reply: Reply::new(503, "5.5.1", text) };
    match &mut conversation.transaction {
        None => skip("say MAIL first"),
        Some(transaction) if transaction.broken.is_some() => skip("the transaction has failed"),
        Some(transaction) => {
            transaction.chunked = true;
            if transaction.replies.is_empty() {
                return skip("no recipient has been accepted");
            }
            Step::ReadChunk { octets, last }
        }
    }
}
