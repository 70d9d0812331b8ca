//! Bytes shared by the doors: addresses, lines and literals, dots at the beginning of lines, modified UTF-7, DEFLATE, SASL
//! exchanges, verifiers of passwords and SCRAM keys.

pub mod address;
pub mod deflate;
pub mod dots;
pub mod framer;
pub mod password;
pub mod sasl;
pub mod scram;
pub mod utf7;
