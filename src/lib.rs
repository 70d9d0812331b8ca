//! Archiveopteryx, a mail store: mail comes in by LMTP, is kept in PostgreSQL, and is read by IMAP and POP3.
//!
//! This library says **what the protocols and the mail mean**. It owns no socket, clock, thread or actor; time is an
//! argument, and the only thing it ever awaits is the database connection it was lent. The program in `actors/` says
//! who does it, and when.
//!
//! # The map, in reading order
//!
//! * [`settings`], [`limits`], [`error`]: what can be configured, every upper bound, and the three kinds of failure.
//! * [`grammar`]: the words that all grammars are made of.
//! * [`mailbox`]: one folder as data: its names, ids, flags, uid sets, the snapshot of what is in it, and the view,
//!   which is what one client has been told.
//! * [`message`]: one mail: parsed, repaired, taken apart and rebuilt to the byte.
//! * [`policy`]: who may do what with which mailbox, and how much may be kept.
//! * [`archive`]: mail as other programs keep it in files.
//! * [`search`]: which messages? The selector that IMAP SEARCH and the administrator's commands share.
//! * [`identity`]: who somebody is, when a directory, an authorization server or a certificate says so.
//! * [`wire`]: the bytes shared by the doors: lines, literals, dot-stuffing, modified UTF-7, SASL.
//! * [`plan`]: what a pure conversation asks its actor to do while it waits.
//! * [`db`]: the only SQL, one file per unit of work.
//! * [`login`]: who has logged in, what is asked of those who want to, and how long guessers wait.
//! * [`imap`], [`pop3`], [`lmtp`], [`aox`]: the doors. None knows another.

pub mod aox;
pub mod archive;
pub mod db;
pub mod error;
pub mod grammar;
pub mod identity;
pub mod imap;
pub mod limits;
pub mod lmtp;
pub mod login;
pub mod mailbox;
pub mod message;
pub mod plan;
pub mod policy;
pub mod pop3;
pub mod search;
pub mod settings;
pub mod wire;
