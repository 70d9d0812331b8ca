//! What the conversation says, reply by reply.

use super::*;
use crate::mailbox::{AccountId, MailboxId};

fn setup() -> Setup {
    Setup {
        hostname: "mail.example".into(),
        message_bytes_max: 1000,
        starttls: false,
        secure: false,
        over_reply: OverReply::Temporary,
    }
}

/// A conversation whose recipients are all those of example.org, and whose deliveries succeed.
struct Player {
    conversation: Conversation,
    said: String,
    mails: Vec<Mail>,
    closed: bool,
}

impl Player {
    fn new() -> Player {
        let mut player = Player {
            conversation: Conversation::new(setup()),
            said: String::new(),
            mails: Vec::new(),
            closed: false,
        };
        player.run();
        assert_eq!(player.heard(), "220 mail.example LMTP Archiveopteryx\r\n");
        player
    }

    fn greeted() -> Player {
        let mut player = Player::new();
        player.say("LHLO client.example\r\n");
        player
    }

    fn with_recipients(count: usize) -> Player {
        let mut player = Player::greeted();
        player.say("MAIL FROM:<bob@example.net>\r\n");
        for n in 0..count {
            assert_eq!(
                player.say(&format!("RCPT TO:<u{n}@example.org>\r\n")),
                "250 2.1.5 the recipient is accepted\r\n"
            );
        }
        player
    }

    fn run(&mut self) {
        while let Some(event) = self.conversation.poll() {
            match event {
                Event::Send(octets) => self.said.push_str(std::str::from_utf8(&octets).expect("it is text")),
                Event::Resolve(address) => {
                    let target = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };
                    self.conversation.resolved(match address.domain.as_str() {
                        "example.org" | "" => Resolution::Targets(vec![target]),
                        "lists.example" => Resolution::Targets(vec![target; limits::RECIPIENT_MAILBOXES_MAX]),
                        "down.example" => Resolution::Unavailable,
                        _ => Resolution::Unknown,
                    });
                }
                Event::Deliver(mail) => {
                    let outcomes: Vec<_> = (0..mail.envelope.recipients.len())
                        .map(|n| match n {
                            0 => Outcome::Stored("m1".into()),
                            1 => Outcome::Temporary("later".into()),
                            _ => Outcome::Refused("never".into()),
                        })
                        .collect();
                    self.mails.push(mail);
                    self.conversation.delivered(&outcomes);
                }
                Event::StartTls => self.conversation.secured(),
                Event::Close => self.closed = true,
            }
        }
    }

    fn heard(&mut self) -> String {
        std::mem::take(&mut self.said)
    }

    fn say(&mut self, text: &str) -> String {
        self.conversation.receive(text.as_bytes());
        self.run();
        self.heard()
    }
}

/// Says each line, and expects the reply to begin so.
fn expect(player: &mut Player, lines: &[(&str, &str)]) {
    for (line, reply) in lines {
        let heard = player.say(&format!("{line}\r\n"));
        assert!(heard.starts_with(reply) && heard.ends_with("\r\n"), "{line}: {heard} instead of {reply}");
    }
}

#[test]
fn the_extensions_are_listed() {
    let mut player = Player::new();
    assert_eq!(
        player.say("lhlo client.example\r\n"),
        "250-mail.example\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
         250-CHUNKING\r\n250-BINARYMIME\r\n250 SIZE 1000\r\n"
    );
}

#[test]
fn commands_are_answered_and_mistakes_are_named() {
    let mut player = Player::new();
    expect(
        &mut player,
        &[
            ("HELO x", "500 5.5.1 this is LMTP"),
            ("EHLO x", "500 5.5.1 this is LMTP"),
            ("MAIL FROM:<a@b>", "503 5.5.1"),
            ("LHLO", "501 5.5.4"),
            ("LHLO a b", "501 5.5.4"),
            ("LHLO a", "250-"),
            ("RCPT TO:<u@example.org>", "503 5.5.1"),
            ("DATA", "503 5.5.1"),
            ("NOOP whatever", "250 2.0.0"),
            ("VRFY u", "252 2.0.0"),
            ("VRFY", "501 5.5.4"),
            ("HELP", "214-2.0.0"),
            ("RSET x", "501 5.5.4"),
            ("RSET", "250 2.0.0"),
            ("STARTTLS", "502 5.5.1"),
            ("EXPN list", "502 5.5.1"),
            ("XYZZY", "500 5.5.1"),
            ("", "500 5.5.2"),
            ("MAIL\u{1} x", "500 5.5.2"),
            ("MAIL FROM:<a@b", "501 5.1.7"),
            ("MAIL FROM:<a@b> FOO=1", "555 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=x", "501 5.5.4"),
            ("MAIL FROM:<a@b> BODY=9BIT", "501 5.5.4"),
            ("MAIL FROM:<a@b> SIZE=1001", "552 5.3.4"),
            ("MAIL FROM:<a@b> SIZE=99999999999999999999", "552 5.3.4"),
            ("MAIL FROM:<jürgen@b>", "553 5.6.7"),
            ("MAIL FROM:<jürgen@b> SMTPUTF8 BODY=8BITMIME SIZE=1000", "250 2.1.0"),
            ("MAIL FROM:<a@b>", "503 5.5.1"),
            ("DATA", "503 5.5.1 no recipient"),
            ("RCPT TO:<u>", "501 5.1.3"),
            ("RCPT TO:<u@example.org> NOTIFY=NEVER", "555 5.5.4"),
            ("RCPT TO:<nobody@example.com>", "550 5.1.1 there is no mailbox for <nobody@example.com>"),
            ("RCPT TO:<u@down.example>", "451 4.3.0"),
            ("RCPT TO:<jürgen@example.org>", "250 2.1.5"),
            ("RCPT TO:<Postmaster>", "250 2.1.5"),
            ("DATA x", "501 5.5.4"),
            ("QUIT", "221 2.0.0"),
        ],
    );
    assert!(player.closed);
}

