//! Every transcript has an anna of its own, although all of them are played against one server.
//!
//! Names are exchanged for others of the same length, so that literals and sizes stay what they are in the text.

/// The users of one transcript, and what they are called at the server.
pub struct Names {
    number: usize,
    names: Vec<(String, String)>,
}

impl Names {
    /// The names of the transcript with this number.
    pub fn new(number: usize) -> Names {
        Names { number, names: Vec::new() }
    }

    /// Adds a user; from now on the name is exchanged wherever it is a word of its own.
    pub fn add(&mut self, name: &str) {
        if self.names.iter().any(|(known, _)| known == name) {
            return;
        }
        let mut secret: Vec<u8> = name.bytes().collect();
        let mut number = self.number;
        for place in secret.iter_mut().skip(1).rev() {
            *place = LETTERS[number % LETTERS.len()];
            number /= LETTERS.len();
        }
        assert_eq!(number, 0, "{name:?} is too short for so many transcripts");
        let secret = String::from_utf8(secret).expect("a name is ASCII");
        self.names.push((name.to_string(), secret));
    }

    /// What the server hears.
    pub fn to_server(&self, text: &[u8]) -> Vec<u8> {
        exchange(text, self.names.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect())
    }

    /// What the transcript says.
    pub fn as_server_said(&self, text: &[u8]) -> Vec<u8> {
        exchange(text, self.names.iter().map(|(name, secret)| (secret.as_str(), name.as_str())).collect())
    }

    /// As [`Names::to_server`], for text.
    pub fn secret(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.to_server(text.as_bytes())).into_owned()
    }
}

/// Replaces whole words, in lower and in upper case, and with a capital.
fn exchange(text: &[u8], pairs: Vec<(&str, &str)>) -> Vec<u8> {
    let mut exchanged = Vec::with_capacity(text.len());
    for word in text.chunk_by(|a, b| a.is_ascii_alphanumeric() == b.is_ascii_alphanumeric()) {
        let found = pairs.iter().find(|(from, _)| from.as_bytes().eq_ignore_ascii_case(word));
        match found {
            Some((_, to)) if word.iter().all(u8::is_ascii_uppercase) => {
                exchanged.extend_from_slice(to.to_ascii_uppercase().as_bytes());
            }
            Some((_, to)) if word[0].is_ascii_uppercase() => {
                exchanged.push(to.as_bytes()[0].to_ascii_uppercase());
                exchanged.extend_from_slice(&to.as_bytes()[1..]);
            }
            Some((_, to)) => exchanged.extend_from_slice(to.as_bytes()),
            None => exchanged.extend_from_slice(word),
        }
    }
    exchanged
}

/// No vowels, so that no word of a language comes out.
const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz";
