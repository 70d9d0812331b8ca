//! Deletes a domain: its addresses and aliases go, users and their mail stay.

use super::alias::{Alias, alias};
use super::count_usage::settle_members;
use super::delete_alias::delete;
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};

/// Deletes a domain with all addresses in it. No user may be left without an address.
pub struct DeleteDomain {
    pub name: String,
    /// Only say what would go.
    pub rehearse: bool,
}

impl Unit for DeleteDomain {
    /// What led somewhere, and does no longer.
    type Output = Vec<Alias>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Alias>, Error> {
        let rows = db.query(include_str!("sql/select_aliases_of_domain.sql"), &[&self.name]).await?;
        let aliases: Vec<Alias> = rows.iter().map(alias).collect();
        let stranded = db.query(include_str!("sql/select_users_of_domain_only.sql"), &[&self.name]).await?;
        if let Some(first) = stranded.first() {
            let (login, all): (String, usize) = (first.get(0), stranded.len());
            let others = if all > 1 { format!(" and {} more", all - 1) } else { String::new() };
            let text =
                format!("{login}{others} would be left without an address; give them another one first");
            return Err(error::Error::no(Code::InUse, text).into());
        }
        let sql = include_str!("sql/delete_domain.sql");
        let listed = match self.rehearse {
            true => db.query_opt(include_str!("sql/select_domain.sql"), &[&self.name]).await?.is_some(),
            false => db.execute(sql, &[&self.name]).await? > 0,
        };
        if !listed && aliases.is_empty() {
            let text = format!("there is no domain {}", self.name);
            return Err(error::Error::no(Code::NonExistent, text).into());
        }
        if !self.rehearse {
            delete(db, &aliases).await?;
            settle_members(db).await?;
        }
        Ok(aliases)
    }
}
