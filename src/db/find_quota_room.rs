//! Asks how much more an account may hold, before a message is on its way.

use super::count_usage::over_quota;
use super::{Access, Error, Lent, Unit};
use crate::mailbox::AccountId;

/// Refuses a message for which there is no room. Promises nothing: others may use the room first.
pub struct FindQuotaRoom {
    pub account: AccountId,
    /// The length of the message.
    pub octets: u64,
}

impl Unit for FindQuotaRoom {
    type Output = ();
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let row = db.query_one(include_str!("sql/select_quota_room.sql"), &[&self.account.0]).await?;
        match has_room(row.get(0), row.get(1), Some(self.octets)) {
            true => Ok(()),
            false => Err(over_quota().into()),
        }
    }
}

/// Whether one message fits; one of unknown length does as long as anything does. None is no limit.
pub(super) fn has_room(messages: Option<i64>, room: Option<i64>, octets: Option<u64>) -> bool {
    let wanted = i64::try_from(octets.unwrap_or_default().max(1)).unwrap_or(i64::MAX);
    messages.is_none_or(|messages| messages >= 1) && room.is_none_or(|room| room >= wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_needs_room_of_both_kinds() {
        assert!(has_room(None, None, Some(u64::MAX)));
        assert!(has_room(Some(1), Some(10), Some(10)));
        assert!(!has_room(Some(1), Some(10), Some(11)));
        assert!(!has_room(Some(0), None, Some(1)));
        assert!(has_room(None, Some(1), None));
        assert!(!has_room(None, Some(0), None));
        assert!(!has_room(None, Some(-7), Some(0)));
    }
}
