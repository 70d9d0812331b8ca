//! One administrator's program at the control socket: reads a line, carries out its command, answers, reads on.
//!
//! It is a task and not an actor: nobody ever tells it anything but the client, one command at a time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use archiveopteryx::aox::answer::Reply;
use archiveopteryx::aox::command::Command;
use archiveopteryx::aox::conversation::{self, Context, Facts, Farewell, Outcome};
use archiveopteryx::db::{Actor, ErasedUnit, Event, EventKind};
use futures_util::future::{Either, select};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};

use crate::attendance;
use crate::drive;
use crate::home;
use crate::mailbox_registry;
use crate::outbox::{Gone, Outbox};
use crate::recording::Recording;
use crate::sealer;
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
        let mut command = conversation::parse(&line);
        if let Ok(command) = &mut command {
            match read_octets(&mut lines, command).await {
                Ok(octets) => command.take_octets(octets),
                // What follows is not the next request.
                Err(reply) => return outbox.send(reply.to_line()).await.unwrap_or_default(),
            }
        }
        let client = Client { socket: lines.get_ref(), outbox: &outbox };
        if client.carry_out(command, &services, &facts).await.is_err() {
            return;
        }
    }
}

/// The octets that belong to a command and come behind its line, all of them.
async fn read_octets(input: &mut BufReader<OwnedReadHalf>, command: &Command) -> Result<Vec<u8>, Reply> {
    let wanted = command.octets_wanted().map_err(|error| Reply::Wrong(error.to_string()))?;
    let mut octets = Vec::new();
    if wanted > 0 {
        let read = input.take(wanted as u64).read_to_end(&mut octets).await;
        read.map_err(|error| Reply::Refused(format!("the octets of the command broke off: {error}")))?;
    }
    Ok(octets)
}

/// The program at the other end.
struct Client<'a> {
    socket: &'a OwnedReadHalf,
    outbox: &'a Outbox,
}

impl Client<'_> {
    /// One command, to the last line of its answer.
    async fn carry_out(
        &self,
        command: Result<Command, Reply>,
        services: &Services,
        facts: &AskFacts,
    ) -> Result<(), Gone> {
        let reply = match command {
            Err(reply) => reply,
            Ok(command) => conversation::respond(self.run(command, services, facts).await?),
        };
        self.outbox.send(reply.to_line()).await
    }

    /// Has the command done, and tells everybody whom it concerns of what it did. It stops at the next step when its
    /// client has gone, or the server does; what it has done until then stays done.
    async fn run(&self, command: Command, services: &Services, facts: &AskFacts) -> Result<Outcome, Gone> {
        let name = command.name();
        let is_recorded = match &command {
            Command::AuditShow(show) => !show.is_repeated,
            _ => !UNRECORDED.contains(&name),
        };
        let mut context = self.context(name, services, facts());
        if ["show connections", "disconnect"].contains(&name) {
            context.facts.elsewhere = services.census.elsewhere().await;
        }
        let recording = Recording::new(self.event(&command));
        let steering = Steering { client: self, stopping: &services.stopping, recording: &recording };
        let plan = conversation::plan(command, &context);
        let driven = drive::drive_with(&steering, plan, &mut context, &services.database, self.outbox).await;
        tell(context, services).await;
        let outcome = match &driven {
            Ok(Ok(_)) => "done".to_owned(),
            Ok(Err(error)) => format!("not done: {error}"),
            Err(Gone) => "interrupted".to_owned(),
        };
        match name {
            "status" => tracing::debug!(command = name, "{outcome}"),
            _ => tracing::info!(command = name, "{outcome}"),
        }
        if is_recorded {
            recording.finish(&services.database, outcome).await;
            // What an administrator did is sealed at once.
            services.sealer.do_send(sealer::Seal);
        }
        driven
    }

    fn context(&self, name: &str, services: &Services, mut facts: Facts) -> Context {
        if name == "audit verify" {
            facts.audit_heads = sealer::read_heads(&services.settings.audit);
        }
        Context {
            now: jiff::Timestamp::now(),
            facts,
            settings: services.settings.clone(),
            changes: Vec::new(),
            dismissed: Vec::new(),
            farewell: Farewell::default(),
        }
    }

    /// What is recorded of a command: all that was asked, and by whom on this host.
    fn event(&self, command: &Command) -> Event {
        let kind = match command.name().starts_with("undelete") {
            true => EventKind::Undelete,
            false => EventKind::Command,
        };
        let actor = Actor { account: None, door: "aox", client: self.person() };
        let detail = conversation::told(command);
        Event { kind, account: None, mailbox: None, actor, uids: None, detail }
    }

    /// The user of this host who runs the program.
    fn person(&self) -> Option<String> {
        let socket: &UnixStream = self.socket.as_ref();
        let uid = socket.peer_cred().ok()?.uid();
        let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
        Some(user.map_or_else(|| format!("uid {uid}"), |user| user.name))
    }

    /// Whether the client is still there. One that has only said all it has to say is.
    fn is_here(&self) -> bool {
        let socket: &UnixStream = self.socket.as_ref();
        let mut looked = [PollFd::new(std::os::fd::AsFd::as_fd(socket), PollFlags::empty())];
        match poll(&mut looked, PollTimeout::ZERO) {
            Ok(_) => !looked[0].revents().is_some_and(|seen| seen.intersects(GONE)),
            // Whoever is there hears of it when the answer is written.
            Err(_) => true,
        }
    }
}

/// How the steps of a command are carried out: as long as somebody wants them, and never without a trace.
struct Steering<'a> {
    client: &'a Client<'a>,
    stopping: &'a tokio::sync::watch::Receiver<bool>,
    recording: &'a Recording,
}

impl drive::Guide for Steering<'_> {
    fn is_wanted(&self) -> bool {
        !*self.stopping.borrow() && self.client.is_here()
    }

    fn prepare(&self, unit: Box<dyn ErasedUnit>) -> Box<dyn ErasedUnit> {
        self.recording.with(unit)
    }
}

/// Tells watchers of mailboxes, and connections, what a command has changed for them.
async fn tell(context: Context, services: &Services) {
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
    let Farewell { connections, elsewhere, why } = context.farewell;
    services.roll.send_away(&connections, &why);
    for (server, connections) in elsewhere {
        services.census.send_away(server, connections, why.clone()).await;
    }
}

/// Programs that watch a server ask these again and again; they show nothing of anybody's mail.
const UNRECORDED: [&str; 5] = ["status", "show counts", "show queue", "show connections", "find imported"];
/// Both sides of the socket are closed: a half-closed one waits for its answer.
const GONE: PollFlags = PollFlags::POLLHUP.union(PollFlags::POLLERR);
/// No command is longer; a search may be the longest part of one.
const LINE_BYTES_MAX: u64 = 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
