//! Takes mail in from files that other programs keep: `aox import`. What was taken is written down in the transaction that
//! takes it, so that an import which was broken off goes on where it was.

use std::collections::HashSet;

use jiff::Timestamp;

use super::append::{Append, Appending, persevere};
use super::audit::Actor;
use super::change_rights::{Administered, account_of};
use super::create_mailbox::create;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, Located, MailboxKey, MailboxName};

/// Sees to it that there is a mailbox to import into.
pub struct BeginImport {
    pub login: String,
    pub name: MailboxName,
    /// The uidvalidity that it must have, so that uids can be kept. A mailbox that has ever held a message keeps its own.
    pub uidvalidity: Option<u32>,
    pub now: Timestamp,
}

/// Asks which messages of a source are in a mailbox already.
pub struct FindImported {
    pub login: String,
    pub name: MailboxName,
    pub source: String,
    pub items: Vec<String>,
}

/// Puts messages of a source into a mailbox, all or none; those that were put there before are left out.
pub struct ImportMessages {
    pub login: String,
    pub name: MailboxName,
    pub source: String,
    pub messages: Vec<Importing>,
    pub saved_at: Timestamp,
    /// Whether quotas are obeyed.
    pub is_limited: bool,
}

/// One message to be imported.
#[derive(Debug, Clone)]
pub struct Importing {
    /// What names it in its source.
    pub item: String,
    /// The uid that it has there, and shall keep.
    pub uid: Option<u32>,
    pub appending: Appending,
}

impl Unit for BeginImport {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {}", self.login));
        let account = account_of(db, &self.login).await?.ok_or_else(nobody)?;
        if !matches!(Located::of(&self.name), Located::Own(_)) {
            let text = format!("\"{}\" leads to mailboxes of others", self.name);
            return Err(error::Error::no(Code::Cannot, text).into());
        }
        create(db, account, &self.name, None, self.now).await?;
        let Some(uidvalidity) = self.uidvalidity.map(i64::from) else { return Ok(()) };
        let sql = include_str!("sql/lock_unused_mailbox.sql");
        let row = db.query_one(sql, &[&account.0, &self.name.as_str(), &uidvalidity]).await?;
        let (old, has_it, is_unused): (i64, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if has_it {
            return Ok(());
        }
        if !is_unused {
            let text = format!("the uids cannot be kept in {}, which has had messages of its own", self.name);
            return Err(error::Error::no(Code::Cannot, text).into());
        }
        // Another mailbox of the same name: whoever knows the old one by its uidvalidity must not mistake it for that.
        let sql = include_str!("sql/insert_mailbox_like.sql");
        db.execute(include_str!("sql/update_mailbox_deleted.sql"), &[&account.0, &old]).await?;
        let new: i64 = db.query_one(sql, &[&account.0, &old, &uidvalidity]).await?.get(0);
        db.execute(include_str!("sql/insert_rights_like.sql"), &[&account.0, &old, &new]).await?;
        db.execute(include_str!("sql/delete_rights_of_mailbox.sql"), &[&account.0, &old]).await?;
        db.execute(include_str!("sql/move_aliases.sql"), &[&account.0, &old, &new]).await?;
        Ok(())
    }
}

impl Unit for FindImported {
    type Output = Vec<String>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<String>, Error> {
        let MailboxKey { account, mailbox } = Administered::Of(self.login, self.name).find(db).await?;
        let sql = include_str!("sql/select_imported.sql");
        let rows = db.query(sql, &[&account.0, &mailbox.0, &self.source, &self.items]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

impl Unit for ImportMessages {
    /// What has changed in the mailbox, and how many messages are new.
    type Output = (Vec<Change>, usize);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        persevere(db, async || self.attempt(db).await).await
    }
}

impl ImportMessages {
    async fn attempt(&self, db: &Lent<'_>) -> Result<(Vec<Change>, usize), Error> {
        let key = Administered::Of(self.login.clone(), self.name.clone()).find(db).await?;
        let items: Vec<&str> = self.messages.iter().map(|message| message.item.as_str()).collect();
        let sql = include_str!("sql/insert_imported.sql");
        let rows = db.query(sql, &[&key.account.0, &key.mailbox.0, &self.source, &items]).await?;
        let new: HashSet<String> = rows.iter().map(|row| row.get(0)).collect();
        let messages = self.messages.iter().filter(|message| new.contains(&message.item));
        let mut changes = Vec::new();
        for run in runs(messages.cloned()) {
            if let Some(uid) = run.first().and_then(|message| message.uid) {
                let sql = include_str!("sql/raise_uidnext.sql");
                if db.execute(sql, &[&key.account.0, &key.mailbox.0, &i64::from(uid)]).await? == 0 {
                    let text = format!("the uid {uid} cannot be kept: the mailbox has come further already");
                    return Err(error::Error::no(Code::Cannot, text).into());
                }
            }
            let messages = run.into_iter().map(|message| message.appending).collect();
            let actor = Actor { account: None, door: "aox", client: None };
            let (saved_at, is_limited) = (self.saved_at, self.is_limited);
            let append = Append { key, saved_at, messages, is_limited, actor };
            changes.push(append.within(db).await?.change);
        }
        Ok((changes, new.len()))
    }
}

/// The messages in pieces that can be appended at once: the uids of each piece follow each other.
fn runs(messages: impl Iterator<Item = Importing>) -> Vec<Vec<Importing>> {
    let mut runs: Vec<Vec<Importing>> = Vec::new();
    for message in messages {
        let follows = |run: &Vec<Importing>| {
            let last = run.last().map(|last| last.uid);
            last == Some(message.uid.map(|uid| uid.wrapping_sub(1)))
                || last == Some(None) && message.uid.is_none()
        };
        match runs.last_mut().filter(|run| follows(run)) {
            Some(run) => run.push(message),
            None => runs.push(vec![message]),
        }
    }
    runs
}
