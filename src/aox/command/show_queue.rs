//! `aox show queue`: what waits at the moment.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::one_unit;
use crate::aox::answer::{Answer, counted, counted_as};
use crate::aox::conversation::{Context, Outcome, QueueFacts};
use crate::db;
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowQueue {}

impl ShowQueue {
    /// The server knows most of it; the database, how far the index of texts has come.
    pub fn plan(self, _: &Context) -> Plan<Context, Outcome> {
        one_unit(db::CountWaiting, |to_be_indexed, context| Ok(respond(context.facts.queue, to_be_indexed)))
    }
}

fn respond(queue: QueueFacts, to_be_indexed: u64) -> Answer {
    let QueueFacts { deliveries, password_checks } = queue;
    let sentences = vec![
        format!("{} to be committed.", counted_as(deliveries as i64, "delivery", "deliveries")),
        format!("{} to be checked.", counted(password_checks as i64, "password")),
        format!("{} to be indexed.", counted(i64::try_from(to_be_indexed).unwrap_or(i64::MAX), "message")),
        "No mail waits to be sent: this server sends none.".to_owned(),
    ];
    let json =
        json!({"deliveries": deliveries, "password_checks": password_checks, "to_be_indexed": to_be_indexed});
    Answer { sentences, table: None, json, good: true }
}
