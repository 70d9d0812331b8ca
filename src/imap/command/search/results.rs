//! How results are told: as ESEARCH (RFC 4731 §3.1), in the numbers that the client asked in.

use std::sync::Arc;

use super::finding::{self, Found, Relevancy};
use crate::error::Error;
use crate::imap::context::{Context, Results};
use crate::imap::grammar::returns::Returns;
use crate::imap::print::number;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::{Snapshot, Uid, UidSet};
use crate::search::relevancy::RELEVANCY_MAX;
use crate::search::sort::{Criterion, SortKey};
use crate::search::{Collation, Selector};

/// How the results of one command are answered.
pub struct Answering {
    /// SEARCH or SORT: the response that there is without RETURN.
    name: &'static [u8],
    /// The options behind RETURN, if it was there.
    returns: Option<Returns>,
    /// The program has the key MODSEQ.
    asks_modseq: bool,
    /// The program has the key ANNOTATION.
    asks_annotations: bool,
    /// The program has a key that is FUZZY.
    is_fuzzy: bool,
    /// How relevant the results are, if that is so.
    relevancy: Option<Arc<Relevancy>>,
    /// By ESEARCH: the mailbox is named, if there is anything in it (RFC 7377 §2.1).
    names_mailbox: bool,
    /// The search, when its results are to be kept up to date: its results are still to be put in.
    context: Option<Box<Context>>,
}

impl Answering {
    /// For a command with these options and this program.
    pub fn new(name: &'static [u8], returns: Option<Returns>, program: Option<&Selector>) -> Answering {
        let is_modseq = |key: &Selector| matches!(key, Selector::ModSeq(_));
        let asks_modseq = program.is_some_and(|program| program.has_key(is_modseq));
        let asks_annotations = program.is_some_and(Selector::asks_annotations);
        let is_fuzzy = program.is_some_and(Selector::is_fuzzy);
        Answering {
            name,
            returns,
            asks_modseq,
            asks_annotations,
            is_fuzzy,
            relevancy: None,
            names_mailbox: false,
            context: None,
        }
    }

    /// The same by ESEARCH.
    pub fn naming_mailbox(self) -> Answering {
        Answering { names_mailbox: true, ..self }
    }

    /// What an ESEARCH response begins with. A tag has no character that quotes cannot hold.
    fn correlator(&self, running: &Running, selected: &Selected) -> Vec<u8> {
        let mut correlator = format!("(TAG \"{}\"", running.tag).into_bytes();
        if self.names_mailbox {
            correlator.extend_from_slice(b" MAILBOX ");
            response::mailbox(&mut correlator, selected.name.as_str(), selected.enabled);
            let uidvalidity = selected.view.told().uidvalidity;
            correlator.extend_from_slice(format!(" UIDVALIDITY {uidvalidity}").as_bytes());
        }
        correlator.push(b')');
        correlator
    }

    /// Refuses what makes no sense: relevancy of results that are exact (RFC 6203 §4, §6), and a tag that is that of a
    /// search which is kept up to date (RFC 5267 §4.3). What asks for annotations is not kept up to date, and the client is
    /// told that.
    pub fn check(
        &mut self,
        criteria: &[Criterion],
        running: &mut Running,
        selected: &Selected,
    ) -> Result<(), Error> {
        let by_relevancy = criteria.iter().any(|criterion| criterion.key == SortKey::Relevancy);
        let relevancy = self.returns.as_ref().is_some_and(|returns| returns.relevancy) || by_relevancy;
        Returns { relevancy, ..Returns::default() }.check(self.is_fuzzy)?;
        if self.updates() && selected.contexts.has(&running.tag) {
            return Err(Error::bad("This tag is that of a search which is kept up to date"));
        }
        let by_annotation = criteria.iter().any(|criterion| matches!(criterion.key, SortKey::Annotation(_)));
        if let Some(returns) = self.returns.as_mut().filter(|returns| returns.update)
            && (by_annotation || self.asks_annotations)
        {
            // RFC 5267 §4.3.2. Others may write them at any time: they would have to be read anew each time.
            returns.update = false;
            running.untagged.extend(response::no_update(&running.tag, "Annotations are not kept up to date"));
        }
        Ok(())
    }

    fn updates(&self) -> bool {
        self.returns.as_ref().is_some_and(|returns| returns.update)
    }

    /// Takes what is to be told of the results, and what is needed to keep them up to date, if that is wanted.
    pub fn take(
        &mut self,
        selector: Selector,
        criteria: Vec<Criterion>,
        collation: Collation,
        found: &mut Found,
        running: &Running,
    ) {
        self.relevancy = found.relevancy.clone();
        if self.updates() {
            let heard = std::mem::take(&mut found.heard);
            let relevancy = found.relevancy.as_deref().cloned().unwrap_or_default();
            let (results, pending) = (Results::Sorted(Vec::new()), UidSet::new());
            let (tag, uid) = (running.tag.clone(), running.uid);
            let items = self.returns.as_ref().map_or(Vec::new(), |returns| returns.items.clone());
            let context = Context {
                tag,
                uid,
                selector,
                collation,
                heard,
                relevancy,
                criteria,
                items,
                results,
                pending,
            };
            self.context = Some(Box::new(context));
        }
    }

