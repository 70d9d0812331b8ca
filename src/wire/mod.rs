//! Bytes shared by the doors: addresses, lines and literals, modified UTF-7, SASL exchanges, verifiers of passwords and
//! SCRAM keys.

pub mod address;
pub mod framer;
pub mod password;
pub mod sasl;
pub mod scram;
pub mod utf7;
