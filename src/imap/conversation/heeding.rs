//! What the client wants to hear of without its asking (RFC 5465), as far as the conversation has a part in it.

use super::Conversation;
use crate::imap::answer::{Answer, Watch};
use crate::imap::command::OnMailbox;
use crate::imap::watching::Heeds;
use crate::mailbox::MailboxKey;

impl Conversation {
    /// The mailbox that is open.
    pub fn open_key(&self) -> Option<MailboxKey> {
        self.open_key.filter(|_| self.selected)
    }

    /// The client is to hear of what `heeds` says in the mailbox that is open, and of what `watch` says elsewhere: the
    /// answer to its NOTIFY, or, with a mailbox open, what that begins with.
    pub fn heed(&mut self, tag: String, told: Vec<u8>, heeds: Heeds, watch: Watch) -> Answer {
        if let Some(user) = &mut self.user {
            user.heeds = heeds.clone();
        }
        if !self.selected {
            return Answer { watch, ..Answer::ok(&tag, "NOTIFY completed").with_untagged(told) };
        }
        // The tagged answer comes when its session has told what is new (RFC 5465 §3.1).
        let heed = self.on_mailbox(tag, false, OnMailbox::Heed(heeds), self.doing_since);
        self.queue.push_back(heed);
        Answer { untagged: told, watch, ..Answer::default() }
    }

    /// Nothing is told any more, as after NOTIFY NONE (RFC 5465 §5.8).
    pub fn heed_nothing(&mut self) {
        if let Some(user) = &mut self.user {
            user.heeds = Heeds::nothing();
        }
    }
}
