//! Tests of the conversation, without a database.

use proptest::prelude::*;

use super::*;
use crate::login::Channel;
use crate::pop3::maildrop::tests::maildrop;
use crate::settings::Login;
use crate::wire::sasl::{Answer as SaslAnswer, Proof};

fn terms(loopback: bool) -> Terms {
    login::terms(&Login::default(), false, &Channel { loopback, ..Channel::default() })
}

fn setup() -> Setup {
    Setup {
        hostname: "mail.example.org".to_owned(),
        terms: terms(true),
        starttls: true,
        secure: false,
        mark_seen: true,
        utf8_wanted: false,
        client: None,
    }
}

/// A client that has heard the greeting.
fn greeted(setup: Setup) -> Conversation {
    let mut conversation = Conversation::new(setup);
    assert_eq!(said(&mut conversation), "+OK mail.example.org Archiveopteryx is ready\r\n");
    conversation
}

/// A client with the maildrop of [`maildrop`].
fn logged_in(uids: &[u32]) -> Conversation {
    let mut conversation = greeted(setup());
    conversation.maildrop = Some(maildrop(uids));
    conversation
}

/// What is said until something else happens.
fn said(conversation: &mut Conversation) -> String {
    let mut all = Vec::new();
    while let Some(Event::Send(octets)) = conversation.poll() {
        all.extend(octets);
    }
    String::from_utf8(all).unwrap()
}

fn answer(conversation: &mut Conversation, line: &str) -> String {
    conversation.receive(format!("{line}\r\n").as_bytes());
    said(conversation)
}

#[test]
fn what_was_said_before_tls_is_forgotten() {
    let mut conversation = greeted(Setup { terms: terms(false), ..setup() });
    assert!(answer(&mut conversation, "USER anna").starts_with("-ERR [AUTH] "));
    assert!(!answer(&mut conversation, "CAPA").contains("\r\nUSER\r\n"));
    conversation.receive(b"STLS\r\nUSER eve\r\n");
    let Some(Event::Send(octets)) = conversation.poll() else { panic!() };
    assert!(octets.starts_with(b"+OK"));
    assert!(matches!(conversation.poll(), Some(Event::StartTls)));
    conversation.receive(b"USER eve\r\n");
    assert!(conversation.poll().is_none());
    conversation.secured(terms(true));
    assert_eq!(said(&mut conversation), "");
    assert!(answer(&mut conversation, "PASS secret").starts_with("-ERR say USER first"));
    assert!(answer(&mut conversation, "USER anna").starts_with("+OK"));
    assert!(answer(&mut conversation, "STLS").starts_with("-ERR this is TLS already"));
    let capabilities = answer(&mut conversation, "CAPA");
    assert!(capabilities.contains("\r\nUSER\r\n") && !capabilities.contains("STLS"));
}

#[test]
fn spaces_belong_to_the_password() {
    let mut conversation = greeted(setup());
    conversation.receive(b"USER anna\r\nPASS  two words \r\n");
    let mut events = std::iter::from_fn(|| conversation.poll());
    let claim = events.find_map(|event| match event {
        Event::Ask(Question::Claim(claim)) => Some(claim),
        _ => None,
    });
    let claim = claim.unwrap();
    assert_eq!(claim.authcid, "anna");
    let Proof::Password(password) = claim.proof else { panic!() };
    assert_eq!(password.as_bytes(), b" two words ");
}

#[test]
fn nothing_is_read_while_a_password_is_checked() {
    let mut conversation = greeted(setup());
    conversation.receive(b"USER anna\r\nPASS wrong\r\nCAPA\r\n");
    while let Some(Event::Send(_)) = conversation.poll() {}
    assert!(conversation.poll().is_none());
    conversation.answered(SaslAnswer::Verdict(Err(Error::no(Code::AuthenticationFailed, ""))));
    let said = said(&mut conversation);
    assert!(said.starts_with("-ERR [AUTH] ") && said.ends_with("\r\n.\r\n"), "{said}");
}

#[test]
fn pipelined_commands_are_answered_in_one_piece() {
    let mut conversation = logged_in(&[3, 4, 7]);
    conversation.receive(b"STAT\r\nDELE 1\r\nSTAT\r\nRSET\r\nNOOP\r\n");
    let Some(Event::Send(octets)) = conversation.poll() else { panic!() };
    let lines: Vec<_> = octets.split(|octet| *octet == b'\n').map(<[u8]>::len).collect();
    assert_eq!(lines.len(), 6);
    assert!(octets.starts_with(b"+OK 3 140\r\n"));
    assert!(conversation.poll().is_none());
}

#[test]
fn a_client_that_only_errs_is_closed() {
    let mut conversation = greeted(setup());
    for _ in 0..limits::POP3_ERRORS_MAX * 2 {
        conversation.receive(b"HELO there\r\n");
    }
    let all = said(&mut conversation);
    assert_eq!(all.lines().count() as u32, limits::POP3_ERRORS_MAX + 1);
    assert!(all.ends_with("-ERR too many errors\r\n"));
    assert!(conversation.poll().is_none());
}

#[test]
fn a_line_that_is_too_long_is_read_past() {
    let mut conversation = logged_in(&[1]);
    let long = "x".repeat(limits::POP3_LINE_BYTES_MAX + 1);
    assert!(answer(&mut conversation, &format!("RETR {long}")).starts_with("-ERR the line is too long"));
    assert!(answer(&mut conversation, "STAT").starts_with("+OK 1 10"));
}

#[test]
fn the_server_may_end_it() {
    let mut conversation = logged_in(&[1]);
    conversation.receive(b"DELE 1\r\nST");
    said(&mut conversation);
    assert!(conversation.goodbye().starts_with(b"-ERR [SYS/TEMP] "));
    assert!(matches!(conversation.poll(), Some(Event::Close)));
    assert!(!conversation.logged_in());
}

proptest! {
    #[test]
    fn no_input_makes_it_panic(
        pieces in proptest::collection::vec(
            "(USER|PASS|AUTH|STLS|CAPA|UTF8|LANG|LIST|UIDL|RETR|DELE|TOP|RSET|QUIT|\\*| |[0-9]{1,3}|PLAIN|\r\n|\n|[ -~é]){0,12}",
            0..12,
        ),
        is_logged_in: bool,
    ) {
        let mut conversation = if is_logged_in { logged_in(&[1, 2, 5]) } else { greeted(setup()) };
        for piece in pieces {
            conversation.receive(piece.as_bytes());
            while let Some(event) = conversation.poll() {
                match event {
                    Event::Ask(_) => conversation.answered(SaslAnswer::Verdict(Err(Error::bad("no")))),
                    Event::StartTls => conversation.secured(terms(true)),
                    Event::Run(_) | Event::Send(_) | Event::Close => {}
                }
            }
        }
    }
}
