//! Deletes a group, or a member of one.

use super::groups::{self, GroupMember};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::mailbox::Login;

/// Deletes a group. Its members stay.
pub struct DeleteGroup {
    pub name: String,
    /// Only say what would go.
    pub rehearse: bool,
}

impl Unit for DeleteGroup {
    /// Its name, and who was in it.
    type Output = (String, Vec<GroupMember>);
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (group, name) = groups::find(db, &self.name).await?;
        let members = groups::members(db, group).await?;
        if !self.rehearse {
            db.execute(include_str!("sql/delete_group_members.sql"), &[&group]).await?;
            db.execute(include_str!("sql/delete_group.sql"), &[&group]).await?;
        }
        Ok((name, members))
    }
}

/// Takes a user out of a group.
pub struct DeleteMember {
    pub group: String,
    pub login: String,
}

impl Unit for DeleteMember {
    /// The name of the group.
    type Output = String;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<String, Error> {
        let (group, name) = groups::find(db, &self.group).await?;
        let sql = include_str!("sql/delete_group_member.sql");
        match db.execute(sql, &[&group, &Login::key_of(&self.login)]).await? {
            0 => {
                let text = format!("there is no user {} in group {name}", self.login);
                Err(error::Error::no(Code::NonExistent, text).into())
            }
            _ => Ok(name),
        }
    }
}
