//! Quotas (RFC 9208): what can be limited, for whom, and how that is written.

use std::fmt;

use crate::mailbox::Login;

/// What can be limited (RFC 9208 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Octets of the messages in all mailboxes. A copy counts like the original, an expunged message does not.
    Storage,
    /// Messages in all mailboxes.
    Message,
    /// Mailboxes.
    Mailbox,
    /// Octets of annotations of messages.
    AnnotationStorage,
}

impl Resource {
    /// All of them, in the order in which they are told.
    pub const ALL: [Resource; 4] =
        [Resource::Storage, Resource::Message, Resource::Mailbox, Resource::AnnotationStorage];

    /// `resource-name` (RFC 9208 §7).
    pub fn name(self) -> &'static str {
        match self {
            Resource::Storage => "STORAGE",
            Resource::Message => "MESSAGE",
            Resource::Mailbox => "MAILBOX",
            Resource::AnnotationStorage => "ANNOTATION-STORAGE",
        }
    }

    /// The resource of that name, in any case.
    pub fn named(name: &str) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| resource.name().eq_ignore_ascii_case(name))
    }

    /// What one unit of it is in our own counting: storage is told in units of 1024 octets (RFC 9208 §5.1, §5.4).
    fn unit(self) -> u64 {
        match self {
            Resource::Storage | Resource::AnnotationStorage => 1024,
            Resource::Message | Resource::Mailbox => 1,
        }
    }

    /// A usage as clients are told it: a unit that has been begun counts.
    pub fn usage_told(self, usage: u64) -> u64 {
        usage.div_ceil(self.unit())
    }

    /// A limit as clients are told it.
    pub fn limit_told(self, limit: u64) -> u64 {
        limit / self.unit()
    }

    /// A limit as clients tell it, in our own counting. One that is beyond all counting is as good as the largest.
    pub fn limit_heard(self, limit: u64) -> u64 {
        let max = i64::MAX as u64;
        limit.saturating_mul(self.unit()).min(max - max % self.unit())
    }
}

/// How much of each resource there may be; None is no limit. Storage is in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    pub storage: Option<u64>,
    pub messages: Option<u64>,
    pub mailboxes: Option<u64>,
    pub annotations: Option<u64>,
}

impl Limits {
    /// The limit of one resource.
    pub fn get(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Storage => self.storage,
            Resource::Message => self.messages,
            Resource::Mailbox => self.mailboxes,
            Resource::AnnotationStorage => self.annotations,
        }
    }

    /// Limits one resource.
    pub fn set(&mut self, resource: Resource, limit: u64) {
        *match resource {
            Resource::Storage => &mut self.storage,
            Resource::Message => &mut self.messages,
            Resource::Mailbox => &mut self.mailboxes,
            Resource::AnnotationStorage => &mut self.annotations,
        } = Some(limit);
    }
}

/// How much of each resource there is. Storage is in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub storage: u64,
    pub messages: u64,
    pub mailboxes: u64,
    pub annotations: u64,
}

impl Usage {
    /// The usage of one resource.
    pub fn get(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Storage => self.storage,
            Resource::Message => self.messages,
            Resource::Mailbox => self.mailboxes,
            Resource::AnnotationStorage => self.annotations,
        }
    }

    /// How much of the tightest limit on mail is used, in percent, rounded down; None without one.
    pub fn percent(&self, limits: &Limits) -> Option<u64> {
        [Resource::Storage, Resource::Message]
            .into_iter()
            .filter_map(|resource| {
                let (usage, limit) = (u128::from(self.get(resource)), u128::from(limits.get(resource)?));
                let percent = (usage * 100).checked_div(limit).unwrap_or(100);
                Some(u64::try_from(percent).unwrap_or(u64::MAX))
            })
            .max()
    }
}

/// What limits belong to (RFC 9208 §3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// Every user who has no quota alone.
    Default,
    /// One user.
    User(String),
    /// All members of a group together.
    Group(String),
    /// All users with an address in a domain together.
    Domain(String),
}

impl Root {
    /// Reads `user/anna` and its like; None when it is none.
    pub fn parse(text: &str) -> Option<Root> {
        if text == "default" {
            return Some(Root::Default);
        }
        let (kind, name) = text.split_once('/').filter(|(_, name)| !name.is_empty())?;
        match kind {
            "user" => Some(Root::User(name.to_owned())),
            "group" => Some(Root::Group(name.to_owned())),
            "domain" => Some(Root::Domain(name.to_owned())),
            _ => None,
        }
    }

    /// Whether both are the same, however they are written.
    pub fn is_same_as(&self, other: &Root) -> bool {
        match (self, other) {
            (Root::User(one), Root::User(other)) | (Root::Group(one), Root::Group(other)) => {
                Login::key_of(one) == Login::key_of(other)
            }
            (Root::Domain(one), Root::Domain(other)) => one.eq_ignore_ascii_case(other),
            _ => self == other,
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Default => f.write_str("default"),
            Root::User(login) => write!(f, "user/{login}"),
            Root::Group(name) => write!(f, "group/{name}"),
            Root::Domain(name) => write!(f, "domain/{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn storage_is_told_in_units_of_1024_octets() {
        let storage = Resource::Storage;
        assert_eq!((storage.usage_told(0), storage.usage_told(1), storage.usage_told(1025)), (0, 1, 2));
        assert_eq!((storage.limit_told(2047), storage.limit_heard(512)), (1, 524_288));
        assert_eq!(Resource::Message.limit_heard(512), 512);
        assert!(storage.limit_heard(u64::MAX) <= i64::MAX as u64);
    }

    #[test]
    fn the_tightest_limit_is_what_counts() {
        let usage = Usage { storage: 50, messages: 9, mailboxes: 100, annotations: 0 };
        let limits = |storage, messages| Limits { storage, messages, ..Limits::default() };
        assert_eq!(usage.percent(&limits(None, None)), None);
        assert_eq!(usage.percent(&limits(Some(100), Some(10))), Some(90));
        assert_eq!(usage.percent(&limits(Some(40), None)), Some(125));
        assert_eq!(usage.percent(&limits(Some(0), None)), Some(100));
    }

    #[test]
    fn other_roots_are_none() {
        for text in ["", "user", "user/", "host/a", "Default"] {
            assert_eq!(Root::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_root_is_read_as_it_is_written(kind in 0..4, name in "[^/]{1,9}(/[a-z]{0,3})?") {
            let root = match kind {
                0 => Root::Default,
                1 => Root::User(name),
                2 => Root::Group(name),
                _ => Root::Domain(name),
            };
            prop_assert_eq!(Root::parse(&root.to_string()), Some(root));
        }

        #[test]
        fn a_limit_that_is_told_is_heard_the_same(limit in 0..u64::MAX / 2) {
            for resource in Resource::ALL {
                let told = resource.limit_told(resource.limit_heard(limit));
                prop_assert_eq!(told, limit.min(resource.limit_told(i64::MAX as u64)));
                prop_assert_eq!(Resource::named(&resource.name().to_lowercase()), Some(resource));
            }
        }
    }
}
