//! What the README promises of IMAP is what CAPABILITY says, and the other way round.

use std::collections::BTreeSet;

use super::source::{Source, read};

#[test]
fn the_readme_lists_what_capability_says() {
    let source = Source::new("src/imap/command/capability.rs", &read("src/imap/command/capability.rs"));
    let texts = source.strings.iter().filter(|(at, _)| !source.is_test(*at)).map(|(_, text)| text);
    let said: BTreeSet<String> =
        texts.flat_map(|text| text.split_ascii_whitespace()).filter_map(capability).collect();
    let readme = read("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| ") && line.contains("`"));
    let columns = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    let promised: BTreeSet<String> =
        columns.flat_map(|column| column.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert!(said.contains("IMAP4rev1") && said.contains("AUTH="), "{said:?}");
    let (more, less): (Vec<_>, Vec<_>) =
        (said.difference(&promised).collect(), promised.difference(&said).collect());
    assert!(more.is_empty(), "CAPABILITY says what no row of the README has: {more:?}");
    assert!(less.is_empty(), "the README has what CAPABILITY does not say: {less:?}");
}

/// A word of the list; what is filled in later stands behind a `=`.
fn capability(word: &str) -> Option<String> {
    let word = word.split('{').next().unwrap_or_default().trim_matches('\\');
    let is_one = word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().take(2).all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    (is_one && word != "CAPABILITY").then(|| word.to_owned())
}
