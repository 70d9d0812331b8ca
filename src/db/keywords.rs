//! The ids of a mailbox's keywords, for units that write flags.

use std::collections::HashMap;

use super::{Error, Lent};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{Keyword, MailboxKey};

/// The ids of keywords in one mailbox. Compares keywords without regard to case.
pub type KeywordIds = HashMap<Keyword, i32>;

/// The ids of all keywords of `key`, in which every one of `wanted` has got one. The caller holds the lock of the
/// mailbox's row. Refused when there would be more than [`limits::KEYWORDS_PER_MAILBOX_MAX`].
pub async fn ensure_keywords<'k>(
    db: &Lent<'_>,
    key: MailboxKey,
    wanted: impl Iterator<Item = &'k Keyword>,
) -> Result<KeywordIds, Error> {
    let rows = db.query(include_str!("sql/select_keywords.sql"), &[&key.account.0, &key.mailbox.0]).await?;
    let mut ids: KeywordIds =
        rows.iter().filter_map(|row| Some((Keyword::new(row.get(1))?, row.get(0)))).collect();
    let mut next = rows.iter().map(|row| row.get::<_, i32>(0)).max().map_or(0, |last| last + 1);
    let mut new: Vec<(i32, &Keyword)> = Vec::new();
    for keyword in wanted {
        if !ids.contains_key(keyword) {
            ids.insert(keyword.clone(), next);
            new.push((next, keyword));
            next += 1;
        }
    }
    if new.is_empty() {
        return Ok(ids);
    }
    if ids.len() > limits::KEYWORDS_PER_MAILBOX_MAX {
        return Err(too_many_keywords());
    }
    let numbers: Vec<i32> = new.iter().map(|(id, _)| *id).collect();
    let names: Vec<&str> = new.iter().map(|(_, keyword)| keyword.as_str()).collect();
    let keys: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    db.execute(
        include_str!("sql/insert_keywords.sql"),
        &[&key.account.0, &key.mailbox.0, &numbers, &names, &keys],
    )
    .await?;
    Ok(ids)
}

/// A mailbox would have more keywords than it may.
pub fn too_many_keywords() -> Error {
    error::Error::no(Code::Limit, "the mailbox cannot hold more different keywords").into()
}
