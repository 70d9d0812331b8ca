//! Lists the groups, or the members of one.

use super::groups::{self, GroupMember};
use super::unit::{Access, Error, Lent, Unit};

/// Lists every group, by name.
pub struct ListGroups;

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    pub name: String,
    pub description: Option<String>,
    pub members: Vec<String>,
}

impl Unit for ListGroups {
    type Output = Vec<ListedGroup>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_groups.sql"), &[]).await?;
        let listed = rows.iter().map(|row| ListedGroup {
            name: row.get(0),
            description: row.get(1),
            members: row.get(2),
        });
        Ok(listed.collect())
    }
}

/// Reads one group.
pub struct ShowGroup {
    pub name: String,
}

impl Unit for ShowGroup {
    /// Its name and its members.
    type Output = (String, Vec<GroupMember>);
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let (group, name) = groups::find(db, &self.name).await?;
        Ok((name, groups::members(db, group).await?))
    }
}
