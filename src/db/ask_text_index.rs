//! Asks the text index which messages have what is looked for.

use std::collections::BTreeSet;
use std::pin::pin;

use futures_util::TryStreamExt;
use postgres_types::ToSql;
use tokio_postgres::Row;

use super::unit::{Error, Lent};
use crate::mailbox::{AccountId, MessageId};
use crate::search::index::probe::{Asking, OpenList, Verdict};
use crate::search::index::{EDITION, List, Member, PackedList, Probe, block};

/// What the index says to each probe, in their order.
pub(super) struct IndexAnswers {
    /// The messages that are selected, and how relevant each is.
    pub yes: Vec<Vec<(MessageId, u8)>>,
    /// The messages that have to be read, among them all of which the index does not know.
    pub maybe: Vec<Vec<MessageId>>,
}

/// Asks about `messages` of `account`. All is read by one statement, so that it fits together whatever the indexer does.
pub(super) async fn ask_text_index(
    db: &Lent<'_>,
    account: AccountId,
    messages: &[MessageId],
    probes: &[Probe],
) -> Result<IndexAnswers, Error> {
    let mut wanted = Wanted::new(messages);
    let lists: BTreeSet<List> = probes.iter().flat_map(Probe::lists).collect();
    let lists: Vec<i16> = lists.into_iter().map(|list| list as i16).collect();
    let statement = db.prepare(include_str!("sql/select_text_lists.sql")).await?;
    let (first, last) = wanted.span();
    let params: [&(dyn ToSql + Sync); 5] = [&account.0, &first, &last, &EDITION, &lists];
    let rows = db.client().query_raw(&statement, params).await?;
    let mut rows = pin!(rows);
    let mut answers =
        IndexAnswers { yes: vec![Vec::new(); probes.len()], maybe: vec![Vec::new(); probes.len()] };
    let mut reading: Option<Reading<'_>> = None;
    // Rows come block by block; each is looked through while PostgreSQL reads the next.
    while let Some(row) = rows.try_next().await? {
        let block: i64 = row.get(0);
        if reading.as_ref().is_none_or(|reading| reading.block != block)
            && let Some(done) = reading.replace(Reading::begin(block, &row, probes, &wanted))
        {
            done.finish(&mut wanted, &mut answers);
        }
        if let Some(reading) = &mut reading {
            reading.look(&row);
        }
    }
    if let Some(done) = reading {
        done.finish(&mut wanted, &mut answers);
    }
    for maybe in &mut answers.maybe {
        maybe.extend(wanted.unknown());
    }
    Ok(answers)
}

/// The messages that are asked about, in the order of their ids, and which of them a block has answered for.
struct Wanted {
    messages: Vec<i64>,
    answered: Vec<bool>,
}

impl Wanted {
    fn new(messages: &[MessageId]) -> Wanted {
        let mut messages: Vec<i64> = messages.iter().map(|message| message.0).collect();
        messages.sort_unstable();
        messages.dedup();
        let answered = vec![false; messages.len()];
        Wanted { messages, answered }
    }

    fn span(&self) -> (i64, i64) {
        (self.messages.first().copied().unwrap_or(0), self.messages.last().copied().unwrap_or(0))
    }

    /// The columns of `members` that are wanted and not answered yet, and the place of each among the wanted.
    fn columns(&self, members: &[Member]) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        for (column, member) in members.iter().enumerate() {
            let id = member.message.0;
            // Both ascend, but for where blocks were put together.
            if self.messages.get(at) != Some(&id) {
                at = self.messages.partition_point(|wanted| *wanted < id);
            }
            if self.messages.get(at) == Some(&id) {
                if !self.answered[at] {
                    found.push((column as u32, at));
                }
                at += 1;
            }
        }
        found
    }

    fn unknown(&self) -> impl Iterator<Item = MessageId> + '_ {
        let all = self.messages.iter().zip(&self.answered);
        all.filter(|(_, answered)| !**answered).map(|(message, _)| MessageId(*message))
    }
}

/// A block that is being read.
struct Reading<'a> {
    block: i64,
    columns: Vec<(u32, usize)>,
    count: u32,
    asking: Vec<Asking<'a>>,
    /// Something in it cannot be read: it says nothing, and the indexer makes it again.
    damaged: bool,
}

impl<'a> Reading<'a> {
    fn begin(block: i64, row: &Row, probes: &'a [Probe], wanted: &Wanted) -> Reading<'a> {
        let members = block::members_from_bytes(row.get(1));
        let damaged = members.is_none();
        let members = members.unwrap_or_default();
        let columns = wanted.columns(&members);
        let asking = probes.iter().map(|probe| probe.ask(&members)).collect();
        Reading { block, columns, count: members.len() as u32, asking, damaged }
    }

    fn look(&mut self, row: &Row) {
        // A block without any of the lists comes as one row all the same.
        let Some(list) = row.get::<_, Option<i16>>(2).and_then(List::from_number) else { return };
        if self.columns.is_empty() || self.damaged {
            return;
        }
        let packed = PackedList { words: row.get(3), columns: row.get(4) };
        let looked = OpenList::new(&packed, self.count)
            .and_then(|mut open| self.asking.iter_mut().try_for_each(|asking| asking.look(list, &mut open)));
        self.damaged |= looked.is_none();
    }

    fn finish(self, wanted: &mut Wanted, answers: &mut IndexAnswers) {
        if self.damaged {
            tracing::warn!(block = self.block, "a block of the text index is damaged, and not used");
            return;
        }
        for (at, asking) in self.asking.into_iter().enumerate() {
            let found = asking.found();
            for (column, place) in &self.columns {
                let message = MessageId(wanted.messages[*place]);
                match found.verdict(*column) {
                    Verdict::Yes(score) => answers.yes[at].push((message, score)),
                    Verdict::Maybe => answers.maybe[at].push(message),
                    Verdict::No => {}
                }
            }
        }
        self.columns.iter().for_each(|(_, place)| wanted.answered[*place] = true);
    }
}
