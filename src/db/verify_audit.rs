//! Reads the audit log as it was sealed, page by page, and compares each seal with what it seals.
//!
//! The digests are computed here, out of the columns themselves: a database in which functions were replaced gives other
//! columns or other seals, and both show.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::unit::{Access, Error, Lent, Unit};
use crate::limits;

/// Verifies some seals, those after a given one.
pub struct VerifyAudit {
    pub after: SealLink,
    /// Logins before this were forgotten, and need not be there any more.
    pub forgotten_before: Option<Timestamp>,
}

/// What the next seal must fit to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealLink {
    /// 0 before the first.
    pub number: i64,
    /// Empty before the first.
    pub digest: Vec<u8>,
    pub sealed_at: Option<Timestamp>,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifiedPage {
    /// The last seal of the page; None when there was none.
    pub last: Option<SealLink>,
    /// The seals in it, by number and digest, to be compared with heads that were written elsewhere.
    pub seals: Vec<(i64, Vec<u8>)>,
    pub entries: i64,
    pub findings: Vec<AuditFinding>,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// The seal, where it is one's.
    pub seal: i64,
    pub wrong: String,
}

/// What no seal tells: rows outside all seals, and since when logins are kept.
pub struct ReadAuditEnds;

/// What [`ReadAuditEnds`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEnds {
    /// Rows that wait to be sealed.
    pub unsealed: i64,
    /// Rows with the number of a seal that does not exist.
    pub strays: i64,
    pub forgotten_before: Option<Timestamp>,
}

/// A seal as it is stored.
struct Seal {
    number: i64,
    log: String,
    entries: i64,
    first_at: Timestamp,
    rows_digest: Vec<u8>,
    sealed_at: Timestamp,
    digest: Vec<u8>,
    /// The times as the digest has them.
    micros: (i64, i64),
}

/// What the rows of one seal come to.
#[derive(Default)]
struct Rows {
    count: i64,
    digest: Sha256,
    /// Rows that are older than they can be.
    backdated: Vec<i64>,
}

impl Unit for VerifyAudit {
    type Output = VerifiedPage;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<VerifiedPage, Error> {
        let sql = include_str!("sql/select_audit_seals.sql");
        let stored = db.query(sql, &[&self.after.number, &limits::VERIFIED_SEALS_MAX]).await?;
        let mut entries = 0;
        let fits = |seal: &Seal| {
            let first = entries == 0;
            entries += seal.entries.max(1);
            first || entries <= i64::from(limits::SEAL_ENTRIES_MAX)
        };
        let seals: Vec<Seal> = stored.iter().map(Seal::read).take_while(fits).collect();
        let mut page = VerifiedPage::default();
        let mut link = self.after;
        for seal in seals {
            let before = link.sealed_at;
            let rows = rows_of(db, &seal, before).await?;
            page.entries += rows.count;
            page.findings.extend(seal.check(&link, rows, self.forgotten_before));
            page.seals.push((seal.number, seal.digest.clone()));
            link = SealLink { number: seal.number, digest: seal.digest, sealed_at: Some(seal.sealed_at) };
            page.last = Some(link.clone());
        }
        Ok(page)
    }
}

impl Seal {
    fn read(row: &Row) -> Seal {
        Seal {
            number: row.get(0),
            log: row.get(1),
            entries: row.get(2),
            first_at: row.get(3),
            rows_digest: row.get(4),
            sealed_at: row.get(5),
            digest: row.get(6),
            micros: (row.get(7), row.get(8)),
        }
    }

    /// What is wrong with it, or with what it seals.
    fn check(&self, before: &SealLink, rows: Rows, forgotten_before: Option<Timestamp>) -> Vec<AuditFinding> {
        let mut wrong = Vec::new();
        let missing = self.number - before.number - 1;
        if missing > 0 {
            wrong.push(format!("the seals {} to {} are missing", before.number + 1, self.number - 1));
        } else if self.digest_after(&before.digest) != self.digest {
            wrong.push("the seal was changed, or the one before it".to_owned());
        }
        let digest: [u8; 32] = rows.digest.finalize().into();
        if digest != self.rows_digest.as_slice() {
            let forgotten = forgotten_before.is_some_and(|time| self.first_at < time);
            if self.log != "logins" || !forgotten || rows.count > self.entries {
                wrong.push(told_of_rows(&self.log, rows.count - self.entries));
            }
        }
        for id in rows.backdated {
            wrong.push(format!("event {id} says that it happened long before it was written"));
        }
        wrong.into_iter().map(|wrong| AuditFinding { seal: self.number, wrong }).collect()
    }

    fn digest_after(&self, previous: &[u8]) -> Vec<u8> {
        let mut text = String::new();
        let (first_at, sealed_at) = self.micros;
        for field in [
            hex(previous),
            self.number.to_string(),
            self.log.clone(),
            self.entries.to_string(),
            first_at.to_string(),
            hex(&self.rows_digest),
            sealed_at.to_string(),
        ] {
            digest_field(&mut text, Some(&field));
        }
        Sha256::digest(text.as_bytes()).to_vec()
    }
}

