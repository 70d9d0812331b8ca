//! Lists the passwords of a user's applications.

use jiff::Timestamp;

use super::unit::{Access, Error, Lent, Unit};

/// Whose.
pub struct ListAppPasswords {
    pub login_key: String,
}

/// One of them; its verifier stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAppPassword {
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

impl Unit for ListAppPasswords {
    /// None when there is no such user.
    type Output = Option<Vec<ListedAppPassword>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let rows = db.query(include_str!("sql/select_app_passwords.sql"), &[&self.login_key]).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        // A user without any is one row without a name.
        let named = rows.iter().filter_map(|row| Some((row.get::<_, Option<String>>(0)?, row)));
        let listed = named.map(|(name, row)| ListedAppPassword {
            name,
            created_at: row.get(1),
            last_used_at: row.get(2),
        });
        Ok(Some(listed.collect()))
    }
}
