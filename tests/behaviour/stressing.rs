//! A short round of stress: clients that disturb each other as much as they can.

use crate::stress::{Plan, run};
use crate::support::Server;
use crate::support::postgres::SitePostgres;

#[test]
fn clients_in_the_same_mailboxes_know_the_same_and_lose_nothing() {
    run(&[&Server::start()], &Plan::from_environment());
}

#[test]
fn clients_of_two_hosts_know_the_same_and_lose_nothing() {
    let site = SitePostgres::start();
    let (one, other) = site.two_hosts();
    run(&[&one, &other], &Plan::from_environment());
}
