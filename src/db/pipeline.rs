//! Several statements on their way at once: sent in order without waiting for each other's answers.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use super::Error;

/// One statement's future, not yet polled.
pub type Sending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + 'a>>;

/// Sends every statement, in order, before it waits for the first answer. Returns all answers, or the first failure:
/// after it, PostgreSQL skips what follows in the transaction.
///
/// The statements must have been prepared before: preparing one waits, and would let the next overtake it.
pub async fn pipelined<T>(statements: Vec<Sending<'_, T>>) -> Result<Vec<T>, Error> {
    let mut waiting: Vec<Option<Sending<'_, T>>> = statements.into_iter().map(Some).collect();
    let mut answers: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut all_done = true;
        for (slot, answer) in waiting.iter_mut().zip(&mut answers) {
            let Some(statement) = slot else { continue };
            match statement.as_mut().poll(context) {
                Poll::Ready(Ok(value)) => {
                    *answer = Some(value);
                    *slot = None;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => all_done = false,
            }
        }
        if all_done { Poll::Ready(Ok(())) } else { Poll::Pending }
    })
    .await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Lets others on this thread have their turn, in the middle of work that takes long.
pub(super) async fn pause() {
    let mut has_paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// A statement that is on its way while something else is done.
pub struct Begun<'a, T> {
    statement: Sending<'a, T>,
    answer: Option<Result<T, Error>>,
}

/// Sends a statement, and lets the connection write it out, without waiting for the answer.
///
/// The connection hands out answers in the order of the statements and keeps none back, so whatever is sent behind this
/// one is answered only when this one's answer is being taken. What it sends must have been prepared before.
pub async fn begin<'a, T>(statement: Sending<'a, T>) -> Begun<'a, T> {
    let mut begun = Begun { statement, answer: None };
    let mut turns = 0;
    poll_fn(|context| {
        turns += 1;
        if turns == 1 {
            if let Poll::Ready(answer) = begun.statement.as_mut().poll(context) {
                begun.answer = Some(answer);
                return Poll::Ready(());
            }
            // The connection's task has been woken before this one, and so it has its turn first.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    begun
}

impl<T> Begun<'_, T> {
    /// Waits for the answer.
    pub async fn answer(self) -> Result<T, Error> {
        match self.answer {
            Some(answer) => answer,
            None => self.statement.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn everything_is_begun_in_order_and_answers_keep_it() {
        let log = RefCell::new(Vec::new());
        let statements = (0..40).map(|n| {
            let log = &log;
            let statement: Sending<'_, usize> = Box::pin(async move {
                log.borrow_mut().push(n);
                std::future::ready(Ok(n)).await
            });
            statement
        });
        let answers = futures_util::FutureExt::now_or_never(pipelined(statements.collect()));
        assert_eq!(answers.expect("nothing waits").expect("nothing fails"), (0..40).collect::<Vec<_>>());
        assert_eq!(*log.borrow(), (0..40).collect::<Vec<_>>());
    }
}
