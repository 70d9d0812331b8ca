//! A unit of work: what it is, what it is lent, and how it fails.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use super::caches::Caches;
use super::keys_cache::KeysCache;
use super::message_cache::MessageCache;
use super::printed_cache::PrintedCache;
use super::recent_marks::Marks;

/// How a unit wants its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only reads; each statement sees what is committed when it starts. No transaction is opened around it.
    Read,
    /// Only reads; all statements see what was committed when the first of them starts.
    ReadAtOnce,
    /// Writes; a transaction is opened before and committed after it, or rolled back when it fails.
    Write,
}

/// One piece of work on the database, all of whose statements run on one connection.
pub trait Unit: Send + 'static {
    type Output: Send + 'static;
    const ACCESS: Access;
    /// Whether it may be broken off when the client who has asked for it leaves: it only reads, and takes long.
    const ABANDONABLE: bool = false;

    /// Does the work. Leaves `BEGIN` to the lender, and `COMMIT` too, or sends it by [`Lent::commit`].
    fn run(self, db: &Lent<'_>) -> impl Future<Output = Result<Self::Output, Error>>;
}

/// A unit at work; what it returns is of the type that the unit promises.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Any + Send>, Error>> + 'a>>;

/// A [`Unit`] whose type has been forgotten, so that any of them fits one actor message.
pub trait ErasedUnit: Send {
    fn access(&self) -> Access;
    fn is_abandonable(&self) -> bool;
    fn name(&self) -> &'static str;
    fn run_erased<'a>(self: Box<Self>, db: &'a Lent<'a>) -> Running<'a>;
}

impl<U: Unit> ErasedUnit for U {
    fn access(&self) -> Access {
        U::ACCESS
    }

    fn is_abandonable(&self) -> bool {
        U::ABANDONABLE
    }

    fn name(&self) -> &'static str {
        std::any::type_name::<U>()
    }

    fn run_erased<'a>(self: Box<Self>, db: &'a Lent<'a>) -> Running<'a> {
        Box::pin(async move { Ok(Box::new((*self).run(db).await?) as Box<dyn Any + Send>) })
    }
}

/// The text of a statement. It is looked up whenever the statement is executed, and some have thousands of octets; so not all
/// of them are hashed, and those of the same place in memory are not compared.
#[derive(Clone, Copy, Eq)]
struct Sql(&'static str);

impl Hash for Sql {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // All begin with what they are for.
        let text = self.0.as_bytes();
        (text.len(), &text[..text.len().min(32)]).hash(state);
    }
}

impl PartialEq for Sql {
    fn eq(&self, other: &Sql) -> bool {
        std::ptr::eq(self.0, other.0) || self.0 == other.0
    }
}

/// What one connection keeps from unit to unit.
#[derive(Default)]
pub struct Kept {
    /// The statements it has prepared, by their text.
    statements: RefCell<HashMap<Sql, Statement>>,
    /// Message ids that were reserved and not yet given to a message.
    pub(super) message_ids: RefCell<Range<i64>>,
    /// What was read lately; shared with other connections.
    caches: Arc<Caches>,
    /// How much of a quota may be used before its users are warned, in percent; 0 for never.
    quota_warn_percent: u8,
    /// Users do not see what was deleted.
    hides_deleted: bool,
}

impl Kept {
    /// For a new connection, which shares `caches` with others.
    pub fn new(caches: Arc<Caches>, quota_warn_percent: u8) -> Kept {
        Kept { caches, quota_warn_percent, ..Kept::default() }
    }

    /// The same where users do not see what was deleted, if `hides`.
    pub fn hiding_deleted(self, hides: bool) -> Kept {
        Kept { hides_deleted: hides, ..self }
    }
}

/// A connection lent for one unit, with what it keeps.
pub struct Lent<'a> {
    client: &'a Client,
    kept: &'a Kept,
    committed: Cell<bool>,
}

