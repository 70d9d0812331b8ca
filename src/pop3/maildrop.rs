//! The maildrop: what was in the INBOX at login, and what the client wants to become of it.

use std::sync::Arc;

use super::language::Text;
use crate::mailbox::{Entry, MailboxKey, Msn, Snapshot, System, Uid, UidSet};
use crate::policy::Permit;

/// The INBOX as one client sees it. What others do to it meanwhile is not seen here.
#[derive(Debug)]
pub struct Maildrop {
    key: MailboxKey,
    permit: Permit,
    snapshot: Arc<Snapshot>,
    octets: u64,
    /// What DELE has marked.
    deleted: UidSet,
    deleted_octets: u64,
    /// What RETR has read that was unseen.
    read: UidSet,
}

impl Maildrop {
    /// Everything is there, and nothing is marked.
    pub fn new(key: MailboxKey, permit: Permit, snapshot: Arc<Snapshot>) -> Maildrop {
        let octets = snapshot.iter().map(|(_, entry)| u64::from(entry.size)).sum();
        let (deleted, read) = (UidSet::new(), UidSet::new());
        Maildrop { key, permit, snapshot, octets, deleted, deleted_octets: 0, read }
    }

    /// Which mailbox it is.
    pub fn key(&self) -> MailboxKey {
        self.key
    }

    /// What the user may do with it.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// How many messages are not marked, and their octets.
    pub fn drop_listing(&self) -> (u32, u64) {
        (self.snapshot.len() - self.deleted.len() as u32, self.octets - self.deleted_octets)
    }

    /// The same, for people.
    pub fn text(&self) -> Text {
        let (messages, octets) = self.drop_listing();
        Text::Maildrop { messages, octets }
    }

    /// The message with a number, unless it is marked.
    pub fn message(&self, number: u32) -> Result<&Entry, Text> {
        let entry = Msn::new(number).and_then(|msn| self.snapshot.get(msn)).ok_or(Text::NoSuchMessage)?;
        match self.deleted.contains(entry.uid) {
            true => Err(Text::MarkedAlready),
            false => Ok(entry),
        }
    }

    /// The messages that are not marked, with their numbers, from `number` on.
    pub fn from(&self, number: u32) -> impl Iterator<Item = (u32, &Entry)> + '_ {
        let all = self.snapshot.from(number).map(|(msn, entry)| (msn.get(), entry));
        let is_everything = self.deleted.is_empty();
        all.filter(move |(_, entry)| is_everything || !self.deleted.contains(entry.uid))
    }

    /// A message's unique id (RFC 1939 §7): no other message of the INBOX ever gets it, as long as its uidvalidity
    /// is what it is, and that becomes another one when uids are given out anew.
    pub fn unique_id(&self, uid: Uid) -> String {
        format!("{}.{uid}", self.snapshot.uidvalidity)
    }

    /// DELE
    pub fn mark(&mut self, number: u32) -> Result<(), Text> {
        let entry = *self.message(number)?;
        self.deleted.insert(entry.uid);
        self.deleted_octets += u64::from(entry.size);
        Ok(())
    }

    /// RSET
    pub fn unmark_all(&mut self) {
        self.deleted = UidSet::new();
        self.deleted_octets = 0;
    }

    /// RETR has read this message.
    pub fn note_read(&mut self, number: u32) {
        if let Ok(entry) = self.message(number).copied()
            && !entry.system.contains(System::SEEN)
        {
            self.read.insert(entry.uid);
        }
    }

    /// What QUIT is to remove, and what of the rest has been read.
    pub fn into_outcome(self) -> (UidSet, UidSet) {
        let read = self.read.difference(&self.deleted);
        (self.deleted, read)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::mailbox::{
        AccountId, FlagSet, InternalDate, Loaded, MailboxId, MessageId, ModSeq, UidValidity,
    };
    use crate::policy::Rights;

    /// Messages with these uids; each has ten times its uid octets, and the even ones are \Seen.
    pub fn maildrop(uids: &[u32]) -> Maildrop {
        let key = MailboxKey { account: AccountId(1), mailbox: MailboxId(2) };
        let loaded = uids.iter().map(|uid| Loaded {
            uid: Uid::new(*uid).unwrap(),
            message: MessageId(i64::from(*uid) + 100),
            modseq: ModSeq(1),
            size: uid * 10,
            internal_date: InternalDate { seconds: 0, zone_minutes: 0 },
            flags: FlagSet::new(if uid % 2 == 0 { System::SEEN } else { System::default() }, []),
        });
        let snapshot = Snapshot::load(UidValidity::new(9).unwrap(), 1000, ModSeq(1), loaded);
        Maildrop::new(key, Permit::of(Rights::ALL), Arc::new(snapshot))
    }

    #[test]
    fn marked_messages_keep_their_numbers_and_are_not_there() {
        let mut maildrop = maildrop(&[3, 4, 7]);
        assert_eq!(maildrop.drop_listing(), (3, 140));
        assert_eq!(maildrop.mark(2), Ok(()));
        assert_eq!(maildrop.mark(2), Err(Text::MarkedAlready));
        assert_eq!(maildrop.mark(4), Err(Text::NoSuchMessage));
        assert_eq!(maildrop.mark(0), Err(Text::NoSuchMessage));
        assert_eq!(maildrop.drop_listing(), (2, 100));
        let numbers: Vec<_> = maildrop.from(1).map(|(number, entry)| (number, entry.uid.get())).collect();
        assert_eq!(numbers, [(1, 3), (3, 7)]);
        maildrop.unmark_all();
        assert_eq!(maildrop.drop_listing(), (3, 140));
        assert_eq!(maildrop.unique_id(Uid::new(7).unwrap()), "9.7");
    }

    #[test]
    fn what_was_read_becomes_seen_unless_it_is_removed() {
        let mut maildrop = maildrop(&[3, 4, 7]);
        (1..=4).for_each(|number| maildrop.note_read(number));
        assert_eq!(maildrop.mark(3), Ok(()));
        let (deleted, read) = maildrop.into_outcome();
        let uids = |set: UidSet| set.iter().map(Uid::get).collect::<Vec<_>>();
        assert_eq!((uids(deleted), uids(read)), (vec![7], vec![3]));
    }
}
