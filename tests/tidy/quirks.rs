//! What the README says is taken from programs that stray is what there is, and the other way round.

use std::collections::BTreeSet;

use super::source::{read, sources};

#[test]
fn the_readme_lists_every_quirk() {
    let sources = sources(&["src", "actors"]);
    let names =
        sources.iter().flat_map(|source| source.functions()).map(|function| function.name.to_string());
    let there: BTreeSet<String> = names.filter(|name| name.starts_with("quirk_")).collect();
    let readme = read("README.md");
    let told: BTreeSet<String> =
        readme.split('`').filter(|word| word.starts_with("quirk_")).map(str::to_owned).collect();
    assert!(there.contains("quirk_spaces"), "{there:?}");
    assert_eq!(there, told, "the README has other quirks than the code");
}
