//! Maildir: a file for each message, whose name has the flags; Maildir++ has folders, and Dovecot has files beside them
//! for keywords and uids.

use std::collections::HashMap;

use crate::mailbox::{FlagSet, Keyword, System};
use crate::wire::utf7;

/// A file's name: what names the message, whatever its flags are, and the letters of the flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    pub unique: &'a str,
    pub letters: &'a str,
}

impl<'a> Name<'a> {
    /// `unique[,S=octets][:2,letters]`; what cannot be read has no flags.
    pub fn parse(file: &'a str) -> Name<'a> {
        // Where a colon cannot be in a name, programs write another character instead.
        let end = file.rfind([':', ';', '!']).filter(|at| file[at + 1..].starts_with("2,"));
        let (base, letters) = end.map_or((file, ""), |at| (&file[..at], &file[at + 3..]));
        Name { unique: base.split(',').next().unwrap_or(base), letters }
    }

    /// What the letters mean, small ones by the keywords of the folder.
    pub fn flags(self, keywords: &Keywords) -> FlagSet {
        let letters = self.letters.chars();
        let system = SYSTEM.iter().filter(|(letter, _)| self.letters.contains(*letter));
        let system = system.fold(System::default(), |all, (_, flag)| all.with(*flag));
        let passed = self.letters.contains('P').then_some("$Forwarded");
        let small = letters.filter(char::is_ascii_lowercase).filter_map(|letter| keywords.get(letter));
        FlagSet::new(system, passed.into_iter().chain(small).filter_map(Keyword::new))
    }
}

/// The name of a file in `cur` with these flags; `keywords` takes up those that it does not know yet.
pub fn file_name(unique: &str, flags: &FlagSet, keywords: &mut Keywords) -> String {
    let mut letters: Vec<char> =
        SYSTEM.iter().filter(|(_, flag)| flags.system.contains(*flag)).map(|(letter, _)| *letter).collect();
    for keyword in flags.keywords() {
        match keyword.as_str().eq_ignore_ascii_case("$Forwarded") {
            true => letters.push('P'),
            false => letters.extend(keywords.letter(keyword.as_str())),
        }
    }
    // Letters come in the order of ASCII.
    letters.sort_unstable();
    format!("{unique}:2,{}", letters.into_iter().collect::<String>())
}

/// What the small letters of a folder mean, as Dovecot's file `dovecot-keywords` has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keywords(Vec<String>);

impl Keywords {
    /// Reads such a file: a number and a keyword in each line.
    pub fn parse(text: &str) -> Keywords {
        let mut keywords = Vec::new();
        for line in text.lines() {
            let Some((number, keyword)) = line.split_once(' ') else { continue };
            let Some(at) = number.parse().ok().filter(|at| *at < MAX) else { continue };
            if keywords.len() <= at {
                keywords.resize(at + 1, String::new());
            }
            keyword.trim().clone_into(&mut keywords[at]);
        }
        Keywords(keywords)
    }

    /// The file.
    pub fn print(&self) -> String {
        self.0.iter().enumerate().map(|(at, keyword)| format!("{at} {keyword}\n")).collect()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, letter: char) -> Option<&str> {
        let at = usize::try_from(u32::from(letter).checked_sub(u32::from('a'))?).ok()?;
        self.0.get(at).map(String::as_str)
    }

    /// The letter of a keyword; None when all letters are used up.
    fn letter(&mut self, keyword: &str) -> Option<char> {
        let at = self.0.iter().position(|known| known.eq_ignore_ascii_case(keyword)).unwrap_or_else(|| {
            if self.0.len() < MAX {
                self.0.push(keyword.to_owned());
                self.0.len() - 1
            } else {
                MAX
            }
        });
        ('a'..='z').nth(at)
    }
}

/// What Dovecot's file `dovecot-uidlist` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UidList {
    pub uidvalidity: Option<u32>,
    /// By what names the message in its file's name.
    pub uids: HashMap<String, u32>,
}

impl UidList {
    /// Reads such a file, of version 1 or 3.
    pub fn parse(text: &str) -> UidList {
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let uidvalidity = match head[..] {
            ["1", uidvalidity, ..] => uidvalidity.parse().ok(),
            ["3", ref fields @ ..] => fields.iter().find_map(|field| field.strip_prefix('V')?.parse().ok()),
            _ => return UidList::default(),
        };
        let read = |line: &str| {
            let (uid, rest) = line.split_once(' ')?;
            // Of version 3, fields come before the name, which begins with a colon.
            let file = rest.split_once(':').filter(|_| head[0] == "3").map_or(rest, |(_, file)| file);
            Some((Name::parse(file).unique.to_owned(), uid.parse().ok()?))
        };
        UidList { uidvalidity, uids: lines.filter_map(read).collect() }
    }

