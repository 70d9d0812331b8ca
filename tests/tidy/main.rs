//! The house rules, as tests: what a reader may rely on everywhere is checked everywhere.

mod capabilities;
mod languages;
mod quirks;
mod source;

use source::{Source, files, read, sources};

/// Functions that are longer than the rule allows, each with the reason.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Files that are longer than the rule allows, each with the reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Code that may hold SQL in a string, each with the reason.
const SQL_ELSEWHERE: &[(&str, &str)] = &[
    ("src/search/sql.rs", "a search program becomes SQL there and nowhere else"),
    ("src/db/migrate.rs", "the table of revisions is read before any schema is known"),
    ("actors/", "actors speak to a cluster that is being set up: roles, databases, LISTEN; no mail"),
];

/// Commands that a transcript shows by another word than their file's name.
const COMMANDS_BY_OTHER_WORDS: &[(&str, &str)] = &[];

const FUNCTION_LINES_MAX: usize = 70;
const ACTOR_LINES_MAX: usize = 500;
const MODULE_LINES_MAX: usize = 600;

/// The doors. None knows another.
const DOORS: &[&str] = &["imap", "pop3", "lmtp", "submission", "managesieve", "sieve", "aox"];

/// Which modules of the library each one may name; the arrows of the design, which point one way.
const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("limits", &[]),
    ("settings", &["limits", "error", "mailbox", "wire", "policy"]),
    ("identity", &["limits", "error", "settings"]),
    ("wire", &["limits", "error"]),
    ("mailbox", &["limits", "error"]),
    ("grammar", &["error", "mailbox"]),
    ("message", &["limits", "error"]),
    ("policy", &["limits", "error", "mailbox", "message"]),
    ("search", &["limits", "error", "mailbox", "message", "grammar"]),
    ("archive", &["error", "mailbox", "message", "wire"]),
    ("plan", &["db"]),
    ("login", &["limits", "error", "settings", "wire", "db"]),
    ("db", &["limits", "error", "mailbox", "message", "policy", "search", "wire"]),
];

/// What every door may name.
const DOOR_ARROWS: &[&str] = &[
    "limits", "error", "settings", "wire", "grammar", "mailbox", "message", "policy", "search", "plan", "db",
    "login", "archive",
];

