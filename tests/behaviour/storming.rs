//! A short storm: clients that say anything, while others look on.

use crate::storm::{Plan, run};
use crate::support::Server;

#[test]
fn whatever_is_said_everybody_is_served_and_all_stays_whole() {
    run(&Server::start(), &Plan::from_environment());
}
