//! The runs of the vacuum, on whichever host: asked for, begun, followed, ended. One is at work at a time.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::unit::{Access, Error, Lent, Unit};
use crate::limits;

/// Begins a run if one is wanted or due, and none is at work anywhere.
pub struct TakeVacuumRun {
    pub host: String,
    /// After how many minutes the next is due; 0 for never.
    pub interval_minutes: u32,
}

/// A run that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenRun {
    pub id: i64,
    pub is_hurried: bool,
}

/// Asks for a run; some server will begin it within a moment.
pub struct WantVacuumRun {
    /// Who asks.
    pub cause: String,
    /// It does not rest between its batches, and neither does one that is at work now.
    pub hurry: bool,
}

/// A run has ended.
pub struct EndVacuumRun {
    pub id: i64,
    /// Why it did not come to its end.
    pub error: Option<String>,
}

/// Reads the latest runs, after a while.
pub struct ReadVacuumRuns {
    /// Only this one.
    pub id: Option<i64>,
    pub limit: i64,
    /// How long to wait before.
    pub wait_seconds: f64,
}

/// A run, and what it has done so far.
#[derive(Debug, Clone, PartialEq)]
pub struct VacuumRun {
    pub id: i64,
    pub cause: String,
    pub host: String,
    /// None as long as it is only wanted.
    pub started_at: Option<Timestamp>,
    pub heard_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub error: Option<String>,
    /// What it is doing.
    pub step: String,
    pub tally: VacuumTally,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VacuumTally {
    /// Messages that policies have deleted: they can be taken back for the undelete time.
    pub deleted: i64,
    /// Tombstones that have ended.
    pub tombstones: i64,
    /// Messages that have ended with them.
    pub messages: i64,
    pub octets: i64,
    /// Bodies that nobody used any more.
    pub bodies: i64,
    pub body_octets: i64,
    pub addresses: i64,
    pub receipts: i64,
    /// Rows of the log of changes.
    pub log_rows: i64,
    pub mailboxes: i64,
    pub accounts: i64,
    /// Tombstones whose time has not passed, of those that were old enough to be looked at.
    pub kept_by_time: i64,
    pub kept_by_policy: i64,
}

impl Unit for TakeVacuumRun {
    type Output = Option<TakenRun>;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<Option<TakenRun>, Error> {
        let (minutes, silence) = (self.interval_minutes as i32, limits::VACUUM_SILENCE_SECONDS);
        let due = include_str!("sql/select_vacuum_due.sql");
        let is_due =
            async || -> Result<bool, Error> { Ok(db.query_one(due, &[&minutes, &silence]).await?.get(0)) };
        if !is_due().await? {
            return Ok(None);
        }
        db.query_one(include_str!("sql/lock_vacuum_runs.sql"), &[]).await?;
        // Another host may have begun one while the lock was waited for.
        if !is_due().await? {
            return Ok(None);
        }
        db.execute(include_str!("sql/break_off_vacuum_runs.sql"), &[&silence]).await?;
        db.execute(include_str!("sql/delete_old_vacuum_runs.sql"), &[]).await?;
        let row = db.query_one(include_str!("sql/take_vacuum_run.sql"), &[&self.host]).await?;
        Ok(Some(TakenRun { id: row.get(0), is_hurried: row.get(1) }))
    }
}

impl Unit for WantVacuumRun {
    /// Its id.
    type Output = i64;
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<i64, Error> {
        let sql = include_str!("sql/want_vacuum_run.sql");
        Ok(db.query_one(sql, &[&self.cause, &self.hurry]).await?.get(0))
    }
}

impl Unit for EndVacuumRun {
    type Output = ();
    const ACCESS: Access = Access::Write;

    async fn run(self, db: &Lent<'_>) -> Result<(), Error> {
        db.execute(include_str!("sql/end_vacuum_run.sql"), &[&self.id, &self.error]).await?;
        Ok(())
    }
}

impl Unit for ReadVacuumRuns {
    type Output = Vec<VacuumRun>;
    const ACCESS: Access = Access::Read;

    async fn run(self, db: &Lent<'_>) -> Result<Vec<VacuumRun>, Error> {
        if self.wait_seconds > 0.0 {
            db.query_one(include_str!("sql/pause.sql"), &[&self.wait_seconds]).await?;
        }
        let rows = db.query(include_str!("sql/select_vacuum_runs.sql"), &[&self.id, &self.limit]).await?;
        Ok(rows.iter().map(VacuumRun::of).collect())
    }
}

impl VacuumRun {
    fn of(row: &Row) -> VacuumRun {
        VacuumRun {
            id: row.get(0),
            cause: row.get(1),
            host: row.get(2),
            started_at: row.get(3),
            heard_at: row.get(4),
            ended_at: row.get(5),
            error: row.get(6),
            step: row.get(7),
            tally: VacuumTally {
                deleted: row.get(8),
                tombstones: row.get(9),
                messages: row.get(10),
                octets: row.get(11),
                bodies: row.get(12),
                body_octets: row.get(13),
                addresses: row.get(14),
                receipts: row.get(15),
                log_rows: row.get(16),
                mailboxes: row.get(17),
                accounts: row.get(18),
                kept_by_time: row.get(19),
                kept_by_policy: row.get(20),
            },
        }
    }
}
