//! Reads what many may do, and have seen, in mailboxes that they have open: asked when that has changed.

use super::owner::standings;
use super::unit::{Access, Error, Lent, Unit};
use crate::mailbox::MailboxKey;
use crate::policy::{Standing, Viewer};

/// Reads how each viewer stands to a mailbox; he has no rights where that is gone. The answers come in the order of the
/// questions.
pub struct ReadStandings {
    pub asked: Vec<(Viewer, MailboxKey)>,
}

impl Unit for ReadStandings {
    type Output = Vec<Standing>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<Standing>, Error> {
        standings(db, &self.asked).await
    }
}
