//! What one client has been told of the mailbox it has open, as RFC 3501 §7.4.1 has clients keep it.

use crate::fuzz::reply::Value;

/// What is known of one message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub uid: Option<u32>,
    /// Without \Recent, sorted.
    pub flags: Option<Vec<String>>,
}

/// The messages of the open mailbox, by their numbers.
#[derive(Debug, Clone, Default)]
pub struct View {
    pub mailbox: String,
    pub messages: Vec<Known>,
    /// Whether this response may renumber (RFC 3501 §7.4.1).
    pub may_expunge: bool,
    /// Expunges are told by uids (RFC 7162 §3.2.10).
    vanishing: bool,
}

/// What a response told, when it was one about the mailbox.
pub enum Told {
    Nothing,
    /// FETCH of this message, its items by name.
    Fetched(usize, Vec<(String, Value)>),
}

impl View {
    pub fn new(mailbox: &str, vanishing: bool) -> View {
        View { mailbox: mailbox.to_string(), vanishing, ..View::default() }
    }

    /// Takes an untagged response, behind its `* `.
    pub fn hear(&mut self, values: &[Value]) -> Result<Told, String> {
        if values.first().is_some_and(|word| word.is("VANISHED")) {
            self.vanish(values)?;
        }
        let (Some(number), Some(word)) = (values.first().and_then(Value::number), values.get(1)) else {
            return Ok(Told::Nothing);
        };
        let number = number as usize;
        if word.is("EXISTS") {
            if number < self.messages.len() {
                return Err(format!("{number} EXISTS, where there were {}", self.messages.len()));
            }
            self.messages.resize(number, Known::default());
        } else if word.is("EXPUNGE") {
            if !self.may_expunge || self.vanishing {
                return Err(format!("{number} EXPUNGE where numbers are in use, or VANISHED has to be said"));
            }
            if number == 0 || number > self.messages.len() {
                return Err(format!("{number} EXPUNGE, where there are {}", self.messages.len()));
            }
            self.messages.remove(number - 1);
        } else if word.is("FETCH") {
            return self.fetched(number, values.get(2));
        }
        Ok(Told::Nothing)
    }

    /// `* VANISHED 3:5`, of messages that the client knows, or of some that have just come.
    fn vanish(&mut self, values: &[Value]) -> Result<(), String> {
        let [_, set] = values else { return Err("VANISHED (EARLIER) that was not asked for".into()) };
        if !self.may_expunge || !self.vanishing {
            return Err("VANISHED where it may not be said".into());
        }
        for uid in uid_set(set.atom().unwrap_or_default()) {
            let at = match self.number(uid) {
                Some(number) => Some(number - 1),
                // It is one of those whose uids the client has not asked for: which of them, does not matter.
                None => {
                    let is_behind =
                        |at: &usize| self.messages[..*at].iter().all(|known| known.uid < Some(uid));
                    let mut unknown = (0..self.messages.len()).filter(|at| self.messages[*at].uid.is_none());
                    unknown.rfind(is_behind)
                }
            };
            self.messages.remove(at.ok_or_else(|| format!("uid {uid} vanishes, which cannot be"))?);
        }
        Ok(())
    }

    fn fetched(&mut self, number: usize, items: Option<&Value>) -> Result<Told, String> {
        let items = items.and_then(Value::list).ok_or("FETCH without items")?;
        if number == 0 || number > self.messages.len() {
            return Err(format!("{number} FETCH, where there are {}", self.messages.len()));
        }
        let mut read = Vec::new();
        for pair in items.chunks(2) {
            let [name, value] = pair else { return Err("FETCH with a name and no value".into()) };
            let name = name.atom().ok_or("FETCH with a value and no name")?.to_ascii_uppercase();
            if name == "UID" {
                let uid = value.number().ok_or("UID without a number")? as u32;
                self.learn_uid(number, uid)?;
            }
            if name == "FLAGS" {
                self.messages[number - 1].flags = Some(flags(value)?);
            }
            read.push((name, value.clone()));
        }
        Ok(Told::Fetched(number, read))
    }

    /// Uids never change, and ascend.
    fn learn_uid(&mut self, number: usize, uid: u32) -> Result<(), String> {
        let known = &mut self.messages[number - 1];
        if known.uid.is_some_and(|known| known != uid) {
            return Err(format!("message {number} has uid {uid}, and had {:?}", known.uid));
        }
        known.uid = Some(uid);
        let before = self.messages[..number - 1].iter().rev().find_map(|known| known.uid);
        let after = self.messages[number..].iter().find_map(|known| known.uid);
        if before.is_some_and(|before| before >= uid) || after.is_some_and(|after| after <= uid) {
            return Err(format!("message {number} has uid {uid}, between {before:?} and {after:?}"));
        }
        Ok(())
    }

    pub fn uid(&self, number: usize) -> Option<u32> {
        self.messages.get(number - 1)?.uid
    }

    pub fn number(&self, uid: u32) -> Option<usize> {
        self.messages.iter().position(|known| known.uid == Some(uid)).map(|at| at + 1)
    }
}

/// The members of a set, in the order in which it names them.
pub fn uid_set(text: &str) -> Vec<u32> {
    let number = |text: &str| text.parse::<u32>().unwrap_or_default();
    let range = |text: &str| match text.split_once(':') {
        Some((first, last)) => number(first)..=number(last),
        None => number(text)..=number(text),
    };
    text.split(',').flat_map(range).collect()
}

/// The flags, each once, without \Recent.
pub fn flags(value: &Value) -> Result<Vec<String>, String> {
    let list = value.list().ok_or("FLAGS without a list")?;
    let mut flags: Vec<String> =
        list.iter().filter_map(|flag| flag.atom().map(str::to_ascii_lowercase)).collect();
    let count = flags.len();
    flags.sort();
    flags.dedup();
    if flags.len() != count || count != list.len() {
        return Err(format!("these are no flags: {value:?}"));
    }
    flags.retain(|flag| flag != "\\recent");
    Ok(flags)
}
