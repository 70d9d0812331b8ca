//! Brings a schema to its newest revision, or says why this program cannot serve with it. Once, over one connection.

use archiveopteryx::db::Kept;
use archiveopteryx::db::migrate::{
    ApplyNext, Fit, LetReaderRead, Migration, REVISION_NEWEST, REVISION_OLDEST, ReadFit,
};
use archiveopteryx::db::{self, Access, Lent, Unit};
use bb8_postgres::PostgresConnectionManager;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, NoTls};

use crate::postgres::Target;

/// Applies all that is missing, and returns it. `owner` must be the role that owns the tables.
pub async fn migrate(owner: &Target) -> Result<Vec<Migration>, db::Error> {
    let mut applied = Vec::new();
    while let Some(migration) = run_once(owner, ApplyNext).await? {
        tracing::info!(migration = migration.name, "applied");
        applied.push(migration);
    }
    run_once(owner, LetReaderRead).await?;
    Ok(applied)
}

/// Fails with a sentence that says what to do, when the schema of `server` does not fit.
pub async fn check_fit(server: &Target) -> Result<(), String> {
    let fit =
        run_once(server, ReadFit).await.map_err(|error| format!("the database cannot be used: {error}"))?;
    let (state, advice) = match fit {
        Fit::Fits(_) => return Ok(()),
        Fit::Empty => ("the database has no schema of aox yet".to_owned(), "run `aox upgrade` first"),
        Fit::TooOld(revision) => {
            (format!("the database has schema revision {revision}"), "run `aox upgrade` first")
        }
        Fit::TooNew(revision) => (
            format!("the database has schema revision {revision}"),
            "run a newer aox; `aox upgrade` cannot go back",
        ),
    };
    Err(format!("{state}, but this program serves with {REVISION_OLDEST} to {REVISION_NEWEST}: {advice}"))
}

/// Runs `unit` on a connection of its own.
pub async fn run_once<U: Unit>(target: &Target, unit: U) -> Result<U::Output, db::Error> {
    match target.tls() {
        None => run_through(PostgresConnectionManager::new(target.config().clone(), NoTls), unit).await,
        Some(tls) => {
            run_through(PostgresConnectionManager::new(target.config().clone(), tls.clone()), unit).await
        }
    }
}

async fn run_through<T, U>(manager: PostgresConnectionManager<T>, unit: U) -> Result<U::Output, db::Error>
where
    U: Unit,
    T: MakeTlsConnect<tokio_postgres::Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<tokio_postgres::Socket>>::Future: Send,
{
    // The first error is the one to tell: nobody waits here for a database to come back.
    let pool = bb8::Pool::builder().max_size(1).retry_connection(false).build(manager).await?;
    let connection = pool.get().await.map_err(|error| match error {
        bb8::RunError::User(error) => error.into(),
        bb8::RunError::TimedOut => db::Error::Unavailable("it does not answer".to_owned()),
    })?;
    let client: &Client = &connection;
    let kept = Kept::default();
    let lent = Lent::new(client, &kept);
    if U::ACCESS != Access::Write {
        return unit.run(&lent).await;
    }
    client.batch_execute("BEGIN").await?;
    let outcome = unit.run(&lent).await;
    // The transaction ends with its connection, so an error here changes nothing.
    client.batch_execute(if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    outcome
}
