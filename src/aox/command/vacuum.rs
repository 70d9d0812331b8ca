//! `aox vacuum`: ends what has ended by rule now, rather than at the next time of the schedule.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::show_vacuum::{survey, told};
use crate::aox::answer::{Answer, Reply, counted, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, ReadVacuumRuns, VacuumRun, VacuumTally, WantVacuumRun};
use crate::error::{Code, Error};
use crate::plan::Plan;

/// How.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vacuum {
    /// Without rests between its batches.
    pub now: bool,
    /// Only say what would end.
    pub dry_run: bool,
}

impl Vacuum {
    /// Asks for a run, which some server does, and follows it to its end. It goes on when nobody follows it any more.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        if self.dry_run {
            return survey(|survey, policies, _| {
                let (sentences, json) = told(&survey, &policies);
                Ok(Answer { sentences, table: None, json, good: true })
            });
        }
        let unit = WantVacuumRun { cause: "aox vacuum".to_owned(), hurry: self.now };
        Plan::run(unit, |wanted: Result<i64, db::Error>, _: &mut Context| match wanted {
            Ok(run) => follow(run, 0),
            Err(error) => Plan::Done(Err(error.into())),
        })
    }
}

/// Looks at the run twice a second.
fn follow(run: i64, looks: u32) -> Plan<Context, Outcome> {
    let unit = ReadVacuumRuns { id: Some(run), limit: 1, wait_seconds: 0.5 };
    Plan::run(unit, move |found: Result<Vec<VacuumRun>, db::Error>, _: &mut Context| {
        let found = match found {
            Ok(found) => found,
            Err(error) => return Plan::Done(Err(error.into())),
        };
        let Some(seen) = found.into_iter().next() else {
            return Plan::Done(Err(Error::no(Code::NonExistent, "the run has been forgotten")));
        };
        match (seen.ended_at, &seen.error) {
            (None, _) => {
                let progress = match seen.started_at {
                    None if looks > LOOKS_UNTIL_WONDER => "waiting until another run has ended".to_owned(),
                    None => "waiting for the vacuum".to_owned(),
                    Some(_) => format!("{}: {}", seen.step, done(&seen.tally)),
                };
                Plan::emit(Reply::Progress(progress).to_line(), move |_| follow(run, looks + 1))
            }
            (Some(_), Some(error)) => {
                let text = format!(
                    "the vacuum stopped early ({error}); it goes on by itself. Until then: {}",
                    done(&seen.tally)
                );
                Plan::Done(Err(Error::no(Code::Unavailable, text)))
            }
            (Some(_), None) => Plan::Done(Ok(Answer::sentence(
                format!("Done: {}.", done(&seen.tally)),
                tally_json(&seen.tally),
            ))),
        }
    })
}

/// What a run has done, in words.
pub(super) fn done(tally: &VacuumTally) -> String {
    let mut parts = Vec::new();
    let mut part = |count: i64, one: &str, many: &str, did: &str| {
        if count > 0 {
            parts.push(format!("{} {did}", crate::aox::answer::counted_as(count, one, many)));
        }
    };
    part(tally.deleted, "message", "messages", "deleted by policies");
    part(tally.tombstones, "deletion", "deletions", "made final");
    part(tally.bodies, "body", "bodies", "ended");
    part(tally.addresses, "address", "addresses", "ended");
    part(tally.mailboxes, "deleted mailbox", "deleted mailboxes", "ended");
    part(tally.accounts, "deleted account", "deleted accounts", "ended");
    part(tally.kept_by_policy, "deletion", "deletions", "kept by policies");
    let messages = format!(
        "{} ({}) ended",
        counted(tally.messages, "message"),
        octets(tally.octets + tally.body_octets)
    );
    parts.insert(0, messages);
    parts.join(", ")
}

/// The same for programs.
pub(super) fn tally_json(tally: &VacuumTally) -> Value {
    json!({
        "deleted": tally.deleted, "tombstones": tally.tombstones, "messages": tally.messages,
        "octets": tally.octets, "bodies": tally.bodies, "body_octets": tally.body_octets,
        "addresses": tally.addresses, "receipts": tally.receipts, "log_rows": tally.log_rows,
        "mailboxes": tally.mailboxes, "accounts": tally.accounts, "kept_by_time": tally.kept_by_time,
        "kept_by_policy": tally.kept_by_policy,
    })
}

/// Servers look for work once a second.
const LOOKS_UNTIL_WONDER: u32 = 6;
