//! How results are told: as ESEARCH (RFC 4731 §3.1), in the numbers that the client asked in.

use super::finding::Found;
use crate::error::Error;
use crate::imap::context::{Context, Results};
use crate::imap::grammar::returns::Returns;
use crate::imap::print::number;
use crate::imap::response;
use crate::imap::selected::{Running, Selected, Step};
use crate::mailbox::{Snapshot, Uid, UidSet};
use crate::search::Selector;
use crate::search::sort::Criterion;

/// How the results of one command are answered.
pub struct Answering {
    /// SEARCH or SORT: the response that there is without RETURN.
    name: &'static [u8],
    /// The options behind RETURN, if it was there.
    returns: Option<Returns>,
    /// The program has the key MODSEQ.
    asks_modseq: bool,
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
        Answering { name, returns, asks_modseq, names_mailbox: false, context: None }
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

    /// Whether the results are to be kept up to date. The tag of a search that is must not be used by another one (RFC
    /// 5267 §4.3).
    pub fn check(&self, running: &Running, selected: &Selected) -> Result<(), Error> {
        match self.updates() && selected.contexts.has(&running.tag) {
            true => Err(Error::bad("This tag is that of a search which is kept up to date")),
            false => Ok(()),
        }
    }

    fn updates(&self) -> bool {
        self.returns.is_some_and(|returns| returns.update)
    }

    /// Takes what is needed to keep the results up to date, if that is wanted.
    pub fn watch(
        &mut self,
        selector: Selector,
        criteria: Vec<Criterion>,
        found: &mut Found,
        running: &Running,
    ) {
        if self.updates() {
            let (answers, asked) = (std::mem::take(&mut found.answers), found.asked.clone());
            let (results, pending) = (Results::Sorted(Vec::new()), UidSet::new());
            let (tag, uid) = (running.tag.clone(), running.uid);
            let context = Context { tag, uid, selector, answers, asked, criteria, results, pending };
            self.context = Some(Box::new(context));
        }
    }

    /// Tells the results, which come in the order that was asked for, and saves them if that is wanted.
    pub fn respond(self, found: Vec<Uid>, mut running: Running, selected: &mut Selected) -> Step {
        let told = selected.view.told().clone();
        let results = numbers(&told, &found, running.uid);
        // RFC 9051 §6.4.4: SEARCH is answered by ESEARCH once that version is enabled.
        let is_rev2 = selected.enabled.imap4rev2 && self.name == b"SEARCH";
        let returns = self.returns.or(is_rev2.then_some(Returns::ALL));
        let options = returns.unwrap_or_default();
        let named = options.named(&found);
        // RFC 7162 §3.1.5, RFC 4731 §3.2: the greatest mod-sequence of the messages that are returned.
        let modseqs = named.iter().filter_map(|uid| Some(told.by_uid(*uid)?.1.modseq.0));
        let modseq = if self.asks_modseq { modseqs.max() } else { None };
        let mut out = std::mem::take(&mut running.untagged);
        match returns {
            None => write_plain(&mut out, self.name, &results, modseq),
            Some(returns) if returns.tells() && !(self.names_mailbox && results.is_empty()) => {
                let correlator = self.correlator(&running, selected);
                write_correlated(&mut out, &correlator, running.uid, &returns, &results, modseq);
            }
            Some(_) => (),
        }
        running.untagged = out;
        if options.save {
            selected.saved = named.into_iter().collect();
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

    /// A search that should have saved its results leaves none (RFC 5182 §2.1).
    pub fn failed(self, error: Error, running: Running, selected: &mut Selected) -> Step {
        if self.returns.is_some_and(|returns| returns.save) {
            selected.saved = UidSet::new();
        }
        running.failed(selected, error)
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

/// `esearch-response = "ESEARCH" [search-correlator] [SP "UID"] *(SP search-return-data)`, where
/// `search-correlator = SP "(" one-correlator *(SP one-correlator) ")"` (RFC 7377 §4). The results come in the order
/// that was asked for.
pub fn write_correlated(
    out: &mut Vec<u8>,
    correlator: &[u8],
    uid: bool,
    returns: &Returns,
    results: &[u32],
    modseq: Option<u64>,
) {
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
    if let Some(modseq) = modseq.filter(|_| !results.is_empty()) {
        out.extend_from_slice(b" MODSEQ ");
        number(out, modseq);
    }
    out.extend_from_slice(b"\r\n");
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
