//! Which doors there are, where they listen, and how each starts a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::client_socket::ClientSocket;
use crate::imap_connection::ImapConnection;
use crate::listener::{Door, Lane, Listener, Peer, Places, Secure};
use crate::lmtp_connection::LmtpConnection;
use crate::pop3_connection::Pop3Connection;
use crate::services::{self, Services};
use crate::tls::Protocol;
use archiveopteryx::settings::Settings;

/// A door that is open: its listeners, and the places they share.
pub struct OpenDoor {
    pub door: Door,
    pub addresses: Vec<SocketAddr>,
    /// Where TLS comes first.
    pub tls_addresses: Vec<SocketAddr>,
    pub places: Places,
    pub listeners: Vec<actix::Addr<Listener>>,
}

/// One kind of door: what it is called, where it listens, and what starts a connection in its arbiter.
struct Kind<'a> {
    door: Door,
    addresses: &'a [SocketAddr],
    tls_addresses: &'a [SocketAddr],
    connections_max: u32,
    /// From one address; 0 is any number.
    connections_per_address: u32,
    start: fn(ClientSocket, Peer, Services),
}

/// Opens every door that has an address. Fails with the setting and the reason when one cannot be had.
pub async fn open(settings: &Settings, lanes: &[services::Lane]) -> Result<Vec<OpenDoor>, String> {
    let mut open = Vec::new();
    for kind in kinds(settings) {
        let places =
            Places::new(kind.connections_max as usize, kind.connections_per_address, lanes[0].1.roll.clone());
        let mut listeners = Vec::new();
        for address in kind.addresses {
            listeners.push(listen(&kind, Secure::Later, *address, &places, lanes).await?);
        }
        for address in kind.tls_addresses {
            let secure = Secure::AtOnce(lanes[0].1.tls.clone());
            listeners.push(listen(&kind, secure, *address, &places, lanes).await?);
        }
        open.push(OpenDoor {
            door: kind.door,
            addresses: kind.addresses.to_vec(),
            tls_addresses: kind.tls_addresses.to_vec(),
            places,
            listeners,
        });
    }
    Ok(open)
}

async fn listen(
    kind: &Kind<'_>,
    secure: Secure,
    address: SocketAddr,
    places: &Places,
    lanes: &[services::Lane],
) -> Result<actix::Addr<Listener>, String> {
    let door = kind.door.protocol.name();
    let (setting, tls) = match secure {
        Secure::Later => ("listen", false),
        Secure::AtOnce(_) => ("tls_listen", true),
    };
    let lanes = lanes.iter().map(|(arbiter, services)| lane(arbiter, services, kind.start)).collect();
    let listener = Listener::bind(kind.door, secure, address, places.clone(), lanes).await;
    let listener =
        listener.map_err(|error| format!("{door}.{setting}: cannot listen on {address}: {error}"))?;
    tracing::info!(door, %address, tls, "listening");
    Ok(listener)
}

fn lane(
    arbiter: &actix::ArbiterHandle,
    services: &Services,
    start: fn(ClientSocket, Peer, Services),
) -> Lane {
    let services = services.clone();
    Lane {
        arbiter: arbiter.clone(),
        open: Arc::new(move |socket, peer| start(socket, peer, services.clone())),
    }
}

fn kinds(settings: &Settings) -> Vec<Kind<'_>> {
    vec![
        Kind {
            door: Door {
                protocol: Protocol::Imap,
                refusal: "* BYE [UNAVAILABLE] too many connections, please come back later\r\n",
            },
            addresses: &settings.imap.listen,
            tls_addresses: &settings.imap.tls_listen,
            connections_max: settings.imap.connections_max,
            connections_per_address: settings.limits.connections_per_address,
            start: ImapConnection::start,
        },
        Kind {
            door: Door {
                protocol: Protocol::Pop3,
                refusal: "-ERR [SYS/TEMP] too many connections, please come back later\r\n",
            },
            addresses: &settings.pop3.listen,
            tls_addresses: &settings.pop3.tls_listen,
            connections_max: settings.pop3.connections_max,
            connections_per_address: settings.limits.connections_per_address,
            start: Pop3Connection::start,
        },
        Kind {
            door: Door {
                protocol: Protocol::Lmtp,
                refusal: "421 4.3.2 too many connections, please come back later\r\n",
            },
            addresses: &settings.lmtp.listen,
            tls_addresses: &settings.lmtp.tls_listen,
            connections_max: settings.lmtp.connections_max,
            // A site has few mail servers, and each may have much to deliver.
            connections_per_address: 0,
            start: LmtpConnection::start,
        },
    ]
}
