//! AUTH (RFC 5034): a SASL exchange, after which the maildrop opens.

use super::{Step, err, lines};
use crate::login::Exchange;
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::Text;
use crate::wire::sasl;

/// `"AUTH" [SP sasl-mech [SP initial-response]]`. Alone it lists the mechanisms, as clients before CAPA ask.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_some() {
        let mechanisms = conversation.setup.terms.mechanisms();
        let mechanisms: Vec<String> = mechanisms.iter().map(|name| (*name).to_owned()).collect();
        return lines(conversation, Text::Mechanisms, &mechanisms);
    }
    let Some((name, initial)) = grammar::mechanism(arguments) else { return err(Text::MechanismWanted) };
    let initial = match initial {
        None => None,
        // RFC 5034 §4: one equals sign is an empty response.
        Some(b"=") => Some(Vec::new()),
        Some(base64) => match sasl::decode(base64) {
            Some(response) => Some(response),
            None => return err(Text::NotBase64),
        },
    };
    Step::Authenticate(Exchange::begin(name, initial, &conversation.setup.terms))
}

/// The client's line in the exchange: base64, or `*` when it gives up.
pub(in crate::pop3) fn respond(exchange: Exchange, line: &[u8]) -> Step {
    match (line, sasl::decode(line)) {
        (b"*", _) => err(Text::Cancelled),
        (_, Some(response)) => Step::Authenticate(exchange.respond(&response)),
        (_, None) => err(Text::NotBase64),
    }
}
