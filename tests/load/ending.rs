//! How fast deliveries are while the vacuum ends what was deleted.

use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Bench;
use crate::delivery::{self, MAILBOXES};
use crate::support::Server;

/// The part `vacuum`: for each message of the large mailbox, two that were deleted long ago. A million of them are made by
/// `--messages 500000 vacuum`.
pub fn measure(bench: &mut Bench) -> io::Result<()> {
    let users: Vec<String> = (0..MAILBOXES).map(|number| bench.user(number)).collect();
    let time = Duration::from_secs(bench.seconds);
    let deliver = |bench: &Bench, run: &str, time| {
        let begin = Instant::now();
        let delivered = delivery::deliver_for(&bench.server, run, SESSIONS, &users, time)?;
        io::Result::Ok(delivered.messages as f64 / begin.elapsed().as_secs_f64())
    };
    deliver(bench, "seeds", Duration::from_secs(2))?;
    let wanted = bench.messages * DELETED_FOR_EACH;
    let deleted = sql(&bench.server, &MANY_DELETED.replace("$1", &wanted.to_string()))?;
    let deleted: f64 = deleted.parse().map_err(|_| io::Error::other(deleted))?;
    bench.report.remark(format!("{deleted} deleted messages were made"));
    let before = deliver(bench, "before", time)?;
    bench.report.add("deliveries before the vacuum", before, "/s", None);
    for (what, arguments) in [("at rest", &["vacuum", "--dry-run"][..]), ("gentle", &["vacuum"])] {
        let over = AtomicBool::new(false);
        let begin = Instant::now();
        let (spent, rates) = std::thread::scope(|scope| {
            let vacuum = scope.spawn(|| {
                bench.server.aox_ok(arguments);
                over.store(true, Ordering::Relaxed);
                begin.elapsed().as_secs_f64()
            });
            let mut rates = Vec::new();
            while !over.load(Ordering::Relaxed) {
                rates.push(deliver(bench, &format!("during{}{what}", rates.len()), Duration::from_secs(2))?);
            }
            io::Result::Ok((vacuum.join().expect("the vacuum ends"), rates))
        })?;
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        match what {
            "gentle" => {
                bench.report.add("deliveries while the vacuum is at work", mean, "/s", None);
                bench.report.add("  least in two seconds", least, "/s", None);
                bench.report.add("deleted messages ended", deleted / spent, "/s", None);
            }
            _ => {
                bench.report.add("deliveries while it is asked what would end", mean, "/s", None);
                bench.report.add("deleted messages looked at", deleted / spent, "/s", None);
            }
        }
    }
    let dead = sql(&bench.server, DEAD)?;
    bench.report.remark(format!("dead rows and size afterwards: {}", dead.replace('\n', ", ")));
    let after = deliver(bench, "after", time)?;
    bench.report.add("deliveries after the vacuum", after, "/s", None);
    Ok(())
}

/// Runs SQL as the superuser of the server's PostgreSQL.
fn sql(server: &Server, text: &str) -> io::Result<String> {
    let socket = server.postgres_socket().ok_or_else(|| io::Error::other("PostgreSQL does not run"))?;
    let mut psql = Command::new("psql");
    psql.arg("-h").arg(socket).args(["-U", "postgres", "-d", "aox", "-v", "ON_ERROR_STOP=1", "-Atqc", text]);
    let output = psql.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_string()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

const SESSIONS: usize = 10;
const DELETED_FOR_EACH: u64 = 2;

/// Copies what was delivered until there are so many messages more, each with all its rows and a tombstone instead of a
/// place in a mailbox.
const MANY_DELETED: &str = "
    create table public.seeds as
        select row_number() over () - 1 as n, m.account, m.id, b.id as mailbox
        from aox.messages m join aox.mailboxes b on b.account = m.account and b.name = 'INBOX' limit 1000;
    create table public.copies as
        select s.account, s.id as seed, s.mailbox, 1000000000 + n.n as id
        from generate_series(0, $1 - 1) n (n) join public.seeds s on s.n = n.n % (select count(*) from public.seeds);
    insert into aox.messages (account, id, octets, arrived_at, sent_at, sent_on, digest, subject, message_id, header, recipe,
            envelope, bodystructure)
        select c.account, c.id, m.octets, m.arrived_at, m.sent_at, m.sent_on, m.digest, m.subject, m.message_id, m.header,
            m.recipe, m.envelope, m.bodystructure
        from public.copies c join aox.messages m on m.account = c.account and m.id = c.seed;
    insert into aox.parts (account, message, ordinal, parent, section, content_type, charset, disposition, filename,
            encoding, octets, lines, body)
        select c.account, c.id, p.ordinal, p.parent, p.section, p.content_type, p.charset, p.disposition, p.filename,
            p.encoding, p.octets, p.lines, p.body
        from public.copies c join aox.parts p on p.account = c.account and p.message = c.seed;
    insert into aox.message_addresses (account, message, field, position, address)
        select c.account, c.id, u.field, u.position, u.address
        from public.copies c join aox.message_addresses u on u.account = c.account and u.message = c.seed;
    insert into aox.body_refs (hash, account, message)
        select r.hash, c.account, c.id
        from public.copies c join aox.body_refs r on r.account = c.account and r.message = c.seed;
    insert into aox.tombstones (account, mailbox, uid, message, modseq, flags, internal_date, internal_zone, octets,
            saved_at, deleted_at, door, reason)
        select c.account, c.mailbox, 1000000 + c.id - 1000000000, c.id, 2, 0, now(), 0, 4096, now(),
            now() - interval '8 days', 'imap', 'EXPUNGE'
        from public.copies c;
    drop table public.copies, public.seeds;
    analyze aox.messages, aox.parts, aox.message_addresses, aox.tombstones;
    select count(*) from aox.tombstones";

const DEAD: &str = "select relname, n_live_tup, n_dead_tup, pg_size_pretty(pg_total_relation_size(relid))
    from pg_stat_user_tables where relname in ('messages', 'tombstones', 'parts', 'message_addresses', 'ended_addresses')
    order by relname";
