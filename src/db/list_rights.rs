//! Lists who may do what in a mailbox: IMAP GETACL and LISTRIGHTS, `aox list rights`.

use tokio_postgres::Row;

use super::change_rights::{Administered, KIND_ANONYMOUS, KIND_ANYONE, KIND_GROUP};
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::{AccountId, Login};
use crate::policy::{Identifier, Rights, Subject};

/// Lists the rights in one mailbox.
pub struct ListRights {
    pub mailbox: Administered,
}

/// What [`ListRights`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRights {
    /// The login of the owner, who has every right; None where the mailbox belongs to everybody.
    pub owner: Option<String>,
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
        let owner = db.query_one(include_str!("sql/select_account_login.sql"), &[&account]).await?;
        let rows = db.query(include_str!("sql/select_rights.sql"), &[&account, &mailbox]).await?;
        Ok(ListedRights {
            owner: (key.account != AccountId::SHARED).then(|| owner.get(0)),
            entries: rows.iter().filter_map(entry).collect(),
        })
    }
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