    /// Tells the results, which come in the order that was asked for, and saves them if that is wanted.
    pub fn respond(self, found: Vec<Uid>, running: Running, selected: &mut Selected) -> Step {
        // RFC 9051 §6.4.4: SEARCH is answered by ESEARCH once that version is enabled.
        let is_rev2 = selected.enabled.imap4rev2 && self.name == b"SEARCH";
        let telling = Telling {
            name: self.name,
            returns: self.returns.clone().or(is_rev2.then_some(Returns::ALL)),
            asks_modseq: self.asks_modseq,
            names_mailbox: self.names_mailbox,
            correlator: self.correlator(&running, selected),
            relevancy: self.relevancy.clone(),
            uid: running.uid,
        };
        let (told, count) = (selected.view.told().clone(), found.len());
        let work = move || {
            let (octets, named) = telling.write(&told, &found);
            (octets, named, found)
        };
        finding::compute(count, work, selected, move |made, selected| match made {
            Ok((octets, named, found)) => self.told(octets, (named, found), running, selected),
            Err(error) => self.failed(error, running, selected),
        })
    }

    /// Goes on with the octets of the answer, with the results that the options name, and with all of them.
    fn told(
        self,
        octets: Vec<u8>,
        (named, found): (UidSet, Vec<Uid>),
        mut running: Running,
        selected: &mut Selected,
    ) -> Step {
        running.untagged.extend(octets);
        if self.returns.as_ref().is_some_and(|returns| returns.save) {
            selected.saved = named;
        }
        if let Some(mut context) = self.context {
            context.results = match context.criteria.is_empty() {
                true => Results::Ascending(found.into_iter().collect()),
                false => Results::Sorted(found),
            };
            if !selected.contexts.keep(*context) {
                let refused = response::no_update(&running.tag, "Too many searches are kept up to date");
                running.untagged.extend(refused);
            }
        }
        running.done(selected)
    }

    /// How relevant each message is, if that is known.
    pub fn relevancy(&self) -> Option<Arc<Relevancy>> {
        self.relevancy.clone()
    }

    /// A search that should have saved its results leaves none (RFC 5182 §2.1).
    pub fn failed(self, error: Error, running: Running, selected: &mut Selected) -> Step {
        if self.returns.as_ref().is_some_and(|returns| returns.save) {
            selected.saved = UidSet::new();
        }
        running.failed(selected, error)
    }
}

/// What has to be known to write an answer.
struct Telling {
    name: &'static [u8],
    returns: Option<Returns>,
    asks_modseq: bool,
    names_mailbox: bool,
    correlator: Vec<u8>,
    relevancy: Option<Arc<Relevancy>>,
    uid: bool,
}

impl Telling {
    /// The answer, and those of the results that the options name: of a million, that takes a while.
    fn write(&self, told: &Snapshot, found: &[Uid]) -> (Vec<u8>, UidSet) {
        let results = numbers(told, found, self.uid);
        let options = self.returns.clone().unwrap_or_default();
        let named = options.named(found);
        // RFC 7162 §3.1.5, RFC 4731 §3.2: the greatest mod-sequence of the messages that are returned.
        let modseqs = named.iter().filter_map(|uid| Some(told.by_uid(*uid)?.1.modseq.0));
        let modseq = if self.asks_modseq { modseqs.max() } else { None };
        let mut out = Vec::new();
        match &self.returns {
            None => write_plain(&mut out, self.name, &results, modseq),
            Some(returns) if returns.tells() && !(self.names_mailbox && results.is_empty()) => {
                let scores = self.scores(found);
                let told = Told { numbers: &results, modseq, scores: &scores };
                write_correlated(&mut out, &self.correlator, self.uid, returns, told);
            }
            Some(_) => (),
        }
        let named = if options.save { named.into_iter().collect() } else { UidSet::new() };
        (out, named)
    }

    /// How relevant the results are.
    fn scores(&self, found: &[Uid]) -> Vec<u8> {
        let of = |uid| self.relevancy.as_ref().and_then(|relevancy| relevancy.get(uid)).copied();
        found.iter().map(|uid| of(uid).unwrap_or(RELEVANCY_MAX)).collect()
    }
}