impl<'a> Lent<'a> {
    pub fn new(client: &'a Client, kept: &'a Kept) -> Lent<'a> {
        Lent { client, kept, committed: Cell::new(false) }
    }

    /// What the connection keeps from unit to unit.
    pub(super) fn kept(&self) -> &Kept {
        self.kept
    }

    /// The messages that were read lately.
    pub(super) fn message_cache(&self) -> &MessageCache {
        &self.kept.caches.messages
    }

    /// What was printed lately.
    pub(super) fn printed_cache(&self) -> &PrintedCache {
        &self.kept.caches.printed
    }

    /// What SORT and THREAD compare.
    pub(super) fn keys_cache(&self) -> &KeysCache {
        &self.kept.caches.keys
    }

    /// Which messages are \Recent to nobody any more, beside what the database says of that later.
    pub(super) fn recent_marks(&self) -> Marks {
        self.kept.caches.recent.now()
    }

    /// How much of a quota may be used before its users are warned, in percent; 0 for never.
    pub(super) fn quota_warn_percent(&self) -> u8 {
        self.kept.quota_warn_percent
    }

    /// Whether users do not see what was deleted.
    pub(super) fn hides_deleted(&self) -> bool {
        self.kept.hides_deleted
    }

    /// Undoes everything that the unit has done so far, so that it can do something else. A COMMIT that was sent behind a
    /// statement that failed has done nothing.
    pub(super) async fn start_over(&self) -> Result<(), Error> {
        self.committed.set(false);
        Ok(self.client.batch_execute("ROLLBACK; BEGIN").await?)
    }

    /// Commits, as the last thing that a unit sends. It may be sent behind statements whose answers have not come yet,
    /// which saves the wait for them: when one of them fails, nothing is committed. A unit that would refuse because of
    /// an answer must not do that, unless it has the statement fail in that case: see `Refusal`.
    pub async fn commit(&self) -> Result<(), Error> {
        self.committed.set(true);
        // COMMIT of a transaction in which a statement failed is a silent ROLLBACK. The empty SELECT before it fails
        // in that case, and then the COMMIT behind it is not executed.
        Ok(self.client.batch_execute("SELECT; COMMIT").await?)
    }

    /// Whether the unit has sent its COMMIT by itself.
    pub fn has_committed(&self) -> bool {
        self.committed.get()
    }

    /// The connection itself, for COPY and for pipelines.
    pub fn client(&self) -> &Client {
        self.client
    }

    /// `sql` prepared on this connection; the server parses each text once per connection. What is sent before
    /// [`Lent::commit`], without waiting for answers, must have been prepared before.
    pub async fn prepare(&self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.kept.statements.borrow().get(&Sql(sql)) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.kept.statements.borrow_mut().insert(Sql(sql), statement.clone());
        if self.committed.get() {
            // COMMIT has overtaken it while it was prepared, and what it does would be committed by itself.
            return Err(
                crate::error::Error::bug(format!("this was not prepared before COMMIT: {sql}")).into()
            );
        }
        Ok(statement)
    }

    /// All rows.
    pub async fn query(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    /// The only row, if there is one.
    pub async fn query_opt(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, Error> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query_opt(&statement, params).await?)
    }

    /// The only row, which must be there.
    pub async fn query_one(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.query_one(&statement, params).await?)
    }

    /// The number of rows touched.
    pub async fn execute(&self, sql: &'static str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Error> {
        let statement = self.prepare(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }
}

/// Why a unit failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is stopping, or asked for a retry: temporary, and nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A rule of the store forbids it; the same request will fail again.
    #[error(transparent)]
    Refused(#[from] crate::error::Error),
    /// A statement failed in a way that no request should be able to cause.
    #[error("{}", in_words(.0))]
    Sql(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        let temporary = [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
            SqlState::TOO_MANY_CONNECTIONS,
            SqlState::DISK_FULL,
        ];
        match error.code() {
            Some(code) if code.code() == FORBIDDEN => {
                let text =
                    error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
                Error::Refused(crate::error::Error::no(crate::error::Code::NoPerm, text))
            }
            Some(code) if temporary.contains(code) => Error::Unavailable(in_words(&error)),
            Some(&SqlState::FOREIGN_KEY_VIOLATION) if is_about_bodies(&error) => {
                Error::Unavailable(BODY_ENDED.to_owned())
            }
            Some(_) => Error::Sql(error),
            None => Error::Unavailable(in_words(&error)),
        }
    }
}

/// What the functions in the database say of something that the site has forbidden; the message is for who wanted it.
const FORBIDDEN: &str = "AX001";
impl Error {
    /// A body that was there when a unit began has ended before the unit could refer to it: nobody else used it. At the
    /// next attempt it is stored anew.
    pub(super) fn is_ended_body(&self) -> bool {
        matches!(self, Error::Unavailable(text) if text == BODY_ENDED)
    }
}

/// Whether a reference to a body is what failed.
fn is_about_bodies(error: &tokio_postgres::Error) -> bool {
    let table = error.as_db_error().and_then(|error| error.table());
    table.is_some_and(|table| table.starts_with("body_refs"))
}

const BODY_ENDED: &str = "a body that others do not use any more has just ended";

/// What a statement has found that must not be committed: the argument of aox.refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The mailbox is gone.
    Gone,
    /// The mailbox has no uids left.
    Full,
    OverQuota,
    /// This was delivered before.
    Met,
}

impl Error {
    /// What a statement refused by itself, if that is what this is about.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let Error::Sql(error) = self else { return None };
        let told = error.as_db_error().filter(|told| told.code().code() == REFUSED)?;
        match told.message() {
            "gone" => Some(Refusal::Gone),
            "full" => Some(Refusal::Full),
            "over quota" => Some(Refusal::OverQuota),
            "met" => Some(Refusal::Met),
            _ => None,
        }
    }
}

/// The SQLSTATE of aox.refuse.
const REFUSED: &str = "AX002";

/// The error with its cause, which it does not tell by itself.
fn in_words(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl From<Error> for crate::error::Error {
    fn from(error: Error) -> crate::error::Error {
        match error {
            Error::Unavailable(_) => crate::error::Error::no(
                crate::error::Code::Unavailable,
                "the mail store cannot be reached at the moment, please try again",
            ),
            Error::Refused(refusal) => refusal,
            Error::Sql(error) => crate::error::Error::bug(in_words(&error)),
        }
    }
}