/// What is wrong with rows of which there are so many more, or fewer, than were sealed.
fn told_of_rows(log: &str, more: i64) -> String {
    let what = if log == "logins" { "logins" } else { "events" };
    match more {
        0 => format!("its {what} are not what was sealed: some were changed or replaced"),
        more if more > 0 => format!("{more} {what} were added to what was sealed"),
        fewer => format!("{} {what} are missing of what was sealed", -fewer),
    }
}

async fn rows_of(db: &Lent<'_>, seal: &Seal, before: Option<Timestamp>) -> Result<Rows, Error> {
    let sql = match seal.log.as_str() {
        "logins" => include_str!("sql/select_sealed_logins.sql"),
        _ => include_str!("sql/select_sealed_events.sql"),
    };
    let mut rows = Rows::default();
    let mut after = i64::MIN;
    loop {
        let most = limits::SEAL_ENTRIES_MAX;
        let page = db.query(sql, &[&seal.number, &after, &i64::from(most)]).await?;
        for row in &page {
            after = row.get(0);
            rows.count += 1;
            rows.take(row);
            // A transaction may take its time, but not this long. Logins have the time of their host.
            let late = |sealed: Timestamp| sealed - jiff::SignedDuration::from_hours(LATE_HOURS_MAX);
            if seal.log == "audit" && before.is_some_and(|sealed| row.get::<_, Timestamp>(1) < late(sealed)) {
                rows.backdated.push(after);
            }
        }
        if page.len() < most as usize {
            return Ok(rows);
        }
    }
}

impl Rows {
    /// Adds the columns from the third on, which are texts.
    fn take(&mut self, row: &Row) {
        let mut text = String::new();
        for column in 2..row.len() {
            digest_field(&mut text, row.get::<_, Option<&str>>(column));
        }
        self.digest.update(text.as_bytes());
    }
}

/// As `aox.digestible` does it: a length before each text, so that its end cannot be taken for anything else.
fn digest_field(text: &mut String, field: Option<&str>) {
    match field {
        None => text.push('-'),
        Some(field) => {
            text.push_str(&field.len().to_string());
            text.push(':');
            text.push_str(field);
        }
    }
}

/// Octets as people compare them.
pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Unit for ReadAuditEnds {
    type Output = AuditEnds;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<AuditEnds, Error> {
        let row = db.query_one(include_str!("sql/select_audit_ends.sql"), &[]).await?;
        Ok(AuditEnds { unsealed: row.get(0), strays: row.get(1), forgotten_before: row.get(2) })
    }
}

/// How much later than it happened an event may be sealed while seals are made.
const LATE_HOURS_MAX: i64 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(number: i64, after: &[u8]) -> Seal {
        let rows_digest = Sha256::digest(b"rows").to_vec();
        let mut seal = Seal {
            number,
            log: "audit".to_owned(),
            entries: 2,
            first_at: Timestamp::UNIX_EPOCH,
            rows_digest,
            sealed_at: Timestamp::UNIX_EPOCH,
            digest: Vec::new(),
            micros: (0, 0),
        };
        seal.digest = seal.digest_after(after);
        seal
    }

    fn rows(text: &[u8], count: i64) -> Rows {
        Rows { count, digest: Sha256::new_with_prefix(text), backdated: Vec::new() }
    }

    #[test]
    fn a_seal_fits_what_it_seals_and_what_comes_before() {
        let first = seal(1, b"");
        let link = SealLink { number: 1, digest: first.digest.clone(), sealed_at: None };
        assert_eq!(first.check(&SealLink::default(), rows(b"rows", 2), None), []);
        let wrong = |seal: &Seal, link: &SealLink, rows| {
            let found = seal.check(link, rows, None);
            found.into_iter().map(|finding| finding.wrong).collect::<Vec<_>>().join("; ")
        };
        let second = seal(2, &first.digest);
        assert_eq!(wrong(&second, &link, rows(b"rows", 2)), "");
        assert!(wrong(&second, &link, rows(b"other", 2)).contains("changed or replaced"));
        assert!(wrong(&second, &link, rows(b"other", 1)).contains("1 events are missing"));
        assert!(wrong(&second, &link, rows(b"other", 3)).contains("1 events were added"));
        assert!(wrong(&seal(2, b"x"), &link, rows(b"rows", 2)).contains("the seal was changed"));
        assert!(wrong(&seal(4, b"x"), &link, rows(b"rows", 2)).contains("seals 2 to 3 are missing"));
    }

    #[test]
    fn forgotten_logins_may_be_missing_but_not_more() {
        let mut sealed = seal(1, b"");
        sealed.log = "logins".to_owned();
        sealed.digest = sealed.digest_after(b"");
        let later: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(sealed.check(&SealLink::default(), rows(b"some", 1), Some(later)), []);
        assert_eq!(sealed.check(&SealLink::default(), rows(b"some", 1), None).len(), 1);
        assert_eq!(sealed.check(&SealLink::default(), rows(b"more", 3), Some(later)).len(), 1);
    }

    #[test]
    fn no_text_can_be_taken_for_two() {
        let digested = |fields: &[Option<&str>]| {
            let mut text = String::new();
            fields.iter().for_each(|field| digest_field(&mut text, *field));
            text
        };
        assert_eq!(digested(&[Some("a"), None, Some("")]), "1:a-0:");
        assert_ne!(digested(&[Some("a1:b")]), digested(&[Some("a"), Some("b")]));
    }
}