#[test]
fn international_recipients_need_smtputf8() {
    let mut player = Player::greeted();
    expect(&mut player, &[("MAIL FROM:<>", "250 "), ("RCPT TO:<jürgen@example.org>", "553 5.6.7")]);
    assert_eq!(player.conversation.transaction.as_ref().map(|t| t.envelope.sender.is_none()), Some(true));
}

#[test]
fn every_recipient_has_a_reply_after_data() {
    let mut player = Player::with_recipients(3);
    player.say("RCPT TO:<u0@EXAMPLE.org>\r\n");
    assert_eq!(player.say("DATA\r\n"), "354 go on, and end with a dot on a line of its own\r\n");
    assert_eq!(
        player.say("Subject: x\r\n\r\n..dot\r\n.\r\n"),
        "250 2.0.0 stored as m1\r\n451 4.3.0 later\r\n554 5.6.0 never\r\n250 2.0.0 stored as m1\r\n"
    );
    let mail = player.mails.pop().expect("it was delivered");
    assert_eq!(mail.data, b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(mail.envelope.recipients.len(), 3);
    assert_eq!(mail.envelope.client, "client.example");
    // The transaction is over, and the next may begin.
    expect(&mut player, &[("DATA", "503"), ("MAIL FROM:<>", "250")]);
}

#[test]
fn what_is_pipelined_is_answered_in_order_however_it_is_cut() {
    let talk = "LHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<u@example.org>\r\nRCPT TO:<x@example.com>\r\nDATA\r\n\
                a\r\n.\r\nMAIL FROM:<>\nRCPT TO:<v@example.org>\r\nBDAT 4\r\na\r\n.BDAT 3 LAST\r\n\r\nbQUIT\r\n";
    let mut whole = Player::new();
    let heard = whole.say(talk);
    let codes: Vec<&str> = heard.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes[8..], ["250", "250", "550", "354", "250", "250", "250", "250", "250", "221"]);
    assert_eq!(whole.mails[0].data, b"a\r\n");
    assert_eq!(whole.mails[1].data, b"a\r\n.\r\nb");
    for cut in 1..talk.len() {
        let mut player = Player::new();
        let both = player.say(&talk[..cut]) + &player.say(&talk[cut..]);
        assert_eq!(both, heard, "cut at {cut}");
        assert_eq!(player.mails, whole.mails);
    }
}

#[test]
fn too_large_a_message_is_read_to_its_end_and_not_kept() {
    let mut player = Player::with_recipients(2);
    player.say("DATA\r\n");
    for _ in 0..100 {
        assert_eq!(player.say(&format!("{}\r\n", "x".repeat(100))), "");
    }
    let kept = player.conversation.transaction.as_ref().map(|transaction| transaction.data.capacity());
    assert_eq!(kept, Some(0));
    let refusal = "552 5.3.4 the message is larger than 1000 octets\r\n";
    assert_eq!(player.say(".\r\n"), refusal.repeat(2));
    assert!(player.mails.is_empty());
    expect(&mut player, &[("NOOP", "250")]);
}

#[test]
fn a_chunk_is_read_even_when_it_comes_to_nothing() {
    let mut player = Player::greeted();
    expect(
        &mut player,
        &[
            ("BDAT 6\r\nQUIT\r", "503 5.5.1"),
            ("BDAT 6 LAST\r\nQUIT\r", "503 5.5.1"),
            ("MAIL FROM:<> BODY=BINARYMIME", "250"),
            ("BDAT 0 LAST", "503 5.5.1 no recipient"),
            ("MAIL FROM:<> BODY=BINARYMIME", "250"),
            ("RCPT TO:<u@example.org>", "250"),
            ("DATA", "503 5.5.1 BINARYMIME"),
        ],
    );
    assert_eq!(player.say("BDAT 3\r\na\0b"), "250 2.0.0 3 octets taken\r\n");
    expect(&mut player, &[("DATA", "503"), ("RCPT TO:<v@example.org>", "503"), ("MAIL FROM:<>", "503")]);
    assert_eq!(player.say("BDAT 0 LAST\r\n"), "250 2.0.0 stored as m1\r\n");
    assert_eq!(player.mails[0].data, b"a\0b");
    assert!(player.mails[0].envelope.binary);
}

