//! The fields that we put before a message (RFC 5321 §4.4): where it came from, and for whom.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::conversation::Envelope;
use crate::wire::address::Address;

/// How a mail came to us, beside its envelope.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Our name.
    pub hostname: String,
    /// The client's address, as a number.
    pub peer: String,
    /// What the log calls this transaction.
    pub id: String,
    /// When.
    pub at: Timestamp,
}

/// Return-Path, Delivered-To and Received for one recipient.
pub fn trace_fields(arrival: &Arrival, envelope: &Envelope, recipient: &Address) -> String {
    let sender = envelope.sender.as_ref().map(Address::to_string).unwrap_or_default();
    // RFC 6531 §4.3 and RFC 3848 name the protocols.
    let protocol = match (envelope.smtputf8, envelope.secure) {
        (false, false) => "LMTP",
        (false, true) => "LMTPS",
        (true, false) => "UTF8LMTP",
        (true, true) => "UTF8LMTPS",
    };
    let date = arrival.at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
    format!(
        "Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n\
         Received: from {} ([{}])\r\n\tby {} with {protocol} id {};\r\n\t{date}\r\n",
        word(&envelope.client),
        arrival.peer,
        arrival.hostname,
        arrival.id,
    )
}

/// What the client called itself, without what would mean something in a Received field.
fn word(client: &str) -> String {
    client.chars().map(|c| if c.is_control() || "();\"\\<>,".contains(c) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_say_who_where_and_when() {
        let at = "2026-11-23T14:05:06Z".parse().expect("it is a date");
        let arrival =
            Arrival { hostname: "mail.example".into(), peer: "192.0.2.1".into(), id: "x1".into(), at };
        let envelope = Envelope { client: "mta(evil);".into(), smtputf8: true, ..Envelope::default() };
        assert_eq!(
            trace_fields(&arrival, &envelope, &Address::new("anna", "example.org")),
            "Return-Path: <>\r\nDelivered-To: anna@example.org\r\nReceived: from mta?evil?? ([192.0.2.1])\r\n\
             \tby mail.example with UTF8LMTP id x1;\r\n\tMon, 23 Nov 2026 14:05:06 +0000\r\n"
        );
    }
}
