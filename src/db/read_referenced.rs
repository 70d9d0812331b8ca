//! Reads what a URL refers to: a message by the name of its mailbox and its uid.

use super::fetch_page::{Columns, Extent, FetchPage, FetchedMessage, Wants};
use super::find_mailbox::FindMailbox;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{MailboxName, MessageId, Uid, UidValidity};
use crate::message::section::Section;
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
}

impl Unit for ReadReferenced {
    type Output = Option<FetchedMessage>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let ReadReferenced { viewer, mailbox, uidvalidity, uid, section, structure } = self;
        let Some(found) = FindMailbox { viewer, name: mailbox }.run(db).await? else { return Ok(None) };
        let is_meant = uidvalidity.is_none_or(|wanted| wanted == found.uidvalidity);
        // What was deleted has no uids that a URL could keep.
        if !is_meant || !found.permit.rights.contains(Rights::READ) || found.key.is_of_deleted() {
            return Ok(None);
        }
        let (account, mailbox, uid) = (found.key.account, found.key.mailbox, i64::from(uid.get()));
        let sql = include_str!("sql/select_message_by_uid.sql");
        let Some(row) = db.query_opt(sql, &[&account.0, &mailbox.0, &uid]).await? else { return Ok(None) };
        let extent = Extent { section, origin: 0, length: u64::MAX, wants: Wants::Octets };
        let columns = Columns { bodystructure: structure, ..Columns::default() };
        let messages = vec![MessageId(row.get(0))];
        let page = FetchPage { account, messages, columns, extents: vec![extent] };
        Ok(page.run(db).await?.into_single())
    }
}
