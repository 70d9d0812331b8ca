//! Takes the password of an application back.

use super::unit::{Access, Error, Lent, Unit};

/// Which.
pub struct DeleteAppPassword {
    pub login_key: String,
    pub name: String,
}

impl Unit for DeleteAppPassword {
    /// False when there is none of that name.
    type Output = bool;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<bool, Error> {
        let sql = include_str!("sql/delete_app_password.sql");
        Ok(db.execute(sql, &[&self.login_key, &self.name]).await? > 0)
    }
}
