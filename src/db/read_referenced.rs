//! Reads what a URL refers to: a message by the name of its mailbox and its uid.

use std::ops::Range;

use super::fetch_page::{Columns, Extent, FetchPage, FetchedMessage, Wants};
use super::find_mailbox::FindMailbox;
use super::unit::{Access, Error, Lent, Unit};
use crate::limits;
use crate::mailbox::{MailboxName, MessageId, Uid, UidValidity};
use crate::message::section::{Section, SectionBytes};
use crate::policy::{Rights, Viewer};

/// Reads a section of a message, as far as `viewer` may. Nothing is told of why there is none.
pub struct ReadReferenced {
    pub viewer: Viewer,
    pub mailbox: MailboxName,
    /// That of the mailbox must be this one, if it is given.
    pub uidvalidity: Option<UidValidity>,
    pub uid: Uid,
    pub section: Section,
    /// Whether the structure is wanted, too.
    pub structure: bool,
    /// A large section is read in pieces afterwards.
    pub in_pieces: bool,
}

/// What a URL refers to.
#[derive(Debug)]
pub enum Referenced {
    /// With all content that the section needs.
    Whole(FetchedMessage),
    /// Without content, and where the section is in the message.
    Large(FetchedMessage, Range<u64>),
}

impl Unit for ReadReferenced {
    type Output = Option<Referenced>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let ReadReferenced { viewer, mailbox, uidvalidity, uid, section, structure, in_pieces } = self;
        let Some(found) = FindMailbox { viewer, name: mailbox }.run(db).await? else { return Ok(None) };
        let is_meant = uidvalidity.is_none_or(|wanted| wanted == found.uidvalidity);
        // What was deleted has no uids that a URL could keep.
        if !is_meant || !found.permit.rights.contains(Rights::READ) || found.key.is_of_deleted() {
            return Ok(None);
        }
        let (account, mailbox, uid) = (found.key.account, found.key.mailbox, i64::from(uid.get()));
        let sql = include_str!("sql/select_message_by_uid.sql");
        let Some(row) = db.query_opt(sql, &[&account.0, &mailbox.0, &uid]).await? else { return Ok(None) };
        let message = MessageId(row.get(0));
        let read = |length| {
            let extent = Extent { section: section.clone(), origin: 0, length, wants: Wants::Decoded };
            let columns = Columns { bodystructure: structure, ..Columns::default() };
            FetchPage { account, messages: vec![message], columns, extents: vec![extent] }.run(db)
        };
        if in_pieces {
            // Where the section is, the recipe tells without any content.
            let Some(stored) = read(0).await?.into_single() else { return Ok(None) };
            let place = stored.recipe.as_ref().map(|recipe| recipe.section(&section));
            if let Some(SectionBytes::Range(range)) = place
                && range.end - range.start > limits::FETCH_PAGE_BYTES as u64
            {
                return Ok(Some(Referenced::Large(stored, range)));
            }
        }
        Ok(read(u64::MAX).await?.into_single().map(Referenced::Whole))
    }
}
