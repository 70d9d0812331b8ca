//! Messages such as people write: plain text of 4 KiB, no two of them the same, words as unevenly spread as in life.

/// Makes messages. The same seed makes the same messages.
pub struct Writer {
    state: u64,
    name: String,
    number: u64,
}

impl Writer {
    /// A writer whose messages differ from those of every other name.
    pub fn new(name: &str) -> Writer {
        let seed = name.bytes().fold(0x9E37_79B9_7F4A_7C15, |seed: u64, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Writer { state: seed | 1, name: name.to_string(), number: 0 }
    }

    /// One more message, of about `octets`.
    pub fn message(&mut self, octets: usize) -> Vec<u8> {
        self.number += 1;
        let mut text = self.header();
        let mut column = 0;
        while text.len() < octets {
            let word = self.word();
            if column + word.len() > 72 {
                text.push_str("\r\n");
                column = 0;
                // A paragraph ends now and then.
                if self.below(12) == 0 {
                    text.push_str("\r\n");
                }
            } else if column > 0 {
                text.push(' ');
                column += 1;
            }
            text.push_str(word);
            column += word.len();
            // Numbers and names are what makes text hard to compress.
            if self.below(9) == 0 {
                let number = format!(" {:x}", self.next() & 0xFF_FFFF);
                column += number.len();
                text.push_str(&number);
            }
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// A word that stands in some messages, but not in most.
    pub fn rare_word(&mut self) -> &'static str {
        WORDS[WORDS.len() - 1 - self.below(40) as usize]
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn header(&mut self) -> String {
        let (number, name) = (self.number, self.name.clone());
        let (person, other) = (self.below(2000), self.below(2000));
        let (day, hour, minute) = (1 + self.below(28), self.below(24), self.below(60));
        let subject: Vec<&str> = (0..2 + self.below(5)).map(|_| self.word()).collect();
        let (a, b) = (self.next(), self.next());
        format!(
            "Received: from relay{hour}.example.net (relay{hour}.example.net [192.0.2.{day}])\r\n\
             \tby mx.example.org (Postfix) with ESMTPS id {a:016X}\r\n\
             \tfor <somebody@example.org>; Mon, {day} Nov 2026 {hour:02}:{minute:02}:07 +0100 (CET)\r\n\
             Date: Mon, {day} Nov 2026 {hour:02}:{minute:02}:00 +0100\r\n\
             From: Person Number {person} <person{person}@example{}.net>\r\n\
             To: Somebody Else <somebody@example.org>\r\n\
             Cc: person{other}@example{}.net\r\n\
             Subject: {}\r\n\
             Message-Id: <{b:016x}.{number}.{name}@example.net>\r\n\
             In-Reply-To: <{a:016x}.{name}@example.org>\r\n\
             References: <{a:016x}.{name}@example.org>\r\n\
             Mime-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: 7bit\r\n\
             User-Agent: Load/1.0\r\n\r\n",
            person % 50,
            other % 50,
            subject.join(" "),
        )
    }

    /// Small indices are much more frequent than large ones.
    fn word(&mut self) -> &'static str {
        let count = WORDS.len() as u64;
        let widest = 1 + self.below(count);
        WORDS[self.below(widest) as usize]
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// Frequent words first, rare ones last.
const WORDS: &[&str] = &[
    "the",
    "to",
    "and",
    "of",
    "a",
    "in",
    "is",
    "that",
    "it",
    "for",
    "you",
    "on",
    "we",
    "be",
    "with",
    "this",
    "are",
    "as",
    "have",
    "not",
    "but",
    "at",
    "if",
    "or",
    "will",
    "from",
    "can",
    "they",
    "by",
    "an",
    "was",
    "all",
    "there",
    "so",
    "what",
    "one",
    "would",
    "about",
    "do",
    "which",
    "your",
    "some",
    "no",
    "me",
    "my",
    "when",
    "out",
    "more",
    "time",
    "up",
    "only",
    "like",
    "them",
    "then",
    "other",
    "who",
    "any",
    "into",
    "its",
    "has",
    "how",
    "now",
    "just",
    "know",
    "people",
    "than",
    "get",
    "make",
    "new",
    "see",
    "because",
    "over",
    "could",
    "also",
    "after",
    "use",
    "two",
    "work",
    "first",
    "way",
    "well",
    "even",
    "want",
    "think",
    "these",
    "give",
    "day",
    "most",
    "us",
    "message",
    "please",
    "meeting",
    "list",
    "mail",
    "thanks",
    "regards",
    "question",
    "answer",
    "file",
    "server",
    "change",
    "problem",
    "version",
    "number",
    "report",
    "system",
    "project",
    "already",
    "tomorrow",
    "yesterday",
    "morning",
    "evening",
    "week",
    "month",
    "year",
    "between",
    "against",
    "without",
    "within",
    "another",
    "however",
    "perhaps",
    "probably",
    "certainly",
    "anyway",
    "together",
    "possible",
    "different",
    "important",
    "necessary",
    "available",
    "following",
    "previous",
    "current",
    "several",
    "example",
    "reason",
    "result",
    "office",
    "house",
    "garden",
    "street",
    "river",
    "mountain",
    "harbour",
    "station",
    "journey",
    "letter",
    "parcel",
    "picture",
    "window",
    "kitchen",
    "library",
    "chapter",
    "sentence",
    "language",
    "music",
    "concert",
    "theatre",
    "museum",
    "painting",
    "colour",
    "weather",
    "summer",
    "winter",
    "autumn",
    "spring",
    "holiday",
    "birthday",
    "dinner",
    "breakfast",
    "coffee",
    "bread",
    "cheese",
    "apple",
    "orange",
    "lemon",
    "pepper",
    "onion",
    "budget",
    "invoice",
    "payment",
    "contract",
    "customer",
    "supplier",
    "delivery",
    "shipment",
    "warehouse",
    "factory",
    "machine",
    "engine",
    "bicycle",
    "airport",
    "passport",
    "ticket",
    "schedule",
    "deadline",
    "proposal",
    "estimate",
    "feedback",
    "decision",
    "committee",
    "chairman",
    "election",
    "government",
    "parliament",
    "newspaper",
    "interview",
    "research",
    "university",
    "professor",
    "student",
    "lecture",
    "experiment",
    "laboratory",
    "telescope",
    "satellite",
    "planet",
    "gravity",
    "molecule",
    "protein",
    "bacteria",
    "algorithm",
    "compiler",
    "database",
    "protocol",
    "encryption",
    "firewall",
    "keyboard",
    "monitor",
    "printer",
    "archive",
    "feather",
    "fossil",
    "museumpiece",
    "zeppelin",
    "xylophone",
    "quartz",
    "labyrinth",
    "rhubarb",
    "saxophone",
    "marmalade",
    "kaleidoscope",
    "hippopotamus",
    "chrysanthemum",
    "bureaucracy",
    "rendezvous",
];
