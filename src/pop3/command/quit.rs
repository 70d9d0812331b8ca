//! QUIT (RFC 1939 §6): what was marked is removed, all of it or nothing, and the connection ends.

use super::{Step, err};
use crate::db;
use crate::error::Error;
use crate::mailbox::{Change, FlagSet, MailboxKey, System, UidSet};
use crate::policy::Rights;
use crate::pop3::conversation::{Answer, Conversation, Plan};
use crate::pop3::grammar;
use crate::pop3::language::Text;
use crate::pop3::response::Reply;

/// `"QUIT"`
pub fn run(conversation: &mut Conversation, arguments: &[u8]) -> Step {
    if grammar::nothing(arguments).is_none() {
        return err(Text::NoArguments);
    }
    let Some(maildrop) = conversation.take_maildrop() else {
        return Step::Close(Reply::ok(Text::Goodbye));
    };
    let key = maildrop.key();
    let may_mark = conversation.setup.mark_seen && maildrop.permit().rights.contains(Rights::SEEN);
    let (deleted, read) = maildrop.into_outcome();
    let read = if may_mark { read } else { UidSet::new() };
    if deleted.is_empty() && read.is_empty() {
        return Step::Close(Reply::ok(Text::Goodbye));
    }
    if deleted.is_empty() {
        return Step::Run(mark_read(key, read, Vec::new(), conversation));
    }
    let by = conversation.culprit();
    let unit = db::Expunge { key, uids: deleted.iter().collect(), only_deleted: false, by };
    Step::Run(Plan::run(unit, move |outcome, conversation: &mut Conversation| match outcome {
        Ok(change) => mark_read(key, read, change.into_iter().collect(), conversation),
        Err(error) => {
            conversation.close(not_removed(error));
            Plan::Done(Answer::default())
        }
    }))
}

/// What was read becomes \Seen. When that cannot be done, nobody is the worse for it: the client has its mail.
fn mark_read(
    key: MailboxKey,
    read: UidSet,
    mut changes: Vec<Change>,
    conversation: &mut Conversation,
) -> Plan {
    if read.is_empty() {
        conversation.close(Reply::ok(Text::Goodbye));
        return Plan::Done(Answer { changes, ..Answer::default() });
    }
    let flags = FlagSet::new(System::SEEN, []);
    let permitted = Rights::SEEN.flags();
    let unit = db::SetFlags { key, uids: read, marking: db::Marking::Add, flags, permitted };
    Plan::run(unit, move |outcome, conversation: &mut Conversation| {
        match outcome {
            Ok(change) => changes.extend(change),
            Err(error) => tracing::warn!(%error, "what was read could not be marked so"),
        }
        conversation.close(Reply::ok(Text::Goodbye));
        Plan::Done(Answer { changes, ..Answer::default() })
    })
}

/// RFC 1939 §6: the client is told, and the connection ends all the same.
fn not_removed(error: db::Error) -> Reply {
    let reply = Reply::from(Error::from(error));
    match reply.code {
        Some("SYS/TEMP") => Reply { text: Text::NotRemoved, ..reply },
        _ => reply,
    }
}
