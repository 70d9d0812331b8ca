//! Whether other servers use the database too, so that one of them may be the first to tell of what is new.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use archiveopteryx::db::LISTENER;
use tokio_postgres::Client;

/// What is known of other servers, for all who have to know.
#[derive(Clone, Default)]
pub struct Company(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    alone: bool,
    /// How often one has come, or may have.
    arrivals: u64,
}

impl Company {
    /// No other server listens. False as well while that is not known.
    pub fn is_alone(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).alone
    }

    /// Another server has come, or may have come.
    pub fn has_come(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.alone = false;
        known.arrivals += 1;
    }

    /// Asks the database which servers listen, by the connection on which `name` does so itself. One that is not seen says later
    /// that it has come, on that connection too.
    pub async fn look(self, client: Rc<Client>, name: String) {
        let arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner).arrivals;
        let (all, own) = (format!("{LISTENER}%"), format!("{LISTENER}{name}"));
        match client.query_one(NO_OTHER_LISTENS, &[&all, &own]).await {
            Ok(row) => self.seen(arrivals, row.get(0)),
            Err(error) => tracing::debug!(%error, "cannot see whether other servers are there"),
        }
    }

    /// Nobody else was there when so many had come, or somebody was.
    pub fn seen(&self, arrivals: u64, alone: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.alone = alone && known.arrivals == arrivals;
    }
}

const NO_OTHER_LISTENS: &str = "select not exists (
    select from pg_stat_activity
    where datname = current_database() and application_name like $1 and application_name <> $2
)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_come_while_one_looked_is_there() {
        let company = Company::default();
        assert!(!company.is_alone(), "as long as nobody has looked");
        company.seen(0, true);
        assert!(company.is_alone());
        company.has_come();
        assert!(!company.is_alone());
        company.seen(0, true);
        assert!(!company.is_alone());
        company.seen(1, false);
        assert!(!company.is_alone());
        company.seen(1, true);
        assert!(company.is_alone());
    }
}
