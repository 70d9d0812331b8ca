//! ENVELOPE: what IMAP says of a header at a glance, ready to print (RFC 3501 §7.4.2).

use super::address::{Address, Entry, parse_addresses};
use super::date::{self, Written};
use super::header::{self, Field, unfold};
use super::print::{header_text, nstring, string};
use super::repair::Repairs;

/// The fields of a header that the envelope needs, found in one pass.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub date: Vec<&'a [u8]>,
    pub subject: Vec<&'a [u8]>,
    pub from: Vec<&'a [u8]>,
    pub sender: Vec<&'a [u8]>,
    pub reply_to: Vec<&'a [u8]>,
    pub to: Vec<&'a [u8]>,
    pub cc: Vec<&'a [u8]>,
    pub bcc: Vec<&'a [u8]>,
    pub in_reply_to: Vec<&'a [u8]>,
    pub message_id: Vec<&'a [u8]>,
    pub references: Vec<&'a [u8]>,
}

/// The addresses of a header, mended.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pub from: Vec<Entry>,
    pub sender: Vec<Entry>,
    pub reply_to: Vec<Entry>,
    pub to: Vec<Entry>,
    pub cc: Vec<Entry>,
    pub bcc: Vec<Entry>,
}

impl<'a> Fields<'a> {
    /// Collects them.
    pub fn of(header: &'a [u8]) -> Fields<'a> {
        let mut found = Fields::default();
        for Field { name, value, .. } in header::fields(header) {
            let list = match name.to_ascii_lowercase().as_slice() {
                b"date" => &mut found.date,
                b"subject" => &mut found.subject,
                b"from" => &mut found.from,
                b"sender" => &mut found.sender,
                b"reply-to" => &mut found.reply_to,
                b"to" => &mut found.to,
                b"cc" => &mut found.cc,
                b"bcc" => &mut found.bcc,
                b"in-reply-to" => &mut found.in_reply_to,
                b"message-id" => &mut found.message_id,
                b"references" => &mut found.references,
                _ => continue,
            };
            list.push(value);
        }
        found
    }

    /// The subject that counts when there are several.
    pub fn subject(&self, repairs: &mut Repairs) -> Option<&'a [u8]> {
        match self.subject.as_slice() {
            [] => None,
            [only] => Some(only),
            several => Some(repair_repeated_subject(several, repairs)),
        }
    }

    /// The addresses, mended.
    pub fn addresses(&self, message_header: &[u8], repairs: &mut Repairs) -> Addresses {
        let mut lists = |values: &[&[u8]]| -> Vec<Entry> {
            let mut entries = Vec::new();
            for value in values {
                entries.extend(parse_addresses(value, repairs));
            }
            without_copies(entries)
        };
        let mut found = Addresses {
            from: lists(&self.from),
            sender: lists(&self.sender),
            reply_to: lists(&self.reply_to),
            to: lists(&self.to),
            cc: lists(&self.cc),
            bcc: lists(&self.bcc),
        };
        repair_sender(&mut found.sender, repairs);
        if !has_address(&found.from) {
            found.from = repair_from(self, &found, message_header, repairs);
        }
        found
    }
}

/// Appends the envelope of `message_header`.
pub(super) fn envelope(
    out: &mut Vec<u8>,
    fields: &Fields<'_>,
    addresses: &Addresses,
    sent: Option<&Written>,
    repairs: &mut Repairs,
) {
    out.push(b'(');
    match (fields.date.first(), sent) {
        // A date that people can read is given as written; one that was guessed is given as guessed.
        (Some(date), Some(written)) if date::parse_date(date).is_some_and(|date| date == *written) => {
            header_text(out, Some(&unfold(date)));
        }
        (_, Some(written)) => string(out, written.print().as_bytes()),
        (date, None) => header_text(out, date.map(|date| unfold(date)).as_deref()),
    }
    out.push(b' ');
    header_text(out, fields.subject(repairs).map(unfold).as_deref());
    // RFC 3501 §7.4.2: the server sets absent Sender and Reply-To from From.
    let or_from = |list| if has_address(list) { list } else { &addresses.from };
    let (sender, reply_to) = (or_from(&addresses.sender), or_from(&addresses.reply_to));
    for list in [&addresses.from, sender, reply_to, &addresses.to, &addresses.cc, &addresses.bcc] {
        out.push(b' ');
        address_list(out, list);
    }
    for values in [&fields.in_reply_to, &fields.message_id] {
        out.push(b' ');
        let value = values.iter().map(|value| unfold(value)).find(|value| !value.is_empty());
        header_text(out, value.as_deref());
    }
    out.push(b')');
}

/// The envelope of an embedded message, by itself.
pub(super) fn envelope_of(
    out: &mut Vec<u8>,
    message_header: &[u8],
    outer: Option<&Written>,
    repairs: &mut Repairs,
) {
    let fields = Fields::of(message_header);
    let addresses = fields.addresses(message_header, repairs);
    // An embedded message without a date is as old as the message it is in.
    let sent = date::sent(message_header, repairs).or(outer.copied().filter(|_| fields.date.is_empty()));
    envelope(out, &fields, &addresses, sent.as_ref(), repairs);
}

fn address_list(out: &mut Vec<u8>, entries: &[Entry]) {
    if entries.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for entry in entries {
        match entry {
            Entry::Address(address) => print_address(out, address),
            // RFC 3501 §7.4.2: a group begins with its name in place of the mailbox, and ends with NIL there.
            Entry::Group(name) => {
                out.extend_from_slice(b"(NIL NIL ");
                header_text(out, Some(name));
                out.extend_from_slice(b" NIL)");
            }
            Entry::GroupEnd => out.extend_from_slice(b"(NIL NIL NIL NIL)"),
        }
    }
    out.push(b')');
}

