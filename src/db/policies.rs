//! Policies about how long mail stays: made, taken back, listed, and counted.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::change_rights::Administered;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{Login, MailboxName};
use crate::policy::PolicyKind;
use crate::search::Selector;

/// What a policy is about: all mail, a domain's, a user's, or a mailbox's with all below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyScope {
    /// The mail of all who have or had an address in it; then there is no login.
    pub domain: Option<String>,
    /// The user, or the owner of the shared mailboxes.
    pub login: Option<String>,
    /// A mailbox of that user; it may also be a level without a mailbox.
    pub mailbox: Option<MailboxName>,
}

/// Makes a policy.
pub struct AddPolicy {
    pub kind: PolicyKind,
    pub name: Option<String>,
    pub scope: PolicyScope,
    /// None is forever.
    pub days: Option<u32>,
    /// Which messages; None for all.
    pub selector: Option<Selector>,
    /// Who makes it.
    pub by: String,
}

/// Makes a policy only to count what it would cover; nothing of it stays.
pub struct RehearsePolicy(pub AddPolicy);

/// Takes a policy back.
pub struct RemovePolicy {
    pub id: i64,
    pub by: String,
}

/// Finds all policies that count, or those of an id or a name.
#[derive(Default)]
pub struct ListPolicies {
    pub id: Option<i64>,
    pub name: Option<String>,
    /// Of those that count, the ones that say something of mail in this mailbox.
    pub place: Option<Administered>,
}

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPolicy {
    pub id: i64,
    pub kind: PolicyKind,
    pub name: Option<String>,
    pub domain: Option<String>,
    pub login: Option<String>,
    pub mailbox: Option<String>,
    pub days: Option<i32>,
    /// The search, as [`Selector`] prints it.
    pub selector: Option<String>,
    /// How many keys of the search ask for texts.
    pub text_keys: i32,
    pub created_at: Timestamp,
    pub created_by: String,
    pub removed_at: Option<Timestamp>,
    pub removed_by: Option<String>,
    /// For how long it protects mail although it was taken back.
    pub kept_until: Option<Timestamp>,
}

/// Counts what a policy covers among the next messages.
pub struct CountCovered {
    pub policy: i64,
    /// Among what was deleted, rather than in mailboxes.
    pub deleted: bool,
    /// Where it begins.
    pub after: Place,
}

/// Where a walk through all mail is: the account, the mailbox and the uid that it saw last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    pub account: i64,
    pub mailbox: i64,
    pub uid: i64,
}

impl Place {
    /// Before the first. The account that owns the shared mailboxes is number 0.
    pub const START: Place = Place { account: -1, mailbox: 0, uid: 0 };
}

/// What is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Covered {
    pub messages: i64,
    pub octets: i64,
    /// Of those that were looked at, how many must be read before it is certain.
    pub unread: i64,
}

impl Covered {
    /// Both together.
    pub fn plus(self, other: Covered) -> Covered {
        Covered {
            messages: self.messages + other.messages,
            octets: self.octets + other.octets,
            unread: self.unread + other.unread,
        }
    }
}

impl Unit for AddPolicy {
    /// Its id.
    type Output = i64;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<i64, Error> {
        self.add(db).await
    }
}

impl Unit for RehearsePolicy {
    type Output = Covered;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Covered, Error> {
        let policy = self.0.add(db).await?;
        let mut covered = Covered::default();
        let mut next = Some(Place::START);
        while let Some(after) = next {
            let page;
            (page, next) = CountCovered { policy, deleted: false, after }.run(db).await?;
            covered = covered.plus(page);
        }
        db.start_over().await?;
        Ok(covered)
    }
}

