//! Clients of POP3 and LMTP that say anything that can be said, and much that cannot.

use std::time::Duration;

use super::line::{Line, first_line};
use super::{PASSWORD, Place, mangle, phrases};
use crate::fuzz::engine::Random;
use crate::fuzz::{lmtp, pop3};
use crate::support::lmtp::dot_stuffed;

/// Answers that were heard, or what was wrong.
type Outcome = Result<u64, String>;

/// A POP3 client: it logs in, says this and that, and goes with QUIT or without.
pub fn pop3(place: &Place<'_>, line: &mut Line, random: &mut Random) -> Outcome {
    let mut answered = 0;
    status(line)?;
    if random.below(8) > 0 {
        for command in ["USER mallory", &format!("PASS {PASSWORD}")] {
            answered += u64::from(ask(line, command.as_bytes(), random)?);
        }
    }
    for _ in 0..random.below(12) {
        let mut command = phrases::make("popcommand", random);
        let changes = random.below(3);
        mangle(&mut command, changes, &place.seeds, pop3::TARGET.words, random);
        if command.contains(&b'\n') {
            continue;
        }
        let word = word(&command);
        if word == "STLS" {
            continue;
        }
        if !ask(line, &command, random)? || word == "QUIT" {
            return Ok(answered);
        }
        answered += 1;
    }
    match random.below(4) {
        0 => drop(ask(line, b"QUIT", random)?),
        1 => {}
        2 => {
            line.say(b"RETR 1\r\nRETR 2\r\nTOP 1 0\r\nDELE 1", random);
            ended(&line.hang_up()?)?;
        }
        _ => {
            let mut said = random.pick(&place.seeds).clone();
            mangle(&mut said, 4, &place.seeds, pop3::TARGET.words, random);
            line.say(&said, random);
            line.listen(SHORT, |_| false);
            ended(&line.hang_up()?)?;
        }
    }
    Ok(answered)
}

/// Says a command of POP3, and hears all that it is answered. False when the server has gone.
fn ask(line: &mut Line, command: &[u8], random: &mut Random) -> Result<bool, String> {
    line.say(&[command, b"\r\n"].concat(), random);
    let mut first = status(line)?;
    while first.as_ref().is_some_and(|first| first.starts_with(b"+ ")) {
        line.say(b"*\r\n", random);
        first = status(line)?;
    }
    let Some(first) = first else { return Ok(false) };
    if !first.starts_with(b"+OK") {
        return Ok(true);
    }
    let text = String::from_utf8_lossy(command).into_owned();
    let words = text.split([' ', '\r', '\t']).filter(|word| !word.is_empty()).count();
    let many = match word(command).as_str() {
        "RETR" | "TOP" | "CAPA" => true,
        "LIST" | "UIDL" | "LANG" | "AUTH" => words == 1,
        _ => false,
    };
    if !many {
        return Ok(true);
    }
    loop {
        match line.hear(first_line)? {
            None => return Err("a response without its end".into()),
            Some(heard) if heard == b".\r\n" => return Ok(true),
            Some(heard) => ended(&heard)?,
        }
    }
}

/// The first line of what POP3 answers.
fn status(line: &mut Line) -> Result<Option<Vec<u8>>, String> {
    let Some(heard) = line.hear(first_line)? else { return Ok(None) };
    let known = |heard: &[u8]| [&b"+OK"[..], b"-ERR", b"+ "].iter().any(|begin| heard.starts_with(begin));
    each_line(&heard, known)?;
    Ok(Some(heard))
}

/// An LMTP client: it delivers what may be no mail to those who may not exist.
pub fn lmtp(place: &Place<'_>, line: &mut Line, random: &mut Random) -> Outcome {
    let mut answered = 0;
    reply(line)?;
    if random.below(6) == 0 {
        let mut said = random.pick(&place.seeds).clone();
        mangle(&mut said, 6, &place.seeds, lmtp::TARGET.words, random);
        line.say(&[b"LHLO x\r\n", &said[..]].concat(), random);
        line.listen(SHORT, |_| false);
        each_line(&line.hang_up()?, is_reply)?;
        return Ok(0);
    }
    line.say(b"LHLO x\r\n", random);
    reply(line)?;
    let mut accepted = 0;
    for _ in 0..1 + random.below(4) {
        let Some(count) = deliver(place, line, &mut accepted, random)? else { return Ok(answered) };
        answered += count;
    }
    if random.below(2) == 0 {
        line.say(b"QUIT\r\n", random);
        reply(line)?;
    }
    Ok(answered)
}

