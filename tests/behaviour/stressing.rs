//! A short round of stress: clients that disturb each other as much as they can.

use crate::stress::{Plan, run};
use crate::support::postgres::SitePostgres;
use crate::support::{Options, Server};

#[test]
fn clients_in_the_same_mailboxes_know_the_same_and_lose_nothing() {
    run(&[&Server::start()], &Plan::from_environment());
}

#[test]
fn clients_of_two_hosts_know_the_same_and_lose_nothing() {
    let site = SitePostgres::start();
    let settings = [("AOX__DATABASE__URL", "aox_server"), ("AOX__DATABASE__OWNER_URL", "aox_owner")];
    let settings = settings.map(|(key, role)| (key.to_string(), site.url(role)));
    let options = Options { settings: settings.to_vec(), ..Options::default() };
    let (one, other) = (Server::new_home(options.clone()), Server::new_home(options));
    site.prepare(&one.aox_ok(&["upgrade", "--roles"]));
    one.aox_ok(&["upgrade"]);
    one.serve();
    other.serve();
    run(&[&one, &other], &Plan::from_environment());
}
