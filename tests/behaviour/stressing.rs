//! A short round of stress: clients that disturb each other as much as they can.

use crate::stress::{Plan, run};
use crate::support::Server;

#[test]
fn clients_in_the_same_mailboxes_know_the_same_and_lose_nothing() {
    run(&Server::start(), &Plan::from_environment());
}