#[test]
fn too_large_chunks_are_refused_once_and_then_out_of_order() {
    let mut player = Player::with_recipients(2);
    let chunk = "x".repeat(600);
    assert!(player.say(&format!("BDAT 600\r\n{chunk}")).starts_with("250"));
    assert!(player.say(&format!("BDAT 600\r\n{chunk}")).starts_with("552 5.3.4"));
    assert!(player.say(&format!("BDAT 600\r\n{chunk}")).starts_with("552 5.3.4"));
    assert_eq!(player.say("BDAT 0 LAST\r\n").matches("552 5.3.4").count(), 2);
    expect(&mut player, &[("MAIL FROM:<>", "250")]);
}

#[test]
fn a_chunk_of_unknown_length_ends_the_connection() {
    let mut player = Player::with_recipients(1);
    assert!(player.say("BDAT many\r\nQUIT\r\n").starts_with("501 5.5.4"));
    assert!(player.closed);
}

#[test]
fn endless_lines_are_not_kept() {
    let mut player = Player::greeted();
    let mut heard = player.say(&"a".repeat(5000));
    for _ in 0..100 {
        heard += &player.say(&"a".repeat(5000));
        assert!(player.conversation.input.capacity() < 10_000);
    }
    heard += &player.say("\r\nNOOP\r\n");
    assert_eq!(heard, "500 5.5.2 the line is too long\r\n250 2.0.0 done\r\n");
    let long = format!("NOOP {}\r\n", "a".repeat(5000));
    assert_eq!(player.say(&long), "500 5.5.2 the line is too long\r\n");
}

#[test]
fn a_client_that_only_errs_is_sent_away() {
    let mut player = Player::new();
    let mut heard = String::new();
    for _ in 0..limits::LMTP_ERRORS_MAX {
        assert!(!player.closed);
        heard = player.say("GET / HTTP/1.1\r\n");
    }
    assert!(heard.ends_with("421 4.7.0 too many errors\r\n"), "{heard}");
    assert!(player.closed);
    assert_eq!(player.say("NOOP\r\n"), "");
}

#[test]
fn there_is_a_limit_of_recipients() {
    let mut player = Player::with_recipients(limits::LMTP_RECIPIENTS_MAX);
    expect(&mut player, &[("RCPT TO:<one-more@example.org>", "452 4.5.3"), ("DATA", "354")]);
}

#[test]
fn what_was_said_before_tls_is_forgotten() {
    let mut player = Player::new();
    player.conversation.setup.starttls = true;
    assert!(player.say("LHLO c\r\n").ends_with("250 STARTTLS\r\n"));
    assert_eq!(player.say("STARTTLS\r\nMAIL FROM:<evil@example.net>\r\n"), "220 2.0.0 ready for TLS\r\n");
    expect(&mut player, &[("MAIL FROM:<>", "503"), ("STARTTLS", "503"), ("LHLO c", "250")]);
}

#[test]
fn shutting_down_waits_for_a_delivery() {
    let mut conversation = Player::with_recipients(1).conversation;
    conversation.receive(b"DATA\r\n");
    assert!(matches!(conversation.poll(), Some(Event::Send(_))));
    conversation.receive(b".\r\n");
    assert!(matches!(conversation.poll(), Some(Event::Deliver(_))));
    conversation.dismiss("the server is going down, please come back");
    assert_eq!(conversation.poll(), None);
    conversation.delivered(&[Outcome::Stored("m".into())]);
    assert_eq!(conversation.poll(), Some(Event::Send(b"250 2.0.0 stored as m\r\n".to_vec())));
    conversation.dismiss("the server is going down, please come back");
    assert_eq!(
        conversation.poll(),
        Some(Event::Send(b"421 4.3.2 the server is going down, please come back\r\n".to_vec()))
    );
    assert_eq!(conversation.poll(), Some(Event::Close));
    assert_eq!(conversation.poll(), None);
}

#[test]
fn a_transaction_has_no_more_mailboxes_than_one_recipient_may() {
    let mut player = Player::with_recipients(1);
    assert!(player.say("RCPT TO:<all@lists.example>\r\n").starts_with("452 4.5.3 "));
    let mut player = Player::greeted();
    player.say("MAIL FROM:<bob@example.net>\r\n");
    assert!(player.say("RCPT TO:<all@lists.example>\r\n").starts_with("250 "));
    assert!(player.say("RCPT TO:<ALL@lists.example>\r\n").starts_with("452 "));
    assert!(player.say("RCPT TO:<all@LISTS.example>\r\n").starts_with("250 "), "it is the same once more");
}
