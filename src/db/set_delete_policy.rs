//! Says who may delete, takes that back, and lists what is said: `aox set delete-policy` and its like.

use tokio_postgres::Row;

use super::change_rights::{Administered, account_of};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{AccountId, Login, MailboxName};
use crate::policy::deletion::{Role, Scope, Verdict};

/// Says who may delete, instead of what was said before of the same scope and role. None takes that back. False when
/// nothing was to be changed. Who has a mailbox open hears of it from the database.
pub struct SetDeletePolicy {
    pub scope: Scope,
    pub role: Role,
    pub verdict: Option<Verdict>,
}

/// Lists what is said about deleting, the most specific first.
pub struct ListDeletePolicies;

/// Asks whether anything is said about deleting.
pub struct HasDeletePolicies;

/// What is said about deleting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletePolicy {
    pub scope: Scope,
    pub role: Role,
    pub verdict: Verdict,
}

/// Tells the database what the settings say: who may delete, and which group is the administrators'.
pub struct AdoptSettings {
    pub delete: Verdict,
    pub administrators_group: String,
}

impl Unit for SetDeletePolicy {
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let Target { scope, domain, group, account, mailbox } = target(db, &self.scope).await?;
        let role = self.role as i16;
        let verdict = self.verdict.map(|verdict| verdict as i16);
        let removed = db
            .execute(
                include_str!("sql/update_delete_policy_removed.sql"),
                &[&scope, &role, &domain, &group, &account, &mailbox, &verdict],
            )
            .await?;
        let added = match verdict {
            None => 0,
            Some(verdict) => {
                let sql = include_str!("sql/insert_delete_policy.sql");
                db.execute(sql, &[&scope, &role, &domain, &group, &account, &mailbox, &verdict]).await?
            }
        };
        Ok(removed + added > 0)
    }
}

impl Unit for ListDeletePolicies {
    type Output = Vec<DeletePolicy>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<DeletePolicy>, Error> {
        let rows = db.query(include_str!("sql/select_delete_policies.sql"), &[]).await?;
        Ok(rows.iter().filter_map(policy).collect())
    }
}

impl Unit for HasDeletePolicies {
    type Output = bool;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        Ok(db.query_one(include_str!("sql/select_has_delete_policies.sql"), &[]).await?.get(0))
    }
}

impl Unit for AdoptSettings {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let key = Login::key_of(&self.administrators_group);
        db.execute(include_str!("sql/update_site.sql"), &[&key]).await?;
        let verdict = Some(self.delete).filter(|verdict| *verdict != Verdict::Allowed);
        SetDeletePolicy { scope: Scope::Settings, role: Role::Everybody, verdict }.run(db).await?;
        Ok(())
    }
}

/// None for what is said of somebody who is no more.
fn policy(row: &Row) -> Option<DeletePolicy> {
    let name: Option<String> = row.get(3);
    let scope = match row.get::<_, i16>(0) {
        SETTINGS => Scope::Settings,
        SITE => Scope::Site,
        DOMAIN => Scope::Domain(name?),
        GROUP => Scope::Group(name?),
        USER => Scope::User(name?),
        _ => Scope::Mailbox(name?, MailboxName::new(row.get(4)).ok()?),
    };
    let numbered = |column: usize| usize::try_from(row.get::<_, i16>(column)).ok();
    let role = Role::ALL.get(numbered(1)?).copied()?;
    let verdict = Verdict::ALL.get(numbered(2)?).copied()?;
    Some(DeletePolicy { scope, role, verdict })
}

/// How the database names a scope.
#[derive(Default)]
struct Target {
    scope: i16,
    domain: Option<String>,
    group: Option<i64>,
    account: Option<i64>,
    mailbox: Option<i64>,
}

async fn target(db: &Lent<'_>, scope: &Scope) -> Result<Target, Error> {
    let nobody = |what: &str, name: &str| {
        Error::from(error::Error::no(Code::NonExistent, format!("there is no {what} {name}")))
    };
    Ok(match scope {
        Scope::Settings => Target { scope: SETTINGS, ..Target::default() },
        Scope::Site => Target { scope: SITE, ..Target::default() },
        // Addresses may be in domains that nobody has added.
        Scope::Domain(name) => Target { scope: DOMAIN, domain: Some(name.clone()), ..Target::default() },
        Scope::Group(name) => {
            let sql = include_str!("sql/select_group_id.sql");
            let row =
                db.query_opt(sql, &[&Login::key_of(name)]).await?.ok_or_else(|| nobody("group", name))?;
            Target { scope: GROUP, group: Some(row.get(0)), ..Target::default() }
        }
        Scope::User(login) => {
            let account = account_of(db, login).await?.filter(|account| *account != AccountId::SHARED);
            let account = account.ok_or_else(|| nobody("user", login))?;
            Target { scope: USER, account: Some(account.0), ..Target::default() }
        }
        Scope::Mailbox(login, name) => {
            let key = Administered::Of(login.clone(), name.clone()).find(db).await?;
            let (account, mailbox) = (Some(key.account.0), Some(key.mailbox.0));
            Target { scope: MAILBOX, account, mailbox, ..Target::default() }
        }
    })
}

const SETTINGS: i16 = 0;
const SITE: i16 = 1;
const DOMAIN: i16 = 2;
const GROUP: i16 = 3;
const USER: i16 = 4;
const MAILBOX: i16 = 5;
