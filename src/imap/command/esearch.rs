//! ESEARCH (RFC 7377): which messages, in which mailboxes? What is open stays open.

use std::collections::BTreeSet;

use jiff::Timestamp;
use nom::Parser;
use nom::combinator::opt;
use nom::sequence::preceded;

use super::search::results::{Told, write_correlated};
use super::search::{or_refusal, program};
use crate::db;
use crate::error::Error;
use crate::imap::answer::Answer;
use crate::imap::conversation::{Conversation, Plan, User};
use crate::imap::enabled::Enabled;
use crate::imap::grammar::Parsed;
use crate::imap::grammar::core::sp;
use crate::imap::grammar::returns::{Returns, search_return_opts};
use crate::imap::grammar::source::{Source, source};
use crate::imap::response;
use crate::limits;
use crate::mailbox::namespace::{is_below, is_personal};
use crate::mailbox::{MailboxKey, MailboxName, Snapshot};
use crate::policy::{Rights, Viewer};
use crate::search::{Inquiry, Scope, Selector};

/// Where to look, for what, and what is to be told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Esearch {
    /// None means the mailbox that is open.
    pub sources: Option<Vec<Source>>,
    pub returns: Option<Returns>,
    pub program: Result<Selector, Error>,
}

/// `esearch = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program`, from behind the word on.
pub fn parse(input: &[u8], enabled: Enabled) -> Parsed<'_, Esearch> {
    let (rest, sources) = source(input, enabled)?;
    let (rest, returns) = opt(search_return_opts).parse(rest)?;
    let (rest, program) = or_refusal(rest, preceded(sp, program(enabled)))?;
    Ok((rest, Esearch { sources, returns, program }))
}

impl Esearch {
    /// Whether only the open mailbox is searched: its session does that, as by UID SEARCH.
    pub fn is_about_selected(&self) -> bool {
        self.sources.as_ref().is_none_or(|sources| sources.iter().all(|source| *source == Source::Selected))
    }

    /// Refuses what makes no sense here (RFC 7377 §2.2). `open` is the mailbox that is open.
    pub fn check(&self, open: Option<&MailboxName>) -> Result<(), Error> {
        let named = |source: &Source| *source == Source::Selected;
        let names_selected = self.sources.as_ref().is_none_or(|sources| sources.iter().any(named));
        if names_selected && open.is_none() {
            return Err(Error::bad("open a mailbox first, by SELECT or EXAMINE"));
        }
        let options = self.returns.clone().unwrap_or_default();
        if (options.save || options.update) && !self.is_about_selected() {
            return Err(Error::bad("SAVE and UPDATE are for the open mailbox only"));
        }
        options.check(self.program.as_ref().is_ok_and(Selector::is_fuzzy))?;
        Ok(())
    }

    /// Finds out which mailboxes are meant, then looks into one after the other.
    pub fn plan(self, tag: String, open: Option<MailboxName>, user: &User, now: Timestamp) -> Plan {
        let selector = match self.program {
            Ok(selector) => selector,
            Err(error) => return Plan::Done(Answer::failed(&tag, error)),
        };
        let sources = self.sources.unwrap_or_default();
        let (viewer, enabled) = (user.viewer(), user.enabled);
        let returns = self.returns.unwrap_or(Returns::ALL);
        Plan::run(db::ListMailboxes { viewer, deleted: false }, move |listed, _| match listed {
            Ok(listed) => {
                let mut rest = meant(&sources, open.as_ref(), &listed);
                rest.reverse();
                let out = Vec::new();
                Searching { tag, viewer, enabled, returns, selector, now, rest, out }.next_mailbox()
            }
            Err(error) => Plan::Done(Answer::failed(&tag, error)),
        })
    }
}

