//! Mail as other programs keep it in files: Maildir, mbox, and a file for each message. Octets and names in, messages
//! out, and the other way round; who reads and writes the files is elsewhere.

pub mod line_ends;
pub mod maildir;
pub mod mbox;

use serde::{Deserialize, Serialize};

use crate::mailbox::{FlagSet, Keyword, System};

/// What is known of a message beside its octets, as it travels between programs and the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Facts {
    /// How many octets the message has.
    pub octets: u64,
    /// \Seen and its like, and keywords, as IMAP writes them.
    #[serde(default)]
    pub flags: Vec<String>,
    /// When it came, in seconds since 1970.
    #[serde(default)]
    pub seconds: Option<i64>,
    /// Minutes east of UTC in which that was said.
    #[serde(default)]
    pub zone_minutes: i16,
    #[serde(default)]
    pub uid: Option<u32>,
    /// What names the message in its source, and nothing else there.
    #[serde(default)]
    pub item: String,
}

impl Facts {
    /// The flags. What cannot be a keyword is left out.
    pub fn flag_set(&self) -> FlagSet {
        let system = |name: &str| System::NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        let mut flags = System::default();
        let mut keywords = Vec::new();
        for name in &self.flags {
            match system(name) {
                Some((flag, _)) => flags = flags.with(*flag),
                None => keywords.extend(Keyword::new(name)),
            }
        }
        FlagSet::new(flags, keywords)
    }

    /// The names of flags.
    pub fn names(flags: &FlagSet) -> Vec<String> {
        let system = System::NAMES.iter().filter(|(flag, _)| flags.system.contains(*flag));
        let system = system.map(|(_, name)| (*name).to_owned());
        system.chain(flags.keywords().iter().map(|keyword| keyword.as_str().to_owned())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_and_come_back() {
        let flags = FlagSet::new(System::SEEN.with(System::DELETED), [Keyword::new("$Work").unwrap()]);
        let facts = Facts { flags: Facts::names(&flags), ..Facts::default() };
        assert_eq!(facts.flags, ["\\Deleted", "\\Seen", "$Work"]);
        assert_eq!(facts.flag_set(), flags);
        let odd = Facts { flags: vec!["\\seen".into(), "\\Recent".into(), "two words".into()], ..facts };
        assert_eq!(odd.flag_set(), FlagSet::new(System::SEEN, []));
    }
}
