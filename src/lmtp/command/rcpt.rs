//! RCPT (RFC 5321 §4.1.1.3): names a recipient, who must exist.

use super::{Step, bad_sequence};
use crate::limits;
use crate::lmtp::conversation::{Conversation, Recipient, Resolution, Setup, Transaction};
use crate::lmtp::grammar;
use crate::lmtp::response::Reply;
use crate::wire::address::Address;

/// `rcpt = "RCPT TO:" ( "<Postmaster>" / Forward-path ) [SP Rcpt-parameters] CRLF`
pub fn run(conversation: &mut Conversation, arguments: &str) -> Step {
    let Some(transaction) = &conversation.transaction else { return bad_sequence("say MAIL first") };
    if transaction.chunked {
        return bad_sequence("recipients cannot be named after BDAT");
    }
    let Some((address, parameters)) = grammar::rcpt_arguments(arguments) else {
        return Step::Reply(Reply::new(501, "5.1.3", "the recipient is not written as RCPT TO:<address>"));
    };
    if let Some(parameter) = parameters.first() {
        let text = format!("the parameter {} is not known", parameter.keyword);
        return Step::Reply(Reply::new(555, "5.5.4", text));
    }
    if address.is_international() && !transaction.envelope.smtputf8 {
        return Step::Reply(Reply::new(553, "5.6.7", "such an address needs SMTPUTF8"));
    }
    if transaction.replies.len() >= limits::LMTP_RECIPIENTS_MAX {
        return Step::Reply(too_many());
    }
    Step::Resolve(address)
}

fn too_many() -> Reply {
    Reply::new(452, "4.5.3", "too many recipients, send the rest in a transaction of its own")
}

/// Notes who the recipient is. The same address named twice gets the mail once and two replies.
pub fn respond(
    setup: &Setup,
    transaction: Option<&mut Transaction>,
    address: Address,
    resolution: Resolution,
) -> Reply {
    let targets = match resolution {
        Resolution::Targets(targets) if !targets.is_empty() => targets,
        Resolution::OverQuota => return Reply::over_quota(setup.over_reply),
        Resolution::Unavailable => {
            return Reply::new(451, "4.3.0", "the address cannot be looked up now, please try again");
        }
        Resolution::UnknownDomain => {
            return Reply::new(550, "5.1.2", format!("the domain of <{address}> is not one of this site"));
        }
        Resolution::TooMany => {
            return Reply::new(451, "4.3.5", "the address stands for more mailboxes than one may");
        }
        _ => return Reply::new(550, "5.1.1", format!("there is no mailbox for <{address}>")),
    };
    let Some(transaction) = transaction else { return Reply::new(503, "5.5.1", "say MAIL first") };
    let recipients = &mut transaction.envelope.recipients;
    let known = recipients.iter().position(|recipient| recipient.address.is_same_as(&address));
    let mailboxes: usize = recipients.iter().map(|recipient| recipient.targets.len()).sum();
    if known.is_none()
        && !recipients.is_empty()
        && mailboxes + targets.len() > limits::RECIPIENT_MAILBOXES_MAX
    {
        return too_many();
    }
    transaction.replies.push(known.unwrap_or(recipients.len()));
    if known.is_none() {
        recipients.push(Recipient { address, targets });
    }
    Reply::new(250, "2.1.5", "the recipient is accepted")
}
