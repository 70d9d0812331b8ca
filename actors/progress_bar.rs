//! How far long work has come, drawn on the terminal for whoever looks on.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line on the terminal that is drawn anew now and then; nothing when nobody looks on.
pub struct ProgressBar {
    shown: bool,
    total: u64,
    done: u64,
    began: Instant,
    drawn: Option<Instant>,
}

impl ProgressBar {
    /// For work of this size, in whatever is counted.
    pub fn new(total: u64, json: bool) -> ProgressBar {
        let shown = !json && std::io::stderr().is_terminal();
        ProgressBar { shown, total, done: 0, began: Instant::now(), drawn: None }
    }

    /// So much more is done; `text` says what.
    pub fn advance(&mut self, by: u64, text: impl FnOnce() -> String) {
        self.done += by;
        if self.is_due() {
            self.draw(&line(self.done, self.total, self.began.elapsed(), &text()));
        }
    }

    /// What is done now of how much, as somebody else counts it.
    pub fn show(&mut self, done: i64, total: i64, text: &str) {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        (self.done, self.total) = (count(done), count(total));
        self.advance(0, || text.to_owned());
    }

    /// Work of unknown size has come so far.
    pub fn say(&mut self, text: &str) {
        if self.is_due() {
            self.draw(text);
        }
    }

    fn is_due(&self) -> bool {
        self.shown && self.drawn.is_none_or(|drawn| drawn.elapsed() >= PERIOD)
    }

    fn draw(&mut self, line: &str) {
        self.drawn = Some(Instant::now());
        // Whoever closed the terminal does not look on any more.
        let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// `[######......] 50 %  text, 10 s left`
fn line(done: u64, total: u64, elapsed: Duration, text: &str) -> String {
    let share = if total == 0 { 1.0 } else { (done as f64 / total as f64).min(1.0) };
    let filled = (share * WIDTH as f64) as usize;
    let bar = format!("{}{}", "#".repeat(filled), ".".repeat(WIDTH - filled));
    let left = match share > 0.0 && elapsed > PERIOD {
        true => format!(", {}", in_words(elapsed.as_secs_f64() * (1.0 - share) / share)),
        false => String::new(),
    };
    format!("[{bar}] {:.0} %  {text}{left}", share * 100.0)
}

fn in_words(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s left"),
        s if s < 5400.0 => format!("{:.0} min left", s / 60.0),
        s => format!("{:.1} h left", s / 3600.0),
    }
}

const WIDTH: usize = 30;
const PERIOD: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        let text = line(50, 200, Duration::from_secs(30), "50 messages");
        assert_eq!(
            text,
            "[#######.......................] 25 %  50 messages, 90 s left".replace("90 s", "2 min")
        );
        assert!(line(0, 0, Duration::ZERO, "x").starts_with("[##############################] 100 %  x"));
    }
}
