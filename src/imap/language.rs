//! What is said to people, in the languages that LANGUAGE offers (RFC 5255 §3).
//!
//! Everything is said in English first, wherever it comes from; a client that has chosen another language hears what stands
//! here beside it. What a program has done wrong (BAD) is for those who write programs, and stays English; so does what is
//! not in the table.

use std::borrow::Cow;

/// A language of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// `i-default` (RFC 2277 §4.5): English that everybody can read, until the client chooses.
    #[default]
    Default,
    English,
    German,
}

impl Language {
    /// All of them, in the order of the listing.
    pub const ALL: [Language; 3] = [Language::English, Language::German, Language::Default];

    /// The tag (RFC 5646).
    pub fn tag(self) -> &'static str {
        match self {
            Language::Default => "i-default",
            Language::English => "EN",
            Language::German => "DE",
        }
    }

    /// The language for a range, by RFC 4647 §3.4: what has no match is made shorter until it has one.
    /// `preferred` is what the administrator prefers (RFC 5255 §3.2).
    pub fn matching(range: &str, preferred: Language) -> Option<Language> {
        if range == "*" || range.eq_ignore_ascii_case("default") {
            return Some(preferred);
        }
        let mut range = range;
        loop {
            let found = Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(range));
            if found.is_some() {
                return found;
            }
            range = range.rsplit_once('-')?.0;
        }
    }

    /// The same responses in this language: each status response among them with another text, if there is one.
    pub fn said(self, responses: Vec<u8>) -> Vec<u8> {
        if self != Language::German {
            return responses;
        }
        let mut said = Vec::with_capacity(responses.len());
        for line in responses.split_inclusive(|octet| *octet == b'\n') {
            match text_of(line) {
                Some((before, text)) => {
                    said.extend_from_slice(before);
                    said.extend_from_slice(german(text).as_bytes());
                    said.extend_from_slice(b"\r\n");
                }
                None => said.extend_from_slice(line),
            }
        }
        said
    }

    /// What a namespace is called (RFC 5255 §3.4), if that is another name than its prefix.
    pub fn translated(self, prefix: &str) -> Option<&'static str> {
        let found = NAMESPACES.iter().find(|(english, _)| *english == prefix && self == Language::German);
        found.map(|(_, german)| *german)
    }
}

/// The text of `tag SP ("OK" / "NO" / "BYE") SP ["[" code "]" SP] text CRLF`, and all that stands before it.
fn text_of(line: &[u8]) -> Option<(&[u8], &str)> {
    let whole = std::str::from_utf8(line).ok()?.strip_suffix("\r\n")?;
    let (tag, rest) = whole.split_once(' ')?;
    let (word, mut text) = rest.split_once(' ')?;
    if !matches!(word, "OK" | "NO" | "BYE") || tag.is_empty() {
        return None;
    }
    if text.starts_with('[') {
        // No code has a bracket in it.
        text = text.split_once("] ")?.1;
    }
    Some((&line[..whole.len() - text.len()], text))
}

/// The text in German; as it is when there is no translation.
fn german(text: &str) -> Cow<'_, str> {
    for (english, german) in TEXTS {
        if *english == text {
            return Cow::Borrowed(german);
        }
        if let Some((before, after)) = english.split_once("{}")
            && let Some(inside) = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after))
        {
            return Cow::Owned(german.replacen("{}", inside, 1));
        }
    }
    Cow::Borrowed(text)
}

/// Namespaces by their prefixes.
const NAMESPACES: &[(&str, &str)] = &[
    ("Other Users/", "Andere Benutzer/"),
    ("Shared/", "Gemeinsame Postfächer/"),
    ("Deleted Messages/", "Gelöschte Nachrichten/"),
];

