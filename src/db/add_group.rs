//! Adds a group, or members to one.

use super::change_rights::group_changed;
use super::count_usage::settle_members;
use super::groups;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, Login};

/// Adds a group with its first members.
pub struct AddGroup {
    pub name: Login,
    pub description: Option<String>,
    pub members: Vec<String>,
}

impl Unit for AddGroup {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let sql = include_str!("sql/insert_group.sql");
        let row = db.query_opt(sql, &[&self.name.as_str(), &self.name.key(), &self.description]).await?;
        let taken =
            || error::Error::no(Code::AlreadyExists, format!("there is a group {} already", self.name));
        let group: i64 = row.ok_or_else(taken)?.get(0);
        groups::add_members(db, group, &self.members).await?;
        Ok(())
    }
}

/// Makes users members of a group.
pub struct AddMembers {
    pub group: String,
    pub logins: Vec<String>,
}

impl Unit for AddMembers {
    /// The group, of each login whether it is new in it, and what tells who uses its rights of that.
    type Output = (String, Vec<bool>, Vec<Change>);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (group, name) = groups::find(db, &self.group).await?;
        let added = groups::add_members(db, group, &self.logins).await?;
        let changes = group_changed(db, group).await?;
        settle_members(db).await?;
        Ok((name, added, changes))
    }
}
