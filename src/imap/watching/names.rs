//! What has become of names: which have changed, and which levels stand above them.

use std::collections::{BTreeMap, HashMap};

use super::{Known, SEPARATOR};
use crate::mailbox::MailboxKey;

/// The mailboxes that have another name than before, and the levels that have gone and come with all that is below them.
pub(super) fn renamed<'a>(
    before: &'a BTreeMap<String, Known>,
    now: &'a BTreeMap<String, Known>,
) -> BTreeMap<&'a str, &'a str> {
    fn by_key(known: &BTreeMap<String, Known>) -> HashMap<MailboxKey, &str> {
        known.iter().filter_map(|(name, known)| Some((known.mailbox.as_ref()?.key, name.as_str()))).collect()
    }
    let old_names = by_key(before);
    let other = |(key, name): (MailboxKey, &'a str)| {
        Some((name, *old_names.get(&key)?)).filter(|(name, old)| name != old)
    };
    let mut renamed: BTreeMap<&str, &str> = by_key(now).into_iter().filter_map(other).collect();
    for (name, old) in renamed.clone() {
        let (mut name, mut old) = (name, old);
        while name.rsplit(SEPARATOR).next() == old.rsplit(SEPARATOR).next() {
            (name, old) = (parent_of(name), parent_of(old));
            let has_come = now.contains_key(name) && !before.contains_key(name);
            if !has_come || !before.contains_key(old) || now.contains_key(old) {
                break;
            }
            renamed.insert(name, old);
        }
    }
    renamed
}

/// All levels above a name.
pub(super) fn above(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices(SEPARATOR).map(|(end, _)| &name[..end])
}

/// The level above a name; nothing above the highest.
pub(super) fn parent_of(name: &str) -> &str {
    name.rsplit_once(SEPARATOR).map_or("", |(parent, _)| parent)
}