/// One transaction, perhaps on top of one that was not ended, with so many recipients. None: the server has gone, or the
/// client has.
fn deliver(
    place: &Place<'_>,
    line: &mut Line,
    accepted: &mut u64,
    random: &mut Random,
) -> Result<Option<u64>, String> {
    let mut count = 0;
    let mut commands = vec![(*random.pick(MAIL)).to_string()];
    (0..1 + random.below(4)).for_each(|_| commands.push((*random.pick(RCPT)).to_string()));
    for command in &commands {
        let mut said = command.clone().into_bytes();
        if random.below(4) == 0 {
            mangle(&mut said, 1, &place.seeds, lmtp::TARGET.words, random);
        }
        let word = word(&said);
        if said.contains(&b'\n') || matches!(word.as_str(), "DATA" | "BDAT" | "STARTTLS" | "QUIT") {
            continue;
        }
        line.say(&[&said[..], b"\r\n"].concat(), random);
        let Some(code) = reply(line)? else { return Ok(None) };
        *accepted = match word.as_str() {
            "MAIL" | "RSET" | "LHLO" if code == 250 => 0,
            "RCPT" if code == 250 => *accepted + 1,
            _ => *accepted,
        };
        count += 1;
    }
    let mut mail = random.pick(&place.messages).clone();
    let changes = random.below(4);
    mangle(&mut mail, changes, &place.messages, lmtp::TARGET.words, random);
    let expected = match random.below(3) {
        0 => {
            line.say(&[format!("BDAT {} LAST\r\n", mail.len()).as_bytes(), &mail].concat(), random);
            std::mem::take(accepted).max(1)
        }
        _ => {
            line.say(b"DATA\r\n", random);
            match reply(line)? {
                Some(354) => {}
                Some(_) => return Ok(Some(count)),
                None => return Ok(None),
            }
            let whole = dot_stuffed(&mail);
            if random.below(6) == 0 {
                line.say(&whole[..random.below(whole.len() - 2)], random);
                return Ok(None);
            }
            line.say(&whole, random);
            std::mem::take(accepted)
        }
    };
    for _ in 0..expected {
        if reply(line)?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(count + expected))
}

/// One reply of LMTP with all its lines, and its code. None: the server has gone.
fn reply(line: &mut Line) -> Result<Option<u16>, String> {
    loop {
        let Some(heard) = line.hear(first_line)? else { return Ok(None) };
        each_line(&heard, is_reply)?;
        if heard[3] == b' ' {
            let text = String::from_utf8_lossy(&heard[..3]).into_owned();
            return text.parse().map(Some).map_err(|_| format!("this is no code: {text}"));
        }
    }
}

fn is_reply(line: &[u8]) -> bool {
    let digits = line.get(..3).is_some_and(|code| code.iter().all(u8::is_ascii_digit));
    digits && matches!(line.get(3), Some(b' ' | b'-'))
}

/// Lines of mail, which may hold a bare CR. The last one may be cut off.
fn ended(heard: &[u8]) -> Result<(), String> {
    let mut lines = heard.split_inclusive(|octet| *octet == b'\n').filter(|line| line.ends_with(b"\n"));
    match lines.find(|line| !line.ends_with(b"\r\n") || line.contains(&0)) {
        Some(line) => Err(format!("this is no line: {:?}", String::from_utf8_lossy(line))),
        None => Ok(()),
    }
}

/// Every line ends as lines do, holds neither CR nor NUL, and is good. The last may be cut off.
fn each_line(heard: &[u8], is_good: impl Fn(&[u8]) -> bool) -> Result<(), String> {
    for line in heard.split_inclusive(|octet| *octet == b'\n').filter(|line| line.ends_with(b"\n")) {
        let text = line.strip_suffix(b"\r\n").unwrap_or(b"\r");
        if text.iter().any(|octet| matches!(octet, b'\r' | 0)) || !is_good(line) {
            return Err(format!("this is no line: {:?}", String::from_utf8_lossy(line)));
        }
    }
    Ok(())
}

fn word(command: &[u8]) -> String {
    let text = String::from_utf8_lossy(command).to_ascii_uppercase();
    text.split([' ', '\r', '\t']).find(|word| !word.is_empty()).unwrap_or_default().to_string()
}

const MAIL: &[&str] = &[
    "MAIL FROM:<a@b.example>",
    "MAIL FROM:<>",
    "MAIL FROM:<a@b> BODY=8BITMIME",
    "MAIL FROM:<ä@b.example> SMTPUTF8",
    "MAIL FROM:<a@b> BODY=BINARYMIME SIZE=100",
    "MAIL FROM:<a@b> SIZE=99999999999 RET=HDRS ENVID=x",
];
const RCPT: &[&str] = &[
    "RCPT TO:<mallory@example.org>",
    "RCPT TO:<work@example.org>",
    "RCPT TO:<trent+box@example.org>",
    "RCPT TO:<nobody@example.org>",
    "RCPT TO:<\"mallory\"@example.org> NOTIFY=NEVER ORCPT=rfc822;x",
    "RCPT TO:<@relay:trent@EXAMPLE.ORG>",
    "NOOP x",
    "VRFY mallory",
    "RSET",
];
/// How long a server that waits for more is silent before the client hangs up.
const SHORT: Duration = Duration::from_millis(300);
