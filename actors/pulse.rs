//! Tells a client that has heard nothing for a while that its command is at work, and how far it has come if that is known.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use archiveopteryx::limits;
use tokio::time::Instant;

use crate::outbox::{Gone, Outbox};

/// What a client hears while it waits for the end of a command.
pub struct Pulse<'a> {
    outbox: &'a Outbox,
    /// What is to be said; nothing where the client might take it for a part of something else.
    line: Option<Vec<u8>>,
    /// When the client heard of the command last.
    heard: Instant,
    every: Duration,
}

impl<'a> Pulse<'a> {
    /// For a command that begins now.
    pub fn new(outbox: &'a Outbox, line: Option<Vec<u8>>) -> Pulse<'a> {
        let every = Duration::from_secs(limits::PROGRESS_SECONDS);
        Pulse { outbox, line, heard: Instant::now(), every }
    }

    /// Waits for `work`, and says something whenever it has been silent for long.
    pub async fn wait<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        while let Some(line) = self.line.clone() {
            match tokio::time::timeout_at(self.heard + self.every, work.as_mut()).await {
                Ok(outcome) => return outcome,
                Err(_) => {
                    // A client that does not read needs not hear it.
                    let _ = self.outbox.try_send(line.into());
                    self.heard = Instant::now();
                }
            }
        }
        work.await
    }

    /// The command has come so far, as `line` says.
    pub async fn tell(&mut self, line: Vec<u8>) -> Result<(), Gone> {
        if self.outbox.is_closed() {
            return Err(Gone);
        }
        if self.heard.elapsed() >= self.every {
            self.outbox.send(line.clone()).await?;
            self.heard = Instant::now();
        }
        self.line = Some(line);
        Ok(())
    }

    /// The command says something by itself. That may end in the midst of a response, so nothing may come in between.
    pub fn heard(&mut self) {
        (self.line, self.heard) = (None, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::sync::oneshot;

    use super::*;

    #[actix_rt::test]
    async fn a_client_that_waits_hears_of_it() {
        let (outbox, mut queue) = Outbox::new();
        let (mut near, mut far) = tokio::io::duplex(64);
        actix_rt::spawn(async move { queue.write(&mut near, Duration::from_secs(60)).await });
        let mut pulse = Pulse::new(&outbox, Some(b"at work\r\n".to_vec()));
        pulse.every = Duration::from_millis(1);
        let (end, ended) = oneshot::channel();
        let client = async {
            let mut line = [0; 9];
            far.read_exact(&mut line).await.expect("something is said");
            assert_eq!(&line, b"at work\r\n");
            end.send(7).expect("the work goes on");
        };
        let (outcome, ()) = futures_util::future::join(pulse.wait(ended), client).await;
        assert_eq!(outcome, Ok(7));
        // From here on, the command speaks itself.
        pulse.heard();
        assert_eq!(pulse.wait(async { 8 }).await, 8);
        assert!(pulse.line.is_none());
    }
}
