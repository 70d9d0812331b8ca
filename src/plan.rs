//! What a pure conversation asks of the actor that carries it: a chain of database work and output, told as data.
//!
//! A command is parsed and planned without waiting. Where it needs the database it returns [`Plan::Run`] with one
//! [`Unit`] and what to do with its outcome; where it has output for a client that may be slow it
//! returns [`Plan::Emit`]. The actor only carries the chain out, so that a page is read when the one before it has left.

use crate::db::{self, ErasedUnit, Unit};

/// The next thing to be done for one command, in the context `C` that the command belongs to.
pub enum Plan<C, A> {
    /// The command is finished with this answer.
    Done(A),
    /// Run this on the database, then go on with what it returned.
    Run(Step<C, A>),
    /// Run this on the database, and meanwhile write what was read before.
    Overlap(Overlap<C, A>),
    /// Compute this where it keeps nobody waiting, then go on with what came out.
    Compute(Computation<C, A>),
    /// Write these octets; when the client has room again, go on.
    Emit(Vec<u8>, Next<C, A>),
    /// The command is at work, as these octets say, which are written when the client has heard nothing for a while; then
    /// go on. Between two units this is also where a command ends whose client has gone.
    Progress(Vec<u8>, Next<C, A>),
}

/// What comes after an [`Plan::Emit`].
pub type Next<C, A> = Box<dyn FnOnce(&mut C) -> Plan<C, A> + Send>;

/// One unit of database work, and what to do with its outcome.
pub struct Step<C, A> {
    /// The work, its type erased so that one actor message carries any of it.
    pub unit: Box<dyn ErasedUnit>,
    /// Takes the outcome of exactly that unit.
    pub then: Then<C, A>,
}

/// One unit of database work, and what can be written while it is under way.
pub struct Overlap<C, A> {
    /// The work.
    pub unit: Box<dyn ErasedUnit>,
    /// Makes the octets to be written, and says what to do with the outcome of the unit.
    pub meanwhile: Meanwhile<C, A>,
}

/// What is made while a unit is under way: octets to be written, and what to do with the outcome.
pub type Meanwhile<C, A> = Box<dyn FnOnce(&mut C) -> (Vec<u8>, Then<C, A>) + Send>;

/// Goes on with the typed outcome of the unit `U`.
pub type ThenOf<U, C, A> =
    Box<dyn FnOnce(Result<<U as Unit>::Output, db::Error>, &mut C) -> Plan<C, A> + Send>;

/// Work that takes long without waiting for anything, and what to do with what comes out.
pub struct Computation<C, A> {
    /// The work.
    pub work: Work,
    /// Takes what came out; an error when the work panicked.
    pub then: Then<C, A>,
}

/// Goes on with an outcome.
pub type Then<C, A> = Box<dyn FnOnce(Outcome, &mut C) -> Plan<C, A> + Send>;

/// Work whose outcome has its type erased.
pub type Work = Box<dyn FnOnce() -> Box<dyn std::any::Any + Send> + Send>;

/// What a unit returned, its type erased.
pub type Outcome = Result<Box<dyn std::any::Any + Send>, db::Error>;

impl<C, A> Plan<C, A> {
    /// Runs `unit`, then calls `then` with its outcome, failures included.
    pub fn run<U: Unit>(
        unit: U,
        then: impl FnOnce(Result<U::Output, db::Error>, &mut C) -> Plan<C, A> + Send + 'static,
    ) -> Plan<C, A> {
        Plan::Run(Step { unit: Box::new(unit), then: typed::<U, C, A>(then) })
    }

    /// Runs `unit`; while that is under way, calls `meanwhile` and writes the octets that it makes. When both are done,
    /// calls what `meanwhile` has returned with the outcome of the unit, failures included.
    pub fn overlap<U: Unit>(
        unit: U,
        meanwhile: impl FnOnce(&mut C) -> (Vec<u8>, ThenOf<U, C, A>) + Send + 'static,
    ) -> Plan<C, A>
    where
        C: 'static,
        A: 'static,
    {
        let meanwhile = move |context: &mut C| {
            let (octets, then) = meanwhile(context);
            (octets, typed::<U, C, A>(then))
        };
        Plan::Overlap(Overlap { unit: Box::new(unit), meanwhile: Box::new(meanwhile) })
    }

    /// Computes `work` off the threads that serve clients, then calls `then` with what came out. When the work
    /// panicked, that is an error which costs this one command.
    pub fn compute<T: Send + 'static>(
        work: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(Result<T, db::Error>, &mut C) -> Plan<C, A> + Send + 'static,
    ) -> Plan<C, A> {
        let work = move || Box::new(work()) as Box<dyn std::any::Any + Send>;
        let then = move |outcome: Outcome, context: &mut C| {
            let typed = outcome.map(|any| *any.downcast::<T>().expect("a computation gets its own outcome"));
            then(typed, context)
        };
        Plan::Compute(Computation { work: Box::new(work), then: Box::new(then) })
    }

    /// Writes `bytes`, then goes on with `next`.
    pub fn emit(bytes: Vec<u8>, next: impl FnOnce(&mut C) -> Plan<C, A> + Send + 'static) -> Plan<C, A> {
        Plan::Emit(bytes, Box::new(next))
    }

    /// Writes `bytes` if the client has waited for long, then goes on with `next`.
    pub fn progress(bytes: Vec<u8>, next: impl FnOnce(&mut C) -> Plan<C, A> + Send + 'static) -> Plan<C, A> {
        Plan::Progress(bytes, Box::new(next))
    }
}

/// `then` for an outcome whose type has been forgotten.
fn typed<U: Unit, C, A>(
    then: impl FnOnce(Result<U::Output, db::Error>, &mut C) -> Plan<C, A> + Send + 'static,
) -> Then<C, A> {
    Box::new(move |outcome: Outcome, context: &mut C| {
        let typed =
            outcome.map(|any| *any.downcast::<U::Output>().expect("a step gets the outcome of its own unit"));
        then(typed, context)
    })
}