/// The mailboxes that the sources mean, each once. What is not named needs the right to know of it, which those that
/// are listed have (RFC 7377 §2.2).
fn meant(sources: &[Source], open: Option<&MailboxName>, listed: &[db::ListedMailbox]) -> Vec<MailboxName> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let there = || listed.iter().filter(|mailbox| mailbox.exists);
    for source in sources {
        match source {
            Source::Selected => names.extend(open.map(MailboxName::as_str)),
            // RFC 5465 §6.3: mail can be delivered to each of them, by subaddresses and aliases.
            Source::Inboxes | Source::Personal => {
                let own = there().map(|mailbox| mailbox.name.as_str()).filter(|name| is_personal(name));
                names.extend(own);
            }
            Source::Subscribed => {
                names.extend(
                    there().filter(|mailbox| mailbox.subscribed).map(|mailbox| mailbox.name.as_str()),
                );
            }
            Source::Mailboxes(named) => names.extend(named.iter().map(MailboxName::as_str)),
            Source::Subtree(tops) | Source::SubtreeOne(tops) => {
                let deep = matches!(source, Source::Subtree(_));
                names.extend(tops.iter().map(MailboxName::as_str));
                let is_below = |name: &str| tops.iter().any(|top| is_below(name, top.as_str(), deep));
                names.extend(there().map(|mailbox| mailbox.name.as_str()).filter(|name| is_below(name)));
            }
        }
    }
    names.into_iter().filter_map(|name| MailboxName::new(name).ok()).collect()
}

/// The search under way.
struct Searching {
    tag: String,
    viewer: Viewer,
    enabled: Enabled,
    returns: Returns,
    selector: Selector,
    now: Timestamp,
    /// The mailboxes that are still to come, the next one last.
    rest: Vec<MailboxName>,
    /// What was found and has not been sent.
    out: Vec<u8>,
}

/// One mailbox that is looked into.
struct Inside {
    name: MailboxName,
    key: MailboxKey,
    snapshot: Snapshot,
    inquiry: Inquiry,
}

impl Searching {
    fn next_mailbox(mut self) -> Plan {
        let Some(name) = self.rest.pop() else {
            return Plan::Done(Answer::ok(&self.tag, "ESEARCH completed").with_untagged(self.out));
        };
        Plan::run(db::FindMailbox { viewer: self.viewer, name: name.clone() }, move |found, _| match found {
            // RFC 7377 §2.2: what the user may not read is passed over, as is what there is not.
            Ok(Some(found)) if found.permit.rights.contains(Rights::READ) => self.load(name, found),
            Ok(_) => self.next_mailbox(),
            Err(error) => self.failed(error),
        })
    }

    fn load(self, name: MailboxName, found: db::FoundMailbox) -> Plan {
        let (key, seen) = (found.key, found.seen);
        Plan::run(db::LoadSnapshot { key }, move |loaded, _| match loaded {
            Ok(Some(loaded)) => {
                let snapshot = match seen {
                    Some(seen) => loaded.snapshot.with_seen(&seen),
                    None => loaded.snapshot,
                };
                let inquiry = Inquiry::new(&self.selector, Scope::new(&snapshot, self.now));
                self.look(Inside { name, key, snapshot, inquiry })
            }
            Ok(None) => self.next_mailbox(),
            Err(error) => self.failed(error),
        })
    }

    /// Asks the next page of stored messages, if there is one.
    fn look(self, mut inside: Inside) -> Plan {
        let Some(messages) = inside.inquiry.next_page(&inside.snapshot) else { return self.tell(inside) };
        let leaves = inside.inquiry.leaves().to_vec();
        let collation = self.enabled.comparator.collation;
        let (key, reader) = (inside.key, self.viewer.reader());
        let unit = db::SearchPage { key, messages, leaves, collation, reader };
        Plan::run(unit, move |outcome, _| match outcome {
            Ok(answers) => {
                inside.inquiry.take(answers);
                Plan::progress(response::at_work(&self.tag), |_: &mut Conversation| self.look(inside))
            }
            Err(error) => self.failed(error),
        })
    }

