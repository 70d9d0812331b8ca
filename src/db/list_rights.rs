//! Lists who may do what in a mailbox: IMAP GETACL and LISTRIGHTS, `aox list rights`.

use tokio_postgres::Row;

use super::change_rights::{Administered, KIND_ANONYMOUS, KIND_ANYONE, KIND_GROUP, KIND_USER, grantee};
use super::owner::permit;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login, MailboxKey};
use crate::policy::{Identifier, Rights, Subject, Viewer};

/// Lists the rights in one mailbox.
pub struct ListRights {
    pub mailbox: Administered,
    /// Of whom it shall be said what he can be given.
    pub of: Option<Subject>,
}

/// What [`ListRights`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRights {
    /// The login of the owner, who has every right; None where the mailbox belongs to everybody.
    pub owner: Option<String>,
    /// What the owner has, whom the site may keep from deleting.
    pub of_owner: Rights,
    /// What the one who was asked about can be given: whom the site keeps from deleting cannot be given that.
    pub possible: Rights,
    /// What others have, anyone and anonymous first, then users, then groups.
    pub entries: Vec<(Subject, Rights)>,
}

impl ListedRights {
    /// Whether that is the owner.
    pub fn is_owner(&self, identifier: &Identifier) -> bool {
        let Identifier::User(login) = identifier else { return false };
        self.owner.as_ref().is_some_and(|owner| Login::key_of(owner) == Login::key_of(login))
    }
}

impl Unit for ListRights {
    type Output = ListedRights;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<ListedRights, Error> {
        let key = self.mailbox.find(db).await?;
        let (account, mailbox) = (key.account.0, key.mailbox.0);
        let of_owner = permit(db, Viewer::new(key.account), key).await?.rights;
        let possible = match &self.of {
            Some(subject) => possible(db, subject, key).await?,
            None => Rights::ALL,
        };
        let owner = db.query_one(include_str!("sql/select_account_login.sql"), &[&account]).await?;
        let rows = db.query(include_str!("sql/select_rights.sql"), &[&account, &mailbox]).await?;
        Ok(ListedRights {
            owner: (key.account != AccountId::SHARED).then(|| owner.get(0)),
            of_owner,
            possible,
            entries: rows.iter().filter_map(entry).collect(),
        })
    }
}

/// What somebody can be given in a mailbox. Of many at once that is what somebody can of whom nothing special is said.
async fn possible(db: &Lent<'_>, subject: &Subject, key: MailboxKey) -> Result<Rights, Error> {
    if subject.negative {
        return Ok(Rights::ALL);
    }
    let account = match grantee(db, &subject.identifier).await {
        Ok((KIND_USER, account)) => AccountId(account),
        Ok(_) | Err(Error::Refused(_)) => AccountId::SHARED,
        Err(error) => return Err(error),
    };
    let is_banned = permit(db, Viewer::new(account), key).await?.ban.is_some();
    Ok(if is_banned { Rights::ALL.without(Rights::DELETING) } else { Rights::ALL })
}

/// None for what was given to somebody who is no more.
fn entry(row: &Row) -> Option<(Subject, Rights)> {
    let name: Option<String> = row.get(4);
    let identifier = match row.get::<_, i16>(0) {
        KIND_ANYONE => Identifier::Anyone,
        KIND_ANONYMOUS => Identifier::Anonymous,
        KIND_GROUP => Identifier::Group(name?),
        _ => Identifier::User(name?),
    };
    Some((Subject { identifier, negative: row.get(2) }, Rights::from_bits(row.get(3))))
}
