//! # Listener - one listening address.
//!
//! Hears:  Close
//! Says:   nothing; it opens each connection in the arbiter that has the fewest
//! Lives:  from the server's start to the start of its end
//! Knows:  how many connections it may have open, and how a door refuses one more
//! Limits: the `connections_max` of its door, and limits.connections_per_address

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::Actor;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client_socket::{ClientSocket, TlsFacts};
use crate::roll::{Listed, Roll};
use crate::tally::{self, Counted, Tally};
use crate::tls::{Protocol, Tls};

/// Accept nothing more; open connections stay.
#[derive(actix::Message)]
#[rtype(result = "()")]
pub struct Close;

/// What listens: what is spoken there, and the words for one connection too many.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    pub protocol: Protocol,
    pub refusal: &'static str,
}

/// When TLS begins.
#[derive(Clone)]
pub enum Secure {
    /// When the client asks for it, if ever.
    Later,
    /// Before anything is said (RFC 8314 §3).
    AtOnce(Tls),
}

/// Starts one connection; called in the arbiter where the connection shall live.
pub type Open = Arc<dyn Fn(ClientSocket, Peer) + Send + Sync>;

/// An arbiter for connections, and how one of this door is started there.
#[derive(Clone)]
pub struct Lane {
    pub arbiter: actix::ArbiterHandle,
    pub open: Open,
}

/// Who connected. A connection keeps this as long as it lives: it is what counts.
#[derive(Debug)]
pub struct Peer {
    /// Where the client is.
    pub address: SocketAddr,
    /// What TLS has shown of it, when it began with that.
    pub tls: Option<Arc<TlsFacts>>,
    /// Its place on the roll.
    pub listed: Listed,
    _slot: Slot,
}

/// One place among the connections that a door may have, and in one lane.
#[derive(Debug)]
struct Slot {
    _place: OwnedSemaphorePermit,
    _of_address: Option<Counted<IpAddr>>,
    lane: Arc<AtomicUsize>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.lane.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connections of one door, which may listen on several addresses.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    max: usize,
    addresses: Tally<IpAddr>,
    roll: Roll,
}

impl Places {
    /// Room for `max` connections, of which one client address may have `per_address`; 0 means all of them.
    /// All of them are on `roll`.
    pub fn new(max: usize, per_address: u32, roll: Roll) -> Places {
        Places { free: Arc::new(Semaphore::new(max)), max, addresses: Tally::new(per_address), roll }
    }

    /// Connections that are open now.
    pub fn taken(&self) -> usize {
        self.max - self.free.available_permits()
    }

    /// How many may be open.
    pub fn max(&self) -> usize {
        self.max
    }
}

/// See the module.
pub struct Listener {
    door: Door,
    secure: Secure,
    socket: Option<TcpListener>,
    places: Places,
    lanes: Vec<(Lane, Arc<AtomicUsize>)>,
    task: Option<actix_rt::task::JoinHandle<()>>,
}

impl Listener {
    /// Takes `address` at once, so that the start can fail with a reason, and accepts as soon as the actor is started.
    /// `lanes` must not be empty.
    pub async fn bind(
        door: Door,
        secure: Secure,
        address: SocketAddr,
        places: Places,
        lanes: Vec<Lane>,
    ) -> std::io::Result<actix::Addr<Listener>> {
        assert!(!lanes.is_empty(), "a connection has to live somewhere");
        let socket = TcpListener::bind(address).await?;
        let lanes = lanes.into_iter().map(|lane| (lane, Arc::default())).collect();
        Ok(Listener { door, secure, socket: Some(socket), places, lanes, task: None }.start())
    }
}