    /// RFC 7377 §2.1: nothing is said of a mailbox in which nothing was found.
    fn tell(mut self, inside: Inside) -> Plan {
        let Inside { name, snapshot, inquiry, .. } = inside;
        let heard = inquiry.finish();
        let uids = self.selector.evaluate(Scope::new(&snapshot, self.now), &heard.answers);
        if !uids.is_empty() {
            let mut correlator = format!("(TAG \"{}\" MAILBOX ", self.tag).into_bytes();
            response::mailbox(&mut correlator, name.as_str(), self.enabled);
            correlator.extend_from_slice(format!(" UIDVALIDITY {})", snapshot.uidvalidity).as_bytes());
            let numbers: Vec<u32> = uids.iter().map(|uid| uid.get()).collect();
            let asks_modseq = self.selector.has_key(|key| matches!(key, Selector::ModSeq(_)));
            let named = self.returns.named(&uids);
            let modseqs = named.iter().filter_map(|uid| Some(snapshot.by_uid(*uid)?.1.modseq.0));
            let modseq = if asks_modseq { modseqs.max() } else { None };
            let scores: Vec<u8> =
                uids.iter().map(|uid| self.selector.relevancy(*uid, &heard.scores)).collect();
            let told = Told { numbers: &numbers, modseq, scores: &scores };
            write_correlated(&mut self.out, &correlator, true, &self.returns, told);
        }
        match self.out.len() >= limits::FETCH_EMIT_BYTES {
            true => {
                let out = std::mem::take(&mut self.out);
                Plan::emit(out, |_: &mut Conversation| self.next_mailbox())
            }
            false => self.next_mailbox(),
        }
    }

    /// What was found before the failure is told.
    fn failed(self, error: db::Error) -> Plan {
        Plan::Done(Answer::failed(&self.tag, error).with_untagged(self.out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use crate::imap::grammar::fault::complete;

    fn read(input: &str) -> Result<Esearch, Error> {
        complete(input.as_bytes(), |input| parse(input, Enabled::default()))
    }

    #[test]
    fn esearch_is_read() {
        let search = read(" IN (mailboxes a) RETURN (COUNT) CHARSET UTF-8 UNSEEN").unwrap();
        assert!(!search.is_about_selected() && search.returns.is_some_and(|returns| returns.count));
        assert!(read(" UNSEEN").unwrap().is_about_selected());
        assert!(read(" IN (selected) UNSEEN").unwrap().is_about_selected());
        assert!(matches!(
            read(" IN (personal) CHARSET x-nonsense TEXT a").unwrap().program,
            Err(Error::No { code: Code::BadCharset, .. })
        ));
        for bad in ["", " IN (personal)", " RETURN () IN (personal) ALL", " IN personal ALL"] {
            assert!(matches!(read(bad), Err(Error::Bad(_))), "{bad}");
        }
    }

    #[test]
    fn some_options_are_for_the_open_mailbox() {
        let open = MailboxName::new("INBOX").unwrap();
        assert!(read(" UNSEEN").unwrap().check(None).is_err());
        assert!(read(" RETURN (SAVE) UNSEEN").unwrap().check(Some(&open)).is_ok());
        assert!(read(" IN (personal) UNSEEN").unwrap().check(None).is_ok());
        assert!(read(" IN (personal) RETURN (SAVE) UNSEEN").unwrap().check(Some(&open)).is_err());
        assert!(read(" IN (personal selected) UNSEEN").unwrap().check(None).is_err());
    }

    #[test]
    fn sources_mean_mailboxes() {
        let listed = |name: &str, subscribed, rights| db::ListedMailbox {
            name: name.to_string(),
            exists: true,
            subscribed,
            special_use: None,
            rights,
        };
        let all = [
            listed("INBOX", true, Rights::ALL),
            listed("a", false, Rights::ALL),
            listed("a/b", true, Rights::ALL),
            listed("a/b/c", false, Rights::ALL),
            listed("ab", false, Rights::ALL),
            listed("Other Users/bert/x", false, Rights::READ),
        ];
        let open = MailboxName::new("ab").unwrap();
        let meant = |input: &str| {
            let search = read(&format!(" IN ({input}) ALL")).unwrap();
            let names = meant(&search.sources.unwrap(), Some(&open), &all);
            names.iter().map(|name| name.as_str().to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(meant("subtree a"), "a a/b a/b/c");
        assert_eq!(meant("subtree-one a"), "a a/b");
        assert_eq!(meant("mailboxes (x a) mailboxes a"), "a x");
        assert_eq!(meant("personal"), "INBOX a a/b a/b/c ab");
        assert_eq!(meant("inboxes"), meant("personal"));
        assert_eq!(meant("subscribed selected"), "INBOX a/b ab");
    }
}
