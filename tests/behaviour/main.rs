//! What the program does, shown by the real one: every file is one subject, and all are one program, linked once.

mod accounts;
mod administration;
mod annotations;
mod attacks;
mod audit;
mod client_certificates;
mod clients;
mod cluster;
mod corpus;
mod delete_policy;
mod delivery;
mod directory;
mod doors;
mod exchange;
mod exchange_resumed;
mod faults;
#[path = "../fuzz/mod.rs"]
mod fuzz;
mod fuzzing;
mod hosts;
mod imap_account;
mod large;
mod listing;
mod login;
mod mailbox_units;
mod meanwhile;
mod message_limit;
mod notify;
mod oauth;
mod one_way_out;
mod pop3;
mod progress;
mod quota_units;
mod recorded;
mod retention;
mod rights;
mod rows;
mod sasl;
mod selected;
mod sql_face;
#[path = "../storm/mod.rs"]
mod storm;
mod storming;
#[path = "../stress/mod.rs"]
mod stress;
mod stressing;
#[path = "../support/mod.rs"]
mod support;
mod text_index;
mod tls;
mod transcripts;
mod undelete;
mod vacuum;
