//! The LMTP conversation: a client says anything, and some recipients exist.

use archiveopteryx::lmtp::{Conversation, Event, Outcome, Resolution, Setup};
use archiveopteryx::mailbox::{AccountId, MailboxId, MailboxKey};
use archiveopteryx::settings::OverReply;

use super::{Target, seeds};

pub const TARGET: Target = Target { name: "lmtp", seeds: seeds::conversations, words: WORDS, run };

/// A client says `input`, in two pieces.
pub fn run(input: &[u8]) {
    let setup = Setup {
        hostname: "mail.example".into(),
        message_bytes_max: 3000,
        starttls: true,
        secure: false,
        over_reply: OverReply::Temporary,
    };
    let mut conversation = Conversation::new(setup);
    let mut said = Vec::new();
    let (first, second) = input.split_at(input.len() / 2);
    for octets in [b"LHLO client.example\r\n", first, second] {
        conversation.receive(octets);
        while let Some(event) = conversation.poll() {
            match event {
                Event::Send(octets) => said.extend(octets),
                Event::Resolve(address) => conversation.resolved(match address.domain.as_str() {
                    "example.org" | "" => Resolution::Targets(vec![TARGET_KEY]),
                    _ => Resolution::Unknown,
                }),
                Event::Deliver(mail) => {
                    assert!(mail.data.len() <= 3000, "more than may come has come");
                    let stored =
                        |n| if n == 0 { Outcome::Stored("m1".into()) } else { Outcome::Refused("no".into()) };
                    let outcomes: Vec<_> = (0..mail.envelope.recipients.len()).map(stored).collect();
                    conversation.delivered(&outcomes);
                }
                Event::StartTls => conversation.secured(),
                Event::Close => break,
            }
        }
    }
    check(&said);
}

/// `Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF`
fn check(said: &[u8]) {
    for line in said.split_inclusive(|octet| *octet == b'\n') {
        let code = line
            .get(..4)
            .is_some_and(|code| code[..3].iter().all(u8::is_ascii_digit) && matches!(code[3], b' ' | b'-'));
        let text = line
            .strip_suffix(b"\r\n")
            .is_some_and(|text| !text.iter().any(|octet| matches!(octet, b'\r' | 0)));
        assert!(code && text, "this is no reply: {}", String::from_utf8_lossy(line));
    }
}

const TARGET_KEY: MailboxKey = MailboxKey { account: AccountId(1), mailbox: MailboxId(1) };

const WORDS: &[&str] = &[
    "\r\n",
    "LHLO x\r\n",
    "MAIL FROM:<>\r\n",
    "MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n",
    "RCPT TO:<anna@example.org>\r\n",
    "RCPT TO:<postmaster>\r\n",
    "DATA\r\n",
    "\r\n.\r\n",
    "..",
    "BDAT 3\r\nabc",
    "BDAT 0 LAST\r\n",
    "BDAT 18446744073709551615 LAST\r\n",
    "BODY=BINARYMIME",
    "RSET\r\n",
    "QUIT\r\n",
    "STARTTLS\r\n",
    "VRFY ",
    "HELP",
    "NOOP",
    "<\"a b\"@c>",
    "<@a,@b:c@d>",
    "@[IPv6:::1]",
    "xn--",
    " SIZE=",
    "+detail",
];