    /// The first line of a file of version 3.
    pub fn head(uidvalidity: u32, uidnext: u64) -> String {
        format!("3 V{uidvalidity} N{uidnext}\n")
    }

    /// The line of a message; they come in the order of uids.
    pub fn line(uid: u32, file: &str) -> String {
        format!("{uid} :{}\n", Name::parse(file).unique)
    }
}

/// The levels of the mailbox that a folder of Maildir++ is, such as `.Archive.2026`; None for what is no folder.
pub fn levels(folder: &str) -> Option<Vec<String>> {
    let levels: Vec<String> =
        folder.strip_prefix('.')?.split('.').map(|level| utf7::decode(level.as_bytes())).collect();
    levels.iter().all(|level| !level.is_empty()).then_some(levels)
}

/// The folder of a mailbox. A dot within a level would part it, so it is encoded, as what is no ASCII is.
pub fn folder<'a>(levels: impl Iterator<Item = &'a str>) -> String {
    levels.map(|level| format!(".{}", utf7::encode(level).replace('.', DOT))).collect()
}

const SYSTEM: [(char, System); 5] = [
    ('D', System::DRAFT),
    ('F', System::FLAGGED),
    ('R', System::ANSWERED),
    ('S', System::SEEN),
    ('T', System::DELETED),
];
/// As many keywords as there are letters.
const MAX: usize = 26;
/// A dot in modified UTF-7, where it need not be encoded.
const DOT: &str = "&AC4-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_flags() {
        let keywords = Keywords::parse("0 $Work\n1 NonJunk\nx\n99 Beyond\n");
        for (file, unique, flags) in [
            ("1.M1P2.host,S=12,W=13:2,FSab", "1.M1P2.host", "\\Flagged \\Seen $Work NonJunk"),
            ("1.M1P2.host:2,PTz", "1.M1P2.host", "\\Deleted $Forwarded"),
            ("1.M1P2.host", "1.M1P2.host", ""),
            ("1.host;2,DR", "1.host", "\\Answered \\Draft"),
            ("1:odd.host", "1:odd.host", ""),
        ] {
            let name = Name::parse(file);
            assert_eq!((name.unique, name.flags(&keywords).to_string().as_str()), (unique, flags), "{file}");
        }
    }

    #[test]
    fn flags_go_and_come_back() {
        let mut keywords = Keywords::default();
        let named = ["$Forwarded", "$Work", "$Junk"].map(|name| Keyword::new(name).unwrap());
        let flags = FlagSet::new(System(0x1f), named);
        let file = file_name("7.aox", &flags, &mut keywords);
        assert_eq!(file, "7.aox:2,DFPRSTab");
        assert_eq!(Name::parse(&file).flags(&Keywords::parse(&keywords.print())), flags);
    }

    #[test]
    fn uids_are_listed() {
        let text = "3 V1275660208 N25022 G3085\n25006 :1.M3.kurkku,S=1355:2,\n25008 W1 :2.M3.kurkku\n";
        let list = UidList::parse(text);
        assert_eq!(list.uidvalidity, Some(1_275_660_208));
        assert_eq!((list.uids["1.M3.kurkku"], list.uids["2.M3.kurkku"]), (25006, 25008));
        let old = UidList::parse("1 77 9\n3 1.M3.kurkku:2,S\n");
        assert_eq!((old.uidvalidity, old.uids["1.M3.kurkku"]), (Some(77), 3));
        let printed = UidList::head(5, 9) + &UidList::line(3, "a:2,S") + &UidList::line(8, "b");
        let read = UidList::parse(&printed);
        assert_eq!((read.uidvalidity, read.uids["a"], read.uids["b"]), (Some(5), 3, 8));
        assert_eq!(UidList::parse("nonsense"), UidList::default());
    }

    #[test]
    fn folders_are_mailboxes() {
        assert_eq!(levels(".Archive.2026"), Some(vec!["Archive".to_owned(), "2026".to_owned()]));
        assert_eq!(levels(".Entw&APw-rfe"), Some(vec!["Entwürfe".to_owned()]));
        for none in ["cur", ".", "..", ".a..b"] {
            assert_eq!(levels(none), None, "{none}");
        }
        let names = ["Entwürfe", "v1.2 & more"];
        assert_eq!(levels(&folder(names.into_iter())), Some(names.map(str::to_owned).to_vec()));
    }
}
