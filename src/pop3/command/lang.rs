//! LANG (RFC 6856 §3): which language replies speak.

use super::{Step, err, lines, ok};
use crate::pop3::conversation::Conversation;
use crate::pop3::grammar;
use crate::pop3::language::{Language, Text};

/// `"LANG" [SP language-range]`. Alone it lists the languages.
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_some() {
        let languages = Language::ALL.map(|language| format!("{} {}", language.tag(), language.name()));
        return lines(conversation, Text::Languages, &languages);
    }
    match grammar::word(arguments).and_then(Language::matching) {
        Some(language) => {
            conversation.language = language;
            ok(Text::Plain(format!("{} {}", language.tag(), language.name())))
        }
        None => err(Text::LanguageUnknown),
    }
}
