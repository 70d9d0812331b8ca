//! Where the settings come from: defaults, then a file, then the environment. Says everything that is wrong at once.

use std::collections::BTreeMap;
use std::path::Path;

use archiveopteryx::aox::conversation::SettingFacts;
use archiveopteryx::settings::{self, Settings};
use config::{Config, Environment, File, FileFormat};
use toml::Value;

/// The settings, and what is told of each.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub settings: Settings,
    pub facts: Vec<SettingFacts>,
}

impl Loaded {
    /// Tells another value of a setting.
    pub fn say(&mut self, key: &str, value: &str, source: &str) {
        for fact in self.facts.iter_mut().filter(|fact| fact.key == key) {
            fact.value = Value::String(value.to_owned()).to_string();
            source.clone_into(&mut fact.source);
        }
    }

    /// Tells of the settings whose names begin with `section` what `other` tells.
    pub fn take_facts(&mut self, other: &Loaded, section: &str) {
        for (fact, new) in self.facts.iter_mut().zip(&other.facts) {
            if fact.key.starts_with(section) {
                fact.clone_from(new);
            }
        }
    }
}

/// The settings: defaults < `file` < variables such as `AOX__IMAP__LISTEN`. Otherwise one sentence for each mistake.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Loaded, Vec<String>> {
    let environment: std::collections::HashMap<String, String> =
        environment.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    let (mut mistakes, mut sources) = (Vec::new(), BTreeMap::new());
    let mut builder = Config::builder();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| vec![format!("the settings in {} cannot be read: {error}", path.display())])?;
        mistakes.extend(mistakes_in_file(path, &text)?);
        sources = sources_in_file(path, &text);
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
    }
    sources.extend(environment.keys().map(|name| (key_of(name), name.clone())));
    mistakes.extend(mistakes_in_environment(&environment));
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut variables = Environment::with_prefix("AOX")
        .prefix_separator("__")
        .separator("__")
        .try_parsing(true)
        .list_separator(",")
        .source(Some(environment));
    for key in LISTS {
        variables = variables.with_list_parse_key(key);
    }
    let loaded: Settings = builder
        .add_source(variables)
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| vec![error.to_string()])?;
    let faults: Vec<String> = loaded
        .faults()
        .into_iter()
        .map(|(key, wanted)| format!("{key} is {}, but must be {wanted}", shown(&loaded, key)))
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Loaded { facts: facts(&loaded, &sources), settings: loaded })
}

/// What is told of each setting.
fn facts(settings: &Settings, sources: &BTreeMap<String, String>) -> Vec<SettingFacts> {
    let value = Value::try_from(settings.clone()).expect("settings can be written as TOML");
    let defaults: BTreeMap<String, Value> = known().into_iter().collect();
    let fact = |(key, value): (String, Value)| SettingFacts {
        value: settings::shown(&key, &value.to_string()),
        default: defaults
            .get(&key)
            .map(|value| settings::shown(&key, &value.to_string()))
            .unwrap_or_default(),
        source: sources.get(&key).map_or_else(|| "default".to_owned(), String::clone),
        key,
    };
    leaves(&value).into_iter().map(fact).collect()
}

/// The settings that a file names, and where in it.
fn sources_in_file(path: &Path, text: &str) -> BTreeMap<String, String> {
    let keys = text.parse().map(|table| leaves(&Value::Table(table))).unwrap_or_default();
    let place = |key: &str| format!("{} line {}", path.display(), line_of_key(text, key));
    keys.into_iter().map(|(key, _)| (key.clone(), place(&key))).collect()
}

/// The setting that a variable gives.
fn key_of(variable: &str) -> String {
    variable[PREFIX.len()..].to_lowercase().replace("__", ".")
}

/// Checks each key of the file by itself, so that all mistakes are found, with their lines.
fn mistakes_in_file(path: &Path, text: &str) -> Result<Vec<String>, Vec<String>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| line_of(text, span.start));
        vec![format!("{} line {line}: {}", path.display(), error.message())]
    })?;
    let mistakes = leaves(&Value::Table(table)).into_iter().filter_map(|(key, value)| {
        let wrong = mistake(&key, &value)?;
        Some(format!("{} line {}: {wrong}", path.display(), line_of_key(text, &key)))
    });
    Ok(mistakes.collect())
}

