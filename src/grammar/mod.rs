//! The words that every grammar here is made of, whichever door they come in by: atoms, strings, numbers, sets, dates.
//!
//! Each function is named after its rule in RFC 9051 §9 and carries it. Input is whole; no function waits for more.

pub mod core;
pub mod fault;
pub mod keyword;
pub mod set;
pub mod time;

pub use fault::{Fault, Parsed};
