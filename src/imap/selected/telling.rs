//! What a client is told of its mailbox: all of it at SELECT, and later what has changed.

use super::Selected;
use crate::imap::answer::Opening;
use crate::imap::command::fetch;
use crate::imap::print::number;
use crate::imap::response;
use crate::limits;
use crate::mailbox::name::SEPARATOR;
use crate::mailbox::object_id::mailbox_id;
use crate::mailbox::{Entry, FlagMask, FlagSet, Msn, Snapshot, System, Uid, UidSet, Update};
use crate::policy::Rights;

impl Selected {
    /// What SELECT and EXAMINE say (RFC 3501 §6.3.1, RFC 9051 §6.3.2).
    pub(super) fn introduction(&mut self, current: &Snapshot, opening: &Opening) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_flags_offered(&mut out);
        out.extend_from_slice(format!("* {} EXISTS\r\n", current.len()).as_bytes());
        if self.enabled.imap4rev2 {
            out.extend_from_slice(format!("* LIST () \"{SEPARATOR}\" ").as_bytes());
            response::mailbox(&mut out, opening.name.as_str(), self.enabled);
            if opening.written != opening.name.as_str() {
                // RFC 9051 §6.3.9.7: the client learns what the mailbox is really called.
                response::oldname(&mut out, &opening.written, self.enabled);
            }
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(format!("* {} RECENT\r\n", self.view.recent_count()).as_bytes());
            if let Some(msn) = current.first_unseen().filter(|_| !self.enabled.uidonly) {
                out.extend(response::ok("*", Some(&format!("UNSEEN {msn}")), "First unseen message"));
            }
        }
        let uidvalidity = format!("UIDVALIDITY {}", current.uidvalidity);
        out.extend(response::ok("*", Some(&uidvalidity), "Uids are valid"));
        // A full mailbox has no next uid; the greatest one is as good a prediction as can be said.
        let uidnext = format!("UIDNEXT {}", current.uidnext.min(u64::from(u32::MAX)));
        out.extend(response::ok("*", Some(&uidnext), "Predicted next uid"));
        // RFC 7162 §3.1.2.1
        let highestmodseq = format!("HIGHESTMODSEQ {}", current.highestmodseq);
        out.extend(response::ok("*", Some(&highestmodseq), "Highest mod-sequence"));
        self.write_annotations_offered(&mut out);
        // RFC 8474 §4.2
        let mailbox_id = format!("MAILBOXID ({})", mailbox_id(opening.key.mailbox));
        out.extend(response::ok("*", Some(&mailbox_id), "The mailbox is called so whatever its name"));
        out
    }

    /// `resp-text-code =/ "ANNOTATIONS" SP ann-size`,
    /// `ann-size = "NONE" / (("READ-ONLY" / nz-number) [SP "NOPRIVATE"])` (RFC 5257 §5)
    fn write_annotations_offered(&self, out: &mut Vec<u8>) {
        let private = if self.viewer.anonymous { " NOPRIVATE" } else { "" };
        let may_write = self.rights().contains(Rights::ANNOTATE) || !self.viewer.anonymous;
        let size = match self.read_only || self.key().is_of_deleted() || !may_write {
            true => "READ-ONLY".to_owned(),
            false => limits::ANNOTATION_VALUE_BYTES_MAX.to_string(),
        };
        out.extend(response::ok("*", Some(&format!("ANNOTATIONS {size}{private}")), "Annotations"));
    }

    /// FLAGS and PERMANENTFLAGS (RFC 3501 §7.2.6, §7.1).
    pub(super) fn write_flags_offered(&self, out: &mut Vec<u8>) {
        let all = FlagSet::new(System(0x1f), self.keywords_told.iter().cloned());
        out.extend_from_slice(format!("* FLAGS ({all})\r\n").as_bytes());
        // RFC 4314 §5.1.1 wants the user's rights to show here.
        let permitted = if self.read_only || self.key().is_of_deleted() {
            FlagMask::default()
        } else {
            self.rights().flags()
        };
        let mut flags = all.within(permitted).to_string();
        if permitted.keywords && self.keywords_told.len() < limits::KEYWORDS_PER_MAILBOX_MAX {
            flags += if flags.is_empty() { "\\*" } else { " \\*" };
        }
        let code = format!("PERMANENTFLAGS ({flags})");
        let text = if permitted.is_empty() { "No flags can be changed" } else { "Flags that can be changed" };
        out.extend(response::ok("*", Some(&code), text));
    }

    /// Appends what is new to the client. With `with_uid`, flags come with uids, as answers to UID commands do.
    pub(super) fn write_updates(&mut self, out: &mut Vec<u8>, may_expunge: bool, with_uid: bool) {
        if std::mem::take(&mut self.offers_due) {
            self.write_flags_offered(out);
        }
        if !self.heeds.messages && !self.view.has_due_flags() {
            return;
        }
        let uidnext = self.view.told().uidnext;
        let news = self.before_news(out, may_expunge);
        let mut updates = self.view.sync(self.current(), may_expunge);
        self.put_off_annotations(&mut updates);
        if !self.heeds.flags {
            updates.retain(|update| !matches!(update, Update::Flags { .. } | Update::ModSeq { .. }));
        }
        self.write(out, updates, with_uid);
        self.after_news(out, news);
        if !self.heeds.items.is_empty() || self.contexts.have_items() {
            self.new = self.new.union(&self.view.told().given_from(uidnext));
        }
    }

    /// Tells of messages that have come, before a command that may name them by uids: others have told the client of these
    /// perhaps, as COPYUID and APPENDUID do, and a uid means the same message for everybody (RFC 3501 §2.3.1.1).
    pub(super) fn write_arrivals(&mut self, out: &mut Vec<u8>) {
        if self.heeds.messages && self.shared.current().uidnext > self.view.told().uidnext {
            self.write_updates(out, false, true);
        }
    }

    /// Brings the client up to date before an answer that tells the flags of `asked`: what others have changed in the
    /// meantime is in that answer, so that it neither tells flags that are past nor tells them twice.
    pub(in crate::imap) fn refresh_flags(&mut self, out: &mut Vec<u8>, asked: &UidSet, with_uid: bool) {
        let news = self.before_news(out, false);
        let mut updates = self.view.sync(self.current(), false);
        self.put_off_annotations(&mut updates);
        if !updates.is_empty() {
            self.write_new_keywords(out);
            let is_answered = |update: &Update| match update {
                Update::Flags { uid, .. } | Update::ModSeq { uid, .. } => asked.contains(*uid),
                _ => false,
            };
            let others = updates.into_iter().filter(|update| !is_answered(update)).collect();
            self.write(out, others, with_uid);
        }
        self.after_news(out, news);
    }

    fn write(&mut self, out: &mut Vec<u8>, updates: Vec<Update>, with_uid: bool) {
        let vanish = self.enabled.qresync || self.enabled.uidonly;
        if vanish {
            write_vanished(out, &updates);
        }
        if updates.iter().any(|update| matches!(update, Update::Flags { .. } | Update::Exists(_))) {
            self.write_new_keywords(out);
        }
        for update in updates {
            match update {
                Update::Expunged { .. } if vanish => {}
                Update::Expunged { msn, .. } => number_line(out, msn.get(), "EXPUNGE"),
                Update::Exists(count) => number_line(out, count, "EXISTS"),
                Update::Recent(count) => number_line(out, count, "RECENT"),
                Update::Flags { msn, .. } => self.write_state(out, msn, with_uid, |out, entry| {
                    out.extend_from_slice(b"FLAGS ");
                    self.view.write_flags(out, entry);
                }),
                // RFC 7162 §3.1.3: a silent STORE is silent of flags only.
                Update::ModSeq { msn, .. } if self.enabled.condstore => {
                    self.write_state(out, msn, with_uid, |_, _| ());
                }
                Update::ModSeq { .. } => {}
            }
        }
    }

    /// Appends the flags a message has now, for a client that has not been told them: `(\Seen \Recent)`.
    pub(in crate::imap) fn write_flag_set(&self, out: &mut Vec<u8>, uid: Uid, flags: &FlagSet) {
        response::flag_list(out, flags);
        if self.view.recent().contains(uid) {
            out.pop();
            out.extend_from_slice(if out.ends_with(b"(") { b"\\Recent)" } else { b" \\Recent)" });
        }
    }

    /// Says what has changed about a message, if that is told at all, and since when that is so.
    pub(super) fn write_state(
        &self,
        out: &mut Vec<u8>,
        msn: Msn,
        with_uid: bool,
        tell: impl FnOnce(&mut Vec<u8>, &Entry),
    ) {
        let entry = self.view.get(msn).expect("an update is about a message that the client knows");
        fetch::begin_response(out, msn, entry.uid, self.enabled);
        // RFC 9051 §7.5.2 and RFC 7162 §3.2.4: what comes unasked has the uid.
        let with_uid = with_uid || self.enabled.imap4rev2 || self.enabled.qresync;
        if with_uid && !self.enabled.uidonly {
            out.extend_from_slice(b"UID ");
            number(out, entry.uid.get().into());
            out.push(b' ');
        }
        let before = out.len();
        tell(out, entry);
        if self.enabled.condstore {
            if out.len() > before {
                out.push(b' ');
            }
            fetch::write_modseq(out, entry);
        }
        out.extend_from_slice(b")\r\n");
    }

    /// Says FLAGS again when there are keywords that the client has not heard of.
    fn write_new_keywords(&mut self, out: &mut Vec<u8>) {
        let mut new = self.view.told().keywords();
        new.retain(|keyword| !self.keywords_told.contains(keyword));
        if !new.is_empty() {
            self.keywords_told.extend(new);
            self.keywords_told.sort();
            self.write_flags_offered(out);
        }
    }
}

/// `expunged-resp = "VANISHED" [SP "(EARLIER)"] SP known-uids` (RFC 7162 §7), for all that is expunged at once.
fn write_vanished(out: &mut Vec<u8>, updates: &[Update]) {
    let gone: UidSet = updates
        .iter()
        .filter_map(|update| if let Update::Expunged { uid, .. } = update { Some(*uid) } else { None })
        .collect();
    if !gone.is_empty() {
        out.extend_from_slice(format!("* VANISHED {gone}\r\n").as_bytes());
    }
}

/// `"*" SP number SP word CRLF`
fn number_line(out: &mut Vec<u8>, count: u32, word: &str) {
    out.extend_from_slice(b"* ");
    number(out, count.into());
    out.extend_from_slice(format!(" {word}\r\n").as_bytes());
}
