//! `aox show queue`: what waits in this server at the moment.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::aox::answer::{Answer, counted};
use crate::aox::conversation::{Context, Outcome, QueueFacts};
use crate::plan::Plan;

/// No arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowQueue {}

impl ShowQueue {
    /// The server knows it; the database is not asked.
    pub fn plan(self, context: &Context) -> Plan<Context, Outcome> {
        let QueueFacts { deliveries, password_checks } = context.facts.queue;
        let sentences = vec![
            format!("{} to be committed.", counted_waiting(deliveries, "delivery", "deliveries")),
            format!("{} to be checked.", counted(password_checks as i64, "password")),
            "No mail waits to be sent: this server sends none.".to_owned(),
        ];
        let json = json!({"deliveries": deliveries, "password_checks": password_checks});
        Plan::Done(Ok(Answer { sentences, table: None, json, good: true }))
    }
}

fn counted_waiting(count: usize, one: &str, many: &str) -> String {
    crate::aox::answer::counted_as(count as i64, one, many)
}
