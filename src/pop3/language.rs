//! What is said to people, in the languages that LANG offers (RFC 6856 §3).

use std::borrow::Cow;

/// A language of replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// What is spoken until the client chooses: it has to be ASCII.
    #[default]
    English,
    German,
}

impl Language {
    /// All of them, in the order of the listing.
    pub const ALL: [Language; 2] = [Language::English, Language::German];

    /// The tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// What the language calls itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::English => "English",
            Language::German => "Deutsch",
        }
    }

    /// The language for a range (RFC 4647 §2.1): `*` is the site's own; of `de-AT`, German is near enough (§3.4).
    pub fn matching(range: &str) -> Option<Language> {
        if range == "*" {
            return Some(Language::default());
        }
        let primary = range.split('-').next().unwrap_or(range);
        Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// Whether the client has chosen it, so that it takes UTF-8.
    pub fn is_international(self) -> bool {
        self != Language::English
    }
}

/// Something that is said to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// Words that have no translation: those of other parts of the server, and figures.
    Plain(String),
    Maildrop {
        messages: u32,
        octets: u64,
    },
    Octets(u64),
    Goodbye,
    Stopping,
    Internal,
    TryAgain,
    LineTooLong,
    TooManyErrors,
    UnknownCommand,
    NoArguments,
    LogInFirst,
    LoggedInAlready,
    NameWanted,
    NotUtf8,
    SayUser,
    SayPass,
    WrongPassword,
    PrivacyRequired,
    ApopRefused,
    MechanismWanted,
    Cancelled,
    NotBase64,
    Mechanisms,
    Capabilities,
    TlsNotOffered,
    TlsAlready,
    TlsAfterUtf8,
    BeginTls,
    Utf8On,
    Languages,
    LanguageUnknown,
    NumberWanted,
    NumberAndLinesWanted,
    NoSuchMessage,
    MarkedAlready,
    Marked,
    MessageGone,
    Utf8Needed,
    NotRemoved,
    TopFollows,
    Done,
}