fn mistakes_in_environment(environment: &std::collections::HashMap<String, String>) -> Vec<String> {
    let sorted: BTreeMap<_, _> = environment.iter().collect();
    let mistakes = sorted.into_iter().filter_map(|(name, text)| {
        let key = key_of(name);
        let value = if LISTS.contains(&key.as_str()) {
            Value::Array(text.split(',').map(|item| Value::String(item.to_owned())).collect())
        } else {
            let number = text.parse().map(Value::Integer);
            number.or(text.parse().map(Value::Boolean)).unwrap_or_else(|_| Value::String(text.clone()))
        };
        // Any text is a fine text, also one made of digits.
        let wrong = mistake(&key, &value).and_then(|_| mistake(&key, &Value::String(text.clone())))?;
        Some(format!("environment variable {name}: {wrong}"))
    });
    mistakes.collect()
}

/// What is wrong with `value` as the setting `key`.
fn mistake(key: &str, value: &Value) -> Option<String> {
    let Some(wanted) = settings::wanted(key) else {
        return Some(format!("there is no setting {key}{}", did_you_mean(key)));
    };
    let alone = key.rsplit('.').fold(value.clone(), |inner, word| {
        let mut table = toml::Table::new();
        table.insert(word.to_owned(), inner);
        Value::Table(table)
    });
    match alone.try_into::<Settings>() {
        Ok(_) => None,
        Err(_) => Some(format!("{key} is {value}, but must be {wanted}")),
    }
}

/// The setting that was probably meant: one with the same last word, or the same section.
fn did_you_mean(key: &str) -> String {
    let known: Vec<String> = known().into_iter().map(|(key, _)| key).collect();
    let last = key.rsplit('.').next().unwrap_or(key);
    let section = key.split('.').next().unwrap_or(key);
    let near = known
        .iter()
        .filter(|candidate| candidate.rsplit('.').next() == Some(last))
        .chain(known.iter().filter(|candidate| candidate.split('.').next() == Some(section)))
        .map(String::as_str)
        .take(6)
        .collect::<Vec<_>>();
    if near.is_empty() { String::new() } else { format!(" (there is {})", near.join(", ")) }
}

/// Every setting with its default.
fn known() -> Vec<(String, Value)> {
    leaves(&Value::try_from(Settings::default()).expect("the defaults can be written as TOML"))
}

/// The values below `value`, with the path that leads to each.
fn leaves(value: &Value) -> Vec<(String, Value)> {
    let Value::Table(table) = value else { return vec![(String::new(), value.clone())] };
    let mut found = Vec::new();
    for (word, inner) in table {
        for (path, leaf) in leaves(inner) {
            let key = if path.is_empty() { word.clone() } else { format!("{word}.{path}") };
            found.push((key, leaf));
        }
    }
    found
}

fn shown(settings: &Settings, key: &str) -> String {
    let value = Value::try_from(settings.clone()).expect("settings can be written as TOML");
    leaves(&value).into_iter().find(|(path, _)| path == key).map_or_else(String::new, |(_, v)| v.to_string())
}

/// The line on which `key` is given: within its section, the first that begins with its last word.
fn line_of_key(text: &str, key: &str) -> usize {
    let (section, word) = key.rsplit_once('.').unwrap_or(("", key));
    let mut current = String::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            current = name.trim_end_matches(']').trim().to_owned();
        } else if let Some((left, _)) = line.split_once('=') {
            let left = left.trim();
            if (current == section && left == word) || (current.is_empty() && left == key) {
                return number + 1;
            }
        }
    }
    text.lines().position(|line| line.contains(word)).map_or(1, |number| number + 1)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|octet| **octet == b'\n').count() + 1
}

/// Variables of ours begin with this. `AOX_HOME` does not, and is no setting.
const PREFIX: &str = "AOX__";
/// The settings that are lists; the environment separates their items by commas.
const LISTS: [&str; 14] = [
    "accounts.first_mailboxes",
    "imap.listen",
    "imap.tls_listen",
    "lmtp.listen",
    "lmtp.tls_listen",
    "login.mechanisms",
    "login.shared_addresses",
    "oauth.algorithms",
    "oauth.audiences",
    "pop3.listen",
    "pop3.tls_listen",
    "tls.certificates",
    "tls.client_authorities",
    "tls.keys",
];

#[cfg(test)]
mod tests {
    use super::*;

    const MANUAL: &str = include_str!("../conf/aox.toml");

    fn with(text: &str, environment: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(Some(file.path()), environment).map(|loaded| loaded.settings)
    }

