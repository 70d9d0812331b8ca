//! How many messages one command may be about (RFC 9738), where a site sets a limit.

use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::uid_set::SequenceNumber;
use crate::mailbox::{SequenceSet, Uid, UidSet};
use crate::search::Selector;

/// What a site allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageLimit {
    /// Messages of any command but EXPUNGE and CLOSE: MESSAGELIMIT.
    pub any: Option<u32>,
    /// Messages that COPY and APPEND may make: SAVELIMIT, if that is the only limit.
    pub save: Option<u32>,
}

impl MessageLimit {
    /// As settings have it, where 0 is no limit. Where there is one for all commands, it is the one for saving, too.
    pub fn new(any: u32, save: u32) -> MessageLimit {
        let limit = |number: u32| (number > 0).then_some(number);
        MessageLimit { any: limit(any), save: limit(any).or(limit(save)) }
    }
}

impl Selected {
    /// As many of the messages as one command may be about, the last ones; the client is told if that is not all.
    pub(super) fn within_limit(&self, uids: UidSet, running: &mut Running) -> UidSet {
        let Some(limit) = self.limit.any.filter(|limit| uids.len() > u64::from(*limit)) else { return uids };
        let kept = last(&uids, limit);
        running.limited = Some((limit, kept.first()));
        kept
    }

    /// Looks at no more messages than a search may; those that the program names by number are all it looks at.
    pub(super) fn search_within_limit(&self, selector: Selector, running: &mut Running) -> Selector {
        if self.limit.any.is_none() {
            return selector;
        }
        let all = self.messages(&SequenceSet::all(), true).unwrap_or_default();
        let named = |looked: UidSet, key: &Selector| match key {
            Selector::Uids(set) => looked.intersection(&self.messages(set, true).unwrap_or_default()),
            Selector::Messages(set) => looked.intersection(&self.messages(set, false).unwrap_or_default()),
            _ => looked,
        };
        let looked = match &selector {
            Selector::And(keys) => keys.iter().fold(all, named),
            key => named(all, key),
        };
        self.within_limit(looked, running);
        let Some((_, Some(lowest))) = running.limited else { return selector };
        let from = (SequenceNumber::Number(lowest.get()), SequenceNumber::Number(Uid::MAX.get()));
        match SequenceSet::new(vec![from]) {
            Some(last) => Selector::And(vec![Selector::Uids(last), selector]),
            None => selector,
        }
    }

    /// Whether a command that is about so many messages, all of them or none, is about too many.
    pub(super) fn exceeds(&self, limit: Option<u32>, uids: &UidSet) -> Option<u32> {
        limit.filter(|limit| uids.len() > u64::from(*limit))
    }
}

impl Running {
    /// The command is about more messages than `limit`, and does nothing.
    pub(super) fn exceeded(mut self, limit: u32, lowest: Option<Uid>, selected: &mut Selected) -> Step {
        self.write_updates(selected);
        let tagged = response::message_limit(&self.tag, limit, lowest);
        self.refused(selected, tagged)
    }

    /// The command was about more messages than it may, and has dealt with the last ones.
    pub(super) fn tell_limit(&mut self) {
        match self.limited.take() {
            // RFC 9738 §3.1: beside another code it stands in a line of its own.
            Some((limit, lowest)) if self.code.is_some() => {
                self.untagged.extend(response::message_limit("*", limit, lowest));
            }
            Some((limit, lowest)) => self.code = Some(response::message_limit_code(limit, lowest)),
            None => {}
        }
    }
}

/// Takes the last so many of the messages that are left. RFC 9738 §3.1: where there are more than a command may be about,
/// "the server is REQUIRED to process messages from highest to lowest UID".
pub(super) fn take_last(left: &mut UidSet, count: usize) -> UidSet {
    let some = last(left, u32::try_from(count).unwrap_or(u32::MAX));
    *left = left.difference(&some);
    some
}

/// The last so many of the uids; RFC 9738 §3.1 has a command begin with the highest one.
pub(super) fn last(uids: &UidSet, limit: u32) -> UidSet {
    let count = uids.len() as usize;
    uids.slice(count.saturating_sub(limit as usize)..count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_taken_from_the_end() {
        let mut left = UidSet::from_ranges([(1, 3), (7, 8)]);
        assert_eq!(take_last(&mut left, 3).to_string(), "3,7:8");
        assert_eq!(take_last(&mut left, 3).to_string(), "1:2");
        assert!(left.is_empty() && take_last(&mut left, 3).is_empty());
    }

    #[test]
    fn a_limit_for_all_is_one_for_saving() {
        assert_eq!(MessageLimit::new(0, 0), MessageLimit::default());
        assert_eq!(MessageLimit::new(0, 1000), MessageLimit { any: None, save: Some(1000) });
        assert_eq!(MessageLimit::new(2000, 1000), MessageLimit { any: Some(2000), save: Some(2000) });
    }
}
