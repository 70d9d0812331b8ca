//! The only SQL. One file per unit of work; a unit borrows a connection and never opens, begins or commits anything.

pub mod unit;

pub use unit::{Access, ErasedUnit, Error, Lent, Unit};
