//! `aox audit …`.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use archiveopteryx::aox::command::{AuditShow, AuditVerify};
use archiveopteryx::limits;
use clap::Subcommand;

use super::Request;

/// What can be done with the record of what happened.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Show what happened, the latest first: logins, deliveries, deletions, rights, policies, commands
    Show {
        /// Only what is about this user, or was done by this user
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// Only this: append, command, deletion, delivery, ending, forgetting, login, metadata, policy, rights or undelete
        #[arg(long)]
        kind: Option<String>,
        /// Only since then: 2026-11-23, 2026-11-23T12:00:00Z, or a span up to now such as 2h or 7d
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Only what was before then
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: u32,
        /// Go on showing what happens, the latest last, until ^C
        #[arg(long, short = 'f', conflicts_with = "until")]
        follow: bool,
    },
    /// Verify that nothing of it was changed, removed or added; exits with 1 when something was
    Verify {
        /// Compare with the heads in this file, rather than in the one that the server writes (audit.head_file)
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
    },
}

impl Audit {
    /// The request to the server.
    pub fn request(self) -> Result<Request, String> {
        Ok(match self {
            Audit::Show { user, kind, since, until, limit, .. } => {
                AuditShow { user, kind, since, until, limit, is_repeated: false }.into()
            }
            Audit::Verify { heads } => {
                AuditVerify { heads: heads.map(|file| read_end(&file)).transpose()? }.into()
            }
        })
    }
}

/// The last lines of a file, as many as a request may carry.
fn read_end(file: &Path) -> Result<String, String> {
    let read = || {
        let mut opened = std::fs::File::open(file)?;
        let octets = opened.metadata()?.len();
        opened.seek(SeekFrom::Start(octets.saturating_sub(limits::AUDIT_HEADS_BYTES_MAX)))?;
        let mut end = Vec::new();
        opened.read_to_end(&mut end)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&end).into_owned())
    };
    read().map_err(|error| format!("{} cannot be read: {error}", file.display()))
}