impl Text {
    /// The words.
    pub fn told_in(&self, language: Language) -> Cow<'_, str> {
        match language {
            Language::English => self.english(),
            Language::German => self.german(),
        }
    }

    fn english(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Text::Plain(text) => text,
            Text::Maildrop { messages: 1, octets } => return format!("1 message ({octets} octets)").into(),
            Text::Maildrop { messages, octets } => {
                return format!("{messages} messages ({octets} octets)").into();
            }
            Text::Octets(octets) => return format!("{octets} octets").into(),
            Text::Goodbye => "goodbye",
            Text::Stopping => "the server is stopping, please come back",
            Text::Internal => "internal error, which has been logged",
            Text::TryAgain => "the mail store cannot be reached at the moment, please try again",
            Text::LineTooLong => "the line is too long",
            Text::TooManyErrors => "too many errors",
            Text::UnknownCommand => "this command is not known",
            Text::NoArguments => "this command takes no arguments",
            Text::LogInFirst => "log in first",
            Text::LoggedInAlready => "you are logged in already",
            Text::NameWanted => "say USER and your name",
            Text::NotUtf8 => "this is not UTF-8",
            Text::SayUser => "say USER first",
            Text::SayPass => "now your password, by PASS",
            Text::WrongPassword => "the user name or the password is wrong",
            Text::PrivacyRequired => "a password may not be sent over this connection, use TLS",
            Text::ApopRefused => {
                "APOP is not offered: for it, a server would have to keep passwords in the clear; use AUTH"
            }
            Text::MechanismWanted => "say AUTH, a mechanism and nothing else but an initial response",
            Text::Cancelled => "the authentication is cancelled",
            Text::NotBase64 => "this is not base64",
            Text::Mechanisms => "these mechanisms are offered",
            Text::Capabilities => "this is what there is",
            Text::TlsNotOffered => "TLS is not offered here",
            Text::TlsAlready => "this is TLS already",
            Text::TlsAfterUtf8 => "STLS has to come before UTF8",
            Text::BeginTls => "begin TLS now",
            Text::Utf8On => "UTF-8 it is",
            Text::Languages => "these languages are spoken",
            Text::LanguageUnknown => "this language is not spoken, LANG alone lists those that are",
            Text::NumberWanted => "name a message by its number",
            Text::NumberAndLinesWanted => "name a message by its number, and say how many lines",
            Text::NoSuchMessage => "there is no such message",
            Text::MarkedAlready => "this message is marked as deleted, RSET takes the mark away",
            Text::Marked => "marked as deleted, QUIT removes it",
            Text::MessageGone => "this message has been removed for good",
            Text::Utf8Needed => "this message has UTF-8 in its header, say UTF8 before you log in",
            Text::NotRemoved => "the messages may still be there, please try again",
            Text::TopFollows => "the beginning of the message follows",
            Text::Done => "done",
        })
    }

    fn german(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Text::Plain(text) => text,
            Text::Maildrop { messages: 1, octets } => {
                return format!("1 Nachricht ({octets} Oktette)").into();
            }
            Text::Maildrop { messages, octets } => {
                return format!("{messages} Nachrichten ({octets} Oktette)").into();
            }
            Text::Octets(octets) => return format!("{octets} Oktette").into(),
            Text::Goodbye => "auf Wiedersehen",
            Text::Stopping => "der Server hält an, bitte später wiederkommen",
            Text::Internal => "interner Fehler, er ist im Protokoll vermerkt",
            Text::TryAgain => "die Post ist im Augenblick nicht erreichbar, bitte noch einmal versuchen",
            Text::LineTooLong => "die Zeile ist zu lang",
            Text::TooManyErrors => "zu viele Fehler",
            Text::UnknownCommand => "dieser Befehl ist unbekannt",
            Text::NoArguments => "dieser Befehl braucht keine Angaben",
            Text::LogInFirst => "bitte erst anmelden",
            Text::LoggedInAlready => "Sie sind schon angemeldet",
            Text::NameWanted => "USER und der Name, bitte",
            Text::NotUtf8 => "das ist kein UTF-8",
            Text::SayUser => "erst kommt USER",
            Text::SayPass => "jetzt das Passwort, mit PASS",
            Text::WrongPassword => "der Name oder das Passwort ist falsch",
            Text::PrivacyRequired => "ein Passwort darf nicht über diese Verbindung gehen, bitte mit TLS",
            Text::ApopRefused => {
                "APOP gibt es nicht: der Server müsste dafür Passwörter im Klartext aufbewahren; bitte AUTH"
            }
            Text::MechanismWanted => "AUTH, ein Verfahren und höchstens eine erste Antwort, bitte",
            Text::Cancelled => "die Anmeldung ist abgebrochen",
            Text::NotBase64 => "das ist kein Base64",
            Text::Mechanisms => "diese Verfahren gibt es",
            Text::Capabilities => "das alles gibt es",
            Text::TlsNotOffered => "TLS gibt es hier nicht",
            Text::TlsAlready => "das ist schon TLS",
            Text::TlsAfterUtf8 => "STLS muss vor UTF8 kommen",
            Text::BeginTls => "jetzt mit TLS beginnen",
            Text::Utf8On => "von nun an UTF-8",
            Text::Languages => "diese Sprachen werden gesprochen",
            Text::LanguageUnknown => "diese Sprache wird nicht gesprochen, LANG allein nennt alle",
            Text::NumberWanted => "die Nummer einer Nachricht, bitte",
            Text::NumberAndLinesWanted => "die Nummer einer Nachricht und wie viele Zeilen, bitte",
            Text::NoSuchMessage => "diese Nachricht gibt es nicht",
            Text::MarkedAlready => "diese Nachricht ist zum Löschen vorgemerkt, RSET nimmt das zurück",
            Text::Marked => "zum Löschen vorgemerkt, QUIT löscht sie",
            Text::MessageGone => "diese Nachricht ist endgültig gelöscht",
            Text::Utf8Needed => "der Kopf dieser Nachricht ist in UTF-8, bitte UTF8 vor der Anmeldung",
            Text::NotRemoved => "die Nachrichten sind vielleicht noch da, bitte noch einmal versuchen",
            Text::TopFollows => "hier ist der Anfang der Nachricht",
            Text::Done => "getan",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_lead_to_languages() {
        assert_eq!(Language::matching("de"), Some(Language::German));
        assert_eq!(Language::matching("DE-at-1996"), Some(Language::German));
        assert_eq!(Language::matching("*"), Some(Language::English));
        assert_eq!(Language::matching("mul"), None);
        assert_eq!(Language::matching("d"), None);
    }

    #[test]
    fn one_message_is_no_messages() {
        let said = |messages, language| Text::Maildrop { messages, octets: 7 }.told_in(language).into_owned();
        assert_eq!(said(1, Language::English), "1 message (7 octets)");
        assert_eq!(said(2, Language::German), "2 Nachrichten (7 Oktette)");
    }
}