    #[test]
    fn each_setting_says_where_it_comes_from_and_no_secret() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[imap]\nlisten = []\n[ldap]\nbind_password = \"hunter2\"\n").unwrap();
        let url = "postgres://aox_server:hunter2@db.example/aox";
        let variables = [("AOX__DATABASE__URL", url), ("AOX__LOG__LEVEL", "warn")];
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let loaded = load(Some(file.path()), variables).unwrap();
        let fact = |key: &str| loaded.facts.iter().find(|fact| fact.key == key).unwrap();
        assert_eq!(fact("imap.listen").source, format!("{} line 2", file.path().display()));
        assert!(fact("imap.listen").is_changed() && !fact("imap.tls_listen").is_changed());
        assert_eq!(fact("log.level").source, "AOX__LOG__LEVEL");
        assert_eq!(
            (fact("lmtp.listen").source.as_str(), fact("log.level").value.as_str()),
            ("default", "\"warn\"")
        );
        assert_eq!(fact("ldap.bind_password").value, "hidden");
        assert!(!format!("{:?}", loaded.facts).contains("hunter2"));
        assert!(fact("database.url").value.contains("db.example"));
    }

    #[test]
    fn the_manual_names_every_setting_with_its_default_and_nothing_else() {
        assert_eq!(with(MANUAL, &[]).unwrap(), Settings::default());
        let documented: Vec<String> =
            leaves(&Value::Table(MANUAL.parse().unwrap())).into_iter().map(|(key, _)| key).collect();
        let known: Vec<String> = known().into_iter().map(|(key, _)| key).collect();
        assert_eq!(documented.iter().collect::<std::collections::BTreeSet<_>>(), known.iter().collect());
        for key in &known {
            assert!(settings::wanted(key).is_some(), "{key} has no text for errors");
        }
    }

    #[test]
    fn every_setting_in_the_manual_has_a_sentence() {
        let lines: Vec<&str> = MANUAL.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(lines[at - 1].starts_with("# "), "{line} has no sentence above it");
            }
        }
    }

    #[test]
    fn every_list_is_read_from_the_environment_as_one() {
        for (key, value) in known() {
            assert_eq!(value.is_array(), LISTS.contains(&key.as_str()), "{key}");
        }
    }

    #[test]
    fn the_environment_wins() {
        let settings = with(
            "[imap]\nlisten = [\"127.0.0.1:1\"]\n[log]\nlevel = \"warn\"\n",
            &[
                ("AOX__IMAP__LISTEN", "127.0.0.1:5,[::1]:6"),
                ("AOX__DELIVERY__SIZE_MAX", "1 MB"),
                ("AOX__DATABASE__CONNECTIONS_MAX", "4"),
                ("AOX__HOSTNAME", "123"),
                ("AOX_HOME", "/x"),
            ],
        )
        .unwrap();
        assert_eq!(settings.imap.listen, ["127.0.0.1:5".parse().unwrap(), "[::1]:6".parse().unwrap()]);
        assert_eq!(settings.delivery.size_max.octets(), 1_000_000);
        assert_eq!(settings.database.connections_max, 4);
        assert_eq!(settings.hostname, "123");
        assert_eq!(settings.log.level, "warn");
    }

    #[test]
    fn a_variable_may_say_yes() {
        assert!(with("", &[("AOX__IMAP__PLAINTEXT_LOGIN", "true")]).unwrap().imap.plaintext_login);
        assert!(with("", &[("AOX__IMAP__PLAINTEXT_LOGIN", "perhaps")]).is_err());
    }

    #[test]
    fn an_empty_variable_is_an_empty_list() {
        assert_eq!(with("", &[("AOX__LMTP__LISTEN", "")]).unwrap().lmtp.listen, []);
    }

    #[test]
    fn all_mistakes_are_named_with_line_value_and_wish() {
        let mistakes = with(
            "hostname = \"a\"\n[imap]\nlisten = [\"here\"]\nconnections_max = \"many\"\n[lmtp]\nport = 7\n",
            &[("AOX__LOG__FORMAT", "loud"), ("AOX__LOG__COLOUR", "red")],
        )
        .unwrap_err();
        let all = mistakes.join("\n");
        assert_eq!(mistakes.len(), 5, "{all}");
        assert!(all.contains("line 3: imap.listen is [\"here\"], but must be a list"), "{all}");
        assert!(all.contains("line 4: imap.connections_max is \"many\", but must be a number"), "{all}");
        assert!(all.contains("line 6: there is no setting lmtp.port"), "{all}");
        assert!(all.contains("AOX__LOG__FORMAT: log.format is \"loud\""), "{all}");
        assert!(all.contains("AOX__LOG__COLOUR: there is no setting log.colour"), "{all}");
    }

    #[test]
    fn a_broken_file_is_told_with_its_line() {
        let mistakes = with("hostname = \"a\"\n[imap\n", &[]).unwrap_err();
        assert!(mistakes[0].contains("line 2"), "{mistakes:?}");
    }
}
