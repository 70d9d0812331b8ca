//! When the index is filled: while mail pours in it waits, because deliveries come first; but not for ever.

use std::time::Duration;

/// Decides when the indexer works.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// How many messages waited when it looked last.
    waiting: u64,
    /// For how long it has put its work off, because mail pours in.
    put_off: Duration,
    /// For how long messages have waited for more.
    gathered: Duration,
    /// How often it has found nothing to do.
    idle: u32,
}

/// What the indexer does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Index what waits.
    Work,
    /// Look again after this time.
    Rest(Duration),
}

impl Pace {
    /// So many messages wait now, so long after it looked last.
    pub fn looked(&mut self, waiting: u64, since: Duration) -> Next {
        let came = waiting.saturating_sub(std::mem::replace(&mut self.waiting, waiting));
        if waiting == 0 {
            self.idle = (self.idle + 1).min(IDLE_STEPS);
            (self.put_off, self.gathered) = (Duration::ZERO, Duration::ZERO);
            return Next::Rest(LOOK * (1 << (self.idle - 1)));
        }
        self.idle = 0;
        if waiting < ENOUGH && self.gathered < GATHER {
            self.gathered += LOOK;
            return Next::Rest(LOOK);
        }
        let pours = came as f64 > POURS_PER_SECOND * since.as_secs_f64();
        if pours && self.put_off < PUT_OFF_MAX {
            self.put_off += LOOK;
            return Next::Rest(LOOK);
        }
        (self.put_off, self.gathered) = (Duration::ZERO, Duration::ZERO);
        Next::Work
    }

    /// After a piece of work that took so long, others have their turn for as long.
    pub fn breather(spent: Duration) -> Duration {
        spent.min(LOOK)
    }
}

/// How often it looks while there is something to do, or was lately.
const LOOK: Duration = Duration::from_secs(1);
/// How often the time between two looks is doubled: to half a minute.
const IDLE_STEPS: u32 = 6;
/// So many messages are worth the work at once. Fewer wait for others: many together cost little more than one does, and
/// a search reads them quickly.
const ENOUGH: u64 = 200;
const GATHER: Duration = Duration::from_secs(20);
/// So many messages a second leave no time for anything else.
const POURS_PER_SECOND: f64 = 100.0;
/// Searches read what is not indexed, and that takes longer with every message.
const PUT_OFF_MAX: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_works_when_no_more_comes() {
        let mut pace = Pace::default();
        assert_eq!(pace.looked(0, SECOND), Next::Rest(SECOND));
        assert_eq!(pace.looked(0, SECOND), Next::Rest(SECOND * 2));
        assert_eq!(pace.looked(2000, SECOND), Next::Rest(SECOND), "mail pours in");
        assert_eq!(pace.looked(2010, SECOND), Next::Work);
        assert_eq!(pace.looked(0, SECOND), Next::Rest(SECOND));
    }

    #[test]
    fn few_messages_wait_for_others_for_a_moment() {
        let mut pace = Pace::default();
        let looks = (1..).find(|look| pace.looked(1 + look / 3, SECOND) == Next::Work);
        assert_eq!(looks, Some(GATHER.as_secs() + 1));
    }

    #[test]
    fn it_does_not_wait_for_ever() {
        let mut pace = Pace::default();
        let looks = (1..).find(|look| pace.looked(look * 1000, SECOND) == Next::Work);
        assert_eq!(looks, Some(PUT_OFF_MAX.as_secs() + 1));
    }
}
