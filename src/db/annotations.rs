//! Annotations of messages in mailboxes (RFC 5257): reading, writing, copying and looking for them.

use std::collections::{BTreeMap, HashMap};

use postgres_types::ToSql;
use tokio_postgres::Row;

use super::mailbox_row::{KeywordNames, modseq, range_columns, uid};
use super::unit::{Access, Error, Lent, Unit};
use crate::error::{self, Code};
use crate::limits;
use crate::mailbox::{
    AccountId, Annotating, AnnotationEntry, Change, EntryMatch, FlagChange, MailboxKey, ModSeq, Scope, Uid,
    UidSet,
};
use crate::policy::{Rights, Viewer};
use crate::search::sort::Said;
use crate::search::{AnnotationText, Collation, Needle};

/// Reads annotations of some messages.
pub struct ReadAnnotations {
    pub key: MailboxKey,
    pub uids: UidSet,
    /// Whose private ones are read, too.
    pub reader: Option<AccountId>,
    pub entries: Vec<EntryMatch>,
}

/// A value of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    pub entry: String,
    pub scope: Scope,
    pub value: Vec<u8>,
}

/// Gives messages annotations: all of them, or none. None of a message that has changed after `unchanged_since`.
pub struct Annotate {
    pub key: MailboxKey,
    pub uids: UidSet,
    /// Who does it.
    pub reader: AccountId,
    pub values: Vec<Annotating>,
    pub unchanged_since: Option<ModSeq>,
}

/// What came of that.
#[derive(Debug)]
pub struct Annotated {
    /// For those who watch the mailbox; None when there was no such message.
    pub change: Option<Change>,
    /// Messages that have changed, and so were left as they are.
    pub modified: UidSet,
}

/// Reads what entries say of all messages of a mailbox, as texts are compared.
pub struct ReadAnnotationKeys {
    pub key: MailboxKey,
    pub reader: Option<AccountId>,
    pub keys: Vec<(AnnotationEntry, Scope)>,
    pub collation: Collation,
}

/// Reads which annotations have changed in a mailbox after a mod-sequence, up to another one.
pub struct ReadChangedAnnotations {
    pub key: MailboxKey,
    pub reader: Option<AccountId>,
    pub since: ModSeq,
    pub until: ModSeq,
}

impl Unit for ReadAnnotations {
    type Output = HashMap<Uid, Vec<Annotation>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let patterns: Vec<String> = self.entries.iter().map(expression).collect();
        let parts: Vec<&str> = self.entries.iter().filter_map(EntryMatch::part).collect();
        if !self.key.is_of_deleted() {
            let uids: Vec<i64> = self.uids.iter().map(|uid| uid.get().into()).collect();
            check_parts(db, self.key, &uids, &parts).await?;
        }
        let rows = read(db, self.key, self.reader, &self.uids, &patterns).await?;
        let mut found: HashMap<Uid, Vec<Annotation>> = HashMap::new();
        for row in &rows {
            found.entry(uid(row.get(0))).or_default().push(Annotation {
                entry: row.get(2),
                scope: scope(row.get(1)),
                value: row.get(3),
            });
        }
        Ok(found)
    }
}

impl Unit for Annotate {
    type Output = Annotated;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Annotated, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let gone = || error::Error::no(Code::NonExistent, "The mailbox has been deleted");
        let locked = db.query(include_str!("sql/lock_mailboxes.sql"), &[&account, &&[mailbox][..]]).await?;
        let before = modseq(locked.first().ok_or_else(gone)?.get(3));
        let (firsts, lasts) = range_columns(&self.uids);
        let since = self.unchanged_since.map_or(i64::MAX, |since| since.0 as i64);
        let sql = include_str!("sql/select_annotatable.sql");
        let rows = db.query(sql, &[&account, &mailbox, &firsts, &lasts, &since]).await?;
        let is_modified = |row: &&Row| row.get::<_, bool>(1);
        let modified: UidSet = rows.iter().filter(is_modified).map(|row| uid(row.get(0))).collect();
        let uids: Vec<i64> = rows.iter().filter(|row| !is_modified(row)).map(|row| row.get(0)).collect();
        if uids.is_empty() {
            return Ok(Annotated { change: None, modified });
        }
        let flags = self.touch(db, &uids).await?;
        let after = ModSeq(before.0 + 1);
        write(db, self.key, &uids, self.reader, &self.values, after).await?;
        let mut change = Change::new(self.key, before, after);
        change.flags = flags;
        Ok(Annotated { change: Some(change), modified })
    }
}

impl Annotate {
    /// Moves the mod-sequences of the messages on.
    async fn touch(&self, db: &Lent<'_>, uids: &[i64]) -> Result<Vec<FlagChange>, Error> {
        let (account, mailbox) = (self.key.account.0, self.key.mailbox.0);
        let names = db.query(include_str!("sql/select_keywords.sql"), &[&account, &mailbox]).await?;
        let names = KeywordNames::new(&names);
        let rows = db.query(include_str!("sql/touch_messages.sql"), &[&account, &mailbox, &uids]).await?;
        let change = |row: &Row| FlagChange {
            uid: uid(row.get(0)),
            modseq: modseq(row.get(1)),
            flags: names.flag_set(row.get(2), &row.get(3)),
        };
        let mut changes: Vec<FlagChange> = rows.iter().map(change).collect();
        changes.sort_unstable_by_key(|change| change.uid);
        Ok(changes)
    }
}

