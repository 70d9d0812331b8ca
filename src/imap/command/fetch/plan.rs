//! How FETCH goes through its messages: from memory where that is enough, else a page at a time.

use super::respond::{self, Line};
use super::{Fetch, Item, SectionItem, binary, large};
use crate::db::{
    self, Annotation, Columns, Extent, FetchPage, FetchedPage, Marking, ReadAnnotations, ReadEarlierExpunges,
    ReadPlacements, SetFlags, SetSeen, Wants,
};
use crate::error::{Code, Error};
use crate::imap::answer::Answer;
use crate::imap::limited::{last, take_last};
use crate::imap::selected::{Running, Selected, Step};
use crate::limits;
use crate::mailbox::{
    Change, Entry, EntryMatch, FlagMask, FlagSet, ModSeq, Msn, Placement, SequenceSet, System, Uid, UidSet,
};
use crate::message::section::SectionText;
use crate::plan::{Plan, ThenOf};
use crate::policy::Rights;

/// A FETCH under way.
pub(super) struct Fetching {
    pub running: Running,
    pub items: Vec<Item>,
    /// The messages that are asked for, and how far that has come.
    named: UidSet,
    behind: Option<Uid>,
    columns: Columns,
    pub extents: Vec<Extent>,
    /// Whether the client reads the messages, in the sense of \Seen.
    reads: bool,
    /// Some message was no longer in the database.
    pub missed: bool,
    /// Why some content was left out, which cannot be decoded.
    pub undecodable: Option<Error>,
}

/// A message of the page, as the client was told of it, and its new flags if FETCH has changed them.
pub(super) struct OnPage {
    pub msn: Msn,
    pub entry: Entry,
    pub flags: Option<FlagSet>,
    /// What the mailbox says of it, if that was asked.
    pub placement: Option<Placement>,
    /// Its annotations, if they were asked for.
    pub annotations: Vec<Annotation>,
}

impl Fetch {
    /// Begins with the first messages.
    pub fn plan(self, mut running: Running, selected: &mut Selected) -> Step {
        if self.partial.is_some() && !running.uid {
            return running.failed(selected, Error::bad("PARTIAL is for UID FETCH"));
        }
        let named = match selected.messages(&self.set, running.uid) {
            Ok(uids) => match self.partial {
                // RFC 9394 §3.3: the places are those of the messages that are there.
                Some(range) => uids.slice(range.of(uids.len() as usize)),
                None => uids,
            },
            Err(error) => return running.failed(selected, error),
        };
        let named = match (self.partial, selected.exceeds(selected.limit.any, &named)) {
            // RFC 9738 §3.1: who asks for a part of them can ask for a smaller one.
            (Some(_), Some(limit)) => return running.exceeded(limit, None, selected),
            _ => selected.within_limit(named, &mut running),
        };
        if self.vanished && !(running.uid && self.changed_since.is_some() && selected.enabled.qresync) {
            // RFC 7162 §3.2.6
            let text = "VANISHED is for UID FETCH with CHANGEDSINCE, after ENABLE QRESYNC";
            return running.failed(selected, Error::bad(text));
        }
        let items = self.items_to_tell(running.uid, selected);
        // A SELECT tells what there is when it begins; what others change meanwhile is left to the next command.
        if !running.opens() && items.iter().any(|item| matches!(item, Item::Flags | Item::ModSeq)) {
            // What the answer may leave out, or leave unsaid, is told before it.
            let told = selected.view.told().highestmodseq;
            let answers_all =
                self.changed_since.is_none_or(|since| since <= told) && items.contains(&Item::Flags);
            let answered = if answers_all { &named } else { &UidSet::new() };
            selected.refresh_flags(&mut running.untagged, answered, running.uid);
        }
        let named = match self.changed_since {
            Some(since) => selected.view.told().changed_since(&named, since),
            None => named,
        };
        let reads = items.iter().any(|item| match item {
            Item::Section(section) => !section.peek,
            Item::Binary(binary) => !binary.peek,
            _ => false,
        });
        let fetching = Fetching {
            columns: columns(&items),
            extents: items.iter().filter_map(extent).collect(),
            // RFC 4314 §4: who has no right to keep \Seen may read all the same.
            reads: reads && selected.check_rights(Rights::SEEN).is_ok(),
            running,
            items,
            named,
            behind: None,
            missed: false,
            undecodable: None,
        };
        match self.changed_since {
            Some(since) if self.vanished => fetching.tell_vanished(&self.set, since, selected),
            _ => fetching.begin(selected),
        }
    }

