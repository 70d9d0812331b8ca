//! `aox delete mailbox MAILBOX`: a mailbox ends; what was in it can be taken back for a while.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::at_once;
use crate::aox::answer::{Answer, Reply, counted};
use crate::aox::conversation::{Context, Outcome};
use crate::aox::grammar::MailboxPath;
use crate::db;
use crate::plan::Plan;

/// The mailbox is `/shared/NAME` or `/users/LOGIN/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMailbox {
    pub mailbox: String,
    /// Only say what would go.
    #[serde(default)]
    pub dry_run: bool,
}

impl DeleteMailbox {
    /// One transaction, or of very many messages some thousand in each.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        at_once(MailboxPath::parse(&self.mailbox).map(|path| self.go_on(path, db::ThinnedOut::default())))
    }

    fn go_on(self, path: MailboxPath, so_far: db::ThinnedOut) -> Plan<Context, Outcome> {
        let (login, name, dry_run) = (path.login.clone(), path.mailbox.clone(), self.dry_run);
        let unit = db::RemoveMailbox { login, name, dry_run, so_far };
        Plan::run(unit, move |outcome: Result<db::RemovedMailbox, db::Error>, context: &mut Context| {
            let removed = match outcome {
                Ok(removed) => removed,
                Err(error) => return Plan::Done(Err(error.into())),
            };
            context.changes.extend(removed.changes);
            match removed.rest {
                Some(rest) => Plan::emit(thinned_out(rest), move |_| self.go_on(path, rest)),
                None => Plan::Done(Ok(self.respond(&path, removed.messages))),
            }
        })
    }

    fn respond(&self, path: &MailboxPath, messages: i64) -> Answer {
        let (path, had) = (path.to_string(), counted(messages, "message"));
        let was = if self.dry_run { "would be" } else { "was" };
        let sentence = format!("Mailbox {path} {was} deleted, with {had}.");
        Answer::sentence(sentence, json!({"mailbox": path, "messages": messages, "dry_run": self.dry_run}))
    }
}

/// The line that says how far it has come.
pub(super) fn thinned_out(so_far: db::ThinnedOut) -> Vec<u8> {
    let db::ThinnedOut { all, done, .. } = so_far;
    Reply::Progress(format!("{done} of {} deleted", counted(all as i64, "message"))).to_line()
}