#[test]
fn functions_and_files_stay_short() {
    let mut faults = Vec::new();
    for source in sources(&["src", "actors", "tests"]) {
        let ceiling = if source.path.starts_with("actors/") { ACTOR_LINES_MAX } else { MODULE_LINES_MAX };
        let lines = source.text.lines().count();
        let excused = LONG_FILES.iter().any(|(path, _)| *path == source.path);
        if lines > ceiling && !excused {
            faults.push(format!("{} has {lines} lines, {ceiling} are allowed", source.path));
        }
        for function in source.functions() {
            let excused =
                LONG_FUNCTIONS.iter().any(|(path, name, _)| *path == source.path && *name == function.name);
            if function.lines > FUNCTION_LINES_MAX && !excused {
                let Source { path, .. } = &source;
                faults.push(format!(
                    "{path}:{}: {} has {} lines",
                    function.line, function.name, function.lines
                ));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let mut faults = Vec::new();
    for source in sources(&["src", "actors", "tests"]) {
        if !source.text.starts_with("//! ") {
            faults.push(format!("{} does not begin with a `//!` sentence", source.path));
        }
    }
    for file in [files("src", "sql"), files("migrations", "sql")].concat() {
        if !read(&file).starts_with("-- ") {
            faults.push(format!("{file} does not begin with a comment"));
        }
    }
    for file in files("tests/transcripts", "txt") {
        if !read(&file).starts_with("# ") {
            faults.push(format!("{file} does not begin with the behaviour as a sentence"));
        }
    }
    assert_none(faults);
}

#[test]
fn the_arrows_point_one_way() {
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        let module = source.path["src/".len()..].split(['/', '.']).next().expect("a path has a first part");
        let allowed = match ARROWS.iter().find(|(name, _)| *name == module) {
            Some((_, allowed)) => *allowed,
            None if DOORS.contains(&module) => DOOR_ARROWS,
            None => continue,
        };
        for (at, named) in source.crate_modules() {
            let known = DOORS.contains(&named.as_str()) || ARROWS.iter().any(|(name, _)| *name == named);
            if known && named != module && !allowed.contains(&named.as_str()) && !source.is_test(at) {
                faults.push(format!("{}:{}: {module} names {named}", source.path, source.line(at)));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn the_library_neither_waits_nor_looks_around() {
    const BANNED: &[&str] = &[
        "actix",
        "tokio",
        "std::net::Tcp",
        "std::thread",
        "std::fs",
        "std::env",
        "std::process",
        "Instant::now",
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
    ];
    let mut faults = Vec::new();
    for source in sources(&["src"]) {
        for word in BANNED {
            faults.extend(outside_tests(&source, word));
        }
        if source.path != "src/message/parse.rs" {
            faults.extend(outside_tests(&source, "mail_parser"));
        }
        let door = DOORS.iter().any(|door| source.path.starts_with(&format!("src/{door}/")));
        if door {
            faults.extend(outside_tests(&source, "tokio_postgres"));
            faults.extend(outside_tests(&source, "Lent"));
        }
    }
    assert_none(faults);
}

#[test]
fn banned_words_stay_out() {
    let mut faults = Vec::new();
    for source in sources(&["src", "actors", "tests", "migrations"]) {
        if source.path.starts_with("tests/tidy/") {
            continue;
        }
        for word in [".unwrap()", "todo!", "unimplemented!", "dbg!", "prelude::*"] {
            faults.extend(outside_tests(&source, word));
        }
        for word in ["actix::prelude", "#[ignore"] {
            let found = source.find_code(word);
            faults.extend(found.iter().map(|&at| format!("{}:{}: {word}", source.path, source.line(at))));
        }
        for (number, line) in source.text.lines().enumerate() {
            let word = ["FIXME", "TODO", "XXX:"].iter().find(|word| line.contains(**word));
            faults.extend(word.map(|word| format!("{}:{}: {word}", source.path, number + 1)));
        }
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if ["util", "helper", "manager", "common", "misc"].iter().any(|word| name.contains(word)) {
            faults.push(format!("{}: a name that says nothing", source.path));
        }
    }
    assert_none(faults);
}

#[test]
fn nothing_names_the_folder_beside_the_project() {
    let mut faults = Vec::new();
    let texts = ["rs", "sql", "toml", "md", "txt", "service", "sh"];
    let folders = ["src", "actors", "tests", "migrations", "conf", "scripts"];
    let files = folders.iter().flat_map(|folder| texts.iter().flat_map(|text| files(folder, text)));
    for file in files.filter(|file| !file.starts_with("tests/tidy/")) {
        for (number, line) in read(&file).lines().enumerate() {
            let corpus = line.contains("../shared/mail") && file.starts_with("tests/");
            if line.contains("../shared") && !corpus || line.contains("/work/") {
                faults.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none(faults);
}

#[test]
fn sql_lives_in_sql_files_and_each_is_used() {
    let code = sources(&["src", "actors"]);
    let mut faults = Vec::new();
    for file in files("src", "sql") {
        let name = file.rsplit('/').next().expect("a path has a last part");
        if !code.iter().any(|source| source.strings.iter().any(|(_, text)| text.ends_with(name))) {
            faults.push(format!("{file} is used by nothing"));
        }
    }
    for source in &code {
        if SQL_ELSEWHERE.iter().any(|(path, _)| source.path.starts_with(path)) {
            continue;
        }
        for (at, text) in &source.strings {
            if is_sql(text) && !source.is_test(*at) {
                faults.push(format!("{}:{}: SQL in a string: {text}", source.path, source.line(*at)));
            }
        }
    }
    for file in files("migrations", "sql") {
        let name = file.trim_start_matches("migrations/");
        let numbered =
            name.len() > 5 && name[..4].bytes().all(|byte| byte.is_ascii_digit()) && &name[4..5] == "_";
        if !numbered {
            faults.push(format!("{file} is not named NNNN_what_becomes_true.sql"));
        }
    }
    assert_none(faults);
}

#[test]
fn every_command_has_a_transcript_and_every_message_is_used() {
    let transcripts: Vec<String> = files("tests/transcripts", "txt").iter().map(|file| read(file)).collect();
    let code = sources(&["tests"]);
    let mut faults = Vec::new();
    for door in ["imap", "lmtp", "pop3"] {
        let commands = files(&format!("src/{door}/command"), "rs");
        // A folder holds the parts of the command beside it.
        for file in commands.into_iter().filter(|file| file.split('/').count() == 4) {
            let stem = file.rsplit('/').next().and_then(|name| name.strip_suffix(".rs")).expect("it is Rust");
            let other = COMMANDS_BY_OTHER_WORDS.iter().find(|(path, _)| *path == file).map(|(_, word)| *word);
            let word = other.map_or_else(|| stem.trim_end_matches('_').replace('_', " "), str::to_string);
            let shown = |text: &String| {
                text.lines().filter_map(|line| line.split_once(" C: ")).any(|(_, said)| said_is(said, &word))
            };
            if stem != "mod" && !transcripts.iter().any(shown) {
                faults.push(format!("{file}: no transcript says {}", word.to_uppercase()));
            }
        }
    }
    for file in files("tests/messages", "eml") {
        let name = file.rsplit('/').next().expect("a path has a last part");
        let in_code = code.iter().any(|source| source.strings.iter().any(|(_, text)| text.contains(name)));
        if !in_code && !transcripts.iter().any(|text| text.contains(name)) {
            faults.push(format!("{file} is used by nothing"));
        }
    }
    assert_none(faults);
}

#[test]
fn every_file_is_a_module_of_its_parent() {
    let mut faults = Vec::new();
    let sources = sources(&["src", "actors"]);
    for source in &sources {
        let (folder, name) = source.path.rsplit_once('/').expect("it lies in a folder");
        let stem = name.trim_end_matches(".rs");
        // Tests of their own file are named by a path.
        if ["lib", "main"].contains(&stem) || stem.ends_with("tests") {
            continue;
        }
        // The module of a folder is declared one level further up.
        let (folder, stem) = match folder.rsplit_once('/') {
            Some((above, inner)) if stem == "mod" => (above, inner),
            _ => (folder, stem),
        };
        let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| format!("{folder}/{parent}"));
        let sibling = format!("{folder}.rs");
        let declared = sources.iter().filter(|other| parents.contains(&other.path) || other.path == sibling);
        let modules = [format!("mod {stem}"), format!("mod r#{stem}")];
        if !declared.into_iter().any(|other| modules.iter().any(|module| !other.find_code(module).is_empty()))
        {
            faults.push(format!("{} belongs to no module", source.path));
        }
    }
    assert_none(faults);
}

#[test]
fn every_actor_says_what_it_hears() {
    let mut faults = Vec::new();
    println!("| actor | hears |\n|---|---|");
    for source in sources(&["actors"]) {
        let mut heard: Vec<String> = Vec::new();
        for marker in ["impl actix::Handler<", "impl actix::StreamHandler<"] {
            for (at, _) in source.code.match_indices(marker).filter(|(at, _)| !source.is_test(*at)) {
                let argument = source.code[at + marker.len()..].split('>').next().unwrap_or_default();
                let argument = argument.split('<').next().unwrap_or_default();
                heard.push(argument.rsplit("::").next().unwrap_or_default().trim().to_string());
            }
        }
        let said = source.text.lines().find_map(|line| line.strip_prefix("//! Hears:"));
        let marker = "impl actix::Actor for";
        let is_actor =
            source.code.match_indices(marker).any(|(at, _)| !source.is_test(at)) || !heard.is_empty();
        let Some(said) = said else {
            if is_actor {
                faults.push(format!("{} does not say what it hears", source.path));
            }
            continue;
        };
        // "nothing" may be followed by what it does instead.
        let said = if said.trim_start().starts_with("nothing") { "" } else { said };
        let mut named: Vec<String> =
            said.split([',', '·']).map(|name| name.trim().trim_matches('`').to_string()).collect();
        named.retain(|name| !name.is_empty());
        println!("| {} | {} |", source.path, named.join(", "));
        named.sort();
        heard.sort();
        heard.dedup();
        if named != heard {
            faults.push(format!("{} says that it hears {named:?}, and hears {heard:?}", source.path));
        }
    }
    assert_none(faults);
}

#[test]
fn the_lexer_sees_what_is_code() {
    let text = "fn a<'x>(s: &'x str) { let c = '{'; let d = '\\''; // }\n let s = \"}\"; let r = r#\"\"}\"#; }\n\
                #[cfg(test)]\nmod tests { fn b() { x.unwrap() } }\nuse crate::{db::{a, b}, mailbox};";
    let source = Source::new("src/it.rs", text);
    let functions: Vec<_> =
        source.functions().iter().map(|function| (function.name, function.lines)).collect();
    assert_eq!(source.code.len(), text.len());
    assert_eq!(functions.len(), 2, "{:?}", source.code);
    assert_eq!(source.functions()[0].lines, 2, "{:?}", source.code);
    assert_eq!(source.strings.len(), 2);
    assert!(source.is_test(source.find_code(".unwrap()")[0]));
    let modules: Vec<_> = source.crate_modules().into_iter().map(|(_, name)| name).collect();
    assert_eq!(modules, ["db", "mailbox"]);
}

/// Where a word stands in code that is not for tests.
fn outside_tests(source: &Source, word: &str) -> Vec<String> {
    let found = source.find_code(word).into_iter().filter(|&at| !source.is_test(at));
    found.map(|at| format!("{}:{}: {word}", source.path, source.line(at))).collect()
}

/// Whether a string is a statement; IMAP's SELECT and DELETE have no FROM behind them.
fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let says = |word: &str| text.to_ascii_uppercase().contains(word);
    begins("select ") && says(" FROM ")
        || begins("insert into ")
        || begins("delete from ")
        || begins("update ") && says(" SET ")
        || begins("create table ")
        || begins("alter table ")
}

/// Whether a command line of a transcript says this command, behind its tag or at its beginning.
fn said_is(said: &str, word: &str) -> bool {
    let is = |text: &str| {
        let begin = text.get(..word.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && !text[word.len()..].starts_with(char::is_alphanumeric)
    };
    is(said) || said.split_once(' ').is_some_and(|(_, rest)| is(rest))
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