    /// The items, with those that come unasked.
    fn items_to_tell(&self, uid: bool, selected: &Selected) -> Vec<Item> {
        let mut items = self.items.clone();
        // RFC 3501 §6.4.8: the answers to UID FETCH have the uid, asked for or not. RFC 7162 §3.2.4 wants it always.
        // A UIDFETCH response has it anyway (RFC 9586 §3.3).
        let tells_uid = (uid || selected.enabled.qresync) && !selected.enabled.uidonly;
        if tells_uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let tells_modseq =
            self.changed_since.is_some() || selected.enabled.condstore && items.contains(&Item::Flags);
        if tells_modseq && !items.contains(&Item::ModSeq) {
            items.push(Item::ModSeq);
        }
        items
    }
}

/// Tells items of new messages, whose uids come along, without an answer of its own.
pub(in crate::imap) fn tell_new(
    new: UidSet,
    mut items: Vec<Item>,
    running: Running,
    selected: &mut Selected,
) -> Step {
    if !items.contains(&Item::Uid) && !selected.enabled.uidonly {
        items.insert(0, Item::Uid);
    }
    if selected.enabled.condstore && items.contains(&Item::Flags) && !items.contains(&Item::ModSeq) {
        items.push(Item::ModSeq);
    }
    let (columns, extents) = (columns(&items), items.iter().filter_map(extent).collect());
    // RFC 5465 §5.2: nobody has read them yet.
    let reads = false;
    Fetching {
        running,
        items,
        named: new,
        behind: None,
        columns,
        extents,
        reads,
        missed: false,
        undecodable: None,
    }
    .begin(selected)
}

impl Fetching {
    fn begin(self, selected: &mut Selected) -> Step {
        let in_memory = self.columns == Columns::default() && self.extents.is_empty();
        match in_memory && !self.asks_mailbox() && self.annotations().is_empty() {
            true => self.print_from_memory(selected),
            false => self.next_page(selected),
        }
    }

