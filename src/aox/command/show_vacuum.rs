//! `aox show vacuum`: when it ran, what it did, what it will do, and what holds it back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::vacuum::{done, tally_json};
use crate::aox::answer::{Answer, Reply, Table, counted, moment, octets};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::retention::sentence;
use crate::db::{
    self, ListPolicies, ListedPolicy, ReadVacuumRuns, Survey, SurveyTombstones, TombstonePlace, VacuumRun,
};
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowVacuum {}

impl ShowVacuum {
    /// The runs, and then pages of what was deleted.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        let unit = ReadVacuumRuns { id: None, limit: RUNS_SHOWN, wait_seconds: 0.0 };
        Plan::run(unit, |runs: Result<Vec<VacuumRun>, db::Error>, _: &mut Context| match runs {
            Ok(runs) => {
                survey(move |survey, policies, context| Ok(respond(&runs, &survey, &policies, context)))
            }
            Err(error) => Plan::Done(Err(error.into())),
        })
    }
}

/// Counts what would end now, page by page, and finds the policies that keep the rest.
pub(super) fn survey(
    then: impl FnOnce(Survey, Vec<ListedPolicy>, &mut Context) -> Outcome + Send + 'static,
) -> Plan<Context, Outcome> {
    survey_page(TombstonePlace::default(), Survey::default(), Box::new(then))
}

type Then = Box<dyn FnOnce(Survey, Vec<ListedPolicy>, &mut Context) -> Outcome + Send>;

fn survey_page(after: TombstonePlace, sum: Survey, then: Then) -> Plan<Context, Outcome> {
    let unit = SurveyTombstones { after };
    Plan::run(unit, move |page: Result<(Survey, Option<TombstonePlace>), db::Error>, _: &mut Context| {
        let (page, next) = match page {
            Ok(page) => page,
            Err(error) => return Plan::Done(Err(error.into())),
        };
        let sum = sum.plus(page);
        match next {
            Some(after) => {
                let progress = Reply::Progress(would_end(&sum)).to_line();
                Plan::emit(progress, move |_| survey_page(after, sum, then))
            }
            None => super::one_unit(ListPolicies::default(), move |policies, context| {
                then(sum, policies, context)
            }),
        }
    })
}

fn would_end(survey: &Survey) -> String {
    format!("{} ({}) can end now", counted(survey.due, "deleted message"), octets(survey.due_octets))
}

/// What can end and what is kept, as sentences and for programs.
pub(super) fn told(survey: &Survey, policies: &[ListedPolicy]) -> (Vec<String>, Value) {
    let mut sentences = vec![format!("{}.", would_end(survey))];
    for (id, count) in &survey.kept {
        let policy = policies.iter().find(|policy| policy.id == *id);
        let name = policy.and_then(|policy| policy.name.as_ref()).map(|name| format!(" ({name})"));
        let says = policy.map(|policy| format!(": {}", sentence(policy))).unwrap_or_default();
        sentences.push(format!(
            "{} kept by policy {id}{}{says}.",
            counted(*count, "deleted message"),
            name.unwrap_or_default()
        ));
    }
    if survey.kept_by_time > 0 {
        let waiting = counted(survey.kept_by_time, "deleted message");
        sentences.push(format!("{waiting} old enough for some mailboxes, but not for those they were in."));
    }
    let kept: serde_json::Map<String, Value> =
        survey.kept.iter().map(|(id, count)| (id.to_string(), (*count).into())).collect();
    let json = json!({"due": survey.due, "due_octets": survey.due_octets, "kept_by_time": survey.kept_by_time,
                      "kept_by_policy": kept});
    (sentences, json)
}

fn respond(runs: &[VacuumRun], survey: &Survey, policies: &[ListedPolicy], context: &Context) -> Answer {
    let (mut sentences, mut json) = told(survey, policies);
    let interval = context.settings.vacuum.interval_minutes;
    sentences.insert(
        0,
        match runs.iter().find(|run| run.started_at.is_some()) {
            None => "The vacuum has not run yet.".to_owned(),
            Some(run) => match (run.ended_at, &run.error) {
                (None, _) => format!("The vacuum is at work: {}.", run.step),
                (Some(at), None) => format!("The vacuum ran last until {}.", moment(at)),
                (Some(at), Some(error)) => format!("The vacuum stopped at {}: {error}.", moment(at)),
            },
        },
    );
    sentences.insert(
        1,
        match interval {
            0 => "It runs only when it is asked to, by aox vacuum.".to_owned(),
            minutes => format!("It runs every {}.", counted(minutes.into(), "minute")),
        },
    );
    let mut table = Table::new(&["Run", "Why", "Host", "Began", "Ended", "What it did"]);
    for run in runs {
        let at = |at: Option<jiff::Timestamp>| at.map(moment).unwrap_or_default();
        let outcome = run.error.as_ref().map(|error| format!("; {error}")).unwrap_or_default();
        table.rows.push(vec![
            run.id.to_string(),
            run.cause.clone(),
            run.host.clone(),
            at(run.started_at),
            at(run.ended_at),
            format!("{}{outcome}", done(&run.tally)),
        ]);
    }
    json["interval_minutes"] = interval.into();
    json["runs"] = runs.iter().map(run_json).collect();
    Answer { sentences, table: (!table.rows.is_empty()).then_some(table), json, good: true }
}

fn run_json(run: &VacuumRun) -> Value {
    let at = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    json!({"id": run.id, "cause": run.cause, "host": run.host, "started_at": at(run.started_at),
           "ended_at": at(run.ended_at), "error": run.error, "step": run.step, "did": tally_json(&run.tally)})
}

/// Who wants to know more asks the table.
const RUNS_SHOWN: i64 = 10;
