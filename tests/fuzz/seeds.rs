//! What fuzzing begins with: what clients say in the transcripts, and the messages of the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What clients say in the transcripts, in pieces of some lines, messages put in where they are named.
pub fn conversations() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for path in files("transcripts", "txt") {
        let text = std::fs::read_to_string(&path).expect("a transcript is text");
        let mut said: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
        for line in text.lines() {
            let Some((speaker, line)) = line.split_once(" C: ").or_else(|| line.split_once(" C> ")) else {
                continue;
            };
            let line = line.split("   #").next().unwrap_or_default();
            said.entry(speaker).or_default().push([&with_message(line)[..], b"\r\n"].concat());
        }
        // Short ones are mutated more thoroughly.
        seeds.extend(said.values().flat_map(|lines| lines.chunks(LINES)).map(|lines| lines.concat()));
    }
    seeds
}

/// The messages of the tests.
pub fn messages() -> Vec<Vec<u8>> {
    files("messages", "eml").iter().map(|path| std::fs::read(path).expect("a message can be read")).collect()
}

/// The line, with the message that `{file NAME}` or `{file+ NAME}` stands for.
fn with_message(line: &str) -> Vec<u8> {
    let Some((before, (word, after))) =
        line.split_once("{file").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    else {
        return line.as_bytes().to_vec();
    };
    let name = word.trim_start_matches('+').trim();
    let octets = std::fs::read(folder("messages").join(name)).unwrap_or_default();
    [format!("{before}{{{}+}}\r\n", octets.len()).as_bytes(), &octets, after.as_bytes()].concat()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn files(name: &str, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(name)).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths
}

const LINES: usize = 6;
