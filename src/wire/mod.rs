//! Bytes shared by the doors: lines and literals, modified UTF-7, SASL exchanges.

pub mod sasl;
pub mod utf7;
