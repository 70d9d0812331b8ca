//! `aox audit verify`: whether the record of what happened is as it was written.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, Reply, Table, counted, moment};
use crate::aox::conversation::{Context, Outcome};
use crate::db::{self, AuditEnds, AuditFinding, SealLink, VerifiedPage};
use crate::error::Error;
use crate::plan::Plan;

/// What to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditVerify {
    /// Heads that were written elsewhere, as lines of a file; none means those in the server's own file.
    pub heads: Option<String>,
}

/// What has been found so far.
struct Sum {
    ends: AuditEnds,
    /// Seals that must be there, by number and digest in hexadecimal: what was written elsewhere.
    heads: Vec<(i64, String)>,
    /// How many of them were found as they were written.
    met: usize,
    seals: i64,
    entries: i64,
    link: SealLink,
    findings: Vec<AuditFinding>,
}

impl AuditVerify {
    /// A page of seals after the other, each with a line of progress.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let written = self.heads.as_ref().or(context.facts.audit_heads.as_ref());
        let heads = written.map(|text| heads(text)).unwrap_or_default();
        then(db::ReadAuditEnds, move |ends| {
            let (link, findings) = (SealLink::default(), Vec::new());
            next_page(Sum { ends, heads, met: 0, seals: 0, entries: 0, link, findings })
        })
    }
}

fn next_page(mut sum: Sum) -> Plan<Context, Outcome> {
    let forgotten_before = sum.ends.forgotten_before;
    then(db::VerifyAudit { after: sum.link.clone(), forgotten_before }, move |page: VerifiedPage| {
        let Some(last) = page.last else { return Plan::Done(Ok(respond(sum))) };
        sum.seals += page.seals.len() as i64;
        sum.entries += page.entries;
        sum.findings.extend(page.findings);
        sum.compare(&page.seals);
        sum.link = last;
        let progress = format!(
            "{} under {} verified, {}",
            counted(sum.entries, "event"),
            counted(sum.seals, "seal"),
            counted(sum.findings.len() as i64, "finding")
        );
        Plan::emit(Reply::Progress(progress).to_line(), move |_| next_page(sum))
    })
}

/// Runs `unit`, and goes on with what it returned unless it failed.
fn then<U: db::Unit>(
    unit: U,
    next: impl FnOnce(U::Output) -> Plan<Context, Outcome> + Send + 'static,
) -> Plan<Context, Outcome> {
    Plan::run(unit, |outcome: Result<U::Output, db::Error>, _: &mut Context| match outcome {
        Ok(output) => next(output),
        Err(error) => Plan::Done(Err(Error::from(error))),
    })
}

/// The heads in lines of `time number digest`, by number; what is no such line is none.
fn heads(text: &str) -> Vec<(i64, String)> {
    let head = |line: &str| {
        let mut words = line.split_whitespace().rev();
        let (digest, number) = (words.next()?, words.next()?);
        (digest.len() == 64).then_some((number.parse().ok()?, digest.to_lowercase()))
    };
    let mut heads: Vec<_> = text.lines().filter_map(head).collect();
    heads.sort();
    heads.dedup();
    heads
}

impl Sum {
    /// Compares a page of seals with the heads that were written elsewhere.
    fn compare(&mut self, seals: &[(i64, Vec<u8>)]) {
        for (number, digest) in seals {
            let first = self.heads.partition_point(|(head, _)| head < number);
            for (_, head) in self.heads[first..].iter().take_while(|(head, _)| head == number) {
                if *head == db::hex(digest) {
                    self.met += 1;
                } else {
                    let wrong = "its digest is not the one that was written elsewhere".to_owned();
                    self.findings.push(AuditFinding { seal: *number, wrong });
                }
            }
        }
    }

    /// What no page shows.
    fn close(&mut self) {
        let last = self.link.number;
        if let Some((number, _)) = self.heads.iter().rfind(|(number, _)| *number > last) {
            let wrong =
                format!("the end was cut off: seal {number} was written elsewhere, and {last} is the last");
            self.findings.push(AuditFinding { seal: last, wrong });
        }
        if self.ends.strays > 0 {
            let wrong = format!("{} name a seal that does not exist", counted(self.ends.strays, "event"));
            self.findings.push(AuditFinding { seal: last, wrong });
        }
    }
}

fn respond(mut sum: Sum) -> Answer {
    sum.close();
    let mut table = Table::new(&["Seal", "What is wrong"]);
    table.rows = sum.findings.iter().map(|found| vec![found.seal.to_string(), found.wrong.clone()]).collect();
    let json: Vec<_> =
        sum.findings.iter().map(|found| json!({"seal": found.seal, "what": found.wrong})).collect();
    let verdict = match sum.findings.len() {
        0 => "all as they were written".to_owned(),
        count => counted(count as i64, "finding"),
    };
    let digest = db::hex(&sum.link.digest);
    let mut sentences = vec![format!(
        "{} under {} verified: {verdict}; {} not sealed yet.",
        counted(sum.entries, "event"),
        counted(sum.seals, "seal"),
        sum.ends.unsealed
    )];
    if sum.seals > 0 {
        sentences.push(format!("The head is {} {digest}.", sum.link.number));
    }
    if let Some(before) = sum.ends.forgotten_before {
        let before = moment(before);
        sentences.push(format!(
            "Logins before {before} were forgotten, as the record says, and are not looked for."
        ));
    }
    sentences.push(match sum.heads.len() {
        0 => "There was no head written elsewhere to compare with, so that a cut end would not show."
            .to_owned(),
        count => format!(
            "{} of {} that were written elsewhere were found.",
            sum.met,
            counted(count as i64, "head")
        ),
    });
    Answer {
        sentences,
        table: (!table.rows.is_empty()).then_some(table),
        json: json!({"events": sum.entries, "seals": sum.seals, "unsealed": sum.ends.unsealed,
                     "logins_forgotten_before": sum.ends.forgotten_before.map(|before| before.to_string()),
                     "head": {"number": sum.link.number, "digest": digest},
                     "heads": sum.heads.len(), "heads_met": sum.met, "findings": json}),
        good: sum.findings.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_from_a_file_and_from_a_log() {
        let (one, two) = ("a".repeat(64), "B".repeat(64));
        let text = format!(
            "2026-11-29T15:00:00Z 7 {one}\nNov 29 mail aox[1]: audit head 9 {two}\nnonsense\n8 short\n"
        );
        assert_eq!(heads(&text), [(7, one), (9, two.to_lowercase())]);
    }

    #[test]
    fn a_cut_end_shows_against_a_head() {
        let ends = AuditEnds { unsealed: 0, strays: 0, forgotten_before: None };
        let (met, other) = ("00".repeat(32), "11".repeat(32));
        let heads = vec![(1, met.clone()), (2, other), (5, met)];
        let link = SealLink { number: 2, ..SealLink::default() };
        let mut sum = Sum { ends, heads, met: 0, seals: 2, entries: 2, link, findings: Vec::new() };
        sum.compare(&[(1, vec![0; 32]), (2, vec![0; 32])]);
        sum.close();
        assert_eq!((sum.met, sum.findings.len()), (1, 2));
        assert!(sum.findings[1].wrong.contains("cut off: seal 5"), "{:?}", sum.findings);
    }
}
