//! How fast a large mailbox is put in order: SORT and THREAD, the first time and again.

use std::io;

use crate::Bench;
use crate::reading::timed;
use crate::report::{goal, percentile};

/// The part `order`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let commands = [
        ("SORT (DATE) UTF-8 ALL", goal(50.0, 15.0)),
        ("SORT (SUBJECT) UTF-8 ALL", goal(150.0, 50.0)),
        ("SORT (FROM REVERSE SIZE) UTF-8 ALL", goal(150.0, 50.0)),
        ("THREAD REFERENCES UTF-8 ALL", goal(80.0, 30.0)),
        ("THREAD ORDEREDSUBJECT UTF-8 ALL", goal(80.0, 30.0)),
    ];
    bench.large_mailbox()?;
    for (command, wanted) in commands {
        bench.restart();
        let mut imap = bench.large_mailbox()?;
        imap.ok("SELECT INBOX")?;
        let (cold, _) = timed(&mut imap, command)?;
        bench.report.add(format!("{command}, of {}, cold", bench.messages), cold * 1000.0, "ms", None);
        let mut warm = Vec::new();
        for _ in 0..9 {
            warm.push(timed(&mut imap, command)?.0 * 1000.0);
        }
        bench.report.add(format!("{command}, warm, median"), percentile(&mut warm, 0.5), "ms", wanted);
    }
    Ok(())
}