fn print_address(out: &mut Vec<u8>, address: &Address) {
    out.push(b'(');
    header_text(out, address.name.as_deref());
    out.push(b' ');
    nstring(out, address.route.as_deref());
    out.push(b' ');
    string(out, &address.localpart);
    out.push(b' ');
    // NIL here would mean a group, so that an address without a domain has an empty one.
    string(out, &address.domain);
    out.push(b')');
}

pub(super) fn has_address(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry, Entry::Address(_)))
}

/// Two Subjects: not the one that is very long, has other fields in it, or raw octets; else the first.
fn repair_repeated_subject<'a>(several: &[&'a [u8]], repairs: &mut Repairs) -> &'a [u8] {
    repairs.note("subject-repeated");
    let embeds = |subject: &[u8]| {
        [&b"From:"[..], b"To:", b"Date:"].iter().any(|f| subject.windows(f.len()).any(|w| w == *f))
    };
    let odd = |subject: &[u8]| {
        subject.trim_ascii().is_empty()
            || subject.len() > 300
            || (subject.len() > 80 && embeds(subject))
            || !subject.is_ascii()
    };
    several.iter().find(|subject| !odd(subject)).unwrap_or(&several[0])
}

/// The same address twice in a field is once.
fn without_copies(mut entries: Vec<Entry>) -> Vec<Entry> {
    if entries.len() > 1 && !entries.contains(&Entry::GroupEnd) {
        let mut seen = std::collections::HashSet::new();
        entries.retain(|entry| match entry {
            Entry::Address(a) => seen.insert((a.localpart.clone(), a.domain.to_ascii_lowercase())),
            _ => true,
        });
    }
    entries
}

/// RFC 5322 §3.6.2 allows one Sender; of several, the first that is an address counts.
fn repair_sender(sender: &mut Vec<Entry>, repairs: &mut Repairs) {
    if sender.len() > 1 {
        repairs.note("sender-repeated");
        sender.retain(|entry| matches!(entry, Entry::Address(_)));
        sender.truncate(1);
    }
}

/// A missing or useless From: who else is named as the origin, and at last nobody at all, by the name that is given.
fn repair_from(
    fields: &Fields<'_>,
    found: &Addresses,
    message_header: &[u8],
    repairs: &mut Repairs,
) -> Vec<Entry> {
    repairs.note("from-missing");
    if has_address(&found.sender) {
        return found.sender.clone();
    }
    let origins =
        ["Return-Path", "X-From-Line", "Return-Receipt-To", "Disposition-Notification-To", "Resent-From"];
    for name in origins {
        let Some(value) = header::first(message_header, name) else { continue };
        let entries = parse_addresses(value, &mut Repairs::default());
        // X-From-Line holds an mbox line, whose date looks like a local part.
        let address = entries.into_iter().find(|e| matches!(e, Entry::Address(a) if !a.domain.is_empty()));
        if let Some(address) = address {
            return vec![address];
        }
    }
    if let Some(domain) = fields.message_id.first().and_then(|id| super::derived::message_ids(id).pop()) {
        let domain =
            domain.trim_end_matches('>').rsplit_once('@').map(|(_, domain)| domain.as_bytes().to_vec());
        if let Some(domain) = domain.filter(|domain| domain.is_ascii() && fields.from.is_empty()) {
            return vec![Entry::Address(Address {
                localpart: b"postmaster".to_vec(),
                domain,
                ..Address::default()
            })];
        }
    }
    let name = fields.from.first().map(|from| unfold(from)).filter(|name| !name.is_empty());
    let Some(name) = name else { return Vec::new() };
    let invalid = b"invalid.invalid".to_vec();
    vec![Entry::Address(Address {
        name: Some(name),
        route: None,
        localpart: b"invalid".to_vec(),
        domain: invalid,
    })]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(header: &str) -> String {
        let mut out = Vec::new();
        envelope_of(&mut out, header.as_bytes(), None, &mut Repairs::default());
        String::from_utf8(out).expect("printable")
    }

    #[test]
    fn the_example_of_rfc_3501_section_8_is_printed_so() {
        let header = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n\
            Subject: IMAP4rev1 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
            cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
            Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n";
        let gray = "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))";
        assert_eq!(
            printed(header),
            format!(
                "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" {gray} {gray} {gray} \
                 ((NIL NIL \"imap\" \"cac.washington.edu\")) \
                 ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) \
                 NIL NIL \"<B27397-0100000@cac.washington.edu>\")"
            )
        );
    }

    #[test]
    fn groups_and_missing_fields_are_printed() {
        let group = printed("To: A:b@c;\r\n\r\n");
        assert_eq!(
            group,
            "(NIL NIL NIL NIL NIL ((NIL NIL \"A\" NIL)(NIL NIL \"b\" \"c\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)"
        );
    }

    #[test]
    fn a_missing_from_is_found_elsewhere() {
        assert!(printed("Return-Path: <a@b>\r\n\r\n").contains("((NIL NIL \"a\" \"b\"))"));
        assert!(
            printed("From: nobody at all\r\n\r\n")
                .contains("((\"nobody at all\" NIL \"invalid\" \"invalid.invalid\"))")
        );
        assert!(printed("Message-Id: <x@y>\r\n\r\n").contains("((NIL NIL \"postmaster\" \"y\"))"));
    }

    #[test]
    fn of_two_subjects_the_saner_one_counts() {
        let long = "x".repeat(400);
        assert!(printed(&format!("Subject: {long}\r\nSubject: short\r\n\r\n")).contains("\"short\""));
    }
}