impl AddPolicy {
    async fn add(&self, db: &Lent<'_>) -> Result<i64, Error> {
        let account = match &self.scope.login {
            None => None,
            Some(login) => Some(account_of(db, login, self.scope.mailbox.as_ref()).await?),
        };
        let program = self.selector.as_ref().map(Selector::program).transpose()?;
        let text_keys = program.as_ref().map_or(0, |program| program.text_keys.len() as i32);
        let program = program.map(|program| program.json.to_string());
        let selector = self.selector.as_ref().map(Selector::to_string);
        let mailbox = self.scope.mailbox.as_ref().map(MailboxName::as_str);
        let days = self.days.map(|days| days as i32);
        if let Some(name) = &self.name
            && !db
                .query(
                    include_str!("sql/select_policies.sql"),
                    &[&None::<i64>, name, &None::<i64>, &None::<i64>],
                )
                .await?
                .is_empty()
        {
            let text =
                format!("there is a policy {name}, or there was one until lately; names are not given twice");
            return Err(error::Error::no(Code::AlreadyExists, text).into());
        }
        let kind = self.kind.word();
        let sql = include_str!("sql/add_policy.sql");
        let (name, domain) = (&self.name, &self.scope.domain);
        let params: [&(dyn postgres_types::ToSql + Sync); 10] =
            [&kind, name, domain, &account, &mailbox, &days, &selector, &program, &text_keys, &self.by];
        Ok(db.query_one(sql, &params).await?.get(0))
    }
}

/// The account of a login, which must have the mailbox, if one is named.
async fn account_of(db: &Lent<'_>, login: &str, mailbox: Option<&MailboxName>) -> Result<i64, Error> {
    let name = mailbox.map(MailboxName::as_str);
    let sql = include_str!("sql/select_policy_scope.sql");
    let row = db.query_opt(sql, &[&Login::key_of(login), &name]).await?;
    let nothing = |what: String| error::Error::no(Code::NonExistent, what);
    let row = row.ok_or_else(|| nothing(format!("there is no user {login}")))?;
    match row.get(1) {
        true => Ok(row.get(0)),
        false => Err(nothing(format!("{login} has no mailbox {}", name.unwrap_or_default())).into()),
    }
}

impl Unit for RemovePolicy {
    /// False when it had been taken back before, or never was there.
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        Ok(db.query_one(include_str!("sql/remove_policy.sql"), &[&self.id, &self.by]).await?.get(0))
    }
}

impl Unit for ListPolicies {
    type Output = Vec<ListedPolicy>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<ListedPolicy>, Error> {
        let key = match &self.place {
            Some(place) => Some(place.find(db).await?),
            None => None,
        };
        let (account, mailbox) = (key.map(|key| key.account.0), key.map(|key| key.mailbox.0));
        let sql = include_str!("sql/select_policies.sql");
        let rows = db.query(sql, &[&self.id, &self.name, &account, &mailbox]).await?;
        rows.iter().map(ListedPolicy::of).collect()
    }
}

impl ListedPolicy {
    /// A row of `select_policies.sql`.
    pub(super) fn of(row: &Row) -> Result<ListedPolicy, Error> {
        let unknown = || error::Error::bug("a policy is of a kind that this server does not know");
        Ok(ListedPolicy {
            id: row.get(0),
            kind: PolicyKind::of(row.get(1)).ok_or_else(unknown)?,
            name: row.get(2),
            login: row.get(3),
            mailbox: row.get(4),
            days: row.get(5),
            selector: row.get(6),
            text_keys: row.get(7),
            created_at: row.get(8),
            created_by: row.get(9),
            removed_at: row.get(10),
            removed_by: row.get(11),
            kept_until: row.get(12),
            domain: row.get(13),
        })
    }
}

impl Unit for CountCovered {
    /// What is covered of this page, and where the next begins; None at the end.
    type Output = (Covered, Option<Place>);
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let sql = match self.deleted {
            true => include_str!("sql/count_covered_deleted.sql"),
            false => include_str!("sql/count_covered.sql"),
        };
        let Place { account, mailbox, uid } = self.after;
        let page = limits::VACUUM_LOOK_MESSAGES;
        let row = db.query_one(sql, &[&self.policy, &account, &mailbox, &uid, &page]).await?;
        let covered = Covered { messages: row.get(1), octets: row.get(2), unread: row.get(3) };
        let is_full = row.get::<_, i64>(0) == page;
        let place = || Place { account: row.get(4), mailbox: row.get(5), uid: row.get(6) };
        Ok((covered, is_full.then(place)))
    }
}
