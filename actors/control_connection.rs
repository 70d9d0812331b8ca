//! One administrator's program at the control socket: reads a line, carries out its command, answers, reads on.
//!
//! It is a task and not an actor: nobody ever tells it anything but the client, one command at a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::aox::conversation::{self, Context, Facts};
use futures_util::future::{Either, select};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

use crate::attendance;
use crate::drive;
use crate::home;
use crate::mailbox_registry;
use crate::outbox::Outbox;
use crate::services::Services;

/// What the server says of itself when it is asked.
pub type AskFacts = Arc<dyn Fn() -> Facts>;

/// Listens at `path`, for the owner of the home only, until the task is dropped.
pub fn listen(
    path: &Path,
    services: Services,
    facts: AskFacts,
) -> std::io::Result<actix_rt::task::JoinHandle<()>> {
    // Made under another name, so that nobody can connect before its mode is set.
    let new = path.with_extension("sock.new");
    for old in [&new, path] {
        match std::fs::remove_file(old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let (short, folder) = home::short_socket_path(&new)?;
    let listener = UnixListener::bind(&short)?;
    drop(folder);
    std::fs::set_permissions(&new, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    std::fs::rename(&new, path)?;
    Ok(actix_rt::spawn(accept(listener, services, facts)))
}

async fn accept(listener: UnixListener, services: Services, facts: AskFacts) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                actix_rt::spawn(talk(stream, services.clone(), facts.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept at the control socket");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn talk(stream: UnixStream, services: Services, facts: AskFacts) {
    let (read, write) = stream.into_split();
    let outbox = Outbox::start(write, PATIENCE);
    let mut lines = BufReader::new(read);
    let mut stopping = services.stopping.clone();
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut lines).take(LINE_BYTES_MAX);
        let next = Box::pin(limited.read_until(b'\n', &mut line));
        let goodbye = Box::pin(stopping.wait_for(|stopping| *stopping));
        match select(next, goodbye).await {
            Either::Left((Ok(got), _)) if got > 0 => {}
            _ => return,
        }
        if carry_out(&line, &services, &facts, &outbox).await.is_err() {
            return;
        }
    }
}

/// One command, from its line to the last line of its answer.
async fn carry_out(
    line: &[u8],
    services: &Services,
    facts: &AskFacts,
    outbox: &Outbox,
) -> Result<(), crate::outbox::Gone> {
    let reply = match conversation::parse(line) {
        Err(reply) => reply,
        Ok(command) => {
            let name = command.name();
            let mut context = Context {
                now: jiff::Timestamp::now(),
                facts: facts(),
                settings: services.settings.clone(),
                changes: Vec::new(),
                dismissed: Vec::new(),
            };
            let plan = conversation::plan(command, &context);
            let outcome = drive::drive(plan, &mut context, &services.database, outbox).await?;
            if !context.changes.is_empty() {
                let delivered = mailbox_registry::Delivered { changes: context.changes };
                // The registry lives as long as the server; when it is gone, so is everybody to tell.
                let _ = services.registry.send(delivered).await;
            }
            if !context.dismissed.is_empty() {
                let dismiss = attendance::Dismiss { accounts: context.dismissed, announce: true };
                // As for the registry. When this is answered, those who are here know that they have to go.
                let _ = services.attendance.send(dismiss).await;
            }
            match &outcome {
                Ok(_) if name == "status" => tracing::debug!(command = name, "done"),
                Ok(_) => tracing::info!(command = name, "done"),
                Err(error) => tracing::info!(command = name, %error, "not done"),
            }
            conversation::respond(outcome)
        }
    };
    outbox.send(reply.to_line()).await
}

/// No command is longer; a search may be the longest part of one.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
