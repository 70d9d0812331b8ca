//! LANGUAGE (RFC 5255 §3): which language is spoken to people.

use nom::Parser;
use nom::combinator::map;
use nom::multi::many0;
use nom::sequence::preceded;

use crate::error::{Code, Error};
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::{astring, sp};
use crate::imap::language::Language;
use crate::imap::response;

/// Ranges of languages, the best first. Without any, it is asked which languages there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeakLanguage {
    ranges: Vec<String>,
}

/// `language-cmd = "LANGUAGE" *(SP lang-range-quoted)`, from the first space on; `lang-range-quoted = astring`
pub fn parse(input: &[u8]) -> Parsed<'_, SpeakLanguage> {
    let range = map(astring, |range| String::from_utf8_lossy(&range).into_owned());
    // Spaces at the end are no argument.
    map(many0(preceded(sp, range)), |ranges| SpeakLanguage { ranges }).parse(input)
}

impl SpeakLanguage {
    /// Chooses a language, which is the `current` one from then on; `preferred` is the one of the site. `namespaces` are told
    /// in it, if the client may see any.
    pub fn respond(
        &self,
        tag: &str,
        preferred: Language,
        current: &mut Language,
        namespaces: impl FnOnce(Language) -> Vec<u8>,
    ) -> Vec<u8> {
        if self.ranges.is_empty() {
            return [listed(&Language::ALL), response::ok(tag, None, "LANGUAGE completed")].concat();
        }
        let Some(language) = self.ranges.iter().find_map(|range| Language::matching(range, preferred)) else {
            let error = Error::no(Code::Other, "This language is not spoken here");
            return response::failure(tag, &error);
        };
        *current = language;
        let ok = response::ok(tag, None, "LANGUAGE completed, this is English");
        [listed(&[language]), namespaces(language), ok].concat()
    }
}

/// `language-data = "LANGUAGE" SP "(" lang-tag-quoted *(SP lang-tag-quoted) ")"`
fn listed(languages: &[Language]) -> Vec<u8> {
    let tags: Vec<&str> = languages.iter().map(|language| language.tag()).collect();
    format!("* LANGUAGE ({})\r\n", tags.join(" ")).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::fault::complete;

    #[test]
    fn the_first_range_that_is_known_counts() {
        let mut language = Language::default();
        let mut say = |input: &str| {
            let command = complete(input.as_bytes(), parse).unwrap();
            let said = command.respond("a", Language::German, &mut language, |_| b"* NAMESPACE\r\n".to_vec());
            (String::from_utf8(said).unwrap(), language)
        };
        let none = "a NO This language is not spoken here\r\n".to_owned();
        let all = "* LANGUAGE (EN DE i-default)\r\na OK LANGUAGE completed\r\n".to_owned();
        assert_eq!(say(""), (all, Language::Default));
        assert_eq!(say(" fr"), (none.clone(), Language::Default));
        let (said, chosen) = say(" fr-CA \"de-AT\" en");
        assert!(said.starts_with("* LANGUAGE (DE)\r\n* NAMESPACE\r\na OK ") && chosen == Language::German);
        assert_eq!(say(" xx"), (none, Language::German));
        assert_eq!(say(" i-default").1, Language::Default);
        assert!(say(" default").0.starts_with("* LANGUAGE (DE)\r\n"), "as the site prefers");
    }
}
