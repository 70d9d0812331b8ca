//! Changes who may do what in a mailbox: IMAP SETACL and DELETEACL, `aox set rights` and `aox delete rights`.

use super::audit::{Actor, act_as};
use super::mailbox_row::modseq;
use super::owner::{Place, locate, permit};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{AccountId, Change, Login, MailboxId, MailboxKey, MailboxName, ModSeq};
use crate::policy::{Identifier, Modification, Rights, Subject, Viewer};

/// A mailbox whose rights somebody reads or changes, and how it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Administered {
    /// By somebody who needs the right `a` for it, as he calls it.
    By(Viewer, MailboxName),
    /// By an administrator, as the account with this login calls it.
    Of(String, MailboxName),
}

/// Changes what one subject has in one mailbox. Who is left without a right leaves the list.
pub struct ChangeRights {
    pub mailbox: Administered,
    pub subject: Subject,
    pub modification: Modification,
}

impl Unit for ChangeRights {
    /// What tells those who have it open to look at their rights again; None when nothing changed.
    type Output = Option<Change>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let key = self.mailbox.lock(db).await?;
        if let Administered::By(viewer, _) = &self.mailbox {
            let actor = Actor { account: Some(viewer.account), door: "imap", client: None };
            act_as(db, &actor).await?;
        }
        let (kind, grantee) = grantee(db, &self.subject.identifier).await?;
        if (kind, AccountId(grantee)) == (KIND_USER, key.account) {
            return self.of_the_owner();
        }
        let (account, mailbox) = (key.account.0, key.mailbox.0);
        let negative = self.subject.negative;
        let rows = db.query(include_str!("sql/select_rights.sql"), &[&account, &mailbox]).await?;
        let is_subject =
            |row: &&tokio_postgres::Row| (row.get(0), row.get(1), row.get(2)) == (kind, grantee, negative);
        let before = rows.iter().find(is_subject).map_or(Rights::NONE, |row| Rights::from_bits(row.get(3)));
        let after = self.modification.apply(before);
        if before == after {
            return Ok(None);
        }
        if before.is_empty() && rows.len() >= limits::RIGHTS_PER_MAILBOX_MAX {
            return Err(error::Error::no(Code::Limit, "The list of rights is full").into());
        }
        match after.is_empty() {
            true => {
                let sql = include_str!("sql/delete_rights.sql");
                db.execute(sql, &[&account, &mailbox, &kind, &grantee, &negative]).await?;
            }
            false => {
                let sql = include_str!("sql/upsert_rights.sql");
                db.execute(sql, &[&account, &mailbox, &kind, &grantee, &negative, &after.bits()]).await?;
            }
        }
        rights_changed(db, key).await
    }
}

impl ChangeRights {
    /// The owner has every right, and that stays so; to say it again is no mistake.
    fn of_the_owner(&self) -> Result<Option<Change>, Error> {
        match self.subject.negative || self.modification.apply(Rights::ALL) != Rights::ALL {
            true => Err(error::Error::no(Code::Cannot, "The owner of a mailbox has all rights in it").into()),
            false => Ok(None),
        }
    }
}

impl Administered {
    /// Finds the mailbox and locks it for a change of its rights, if the one who asks may administer it.
    pub(super) async fn lock(&self, db: &Lent<'_>) -> Result<MailboxKey, Error> {
        let (viewer, place) = self.place(db).await?;
        let sql = include_str!("sql/lock_mailbox_by_name.sql");
        let row = db.query_opt(sql, &[&place.account.0, &place.name.as_str()]).await?;
        self.admit(db, viewer, place, row).await
    }

    /// The same for who only reads.
    pub(super) async fn find(&self, db: &Lent<'_>) -> Result<MailboxKey, Error> {
        let (viewer, place) = self.place(db).await?;
        let sql = include_str!("sql/select_mailbox_by_name.sql");
        let row = db.query_opt(sql, &[&place.account.0, &place.name.as_str()]).await?;
        self.admit(db, viewer, place, row).await
    }

