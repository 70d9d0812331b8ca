//! # Sealer - seals what happened, and writes elsewhere how far the seals go.
//!
//! Hears:  Seal, Flush
//! Says:   Run → Database
//! Lives:  the server's life
//! Knows:  the head that was written last, and when
//! Limits: limits::SEAL_ENTRIES_MAX, limits::SEAL_INTERVAL_SECONDS
//!
//! The database seals by a function of its own, one host at a time, so that every host may ask for it. What is written
//! elsewhere, each host writes for itself: it shows when the end of the record is cut off, or all of it made anew.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, AsyncContext, WrapFuture};
use archiveopteryx::db::{self, Head};
use archiveopteryx::limits;
use archiveopteryx::settings::Audit;

use crate::database::{self, Database};

/// Seal what there is.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Seal;

/// Seal what there is, and write the head; answered when that is done.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Flush;

/// See the module.
pub struct Sealer {
    database: actix::Addr<Database>,
    settings: Audit,
    /// The number of the head that was written last, and when.
    written: Option<(i64, Instant)>,
    /// Whether it is at work.
    sealing: bool,
}

impl Sealer {
    /// Starts in `arbiter`, with the database of that arbiter.
    pub fn start_in(
        arbiter: &actix::ArbiterHandle,
        database: actix::Addr<Database>,
        settings: Audit,
    ) -> actix::Addr<Sealer> {
        Sealer::start_in_arbiter(arbiter, move |_| Sealer {
            database,
            settings,
            written: None,
            sealing: false,
        })
    }

    /// How often it seals: at least as often as it writes heads.
    fn interval(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.interval).clamp(1, limits::SEAL_INTERVAL_SECONDS))
    }

    /// Writes a head, when it is another one and it is time.
    fn take(&mut self, head: Option<Head>, at_once: bool) {
        let Some(head) = head else { return };
        let is_due = self.written.is_none_or(|(number, at)| {
            let age = at.elapsed() + self.interval() / 2;
            number != head.number && (at_once || age >= Duration::from_secs(self.settings.interval.into()))
        });
        if is_due {
            write(&self.settings, &head);
            self.written = Some((head.number, Instant::now()));
        }
    }
}

/// Seals all there is; returns the head.
async fn seal(database: actix::Addr<Database>) -> Option<Head> {
    loop {
        match database::run(&database, db::SealAudit).await {
            Ok(sealed) if sealed.is_more => {}
            Ok(sealed) => return sealed.head,
            Err(error) => {
                tracing::warn!(%error, "what happened could not be sealed; that is tried again");
                return None;
            }
        }
    }
}

/// Writes a head wherever the site wants it. One short line each: a disk takes that at once.
fn write(settings: &Audit, head: &Head) {
    let (number, digest) = (head.number, db::hex(&head.digest));
    if !settings.head_file.is_empty() {
        let line = format!("{} {number} {digest}\n", head.sealed_at);
        let mut options = std::fs::File::options();
        let opened = options.create(true).append(true).mode(0o640).open(&settings.head_file);
        if let Err(error) = opened.and_then(|mut file| std::io::Write::write_all(&mut file, line.as_bytes()))
        {
            tracing::error!(file = settings.head_file, %error, "the head of the audit log cannot be written");
        }
    }
    if settings.head_syslog {
        let line = format!("<{SYSLOG_PRIORITY}>aox[{}]: audit head {number} {digest}", std::process::id());
        let told = UnixDatagram::unbound()
            .and_then(|socket| socket.send_to(line.as_bytes(), &settings.syslog_socket));
        if let Err(error) = told {
            tracing::error!(%error, "syslog does not take the head of the audit log");
        }
    }
}

/// The end of the file of heads, when there is one.
pub fn read_heads(settings: &Audit) -> Option<String> {
    let mut file = std::fs::File::open(&settings.head_file).ok()?;
    let octets = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(octets.saturating_sub(limits::AUDIT_HEADS_BYTES_MAX))).ok()?;
    let mut end = Vec::new();
    file.read_to_end(&mut end).ok()?;
    Some(String::from_utf8_lossy(&end).into_owned())
}

impl actix::Actor for Sealer {
    type Context = actix::Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.interval(), |_, ctx| ctx.notify(Seal));
    }
}

impl actix::Handler<Seal> for Sealer {
    type Result = ();

    fn handle(&mut self, Seal: Seal, ctx: &mut Self::Context) {
        if self.sealing {
            return;
        }
        self.sealing = true;
        let sealed = seal(self.database.clone()).into_actor(self);
        ctx.spawn(sealed.map(|head, sealer, _| {
            sealer.sealing = false;
            sealer.take(head, false);
        }));
    }
}

impl actix::Handler<Flush> for Sealer {
    type Result = actix::ResponseActFuture<Self, ()>;

    fn handle(&mut self, Flush: Flush, _: &mut Self::Context) -> Self::Result {
        let sealed = seal(self.database.clone()).into_actor(self);
        Box::pin(sealed.map(|head, sealer, _| sealer.take(head, true)))
    }
}

/// authpriv.info (RFC 5424 §6.2.1).
const SYSLOG_PRIORITY: u8 = 10 * 8 + 6;
