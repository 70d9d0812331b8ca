//! The program: who does it, and when. One file per actor; the actors' own headers say who hears what.

mod cluster;
mod migrations;
mod postgres;
mod postgres_home;
mod postgres_memory;
mod postmaster;

mod database;
mod db_connection;
mod db_listener;
mod delivery;
mod delivery_lane;
mod drive;
mod listener;
mod lmtp_connection;
mod mailbox_registry;
mod outbox;
mod passwords;
mod services;
mod settings_load;

fn main() {}
