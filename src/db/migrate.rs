//! Which revision the schema has, and how it gets to the newest: forward only, one transaction for each migration.

use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use super::{Access, Error, Lent, Unit};

/// One step of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    pub revision: i32,
    pub name: &'static str,
    pub sql: &'static str,
}

impl Migration {
    /// SHA-256 of its text.
    pub fn checksum(&self) -> [u8; 32] {
        Sha256::digest(self.sql.as_bytes()).into()
    }
}

/// Names each file once; its number, its name and its text come from there.
macro_rules! migrations {
    ($($revision:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            revision: $revision,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $name, ".sql")),
        }),*]
    };
}

/// Every migration, in order.
pub const MIGRATIONS: &[Migration] = migrations![
    0 "0000_revisions_are_recorded",
    1 "0001_accounts_have_mailboxes",
    2 "0002_messages_are_kept_exactly",
    3 "0003_mail_leaves_by_one_way",
    4 "0004_mail_can_be_asked_about_in_sql",
    5 "0005_message_rows_are_small",
    6 "0006_accounts_have_groups_and_domains",
    7 "0007_logins_are_recorded",
    8 "0008_mailboxes_are_shared",
    9 "0009_quota_is_counted",
    10 "0010_sites_say_who_deletes",
    11 "0011_expunging_locks_no_message",
    12 "0012_text_is_indexed",
    13 "0013_what_happened_is_recorded",
    14 "0014_policies_say_what_must_stay",
    15 "0015_mail_ends_by_few_functions",
    16 "0016_deleted_mail_can_be_taken_back",
    17 "0017_messages_come_with_their_parts",
    18 "0018_imports_are_written_down",
    19 "0019_a_reader_sees_the_public_face_only",
    20 "0020_restored_mail_stays_on_hold",
    21 "0021_endings_and_returns_are_recorded",
    22 "0022_deletion_policies_are_the_sites_own_word",
    23 "0023_mail_is_taken_back_fast",
    24 "0024_copies_are_called_like_their_originals",
    25 "0025_changes_of_names_and_rights_are_told",
    26 "0026_urls_open_parts_of_mail",
    27 "0027_no_mailbox_leaves_its_delete_policy",
    28 "0028_functions_look_nowhere_else",
    29 "0029_servers_answer_each_other",
    30 "0030_mailboxes_and_the_site_have_metadata",
    31 "0031_holds_know_names_of_groups",
    32 "0032_metadata_versions_look_nowhere_else",
    33 "0033_hosts_hear_what_has_ended",
    34 "0034_deleted_mail_is_indexed",
    35 "0035_messages_have_annotations",
    36 "0036_policies_are_made_for_domains",
    37 "0037_keys_of_urls_end_with_their_mailbox",
    38 "0038_readers_changes_have_modseqs",
    39 "0039_letters_are_folded_one_by_one",
    40 "0040_holds_know_domains_in_letters",
];

/// The revision that this program brings a schema to.
pub const REVISION_NEWEST: i32 = MIGRATIONS[MIGRATIONS.len() - 1].revision;
/// The oldest revision that this program can serve with. While hosts are upgraded one by one, it may be older than
/// the newest.
pub const REVISION_OLDEST: i32 = REVISION_NEWEST;

/// How a schema relates to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// There is nothing of ours in this database.
    Empty,
    /// Older than this program can serve with.
    TooOld(i32),
    /// It will do. Migrations may be pending all the same.
    Fits(i32),
    /// Made by a newer program.
    TooNew(i32),
}

/// A migration that has been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub revision: i32,
    pub name: String,
    pub checksum: Vec<u8>,
}

/// Reads what has been applied, and says whether this program can serve with it.
pub struct ReadFit;

impl Unit for ReadFit {
    type Output = Fit;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Fit, Error> {
        Ok(match read_applied(db).await?.last().map(|applied| applied.revision) {
            None => Fit::Empty,
            Some(revision) if revision < REVISION_OLDEST => Fit::TooOld(revision),
            Some(revision) if revision > REVISION_NEWEST => Fit::TooNew(revision),
            Some(revision) => Fit::Fits(revision),
        })
    }
}

/// Applies the next pending migration and returns it; None when there is none. Needs the role that owns the tables.
pub struct ApplyNext;

impl Unit for ApplyNext {
    type Output = Option<Migration>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Option<Migration>, Error> {
        db.query_one(include_str!("sql/lock_migrations.sql"), &[]).await?;
        let applied = read_applied(db).await?;
        let Some(next) = next(&applied).map_err(refused)? else {
            return Ok(None);
        };
        db.client().batch_execute(next.sql).await?;
        let checksum = next.checksum();
        db.execute(
            include_str!("sql/insert_revision.sql"),
            &[&next.revision, &next.name, &checksum.as_slice()],
        )
        .await?;
        Ok(Some(next))
    }
}

