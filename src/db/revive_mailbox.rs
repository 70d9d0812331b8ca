//! Makes deleted mailboxes be there again, with their rights and aliases; their mail is taken back after that.

use tokio_postgres::Row;
use tokio_postgres::error::SqlState;

use super::change_rights::account_of;
use super::create_mailbox::create;
use super::mailbox_row::modseq;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Change, MailboxId, MailboxKey, MailboxName, ModSeq};

/// Brings back a mailbox, and what was deleted below it, each as it was when it was deleted last. A name that is in use
/// again is not touched. What was begun before and broke off goes on.
pub struct ReviveMailbox {
    pub login: String,
    pub name: MailboxName,
    /// What it is to be called.
    pub into: Option<MailboxName>,
    /// Only say what would come back.
    pub rehearse: bool,
    /// Quotas do not count.
    pub beyond_quota: bool,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Revived {
    pub mailboxes: Vec<RevivedMailbox>,
    /// Names below that are in use again, and so stay as they are.
    pub in_use: Vec<String>,
    /// What others have to hear.
    pub changes: Vec<Change>,
}

/// A mailbox that is there again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevivedMailbox {
    pub key: MailboxKey,
    pub name: String,
    /// Messages that went when it was deleted, and are still to be taken back.
    pub messages: i64,
}

/// One incarnation of a name.
struct Incarnation {
    id: i64,
    name: String,
    exists: bool,
    messages: i64,
}

impl Unit for ReviveMailbox {
    type Output = Revived;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Revived, Error> {
        let account = account_of(db, &self.login).await?.ok_or_else(|| self.nobody())?;
        let sql = include_str!("sql/select_revivable_mailboxes.sql");
        let rows = db.query(sql, &[&account.0, &self.name.as_str(), &MAILBOX_REASONS]).await?;
        let found: Vec<Incarnation> = rows.iter().map(Incarnation::new).collect();
        let mut revived = Revived::default();
        for of_one_name in found.chunk_by(|one, other| one.name == other.name) {
            self.revive_name(db, account, of_one_name, &mut revived).await?;
        }
        if revived.mailboxes.is_empty() {
            return Err(self.nothing(&found).into());
        }
        if !self.beyond_quota {
            check_quota(db, account).await?;
        }
        if self.rehearse {
            db.start_over().await?;
        }
        Ok(revived)
    }
}

impl ReviveMailbox {
    /// Brings back the newest of several mailboxes of one name, unless that name is in use.
    async fn revive_name(
        &self,
        db: &Lent<'_>,
        account: AccountId,
        incarnations: &[Incarnation],
        revived: &mut Revived,
    ) -> Result<(), Error> {
        let name = MailboxName::new(&incarnations[0].name)?;
        let new_name = match &self.into {
            Some(into) => name.renamed(&self.name, into)?.unwrap_or_else(|| name.clone()),
            None => name,
        };
        let live = incarnations.iter().find(|one| one.exists);
        let deleted = incarnations.iter().find(|one| !one.exists);
        let key = |one: &Incarnation| MailboxKey { account, mailbox: MailboxId(one.id) };
        match (live, deleted) {
            // It was made again before all of its mail had come back.
            (Some(live), _) if live.messages > 0 && self.into.is_none() => {
                let (name, messages) = (live.name.clone(), live.messages);
                revived.mailboxes.push(RevivedMailbox { key: key(live), name, messages });
            }
            (Some(live), Some(_)) if self.into.is_none() => revived.in_use.push(live.name.clone()),
            (_, Some(deleted)) => {
                let change = revive(db, key(deleted), &new_name).await?;
                revived.changes.push(change);
                let (name, messages) = (new_name.as_str().to_owned(), deleted.messages);
                revived.mailboxes.push(RevivedMailbox { key: key(deleted), name, messages });
            }
            _ => {}
        }
        Ok(())
    }

    /// Why there is nothing to bring back.
    fn nothing(&self, found: &[Incarnation]) -> error::Error {
        let is_it = |one: &&Incarnation| one.name == self.name.as_str();
        let exists = found.iter().filter(is_it).any(|one| one.exists);
        let deleted = found.iter().filter(is_it).any(|one| !one.exists);
        match (exists, deleted) {
            (true, true) => error::Error::no(
                Code::AlreadyExists,
                format!(
                    "{} has a mailbox {} again; give the deleted one another name by --into, or take mail out of it by \
                     naming it with a search",
                    self.login, self.name
                ),
            ),
            (true, false) => {
                error::Error::no(Code::AlreadyExists, format!("the mailbox {} is not deleted", self.name))
            }
            _ => error::Error::no(
                Code::NonExistent,
                format!("{} had no mailbox {} that could be taken back", self.login, self.name),
            ),
        }
    }

