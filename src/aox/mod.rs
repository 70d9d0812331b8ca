//! The administrator's door: commands over the control socket, one JSON object a line.
//!
//! A request is `{"version":1,"command":"list-users"}`, with the command's arguments beside its name. The answer is any
//! number of `{"progress":…}` lines, and one last line: `{"done":…}`, `{"refused":…}` or `{"wrong":…}`.

pub mod answer;
pub mod command;
pub mod conversation;
pub mod grammar;

mod glob;
mod retention;
mod search_words;
mod seek;

pub use answer::{Answer, Reply, Table};
pub use command::Command;
pub use glob::Glob;
pub use retention::WhoseMail;
