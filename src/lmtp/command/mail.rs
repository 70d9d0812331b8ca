//! MAIL (RFC 5321 §4.1.1.2): begins a transaction with its sender.

use super::{Step, bad_sequence};
use crate::lmtp::conversation::{Conversation, Envelope, Transaction};
use crate::lmtp::grammar::{self, Parameter};
use crate::lmtp::response::Reply;

/// `mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF`
pub fn run(conversation: &mut Conversation, arguments: &str) -> Step {
    let Some(client) = &conversation.client else { return bad_sequence("say LHLO first") };
    if conversation.transaction.is_some() {
        return bad_sequence("a transaction has begun already");
    }
    let Some((sender, parameters)) = grammar::mail_arguments(arguments) else {
        return Step::Reply(Reply::new(501, "5.1.7", "the sender is not written as MAIL FROM:<address>"));
    };
    let mut envelope =
        Envelope { client: client.clone(), sender, secure: conversation.secure, ..Envelope::default() };
    let (max, mut size) = (conversation.setup.message_bytes_max, None);
    for parameter in &parameters {
        if let Err(reply) = apply(&mut envelope, &mut size, parameter, max) {
            return Step::Reply(reply);
        }
    }
    if !envelope.smtputf8 && envelope.sender.as_ref().is_some_and(|sender| sender.is_international()) {
        return Step::Reply(Reply::new(553, "5.6.7", "such an address needs SMTPUTF8"));
    }
    conversation.transaction = Some(Transaction { envelope, begun: true, size, ..Transaction::default() });
    Step::Reply(Reply::new(250, "2.1.0", "the sender is accepted"))
}

/// SIZE (RFC 1870), BODY (RFC 6152, RFC 3030) and SMTPUTF8 (RFC 6531).
fn apply(
    envelope: &mut Envelope,
    size: &mut Option<u64>,
    parameter: &Parameter,
    max: u64,
) -> Result<(), Reply> {
    let wrong = || Reply::new(501, "5.5.4", format!("the value of {} is not valid", parameter.keyword));
    let value = parameter.value.as_deref();
    match parameter.keyword.as_str() {
        "SIZE" => {
            let digits =
                value.filter(|v| v.len() <= 20 && v.bytes().all(|c| c.is_ascii_digit())).ok_or_else(wrong)?;
            // RFC 1870 §5 allows 20 digits; what does not fit in 64 bits is too large in any case.
            *size = digits.parse().ok().filter(|size| *size <= max);
            if size.is_none() {
                return Err(too_large(max));
            }
        }
        "BODY" => match value.unwrap_or_default().to_ascii_uppercase().as_str() {
            "7BIT" | "8BITMIME" => envelope.binary = false,
            "BINARYMIME" => envelope.binary = true,
            _ => return Err(wrong()),
        },
        "SMTPUTF8" if value.is_none() => envelope.smtputf8 = true,
        "SMTPUTF8" => return Err(wrong()),
        _ => {
            return Err(Reply::new(
                555,
                "5.5.4",
                format!("the parameter {} is not known", parameter.keyword),
            ));
        }
    }
    Ok(())
}

/// The message is, or would be, longer than what is taken.
pub fn too_large(max: u64) -> Reply {
    Reply::new(552, "5.3.4", format!("the message is larger than {max} octets"))
}