    fn nobody(&self) -> error::Error {
        let text =
            format!("there is no user {}; one that was deleted comes back by undelete user", self.login);
        error::Error::no(Code::NonExistent, text)
    }
}

impl Incarnation {
    fn new(row: &Row) -> Incarnation {
        Incarnation { id: row.get(0), name: row.get(1), exists: row.get(2), messages: row.get(3) }
    }
}

/// Finds where deleted messages go back to: an administrator's choice, the mailbox in which they were, one that has its
/// name now, or that mailbox, made again.
pub struct FindPlaceToReturn {
    pub source: MailboxKey,
    /// Another mailbox, by the login of its owner; it is made if it is not there.
    pub into: Option<(String, MailboxName)>,
    pub now: jiff::Timestamp,
}

/// Where messages go back to.
#[derive(Debug, Clone)]
pub struct PlaceToReturn {
    pub key: MailboxKey,
    pub login: String,
    pub name: String,
    /// It was not there before.
    pub made: bool,
    pub changes: Vec<Change>,
}

impl Unit for FindPlaceToReturn {
    type Output = PlaceToReturn;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<PlaceToReturn, Error> {
        if let Some((login, name)) = &self.into {
            let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {login}"));
            let account = account_of(db, login).await?.ok_or_else(nobody)?;
            let made = create(db, account, name, None, self.now).await?.is_some();
            let found = by_name(db, account, name.as_str()).await?;
            let key = found.ok_or_else(|| error::Error::bug("a mailbox is gone that was just there"))?;
            let (login, name) = (login.clone(), name.as_str().to_owned());
            return Ok(PlaceToReturn { key, login, name, made, changes: Vec::new() });
        }
        let key = self.source.of_kept();
        let sql = include_str!("sql/select_mailbox_of_deleted.sql");
        let row = db.query_one(sql, &[&key.account.0, &key.mailbox.0]).await?;
        let (login, is_account_deleted): (String, bool) = (row.get(0), row.get(1));
        let (name, exists): (String, bool) = (row.get(2), row.get(3));
        if is_account_deleted {
            let text = format!("the user {login} is deleted; `aox undelete user {login}` brings all back");
            return Err(error::Error::no(Code::NonExistent, text).into());
        }
        let there = if exists { Some(key) } else { by_name(db, key.account, &name).await? };
        if let Some(key) = there {
            return Ok(PlaceToReturn { key, login, name, made: false, changes: Vec::new() });
        }
        let change = revive(db, key, &MailboxName::new(&name)?).await?;
        check_quota(db, key.account).await?;
        Ok(PlaceToReturn { key, login, name, made: true, changes: vec![change] })
    }
}

async fn by_name(db: &Lent<'_>, account: AccountId, name: &str) -> Result<Option<MailboxKey>, Error> {
    let sql = include_str!("sql/select_mailbox_by_name.sql");
    let row = db.query_opt(sql, &[&account.0, &name]).await?;
    Ok(row.map(|row| MailboxKey { account, mailbox: MailboxId(row.get(0)) }))
}

/// Makes a deleted mailbox be there again with its rights and aliases, within another unit.
async fn revive(db: &Lent<'_>, key: MailboxKey, name: &MailboxName) -> Result<Change, Error> {
    let (account, mailbox) = (key.account.0, key.mailbox.0);
    let sql = include_str!("sql/revive_mailbox.sql");
    let row = match db.query_opt(sql, &[&account, &mailbox, &name.as_str()]).await {
        Err(Error::Sql(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            return Err(error::Error::no(Code::AlreadyExists, format!("there is a mailbox {name}")).into());
        }
        answer => answer?,
    };
    let gone = || error::Error::no(Code::NonExistent, format!("the mailbox {name} is not deleted any more"));
    let now = modseq(row.ok_or_else(gone)?.get(0));
    for sql in [
        include_str!("sql/restore_rights_of_mailbox.sql"),
        include_str!("sql/restore_aliases_of_mailbox.sql"),
    ] {
        db.execute(sql, &[&account, &mailbox]).await?;
    }
    Ok(Change { rights: true, ..Change::new(key, ModSeq(now.0 - 1), now) })
}

/// Refuses more mailboxes than a quota allows.
pub(super) async fn check_quota(db: &Lent<'_>, account: AccountId) -> Result<(), Error> {
    let sql = include_str!("sql/select_mailboxes_over_quota.sql");
    match db.query_one(sql, &[&account.0]).await?.get::<_, Option<i64>>(0) {
        Some(_) => {
            Err(error::Error::no(Code::OverQuota, "the quota does not allow as many mailboxes").into())
        }
        None => Ok(()),
    }
}

/// Why messages went that went with their mailbox: IMAP's DELETE, and an administrator's.
pub const MAILBOX_REASONS: &[&str] = &["delete", "delete mailbox"];
