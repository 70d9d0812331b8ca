//! Which doors there are, where they listen, and how each starts a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use archiveopteryx::settings::Settings;
use tokio::net::TcpStream;

use crate::imap_connection::ImapConnection;
use crate::listener::{Door, Lane, Listener, Peer, Places};
use crate::lmtp_connection::LmtpConnection;
use crate::services::{self, Services};

/// A door that is open: its listeners, and the places they share.
pub struct OpenDoor {
    pub door: Door,
    pub addresses: Vec<SocketAddr>,
    pub places: Places,
    pub listeners: Vec<actix::Addr<Listener>>,
}

/// One kind of door: what it is called, where it listens, and what starts a connection in its arbiter.
struct Kind<'a> {
    door: Door,
    setting: &'static str,
    addresses: &'a [SocketAddr],
    connections_max: u32,
    start: fn(TcpStream, Peer, Services),
}

/// Opens every door that has an address. Fails with the setting and the reason when one cannot be had.
pub async fn open(settings: &Settings, lanes: &[services::Lane]) -> Result<Vec<OpenDoor>, String> {
    let mut open = Vec::new();
    for kind in kinds(settings) {
        let places = Places::new(kind.connections_max as usize);
        let mut listeners = Vec::new();
        for address in kind.addresses {
            let lanes = lanes.iter().map(|(arbiter, services)| lane(arbiter, services, kind.start)).collect();
            let listener = Listener::bind(kind.door, *address, places.clone(), lanes)
                .await
                .map_err(|error| format!("{}: cannot listen on {address}: {error}", kind.setting))?;
            tracing::info!(door = kind.door.name, %address, "listening");
            listeners.push(listener);
        }
        open.push(OpenDoor { door: kind.door, addresses: kind.addresses.to_vec(), places, listeners });
    }
    Ok(open)
}

fn lane(arbiter: &actix::ArbiterHandle, services: &Services, start: fn(TcpStream, Peer, Services)) -> Lane {
    let services = services.clone();
    Lane {
        arbiter: arbiter.clone(),
        open: Arc::new(move |stream, peer| start(stream, peer, services.clone())),
    }
}

fn kinds(settings: &Settings) -> Vec<Kind<'_>> {
    vec![
        Kind {
            door: Door {
                name: "imap",
                refusal: "* BYE [UNAVAILABLE] too many connections, please come back later\r\n",
            },
            setting: "imap.listen",
            addresses: &settings.imap.listen,
            connections_max: settings.imap.connections_max,
            start: ImapConnection::start,
        },
        Kind {
            door: Door {
                name: "lmtp",
                refusal: "421 4.3.2 too many connections, please come back later\r\n",
            },
            setting: "lmtp.listen",
            addresses: &settings.lmtp.listen,
            connections_max: settings.lmtp.connections_max,
            start: LmtpConnection::start,
        },
    ]
}
