//! THREAD (RFC 5256): messages as conversations.
//!
//! Everything here is a loop, and nothing is deep: a conversation of a hundred thousand answers is one path down.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use super::keys::{Keys, Wanted};
use crate::limits;
use crate::mailbox::{Entry, Snapshot, Uid};

mod references;

/// How messages become conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ORDEREDSUBJECT: by their base subjects.
    OrderedSubject,
    /// REFERENCES: by what they refer to, and by their base subjects.
    References,
    /// REFS: by what they refer to only; the conversation that got a message last is the last. So says
    /// draft-ietf-morg-inthread-01 §4: it is REFERENCES without subjects, and with another step 4.
    Refs,
}

/// One message to be put into a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// As the answer names it: greater numbers come later in the mailbox.
    pub number: u32,
    /// When it was sent: by that it is sorted among its siblings.
    pub date: i64,
    /// When it came.
    pub arrived: i64,
    /// The base subject, as it is compared.
    pub subject: &'a [u8],
    pub is_reply: bool,
    /// The digest of its message-id.
    pub id: Option<u64>,
    /// The digests of what it refers to, the oldest first.
    pub references: &'a [u64],
}

/// Conversations. A node is a message, by its place in the list that was threaded, or a dummy: something that several
/// messages are answers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forest {
    /// How many messages there are; nodes from here on are dummies.
    messages: usize,
    roots: Vec<u32>,
    children: Vec<Vec<u32>>,
}

impl Algorithm {
    /// The columns of keys that it needs.
    pub fn wanted(self) -> Wanted {
        match self {
            Algorithm::OrderedSubject => Wanted { subjects: true, ..Wanted::default() },
            Algorithm::References => Wanted { subjects: true, references: true, ..Wanted::default() },
            Algorithm::Refs => Wanted { references: true, ..Wanted::default() },
        }
    }

    /// Puts messages of a mailbox, which ascend, into conversations, and prints them as the answer has them.
    /// `keys` has all of them. With `uid` they are named by their uids.
    pub fn print(self, snapshot: &Snapshot, keys: &Keys, found: &[Uid], uid: bool) -> Vec<u8> {
        let set = found.iter().copied().collect();
        let entries: Vec<_> = snapshot.by_uids(&set).collect();
        let rows = keys.rows(entries.iter().map(|(_, entry)| entry.message));
        let wanted = self.wanted();
        let member = |(row, (msn, entry)): (&u32, &(crate::mailbox::Msn, &Entry))| Member {
            number: if uid { entry.uid.get() } else { msn.get() },
            date: keys.sent(*row, entry),
            arrived: entry.internal_date().seconds,
            subject: if wanted.subjects { keys.subject(*row) } else { b"" },
            is_reply: wanted.subjects && keys.is_reply(*row),
            id: if wanted.references { keys.id(*row) } else { None },
            references: if wanted.references { keys.references(*row) } else { &[] },
        };
        let members: Vec<Member<'_>> = rows.iter().zip(&entries).map(member).collect();
        let mut out = Vec::with_capacity(members.len() * 8);
        self.thread(&members).write(&mut out, |message| members[message as usize].number);
        out
    }

    /// Puts messages into conversations. They come in the order of the mailbox.
    pub fn thread(self, members: &[Member<'_>]) -> Forest {
        match self {
            Algorithm::OrderedSubject => ordered_subject(members),
            Algorithm::References => references::thread(members, true),
            Algorithm::Refs => references::thread(members, false),
        }
    }
}

/// RFC 5256 §3, ORDEREDSUBJECT: the first message of a subject, and all others as its children.
fn ordered_subject(members: &[Member<'_>]) -> Forest {
    let mut by_date: Vec<u32> = (0..members.len() as u32).collect();
    by_date.sort_unstable_by_key(|message| (members[*message as usize].date, *message));
    let mut forest =
        Forest { messages: members.len(), roots: Vec::new(), children: vec![Vec::new(); members.len()] };
    let mut first_of: HashMap<&[u8], u32> = HashMap::with_capacity(members.len());
    for message in by_date {
        let first = *first_of.entry(members[message as usize].subject).or_insert(message);
        match first == message {
            true => forest.roots.push(message),
            false => forest.children[first as usize].push(message),
        }
    }
    forest
}

impl Forest {
    /// `thread-data = "THREAD" [SP 1*thread-list]`, the lists of it, where
    /// `thread-list = "(" (thread-members / thread-nested) ")"`,
    /// `thread-members = nz-number *(SP nz-number) [SP thread-nested]`, `thread-nested = 2*thread-list`
    fn write(&self, out: &mut Vec<u8>, number: impl Fn(u32) -> u32) {
        enum Next {
            /// A node that begins a list.
            List(u32),
            /// The only child of what was written before.
            Member(u32),
            Close,
        }
        let mut rest: Vec<Next> = self.roots.iter().rev().map(|root| Next::List(*root)).collect();
        while let Some(next) = rest.pop() {
            let node = match next {
                Next::Close => {
                    out.push(b')');
                    continue;
                }
                Next::List(node) => {
                    out.push(b'(');
                    rest.push(Next::Close);
                    node
                }
                Next::Member(node) => {
                    out.push(b' ');
                    node
                }
            };
            let is_message = (node as usize) < self.messages;
            if is_message {
                write_number(out, number(node));
            }
            match self.children[node as usize].as_slice() {
                [] => (),
                [only] if is_message => rest.push(Next::Member(*only)),
                several => {
                    if is_message {
                        out.push(b' ');
                    }
                    rest.extend(several.iter().rev().map(|child| Next::List(*child)));
                }
            }
        }
    }
}

fn write_number(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// What is a digest already needs not be digested again.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        let mut hasher = DefaultHasher::new();
        hasher.write(octets);
        self.0 = hasher.finish();
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

type ById = HashMap<u64, u32, BuildHasherDefault<AsItIs>>;

/// Steps up the tree, for each link, in which it is looked for that a link closes no loop.
const STEPS_PER_LINK: usize = limits::THREAD_STEPS_PER_LINK;

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
