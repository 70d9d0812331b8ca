//! The message that tells a user that there is not much room left.

use jiff::Timestamp;

use super::quota::{Limits, Usage};

/// What the message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaWarning {
    /// The server's name, in whose name it is sent.
    pub hostname: String,
    /// Whom it is for.
    pub login: String,
    pub limits: Limits,
    pub usage: Usage,
    pub now: Timestamp,
}

impl QuotaWarning {
    /// The message. All of it is ASCII, as long as the login is.
    pub fn message(&self) -> Vec<u8> {
        let QuotaWarning { hostname, login, limits, usage, now } = self;
        let host = if hostname.is_empty() { "localhost" } else { hostname };
        let percent = usage.percent(limits).unwrap_or(100);
        let date = now.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let second = now.as_second();
        let mut lines = Vec::new();
        if let Some(limit) = limits.storage {
            lines.push(format!("  {} of {}\r\n", megabytes(usage.storage), megabytes(limit)));
        }
        if let Some(limit) = limits.messages {
            lines.push(format!("  {} of {limit} messages\r\n", usage.messages));
        }
        format!(
            "From: \"Mail storage\" <mailer-daemon@{host}>\r\n\
             To: \"{login}\":;\r\n\
             Subject: Your mailboxes are {percent} % full\r\n\
             Date: {date}\r\n\
             Message-ID: <quota.{second}.{local}@{host}>\r\n\
             Auto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 8bit\r\n\
             \r\n\
             Your mailboxes hold {percent} % of what they may hold:\r\n\
             \r\n\
             {lines}\
             \r\n\
             When they are full, new messages to you are not accepted any more, and\r\n\
             their senders are told so. To make room, delete messages that you do not\r\n\
             need, and empty the trash: a message counts until it is expunged.\r\n\
             \r\n\
             You will not be told again before you have made room.\r\n",
            local = localpart(login),
            lines = lines.concat(),
        )
        .into_bytes()
    }
}

/// What of a login can stand in a Message-ID as it is.
fn localpart(login: &str) -> String {
    login.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Octets in the unit that people know from their disks.
fn megabytes(octets: u64) -> String {
    format!("{:.1} MB", octets as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_full_the_mailboxes_are() {
        let warning = QuotaWarning {
            hostname: "mail.example.org".to_owned(),
            login: "anna".to_owned(),
            limits: Limits { storage: Some(5_000_000), messages: Some(100), ..Limits::default() },
            usage: Usage { storage: 4_600_000, messages: 7, mailboxes: 1, annotations: 0 },
            now: "2026-11-23T14:05:06Z".parse().unwrap(),
        };
        let text = String::from_utf8(warning.message()).unwrap();
        assert!(text.contains("Subject: Your mailboxes are 92 % full\r\n"), "{text}");
        assert!(text.contains("Date: Mon, 23 Nov 2026 14:05:06 +0000\r\n"), "{text}");
        assert!(text.contains("\r\n\r\n  4.6 MB of 5.0 MB\r\n  7 of 100 messages\r\n\r\nWhen"), "{text}");
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']));
    }
}