/// Lets the role that may only ask read the public views, if there is that role by now: roles are made by somebody else,
/// sooner or later. Needs the role that owns the tables.
pub struct LetReaderRead;

impl Unit for LetReaderRead {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        db.query_one(include_str!("sql/let_reader_read.sql"), &[]).await.map(|_| ())
    }
}

/// Creates the roles and the database where they are missing. Needs a superuser, and no transaction around it.
pub struct CreateRoles;

impl Unit for CreateRoles {
    type Output = ();
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        let client: &Client = db.client();
        client.batch_execute(include_str!("sql/create_roles.sql")).await?;
        let there: bool = db.query_one(include_str!("sql/has_database.sql"), &[]).await?.get(0);
        if !there {
            client.batch_execute(include_str!("sql/create_database.sql")).await?;
        }
        Ok(())
    }
}

/// What an administrator of PostgreSQL runs to prepare a database that the site keeps itself.
pub fn roles_sql() -> String {
    format!(
        "{}\n{};\n\n-- Then give aox_owner, aox_server and aox_reader passwords, for example by \\password in psql.\n",
        include_str!("sql/create_roles.sql"),
        include_str!("sql/create_database.sql").trim_end()
    )
}

/// The first unit on each connection: its deadlines.
pub struct PrepareConnection;

impl Unit for PrepareConnection {
    type Output = ();
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        Ok(db.client().batch_execute(include_str!("sql/prepare_connection.sql")).await?)
    }
}

fn refused(why: String) -> Error {
    Error::Refused(crate::error::Error::no(crate::error::Code::Cannot, why))
}

async fn read_applied(db: &Lent<'_>) -> Result<Vec<Applied>, Error> {
    let there: bool = db.query_one(include_str!("sql/has_revisions.sql"), &[]).await?.get(0);
    if !there {
        return Ok(Vec::new());
    }
    let rows = db.query(include_str!("sql/select_revisions.sql"), &[]).await?;
    Ok(rows
        .iter()
        .map(|row| Applied { revision: row.get(0), name: row.get(1), checksum: row.get(2) })
        .collect())
}

/// The first migration that `applied` lacks. Refused when what was applied is not what this program knows.
fn next(applied: &[Applied]) -> Result<Option<Migration>, String> {
    for (known, done) in MIGRATIONS.iter().zip(applied) {
        if known.revision != done.revision || known.checksum().as_slice() != done.checksum {
            return Err(format!(
                "the schema was made by another program: it has \"{}\" where this program has another \"{}\"",
                done.name, known.name
            ));
        }
    }
    if let Some(newer) = applied.get(MIGRATIONS.len()) {
        return Err(format!(
            "the schema is newer than this program: it has \"{}\", and this program knows revisions up to \
             {REVISION_NEWEST}",
            newer.name
        ));
    }
    Ok(MIGRATIONS.get(applied.len()).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(count: usize) -> Vec<Applied> {
        MIGRATIONS[..count]
            .iter()
            .map(|m| Applied {
                revision: m.revision,
                name: m.name.to_owned(),
                checksum: m.checksum().to_vec(),
            })
            .collect()
    }

    #[test]
    fn every_file_is_listed_in_order() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry.unwrap().file_name().into_string().unwrap().trim_end_matches(".sql").to_owned()
            })
            .collect();
        files.sort();
        assert_eq!(files, MIGRATIONS.iter().map(|m| m.name).collect::<Vec<_>>());
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.revision as usize, at);
            assert!(migration.name.starts_with(&format!("{at:04}_")), "{}", migration.name);
            assert!(migration.sql.starts_with("-- "), "{} does not say what it is for", migration.name);
        }
    }

    #[test]
    fn the_next_is_the_first_that_is_missing() {
        assert_eq!(next(&applied(0)).unwrap().unwrap().revision, 0);
        assert_eq!(next(&applied(2)).unwrap().unwrap().revision, 2);
        assert_eq!(next(&applied(MIGRATIONS.len())).unwrap(), None);
    }

    #[test]
    fn a_migration_that_was_edited_is_refused() {
        let mut done = applied(3);
        done[1].checksum[0] ^= 1;
        assert!(next(&done).unwrap_err().contains("0001_"));
    }

    #[test]
    fn a_schema_of_the_future_is_refused() {
        let mut done = applied(MIGRATIONS.len());
        done.push(Applied { revision: 999, name: "0999_x".to_owned(), checksum: vec![] });
        assert!(next(&done).unwrap_err().contains("newer"));
    }
}
