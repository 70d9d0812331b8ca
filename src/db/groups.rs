//! Finding groups and their members, for the units that change them.

use super::unit::{Error, Lent};
use crate::error::{self, Code};
use crate::mailbox::Login;

/// The group of that name, with its name as it is written; $ before it is forgiven.
pub(super) async fn find(db: &Lent<'_>, name: &str) -> Result<(i64, String), Error> {
    let bare = name.strip_prefix('$').unwrap_or(name);
    let row = db.query_opt(include_str!("sql/select_group.sql"), &[&Login::key_of(bare)]).await?;
    let row = row.ok_or_else(|| error::Error::no(Code::NonExistent, format!("there is no group {bare}")))?;
    Ok((row.get(0), row.get(1)))
}

/// Adds members; says of each whether it is new. All of them must be users.
pub(super) async fn add_members(db: &Lent<'_>, group: i64, logins: &[String]) -> Result<Vec<bool>, Error> {
    let mut added = Vec::new();
    for login in logins {
        let sql = include_str!("sql/insert_group_member.sql");
        let row = db.query_opt(sql, &[&group, &Login::key_of(login)]).await?;
        let nobody = || error::Error::no(Code::NonExistent, format!("there is no user {login}"));
        added.push(row.ok_or_else(nobody)?.get(0));
    }
    Ok(added)
}

/// The logins of a group's members.
pub(super) async fn members(db: &Lent<'_>, group: i64) -> Result<Vec<GroupMember>, Error> {
    let rows = db.query(include_str!("sql/select_group_members.sql"), &[&group]).await?;
    let member = |row: &tokio_postgres::Row| GroupMember {
        login: row.get(0),
        display_name: row.get(1),
        disabled: row.get(2),
    };
    Ok(rows.iter().map(member).collect())
}

/// A user in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMember {
    pub login: String,
    pub display_name: Option<String>,
    pub disabled: bool,
}