/// What is said in English, and in German. `{}` stands for what differs from time to time.
const TEXTS: &[(&str, &str)] = &[
    ("{} completed", "{} ist ausgeführt"),
    ("logged in", "Sie sind angemeldet"),
    ("logging out", "Auf Wiedersehen"),
    ("LANGUAGE completed, this is English", "Die Sprache ist Deutsch"),
    ("This language is not spoken here", "Diese Sprache wird hier nicht gesprochen"),
    ("the server is stopping", "Der Server wird angehalten"),
    ("nothing heard for too long", "Zu lange war nichts zu hören"),
    ("you may not read this mailbox any more", "Sie dürfen dieses Postfach nicht mehr lesen"),
    ("internal error, which has been logged", "Interner Fehler; er steht im Protokoll des Servers"),
    ("internal error, please connect again", "Interner Fehler; bitte verbinden Sie sich neu"),
    (
        "the mail store cannot be reached at the moment, please try again",
        "Der Mailspeicher ist gerade nicht zu erreichen; bitte versuchen Sie es noch einmal",
    ),
    ("Your mailboxes are nearly full", "Ihre Postfächer sind fast voll"),
    ("there is a mailbox of that name", "Es gibt schon ein Postfach dieses Namens"),
    ("There is a mailbox of that name", "Es gibt schon ein Postfach dieses Namens"),
    ("There is a mailbox of the new name", "Es gibt schon ein Postfach des neuen Namens"),
    ("there is no such mailbox", "Es gibt kein solches Postfach"),
    ("There is no such mailbox", "Es gibt kein solches Postfach"),
    ("There is no mailbox of that name", "Es gibt kein Postfach dieses Namens"),
    ("There is no mailbox with that name", "Es gibt kein Postfach dieses Namens"),
    (
        "there is no such mailbox; CREATE it and try again",
        "Es gibt kein solches Postfach; legen Sie es an, und versuchen Sie es noch einmal",
    ),
    ("A new name has to be in modified UTF-7", "Ein neuer Name muss in modifiziertem UTF-7 geschrieben sein"),
    ("No mailbox has a name in that character set", "Kein Postfach hat einen Namen in diesem Zeichensatz"),
    ("You cannot make a mailbox there", "Dort können Sie kein Postfach anlegen"),
    ("This account has been deleted", "Dieses Konto wurde gelöscht"),
    (
        "This account has as many mailboxes as it may have",
        "Dieses Konto hat so viele Postfächer, wie es haben darf",
    ),
    ("Another mailbox has this use", "Ein anderes Postfach dient schon diesem Zweck"),
    ("The quota does not allow as many mailboxes", "Die Quota erlaubt nicht so viele Postfächer"),
    ("the quota does not allow as many mailboxes", "Die Quota erlaubt nicht so viele Postfächer"),
    ("the quota leaves no room for this", "Die Quota lässt dafür keinen Platz"),
    ("INBOX cannot be deleted", "INBOX kann nicht gelöscht werden"),
    ("an INBOX goes only with its user", "Eine INBOX geht nur mit ihrem Benutzer"),
    ("Only its owner can rename an INBOX", "Nur der Eigentümer kann eine INBOX umbenennen"),
    (
        "That level has mailboxes below it and none itself",
        "Unter diesem Namen gibt es Postfächer, aber er selbst ist keines",
    ),
    (
        "Mail for an address goes to this mailbox; an administrator has to delete that alias first",
        "In dieses Postfach kommt Mail für eine Adresse; erst muss ein Administrator diesen Alias löschen",
    ),
    (
        "A mailbox keeps its owner; make a new one and move the messages",
        "Ein Postfach behält seinen Eigentümer; legen Sie ein neues an, und verschieben Sie die Nachrichten",
    ),
    ("A mailbox cannot be moved below itself", "Ein Postfach kann nicht unter sich selbst liegen"),
    ("the mailbox has just been deleted", "Das Postfach wurde soeben gelöscht"),
    ("The mailbox has been deleted", "Das Postfach wurde gelöscht"),
    ("The mailbox is open read-only, by EXAMINE", "Das Postfach ist nur zum Lesen geöffnet"),
    (
        "the mailbox cannot hold more different keywords",
        "Das Postfach kann nicht noch mehr verschiedene Schlagwörter haben",
    ),
    ("The mailbox has no uids left", "Das Postfach hat keine Nummern mehr zu vergeben"),
    ("the mailbox has used up all its unique identifiers", "Das Postfach hat keine Nummern mehr zu vergeben"),
    ("A mailbox name cannot be empty", "Der Name eines Postfachs kann nicht leer sein"),
    ("The mailbox name is too long", "Der Name des Postfachs ist zu lang"),
    ("A mailbox name cannot have an empty level", "Im Namen eines Postfachs kann keine Ebene leer sein"),
    ("The mailbox name has too many levels", "Der Name des Postfachs hat zu viele Ebenen"),
    (
        "A mailbox name cannot have control characters",
        "Im Namen eines Postfachs können keine Steuerzeichen sein",
    ),
    ("There is no such message", "Es gibt keine solche Nachricht"),
    (
        "the encoding {} of a part is not known here",
        "Die Kodierung {} eines Teils der Nachricht ist hier nicht bekannt",
    ),
    ("These messages have been expunged", "Diese Nachrichten wurden entfernt"),
    ("The message has been expunged by somebody else", "Jemand anderer hat die Nachricht schon entfernt"),
    ("an empty message cannot be stored", "Eine leere Nachricht kann nicht gespeichert werden"),
    ("a message may have {} octets", "Eine Nachricht darf {} Bytes haben"),
    ("a value may have {} octets", "Ein Wert darf {} Bytes haben"),
    (
        "who does not say who he is has no annotations of his own",
        "Wer nicht sagt, wer er ist, hat keine eigenen Anmerkungen",
    ),
    (
        "A message has no room for more annotations; remove some",
        "Eine Nachricht hat keinen Platz für mehr Anmerkungen; entfernen Sie welche",
    ),
    ("the quota does not allow as many annotations", "Die Quota erlaubt nicht so viele Anmerkungen"),
    ("filters are written in UTF-8", "Filter sind in UTF-8 geschrieben"),
    ("So many words can only be looked for exactly", "So viele Wörter lassen sich nur genau suchen"),
    (
        "There is no such collation; try COMPARATOR \"*\"",
        "Diese Sortierung gibt es nicht; versuchen Sie COMPARATOR \"*\"",
    ),
    ("One command may be about {} messages", "Ein Befehl darf von {} Nachrichten handeln"),
    ("the literal is too large for this command", "Das ist zu viel für diesen Befehl"),
    ("some of this was delivered before", "Manches davon wurde schon zugestellt"),
    (
        "Deleted mail stays as it is; move or copy it to another mailbox to take it back",
        "Gelöschte Nachrichten bleiben, wie sie sind; verschieben oder kopieren Sie sie, um sie zurückzuholen",
    ),
    (
        "What was deleted is there to be looked at, and to be moved or copied to other mailboxes; nothing can be put there or changed",
        "Gelöschtes ist zum Ansehen da, und um es in andere Postfächer zu verschieben oder zu kopieren; ändern lässt es sich nicht",
    ),
    ("You need the right \"{}\" in that mailbox", "Sie brauchen dafür das Recht „{}“ in diesem Postfach"),
    ("There is no user or group \"{}\"", "Es gibt keinen Benutzer und keine Gruppe „{}“"),
    ("The list of rights is full", "Die Liste der Rechte ist voll"),
    ("The owner of a mailbox has all rights in it", "Der Eigentümer eines Postfachs hat alle Rechte daran"),
    (
        "these are more mailboxes than can be watched",
        "Das sind mehr Postfächer, als beobachtet werden können",
    ),
    ("not all of these events are known here", "Nicht alle diese Ereignisse sind hier bekannt"),
    ("there is no such quota root", "Es gibt keine solche Quota"),
    ("there is no resource {} that can be limited", "Es gibt keine Ressource {}, die zu begrenzen wäre"),
    ("quotas are told to users with a name only", "Quotas erfahren nur Benutzer mit einem Namen"),
    ("only administrators may set quotas", "Nur Administratoren dürfen Quotas setzen"),
    ("this charset is not known", "Dieser Zeichensatz ist nicht bekannt"),
    ("the search program is nested too deeply", "Die Suche ist zu tief verschachtelt"),
    ("The search program is nested too deeply", "Die Suche ist zu tief verschachtelt"),
    ("The search program has too many keys", "Die Suche hat zu viele Bedingungen"),
    (
        "No search with such a tag is kept up to date",
        "Keine Suche dieses Namens wird auf dem Laufenden gehalten",
    ),
    ("no mailbox can be used for that here", "Dafür kann hier kein Postfach dienen"),
    ("a mailbox has one use at most", "Ein Postfach dient höchstens einem Zweck"),
    (
        "The owner of a mailbox says what it is for, and INBOX is for nothing else",
        "Wofür ein Postfach da ist, sagt sein Eigentümer, und INBOX ist für nichts anderes da",
    ),
    ("a batch has {} messages at least", "Ein Stapel hat mindestens {} Nachrichten"),
    ("the first batch is named before the last", "Der erste Stapel wird vor dem letzten genannt"),
    ("This URL leads to nothing that can be read", "Diese URL führt zu nichts, was zu lesen wäre"),
    ("Who is anonymous has no keys", "Wer anonym ist, hat keine Schlüssel"),
    ("INTERNAL is the only mechanism here", "Es gibt hier nur das Verfahren INTERNAL"),
    ("an empty password is not accepted", "Ein leeres Passwort geht nicht"),
    (
        "the password contains control or unassigned characters",
        "Das Passwort enthält Steuerzeichen oder Zeichen, die es nicht gibt",
    ),
    ("this authentication mechanism is not offered", "Diese Art der Anmeldung wird nicht angeboten"),
    (
        "a password may not be sent over this connection; begin TLS first",
        "Über diese Verbindung darf kein Passwort gesendet werden; beginnen Sie zuerst TLS",
    ),
    ("the user name or the password is wrong", "Der Benutzername oder das Passwort ist falsch"),
    ("too many errors", "Zu viele Fehler"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use crate::imap::response;

    fn said(response: Vec<u8>) -> String {
        String::from_utf8(Language::German.said(response)).unwrap()
    }

    #[test]
    fn ranges_find_their_language() {
        for (range, language) in [
            ("de", Some(Language::German)),
            ("DE-AT-1996", Some(Language::German)),
            ("en-CA", Some(Language::English)),
            ("i-default", Some(Language::Default)),
            ("default", Some(Language::German)),
            ("*", Some(Language::German)),
            ("fr", None),
            ("den", None),
            ("", None),
        ] {
            assert_eq!(Language::matching(range, Language::German), language, "{range}");
        }
    }

    #[test]
    fn the_text_of_a_response_is_translated_and_nothing_else() {
        let over = Error::no(Code::OverQuota, "the quota leaves no room for this");
        assert_eq!(
            said(response::failure("a", &over)),
            "a NO [OVERQUOTA] Die Quota lässt dafür keinen Platz\r\n"
        );
        let uid = response::ok("a", Some("COPYUID 1 2 3"), "UID COPY completed");
        assert_eq!(said(uid), "a OK [COPYUID 1 2 3] UID COPY ist ausgeführt\r\n");
        let both = [response::bye("logging out"), response::ok("a", None, "LOGOUT completed")].concat();
        assert_eq!(said(both), "* BYE Auf Wiedersehen\r\na OK LOGOUT ist ausgeführt\r\n");
        for other in
            ["a BAD what?\r\n", "+ go ahead\r\n", "* 1 EXISTS\r\n", "a NO nobody has translated this\r\n"]
        {
            assert_eq!(said(other.as_bytes().to_vec()), other);
        }
        let english = response::ok("a", None, "NOOP completed");
        assert_eq!(Language::English.said(english.clone()), english);
    }

    #[test]
    fn every_text_has_one_translation_of_the_same_form() {
        for (at, (english, german)) in TEXTS.iter().enumerate() {
            assert!(TEXTS[..at].iter().all(|(other, _)| other != english), "{english}");
            assert_eq!(english.matches("{}").count(), german.matches("{}").count(), "{english}");
            assert!(!german.is_empty() && !german.contains(['[', '\r', '\n']), "{german}");
        }
    }
}
