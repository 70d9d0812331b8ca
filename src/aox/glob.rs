//! Which names are meant: `*` stands for any letters, `?` for one, and case does not matter.

use serde::{Deserialize, Serialize};

use super::answer::Answer;
use crate::mailbox::Login;

/// A pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(pub String);

impl Glob {
    /// Whether a word is a pattern rather than a name.
    pub fn is_one(word: &str) -> bool {
        word.contains(['*', '?'])
    }

    /// Whether the whole name is as the pattern says.
    pub fn matches(&self, name: &str) -> bool {
        let [pattern, name] = [&self.0, name].map(|text| Login::key_of(text).chars().collect::<Vec<char>>());
        let (mut at, mut seen) = (0, 0);
        // Where the last star is, and how far it reaches.
        let mut star: Option<(usize, usize)> = None;
        while seen < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(letter) if *letter == '?' || *letter == name[seen] => (at, seen) = (at + 1, seen + 1),
                _ => match star {
                    Some((begin, reach)) => {
                        star = Some((begin, reach + 1));
                        (at, seen) = (begin + 1, reach + 1);
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|letter| *letter == '*')
    }
}

/// Whether any of some names is meant; without a pattern all are.
pub(super) fn is_meant<'a>(glob: Option<&Glob>, names: impl IntoIterator<Item = &'a str>) -> bool {
    glob.is_none_or(|glob| names.into_iter().any(|name| glob.matches(name)))
}

/// What is said of a list in which nothing is as the pattern says.
pub(super) fn listed(answer: Answer, glob: Option<&Glob>) -> Answer {
    match glob {
        Some(Glob(pattern)) if answer.table.is_none() => {
            Answer { sentences: vec![format!("There is none like {pattern}.")], ..answer }
        }
        _ => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_says_which_names() {
        for (pattern, name, expected) in [
            ("anna", "ANNA", true),
            ("anna", "annabel", false),
            ("*", "", true),
            ("a*a", "anna", true),
            ("a*a", "a", false),
            ("*@example.org", "anna@example.org", true),
            ("?nna", "anna", true),
            ("?nna", "nna", false),
            ("/users/*/Archive*", "/users/anna/Archive/2026", true),
            ("*a*b*c*", "xxaxxbxxc", true),
            ("*a*b*c*", "xxaxxcxxb", false),
            ("STRASSE*", "strasse 7", true),
        ] {
            assert_eq!(Glob(pattern.to_owned()).matches(name), expected, "{pattern} {name}");
        }
    }
}
