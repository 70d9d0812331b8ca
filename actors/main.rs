//! The program: who does it, and when. One file per actor; the actors' own headers say who hears what.

mod postgres;

mod database;
mod db_connection;
mod drive;
mod listener;
mod outbox;
mod services;
mod settings_load;

fn main() {}