    /// Whether an item asks what only the mailbox knows.
    fn asks_mailbox(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::EmailId | Item::ThreadId | Item::SaveDate))
    }

    /// Says which of the messages that the client may know are gone, if it need not know that, then begins.
    fn tell_vanished(mut self, set: &SequenceSet, since: ModSeq, selected: &mut Selected) -> Step {
        let told = selected.view.told();
        // RFC 7162 §3.2.6: what is gone comes before all else.
        let behind = std::mem::take(&mut self.running.untagged);
        // `*` would be the last message that is there; what came behind it may be gone.
        let known: UidSet = set.resolve(told.last_given_uid());
        let given = told.last_given_uid().map(|last| UidSet::range(Uid::MIN, last)).unwrap_or_default();
        let missing = known.intersection(&given).difference(&told.uids());
        if missing.is_empty() || since >= told.highestmodseq {
            self.running.untagged = behind;
            return self.begin(selected);
        }
        let unit = ReadEarlierExpunges { key: selected.key(), until: since };
        Plan::run(unit, move |outcome, selected: &mut Selected| {
            let vanished = outcome.map(|earlier| missing.difference(&earlier));
            if let Ok(vanished) = &vanished
                && !vanished.is_empty()
            {
                let line = format!("* VANISHED (EARLIER) {vanished}\r\n");
                self.running.untagged.extend_from_slice(line.as_bytes());
            }
            self.running.untagged.extend(behind);
            match vanished {
                Ok(_) => self.begin(selected),
                Err(error) => self.running.failed(selected, error),
            }
        })
    }

    /// What the snapshot knows, without a database, as fast as it can be printed.
    fn print_from_memory(mut self, selected: &mut Selected) -> Step {
        if self.is_downwards() {
            return self.print_downwards(selected);
        }
        let told = selected.view.told();
        let mut out = std::mem::take(&mut self.running.untagged);
        out.reserve(limits::FETCH_EMIT_BYTES + 1024);
        let mut last = None;
        for (msn, entry) in told.by_uids_behind(&self.named, self.behind) {
            respond::from_memory(&mut out, &self.items, (msn, entry), &selected.view, selected.enabled);
            if out.len() >= limits::FETCH_EMIT_BYTES {
                last = Some(entry.uid);
                break;
            }
        }
        let Some(last) = last else {
            self.running.untagged = out;
            return self.running.done(selected);
        };
        self.behind = Some(last);
        Plan::emit(out, |selected| self.print_from_memory(selected))
    }

    /// The same from the highest uid down.
    fn print_downwards(mut self, selected: &mut Selected) -> Step {
        let some = take_last(&mut self.named, limits::FETCH_PAGE_MESSAGES);
        let some: Vec<(Msn, &Entry)> = selected.view.told().by_uids(&some).collect();
        let mut out = std::mem::take(&mut self.running.untagged);
        for message in some.into_iter().rev() {
            respond::from_memory(&mut out, &self.items, message, &selected.view, selected.enabled);
        }
        if self.named.is_empty() {
            self.running.untagged = out;
            return self.running.done(selected);
        }
        Plan::emit(out, |selected| self.print_downwards(selected))
    }

    /// Whether the messages are told from the highest uid down (RFC 9738 §3.1).
    fn is_downwards(&self) -> bool {
        self.running.limited.is_some()
    }

    /// Reads the next page, if there is one.
    pub fn next_page(mut self, selected: &mut Selected) -> Step {
        let page = self.take_page(selected);
        if page.is_empty() {
            return self.finish(selected);
        }
        let unit = self.unit(&page, selected);
        Plan::run(unit, |outcome, selected: &mut Selected| self.received(page, outcome, selected))
    }

    /// What reads a page.
    fn unit(&self, page: &[OnPage], selected: &Selected) -> FetchPage {
        let mut unit = FetchPage {
            account: selected.key().account,
            messages: page.iter().map(|message| message.entry.message).collect(),
            columns: self.columns,
            extents: self.extents.clone(),
        };
        if self.is_large(page) {
            // Its content comes later, piece by piece.
            unit.extents = Vec::new();
            (unit.columns.header, unit.columns.recipe) = (true, true);
        }
        unit
    }

    /// Goes on with a page that has been read.
    fn received(
        self,
        page: Vec<OnPage>,
        outcome: Result<FetchedPage, db::Error>,
        selected: &mut Selected,
    ) -> Step {
        match outcome {
            Ok(fetched) if self.asks_mailbox() => self.ask_mailbox(page, fetched, selected),
            Ok(fetched) => self.read_annotations(page, fetched, selected),
            Err(error) => self.running.failed(selected, error),
        }
    }

    /// Marks what is read, and writes it.
    fn go_on(self, page: Vec<OnPage>, fetched: FetchedPage, selected: &mut Selected) -> Step {
        let is_large = self.is_large(&page);
        self.mark_seen(page, selected, move |fetching, page, selected| match is_large {
            true => large::begin(fetching, page, fetched, selected),
            false => fetching.respond(page, fetched, selected),
        })
    }

    /// Reads what the mailbox knows of the messages of a page, then goes on with it.
    fn ask_mailbox(self, mut page: Vec<OnPage>, fetched: FetchedPage, selected: &mut Selected) -> Step {
        let messages = page.iter().map(|message| (message.entry.message, message.entry.uid)).collect();
        let threads = self.items.contains(&Item::ThreadId);
        let unit = ReadPlacements { key: selected.key(), messages, threads };
        Plan::run(unit, move |placements, selected: &mut Selected| {
            let placements = match placements {
                Ok(placements) => placements,
                Err(error) => return self.running.failed(selected, error),
            };
            for placement in placements {
                if let Ok(at) = page.binary_search_by_key(&placement.uid, |message| message.entry.uid) {
                    page[at].placement = Some(placement);
                }
            }
            self.read_annotations(page, fetched, selected)
        })
    }

    /// The entries of annotations that are asked for.
    fn annotations(&self) -> Vec<EntryMatch> {
        let entries = self.items.iter().filter_map(|item| match item {
            Item::Annotation(item) => Some(item.entries.iter().cloned()),
            _ => None,
        });
        entries.flatten().collect()
    }

    /// Reads the annotations of the messages of a page, if they are asked for, then goes on with it.
    fn read_annotations(self, mut page: Vec<OnPage>, fetched: FetchedPage, selected: &mut Selected) -> Step {
        let entries = self.annotations();
        if entries.is_empty() {
            return self.go_on(page, fetched, selected);
        }
        let uids = page.iter().map(|message| message.entry.uid).collect();
        let unit = ReadAnnotations { key: selected.key(), uids, reader: selected.reader(), entries };
        Plan::run(unit, move |annotations, selected: &mut Selected| {
            let mut annotations = match annotations {
                Ok(annotations) => annotations,
                Err(error) => return self.running.failed(selected, error),
            };
            for message in &mut page {
                message.annotations = annotations.remove(&message.entry.uid).unwrap_or_default();
            }
            self.go_on(page, fetched, selected)
        })
    }

    /// Whether the page is one message that is larger than a page may be.
    fn is_large(&self, page: &[OnPage]) -> bool {
        page.first()
            .is_some_and(|message| self.content_bytes(&message.entry) > limits::FETCH_PAGE_BYTES as u64)
    }

    /// The next messages, in the order of the mailbox: as many as a page may have, but one at least.
    fn take_page(&mut self, selected: &Selected) -> Vec<OnPage> {
        let mut page: Vec<OnPage> = Vec::new();
        let mut bytes = 0;
        let told = selected.view.told();
        let ahead = match self.is_downwards() {
            true => last(&self.named, limits::FETCH_PAGE_MESSAGES as u32),
            false => UidSet::new(),
        };
        let downwards = told.by_uids(&ahead).collect::<Vec<_>>().into_iter().rev();
        let upwards = told.by_uids_behind(&self.named, self.behind).take_while(|_| !self.is_downwards());
        for (msn, entry) in downwards.chain(upwards) {
            bytes += self.content_bytes(entry);
            let is_full =
                page.len() == limits::FETCH_PAGE_MESSAGES || bytes > limits::FETCH_PAGE_BYTES as u64;
            if is_full && !page.is_empty() {
                break;
            }
            page.push(OnPage { msn, entry: *entry, flags: None, placement: None, annotations: Vec::new() });
        }
        if self.is_downwards() {
            page.reverse();
            self.named = self.named.difference(&page.iter().map(|message| message.entry.uid).collect());
        } else if let Some(message) = page.last() {
            self.behind = Some(message.entry.uid);
        }
        page
    }

    /// How much content of a message is asked for, at most.
    fn content_bytes(&self, entry: &Entry) -> u64 {
        let size = u64::from(entry.size);
        // A size is mostly known without the content.
        let wanted = self.extents.iter().filter(|extent| extent.wants != Wants::DecodedSize);
        let annotations = match self.items.iter().any(|item| matches!(item, Item::Annotation(_))) {
            true => limits::ANNOTATION_BYTES_EXPECTED,
            false => 0,
        };
        wanted.map(|extent| extent.length.min(size)).sum::<u64>() + annotations
    }

    /// Sets \Seen where the client reads what it had not (RFC 3501 §6.4.5), then goes on with `then`.
    fn mark_seen(
        self,
        page: Vec<OnPage>,
        selected: &mut Selected,
        then: impl FnOnce(Fetching, Vec<OnPage>, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let current = selected.current();
        let is_unseen =
            |uid: &Uid| current.by_uid(*uid).is_some_and(|(_, entry)| !entry.system.contains(System::SEEN));
        let unseen: UidSet = match self.reads {
            true => page.iter().map(|message| message.entry.uid).filter(is_unseen).collect(),
            false => UidSet::new(),
        };
        if unseen.is_empty() {
            return then(self, page, selected);
        }
        let seen = FlagSet::new(System::SEEN, []);
        if selected.has_own_seen() {
            return self.mark_own_seen(page, unseen, selected, then);
        }
        let unit = SetFlags {
            key: selected.key(),
            uids: selected.spans(&unseen),
            marking: Marking::Add,
            flags: seen.clone(),
            permitted: FlagMask::ALL,
        };
        let Fetching { running, items, named, behind, columns, extents, reads, missed, undecodable } = self;
        selected.run(Rights::SEEN, unit, move |outcome, selected: &mut Selected| {
            let change: Vec<Change> = match outcome {
                Ok(change) => change.into_iter().collect(),
                Err(error) => return running.failed(selected, error),
            };
            let page = with_new_flags(page, &change);
            let modseq = change.first().map(|change| change.modseq);
            selected.view.silence(&unseen, modseq, |before| before.union(&seen));
            selected.absorb(running, change, move |running, selected| {
                let fetching =
                    Fetching { running, items, named, behind, columns, extents, reads, missed, undecodable };
                then(fetching, page, selected)
            })
        })
    }

    /// The same where \Seen is the client's own, and the messages stay as they are.
    fn mark_own_seen(
        self,
        mut page: Vec<OnPage>,
        unseen: UidSet,
        selected: &mut Selected,
        then: impl FnOnce(Fetching, Vec<OnPage>, &mut Selected) -> Step + Send + 'static,
    ) -> Step {
        let seen = FlagSet::new(System::SEEN, []);
        let (key, reader) = (selected.key(), selected.viewer().account);
        let unit = SetSeen { key, reader, uids: unseen.clone(), seen: true };
        let Fetching { running, items, named, behind, columns, extents, reads, missed, undecodable } = self;
        selected.run(Rights::SEEN, unit, move |outcome, selected: &mut Selected| {
            let change = match outcome {
                Ok(change) => change,
                Err(error) => return running.failed(selected, error),
            };
            let told = selected.view.told().clone();
            for message in page.iter_mut().filter(|message| unseen.contains(message.entry.uid)) {
                message.flags = Some(told.flags(message.entry.flags).union(&seen));
                message.entry.modseq = change.modseq;
            }
            selected.note_seen(&unseen, true, change.modseq);
            selected.view.silence(&unseen, Some(change.modseq), |before| before.union(&seen));
            selected.absorb(running, vec![change], move |running, selected| {
                let fetching =
                    Fetching { running, items, named, behind, columns, extents, reads, missed, undecodable };
                then(fetching, page, selected)
            })
        })
    }

    /// Writes the page, and goes on when it has left. The next one is read meanwhile, and no more than that: what a
    /// slow client costs in memory is bounded.
    fn respond(mut self, page: Vec<OnPage>, fetched: FetchedPage, selected: &mut Selected) -> Step {
        let next = self.take_page(selected);
        if next.is_empty() {
            return match self.write(&page, &fetched, selected) {
                Ok(out) => Plan::emit(out, |selected| self.finish(selected)),
                Err(error) => self.running.failed(selected, error),
            };
        }
        let unit = self.unit(&next, selected);
        Plan::overlap(unit, move |selected: &mut Selected| {
            let then: ThenOf<FetchPage, Selected, Answer>;
            match self.write(&page, &fetched, selected) {
                Ok(out) => {
                    then = Box::new(|outcome, selected| self.received(next, outcome, selected));
                    (out, then)
                }
                Err(error) => {
                    then = Box::new(|_, selected| self.running.failed(selected, error));
                    (Vec::new(), then)
                }
            }
        })
    }

    /// The responses of a page. When one fails, those before it are left to be told with the failure.
    fn write(
        &mut self,
        page: &[OnPage],
        fetched: &FetchedPage,
        selected: &Selected,
    ) -> Result<Vec<u8>, Error> {
        let mut out = std::mem::take(&mut self.running.untagged);
        let mut page: Vec<&OnPage> = page.iter().collect();
        if self.is_downwards() {
            page.reverse();
        }
        for message in page {
            let Some(stored) = fetched.get(message.entry.message) else {
                self.missed = true;
                continue;
            };
            let mut line = Line::begin(&mut out, message, selected);
            for item in &self.items {
                match line.item(item, stored) {
                    Ok(()) => {}
                    // The others are told all the same.
                    Err(error @ Error::No { code: Code::UnknownCte, .. }) => {
                        self.undecodable.get_or_insert(error);
                    }
                    Err(error) => {
                        line.abandon();
                        self.running.untagged = out;
                        return Err(error);
                    }
                }
            }
            match line.is_empty() {
                true => line.abandon(),
                false => line.end(&self.items),
            }
        }
        Ok(out)
    }

    fn finish(mut self, selected: &mut Selected) -> Step {
        if self.missed {
            // RFC 5530 §3: messages that others expunged long enough ago cannot be had any more.
            self.running.code = Some("EXPUNGEISSUED".to_owned());
        }
        match self.undecodable {
            // RFC 3516 §4.3: the request fails.
            Some(error) => self.running.failed(selected, error),
            None => self.running.done(selected),
        }
    }
}