/// Writes annotations of messages that are there, within a unit that holds the lock of the mailbox, then sees whether
/// that is too much.
pub(super) async fn write(
    db: &Lent<'_>,
    key: MailboxKey,
    uids: &[i64],
    reader: AccountId,
    values: &[Annotating],
    at: ModSeq,
) -> Result<(), Error> {
    let (account, mailbox) = (key.account.0, key.mailbox.0);
    let parts: Vec<&str> = values.iter().filter_map(|one| one.entry.part()).collect();
    check_parts(db, key, uids, &parts).await?;
    // Of an entry that is named twice the last value counts.
    let values: HashMap<(Scope, &str), Option<&[u8]>> =
        values.iter().map(|one| ((one.scope, one.entry.as_str()), one.value.as_deref())).collect();
    let whose = |scope: Scope| if scope == Scope::Private { reader.0 } else { NOBODY };
    let readers: Vec<i64> = values.keys().map(|(scope, _)| whose(*scope)).collect();
    let (entries, octets): (Vec<&str>, Vec<Option<&[u8]>>) =
        values.iter().map(|((_, entry), value)| (*entry, *value)).unzip();
    let at = at.0 as i64;
    let sql = include_str!("sql/upsert_annotations.sql");
    let params: [&(dyn ToSql + Sync); 7] = [&account, &mailbox, &uids, &readers, &entries, &octets, &at];
    db.execute(sql, &params).await?;
    if octets.iter().all(Option::is_none) {
        return Ok(());
    }
    let sql = include_str!("sql/count_annotations.sql");
    let rows = db.query(sql, &[&account, &mailbox, &uids]).await?;
    let is_too_much = |row: &Row| {
        row.get::<_, i64>(0) > limits::ANNOTATIONS_PER_MESSAGE_MAX
            || row.get::<_, i64>(1) > limits::ANNOTATION_BYTES_PER_MESSAGE_MAX
    };
    if rows.iter().any(is_too_much) {
        let text = "A message has no room for more annotations; remove some";
        return Err(error::Error::no(Code::AnnotateTooMany, text).into());
    }
    check_quota(db, key.account).await
}

/// RFC 5257 §3.2.1: "a specifier referring to a non-existent part" is a mistake.
async fn check_parts(db: &Lent<'_>, key: MailboxKey, uids: &[i64], parts: &[&str]) -> Result<(), Error> {
    if parts.is_empty() {
        return Ok(());
    }
    let sql = include_str!("sql/select_missing_part.sql");
    let row = db.query_opt(sql, &[&key.account.0, &key.mailbox.0, &uids, &parts]).await?;
    match row {
        Some(row) => {
            let (part, uid): (&str, i64) = (row.get(0), row.get(1));
            Err(error::Error::bad(format!("the message with the uid {uid} has no part {part}")).into())
        }
        None => Ok(()),
    }
}

/// Refuses more annotations than a quota allows.
pub(super) async fn check_quota(db: &Lent<'_>, account: AccountId) -> Result<(), Error> {
    let sql = include_str!("sql/select_annotations_over_quota.sql");
    match db.query_one(sql, &[&account.0]).await?.get::<_, Option<i64>>(0) {
        Some(_) => {
            let text = "the quota does not allow as many annotations";
            Err(error::Error::no(Code::OverQuota, text).into())
        }
        None => Ok(()),
    }
}

/// Gives copies the annotations of what they were copied from: those that all share, if they may be written there, and
/// those that are private to who copies (RFC 5257 §4.6). `pairs` are the uids here and there. Returns whether there were
/// any, so that the quota has to be looked at: under the lock of the mailbox, which comes before those of quotas.
pub(super) async fn copy_annotations(
    db: &Lent<'_>,
    source: MailboxKey,
    target: MailboxKey,
    pairs: &[(Uid, Uid)],
    whose: Carried,
    at: ModSeq,
) -> Result<bool, Error> {
    let from = source.of_kept();
    let sources: Vec<i64> = pairs.iter().map(|(from, _)| from.get().into()).collect();
    let targets: Vec<i64> = pairs.iter().map(|(_, to)| to.get().into()).collect();
    let Carried { shared, reader, all } = whose;
    let reader = reader.map_or(NOBODY, |reader| reader.0);
    let at = at.0 as i64;
    let sql = match source.is_of_deleted() {
        true => include_str!("sql/copy_annotations_of_deleted.sql"),
        false => include_str!("sql/copy_annotations.sql"),
    };
    let params: [&(dyn ToSql + Sync); 10] = [
        &from.account.0,
        &from.mailbox.0,
        &sources,
        &target.account.0,
        &target.mailbox.0,
        &targets,
        &shared,
        &reader,
        &all,
        &at,
    ];
    Ok(db.execute(sql, &params).await? > 0)
}

