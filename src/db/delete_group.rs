//! Deletes a group, or a member of one.

use super::change_rights::{KIND_GROUP, group_changed};
use super::count_usage::settle_members;
use super::groups::{self, GroupMember};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::{Change, Login};

/// Deletes a group. Its members stay.
pub struct DeleteGroup {
    pub name: String,
    /// Only say what would go.
    pub rehearse: bool,
}

impl Unit for DeleteGroup {
    /// Its name, who was in it, and what tells who used its rights of that.
    type Output = (String, Vec<GroupMember>, Vec<Change>);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (group, name) = groups::find(db, &self.name).await?;
        let members = groups::members(db, group).await?;
        let mut changes = Vec::new();
        if !self.rehearse {
            changes = group_changed(db, group).await?;
            let sql = include_str!("sql/delete_rights_of_grantee.sql");
            db.execute(sql, &[&KIND_GROUP, &group]).await?;
            db.execute(include_str!("sql/delete_group_members.sql"), &[&group]).await?;
            db.execute(include_str!("sql/delete_group.sql"), &[&group]).await?;
        }
        Ok((name, members, changes))
    }
}

/// Takes a user out of a group.
pub struct DeleteMember {
    pub group: String,
    pub login: String,
}

impl Unit for DeleteMember {
    /// The name of the group, and what tells him that he has its rights no longer.
    type Output = (String, Vec<Change>);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (group, name) = groups::find(db, &self.group).await?;
        let sql = include_str!("sql/delete_group_member.sql");
        match db.execute(sql, &[&group, &Login::key_of(&self.login)]).await? {
            0 => {
                let text = format!("there is no user {} in group {name}", self.login);
                Err(error::Error::no(Code::NonExistent, text).into())
            }
            _ => {
                let changes = group_changed(db, group).await?;
                settle_members(db).await?;
                Ok((name, changes))
            }
        }
    }
}