    async fn place(&self, db: &Lent<'_>) -> Result<(Option<Viewer>, Place), Error> {
        match self {
            Administered::By(viewer, name) => {
                let place = locate(db, *viewer, name).await?;
                Ok((Some(*viewer), place.ok_or_else(|| self.missing())?))
            }
            Administered::Of(login, name) => {
                let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {login}"));
                let account = account_of(db, login).await?.ok_or_else(nobody)?;
                Ok((None, Place { account, name: name.clone() }))
            }
        }
    }

    async fn admit(
        &self,
        db: &Lent<'_>,
        viewer: Option<Viewer>,
        place: Place,
        row: Option<tokio_postgres::Row>,
    ) -> Result<MailboxKey, Error> {
        let row = row.ok_or_else(|| self.missing())?;
        let key = MailboxKey { account: place.account, mailbox: MailboxId(row.get(0)) };
        if let Some(viewer) = viewer {
            permit(db, viewer, key).await?.demand(Rights::ADMINISTER, || self.missing())?;
        }
        Ok(key)
    }

    fn missing(&self) -> error::Error {
        let text = match self {
            Administered::By(..) => "There is no mailbox of that name".to_owned(),
            Administered::Of(login, name) => format!("{login} has no mailbox {name}"),
        };
        error::Error::no(Code::NonExistent, text)
    }
}

/// Notes that the rights in a mailbox have changed, within another unit that holds its row.
pub(super) async fn rights_changed(db: &Lent<'_>, key: MailboxKey) -> Result<Option<Change>, Error> {
    let sql = include_str!("sql/update_rights_modseq.sql");
    let row = db.query_opt(sql, &[&key.account.0, &key.mailbox.0]).await?;
    Ok(row.map(|row| change(key, modseq(row.get(0)))))
}

/// Notes that the members of a group are other ones, wherever the group has rights, within another unit.
pub(super) async fn group_changed(db: &Lent<'_>, group: i64) -> Result<Vec<Change>, Error> {
    let sql = include_str!("sql/update_rights_modseq_of_group.sql");
    let rows = db.query(sql, &[&group]).await?;
    let key = |row: &tokio_postgres::Row| MailboxKey {
        account: AccountId(row.get(0)),
        mailbox: MailboxId(row.get(1)),
    };
    Ok(rows.iter().map(|row| change(key(row), modseq(row.get(2)))).collect())
}

fn change(key: MailboxKey, modseq: ModSeq) -> Change {
    Change { rights: true, ..Change::new(key, ModSeq(modseq.0 - 1), modseq) }
}

/// How the database names a subject.
pub(super) async fn grantee(db: &Lent<'_>, identifier: &Identifier) -> Result<(i16, i64), Error> {
    let nobody = || error::Error::no(Code::Cannot, format!("There is no user or group \"{identifier}\""));
    match identifier {
        Identifier::Anyone => Ok((KIND_ANYONE, 0)),
        Identifier::Anonymous => Ok((KIND_ANONYMOUS, 0)),
        Identifier::User(login) => {
            let account = account_of(db, login).await?;
            let user = account.filter(|account| *account != AccountId::SHARED);
            Ok((KIND_USER, user.ok_or_else(nobody)?.0))
        }
        Identifier::Group(name) => {
            let sql = include_str!("sql/select_group_id.sql");
            let row = db.query_opt(sql, &[&Login::key_of(name)]).await?;
            Ok((KIND_GROUP, row.ok_or_else(nobody)?.get(0)))
        }
    }
}

/// The account with that login.
pub(super) async fn account_of(db: &Lent<'_>, login: &str) -> Result<Option<AccountId>, Error> {
    let sql = include_str!("sql/select_account_id.sql");
    let row = db.query_opt(sql, &[&Login::key_of(login)]).await?;
    Ok(row.map(|row| AccountId(row.get(0))))
}

pub(super) const KIND_ANYONE: i16 = 0;
pub(super) const KIND_ANONYMOUS: i16 = 1;
pub(super) const KIND_USER: i16 = 2;
pub(super) const KIND_GROUP: i16 = 3;
