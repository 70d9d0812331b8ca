//! How far a client has come, who asks what it has missed when it comes back (RFC 7162 §3.2, §6): it takes the highest
//! mod-sequence that it has heard of for that, unless it is told a HIGHESTMODSEQ.

use super::{Running, Selected};
use crate::imap::response;
use crate::mailbox::{Change, ModSeq};

impl Selected {
    /// The mod-sequence up to which the client knows all, told when it begins to ask for them (RFC 7162 §3.1).
    pub(super) fn highestmodseq(&self) -> Vec<u8> {
        response::ok("*", Some(&highestmodseq(self.view.heard())), "Highest mod-sequence")
    }

    /// How far the client has come who closes the mailbox by an expunge of its own (RFC 7162 §3.2.8), which has brought
    /// it from `after` to `until`: what others have done before that it must have heard, or it is still to hear all of it.
    pub fn closed_at(&self, after: ModSeq, until: ModSeq) -> Option<String> {
        let heard = self.view.heard();
        let known = if heard >= after { until } else { heard };
        self.enabled.qresync.then(|| highestmodseq(known))
    }
}

impl Running {
    /// Says how far the client has come, after an expunge of its own (RFC 7162 §3.2.7), and where it would take itself for
    /// farther than it is: when expunges are withheld, which it would never hear of if the connection broke now; and when
    /// it has heard of them. That is in the tagged line, if it may have a code.
    pub(super) fn tell_horizon(&mut self, selected: &mut Selected, may_have_code: bool) {
        if !selected.enabled.qresync {
            return;
        }
        let withholds = selected.view.withholds();
        let is_due = std::mem::replace(&mut selected.is_held_back, withholds) || withholds;
        let code = highestmodseq(selected.view.heard());
        if may_have_code {
            self.code = (is_due || self.has_expunged(selected)).then_some(code);
        } else if is_due {
            let text =
                if withholds { "Expunges are still to be told" } else { "All expunges have been told" };
            self.untagged.extend(response::ok("*", Some(&code), text));
        }
    }

    /// Whether messages of this mailbox have gone by the command.
    fn has_expunged(&self, selected: &Selected) -> bool {
        let expunges = |change: &Change| change.key == selected.key() && !change.expunged.is_empty();
        selected.changes.iter().any(expunges)
    }
}

fn highestmodseq(modseq: ModSeq) -> String {
    format!("HIGHESTMODSEQ {modseq}")
}