fn with_new_flags(mut page: Vec<OnPage>, changes: &[Change]) -> Vec<OnPage> {
    for change in changes.iter().flat_map(|change| &change.flags) {
        // Both are in the order of uids.
        if let Ok(at) = page.binary_search_by_key(&change.uid, |message| message.entry.uid) {
            page[at].flags = Some(change.flags.clone());
            page[at].entry.modseq = change.modseq;
        }
    }
    page
}

/// The stored columns that the items need, beside those that content needs.
fn columns(items: &[Item]) -> Columns {
    let mut columns = Columns::default();
    for item in items {
        match item {
            Item::Envelope => columns.envelope = true,
            Item::Body | Item::BodyStructure => columns.bodystructure = true,
            Item::Section(section) if section.is_header() => columns.header = true,
            _ => {}
        }
    }
    columns
}

/// The content that an item needs.
fn extent(item: &Item) -> Option<Extent> {
    let Item::Section(wanted) = item else { return binary::extent(item) };
    if wanted.is_header() {
        return None;
    }
    let (origin, length) = match wanted.partial {
        // Fields are cut when they have been selected.
        Some(partial) if !wanted.selects_fields() => (partial.origin, partial.length),
        _ => (0, u64::MAX),
    };
    Some(Extent { section: wanted.section.clone(), origin, length, wants: Wants::Octets })
}

impl SectionItem {
    /// Whether it is a piece of the message's own header, which is stored as it is.
    pub(super) fn is_header(&self) -> bool {
        self.section.part.is_empty()
            && (self.section.text == Some(SectionText::Header) || self.selects_fields())
    }

    /// HEADER.FIELDS and HEADER.FIELDS.NOT.
    pub(super) fn selects_fields(&self) -> bool {
        matches!(self.section.text, Some(SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_)))
    }
}