/// Results as the client wants them: uids after UID, else sequence numbers.
fn numbers(told: &Snapshot, uids: &[Uid], uid: bool) -> Vec<u32> {
    if uid {
        return uids.iter().map(|uid| uid.get()).collect();
    }
    let msn_of = |uid: &Uid| told.msn_of(*uid).expect("what is found is in view").get();
    let is_long = uids.len() as u64 >= u64::from(told.len()) / 16;
    if !is_long || !uids.is_sorted() {
        return uids.iter().map(msn_of).collect();
    }
    // Walking beside a long list costs less than looking each of it up.
    let mut messages = told.iter();
    let next = |uid: &Uid| messages.find(|(_, entry)| entry.uid == *uid);
    uids.iter().filter_map(next).map(|(msn, _)| msn.get()).collect()
}

/// `mailbox-data =/ "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]`,
/// `sort-data =/ "SORT" [1*(SP nz-number) SP search-sort-mod-seq]`, where
/// `search-sort-mod-seq = "(" "MODSEQ" SP mod-sequence-value ")"` (RFC 7162 §7)
fn write_plain(out: &mut Vec<u8>, name: &[u8], results: &[u32], modseq: Option<u64>) {
    out.extend_from_slice(b"* ");
    out.extend_from_slice(name);
    for result in results {
        out.push(b' ');
        number(out, (*result).into());
    }
    if let Some(modseq) = modseq {
        out.extend_from_slice(format!(" (MODSEQ {modseq})").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Results, as the client hears of them.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// In the order that was asked for.
    pub numbers: &'a [u32],
    pub modseq: Option<u64>,
    /// How relevant each is.
    pub scores: &'a [u8],
}

/// `esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`, where
/// `search-correlator = SP "(" one-correlator *(SP one-correlator) ")"` (RFC 7377 §4).
pub fn write_correlated(out: &mut Vec<u8>, correlator: &[u8], uid: bool, returns: &Returns, told: Told<'_>) {
    let Told { numbers: results, modseq, scores } = told;
    out.extend_from_slice(b"* ESEARCH ");
    out.extend_from_slice(correlator);
    if uid {
        out.extend_from_slice(b" UID");
    }
    let mut item = |name: &[u8], value: u32| {
        out.extend_from_slice(name);
        number(out, value.into());
    };
    // Without any result, these are left out (RFC 4731 §3.1).
    results.first().filter(|_| returns.min).into_iter().for_each(|first| item(b" MIN ", *first));
    results.last().filter(|_| returns.max).into_iter().for_each(|last| item(b" MAX ", *last));
    if returns.count {
        item(b" COUNT ", results.len() as u32);
    }
    if returns.all && !results.is_empty() {
        out.extend_from_slice(b" ALL ");
        write_set(out, results);
    }
    if let Some(range) = returns.partial {
        // `ret-data-partial = "PARTIAL" SP "(" partial-range SP partial-results ")"`
        out.extend_from_slice(format!(" PARTIAL ({range} ").as_bytes());
        match &results[range.of(results.len())] {
            [] => out.extend_from_slice(b"NIL"),
            there => write_set(out, there),
        }
        out.push(b')');
    }
    if returns.relevancy {
        write_relevancy(out, returns, scores);
    }
    if let Some(modseq) = modseq.filter(|_| !results.is_empty()) {
        out.extend_from_slice(b" MODSEQ ");
        number(out, modseq);
    }
    out.extend_from_slice(b"\r\n");
}

/// `search-return-data =/ "RELEVANCY" SP score-list`, where `score-list = "(" [score *(SP score)] ")"` (RFC 6203 §7): of
/// the results that are listed, in their order.
fn write_relevancy(out: &mut Vec<u8>, returns: &Returns, scores: &[u8]) {
    let listed = match returns.partial {
        Some(range) => &scores[range.of(scores.len())],
        None => scores,
    };
    out.extend_from_slice(b" RELEVANCY (");
    for (at, score) in listed.iter().enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        number(out, (*score).into());
    }
    out.push(b')');
}

/// `sequence-set` in the order of the numbers. What ascends one by one becomes a range (RFC 5267 §3.2).
pub fn write_set(out: &mut Vec<u8>, numbers: &[u32]) {
    let mut separator: &[u8] = b"";
    for run in numbers.chunk_by(|a, b| a.checked_add(1) == Some(*b)) {
        out.extend_from_slice(separator);
        separator = b",";
        number(out, run[0].into());
        if let [_, .., last] = run {
            out.push(b':');
            number(out, (*last).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_its_order() {
        let set = |numbers: &[u32]| {
            let mut out = Vec::new();
            write_set(&mut out, numbers);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(set(&[2, 10, 11, 12]), "2,10:12");
        assert_eq!(set(&[23765, 23764, 23763, 23761, 23762]), "23765,23764,23763,23761:23762");
        assert_eq!(set(&[u32::MAX, 1]), "4294967295,1");
        assert_eq!(set(&[]), "");
    }
}