impl actix::Actor for Listener {
    type Context = actix::Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        let socket = self.socket.take().expect("an actor is started once");
        let entry = Entry {
            door: self.door,
            secure: self.secure.clone(),
            places: self.places.clone(),
            lanes: self.lanes.clone(),
        };
        self.task = Some(actix_rt::spawn(accept(socket, entry)));
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl actix::Handler<Close> for Listener {
    type Result = ();

    fn handle(&mut self, Close: Close, ctx: &mut Self::Context) {
        actix::ActorContext::stop(ctx);
    }
}

/// What it takes to let a client in.
struct Entry {
    door: Door,
    secure: Secure,
    places: Places,
    lanes: Vec<(Lane, Arc<AtomicUsize>)>,
}

/// Accepts for ever. Errors are either the client's (it left at once) or pass (no file descriptor is free).
async fn accept(socket: TcpListener, entry: Entry) {
    loop {
        match socket.accept().await {
            Ok((stream, address)) => entry.admit(stream, address),
            Err(error) => {
                tracing::warn!(door = entry.door.protocol.name(), %error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Entry {
    /// Gives the connection a place and a lane, or refuses it.
    fn admit(&self, stream: TcpStream, address: SocketAddr) {
        let door = self.door.protocol.name();
        let Ok(place) = self.places.free.clone().try_acquire_owned() else {
            tracing::warn!(door, %address, max = self.places.max, "refused: too many connections");
            return self.refuse(stream);
        };
        let network = tally::network(address.ip());
        let of_address = network.map(|network| self.places.addresses.enter(network));
        let Some(of_address) = of_address.map_or(Some(None), |entered| entered.map(Some)) else {
            tracing::info!(door, %address, "refused: too many connections from this address");
            return self.refuse(stream);
        };
        let (lane, count) = self
            .lanes
            .iter()
            .min_by_key(|(_, count)| count.load(Ordering::Relaxed))
            .expect("bind asserts that there is a lane");
        count.fetch_add(1, Ordering::Relaxed);
        let slot = Slot { _place: place, _of_address: of_address, lane: count.clone() };
        let listed = self.places.roll.enter(door, address);
        let peer = Peer { address, tls: None, listed, _slot: slot };
        let (open, secure, protocol) = (lane.open.clone(), self.secure.clone(), self.door.protocol);
        let started = match stream.set_nodelay(true).and_then(|()| stream.into_std()) {
            Ok(stream) => lane.arbiter.spawn_fn(move || enter(stream, peer, &open, secure, protocol)),
            Err(error) => {
                tracing::debug!(door, %address, %error, "a client left at once");
                true
            }
        };
        if !started {
            tracing::error!(door, "an arbiter has ended, so a connection was dropped");
        }
    }

    /// Says in the door's own words that there is no place. A client that waits for TLS could not read them, and the
    /// handshake is a cost that is not worth it.
    fn refuse(&self, stream: TcpStream) {
        if let Secure::Later = self.secure {
            actix_rt::spawn(refuse(stream, self.door.refusal));
        }
    }
}

/// Registers the socket with the arbiter it will live in, then starts the connection, after TLS where that comes first.
fn enter(stream: std::net::TcpStream, mut peer: Peer, open: &Open, secure: Secure, protocol: Protocol) {
    let socket = match TcpStream::from_std(stream) {
        Ok(stream) => ClientSocket::plain(stream),
        Err(error) => return tracing::warn!(%error, "cannot take over a connection"),
    };
    let Secure::AtOnce(tls) = secure else { return open(socket, peer) };
    let open = open.clone();
    actix_rt::spawn(async move {
        match tls.secure(socket, protocol).await {
            Ok((socket, facts)) => {
                peer.tls = Some(Arc::new(facts));
                peer.listed.entry().secured();
                open(socket, peer);
            }
            Err(error) => {
                let (door, client) = (protocol.name(), peer.address);
                tracing::debug!(door, %client, %error, "TLS did not begin");
            }
        }
    });
}

async fn refuse(mut stream: TcpStream, words: &'static str) {
    // The client may be gone already, and then there is nobody to tell.
    let _ = tokio::time::timeout(REFUSAL_PATIENCE, stream.write_all(words.as_bytes())).await;
}

/// Without a pause, a lack of file descriptors would keep this thread busy with failing.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const REFUSAL_PATIENCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::io::AsyncReadExt;

    use super::*;

    const DOOR: Door = Door { protocol: Protocol::Imap, refusal: "too many\r\n" };

    #[actix_rt::test]
    async fn one_connection_too_many_is_told_so_and_a_place_comes_back() {
        let kept: Arc<Mutex<Vec<(ClientSocket, Peer)>>> = Arc::default();
        let keep = kept.clone();
        let open: Open = Arc::new(move |stream, peer| keep.lock().unwrap().push((stream, peer)));
        let lane = Lane { arbiter: actix::Arbiter::current(), open };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let places = Places::new(1, 0, Roll::default());
        let listener = Listener::bind(DOOR, Secure::Later, free, places.clone(), vec![lane]).await.unwrap();

        let _first = TcpStream::connect(free).await.unwrap();
        let mut second = TcpStream::connect(free).await.unwrap();
        let mut words = String::new();
        second.read_to_string(&mut words).await.unwrap();
        assert_eq!(words, "too many\r\n");
        assert_eq!(places.taken(), 1);
        kept.lock().unwrap().clear();
        assert_eq!(places.taken(), 0);

        listener.send(Close).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(TcpStream::connect(free).await.is_err(), "it still listens");
    }
}