/// Which annotations go along with a copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried {
    /// Those that all share.
    pub shared: bool,
    /// Those that are private to him.
    pub reader: Option<AccountId>,
    /// All of them, whosever they are: the message itself comes back.
    pub all: bool,
}

impl Carried {
    /// What goes along when somebody copies to where he has these rights.
    pub fn by(viewer: Viewer, rights: Rights) -> Carried {
        let may_read = rights.contains(Rights::READ) && !viewer.anonymous;
        Carried {
            shared: rights.contains(Rights::ANNOTATE),
            reader: may_read.then_some(viewer.account),
            all: false,
        }
    }
}

/// Those of some messages in whose annotations a text is.
pub(super) async fn find(
    db: &Lent<'_>,
    key: MailboxKey,
    reader: Option<AccountId>,
    uids: &UidSet,
    wanted: &AnnotationText,
    collation: Collation,
) -> Result<UidSet, Error> {
    let needle = Needle::new(&wanted.text, collation);
    // Annotations are few, so that one range of messages is asked for.
    let range = uids.first().zip(uids.last()).map(|(first, last)| UidSet::range(first, last));
    let rows = read(db, key, reader, &range.unwrap_or_default(), &[expression(&wanted.entry)]).await?;
    let has = |row: &&Row| {
        wanted.scope.is_none_or(|wanted| wanted == scope(row.get(1)))
            && needle.is_in(&String::from_utf8_lossy(row.get(3)))
    };
    Ok(rows.iter().filter(has).map(|row| uid(row.get(0))).collect::<UidSet>().intersection(uids))
}

impl Unit for ReadAnnotationKeys {
    /// For each key, what is said of each message that has that entry.
    type Output = Vec<Said>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let mut found = Vec::new();
        for (entry, wanted) in &self.keys {
            let pattern = [expression(&EntryMatch::from(entry.clone()))];
            let rows = read(db, self.key, self.reader, &UidSet::range(Uid::MIN, Uid::MAX), &pattern).await?;
            let of_scope = rows.iter().filter(|row| scope(row.get(1)) == *wanted);
            found.push(of_scope.map(|row| (uid(row.get(0)), self.comparable(row.get(3)))).collect());
        }
        Ok(found)
    }
}

impl ReadAnnotationKeys {
    /// As a value is compared, as far as that is worth it.
    fn comparable(&self, value: &[u8]) -> Vec<u8> {
        let beginning = &value[..value.len().min(limits::SORT_KEY_BYTES_MAX)];
        self.collation.key(&String::from_utf8_lossy(beginning)).into_owned().into_bytes()
    }
}

impl Unit for ReadChangedAnnotations {
    /// The entries that have changed, by message, each once.
    type Output = BTreeMap<Uid, Vec<String>>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Self::Output, Error> {
        let key = self.key.of_kept();
        let reader = self.reader.map_or(NOBODY, |reader| reader.0);
        let sql = include_str!("sql/select_changed_annotations.sql");
        let (since, until) = (self.since.0 as i64, self.until.0 as i64);
        let rows = db.query(sql, &[&key.account.0, &key.mailbox.0, &since, &reader, &until]).await?;
        let mut changed: Self::Output = BTreeMap::new();
        for row in &rows {
            changed.entry(uid(row.get(0))).or_default().push(row.get(1));
        }
        Ok(changed)
    }
}

/// Reads those annotations of messages whose entries match: rows of uid, whose it is, entry and value.
async fn read(
    db: &Lent<'_>,
    key: MailboxKey,
    reader: Option<AccountId>,
    uids: &UidSet,
    patterns: &[String],
) -> Result<Vec<Row>, Error> {
    let (firsts, lasts) = range_columns(uids);
    let reader = reader.map_or(NOBODY, |reader| reader.0);
    let (account, mailbox) = (key.account.0, key.of_kept().mailbox.0);
    // The numbers of deleted messages are other ones than they had.
    let sql = match key.is_of_deleted() {
        true => include_str!("sql/select_annotations_of_deleted.sql"),
        false => include_str!("sql/select_annotations.sql"),
    };
    db.query(sql, &[&account, &mailbox, &firsts, &lasts, &reader, &patterns]).await
}

/// A pattern as PostgreSQL's regular expressions have it.
fn expression(pattern: &EntryMatch) -> String {
    let mut expression = "^".to_owned();
    for c in pattern.as_str().chars() {
        match c {
            '*' => expression += ".+",
            '%' => expression += "[^/]+",
            c if c.is_ascii_alphanumeric() => expression.push(c),
            c => expression += &format!("\\u{:04x}", u32::from(c)),
        }
    }
    expression + "$"
}

fn scope(reader: i64) -> Scope {
    if reader == NOBODY { Scope::Shared } else { Scope::Private }
}

/// Whose the annotations are that all share.
const NOBODY: i64 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_becomes_an_expression() {
        let of = |pattern: &str| expression(&EntryMatch::new(pattern).unwrap());
        assert_eq!(of("/%/a.b"), "^\\u002f[^/]+\\u002fa\\u002eb$");
        assert_eq!(of("*"), "^.+$");
    }
}
