//! The sending side of stats: a UDP socket that follows the server's name to its current address. It knows datagrams,
//! not metrics.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Queue;
use crate::config;
use crate::sessions::net::Net;

/// How soon after a failure the name is resolved again.
const RESOLVE_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Sender {
    net: Net,
    host: String,
    port: u16,
    resolve_every: Duration,
    target: Option<Target>,
    /// When the name may be resolved again, whether or not the last attempt succeeded.
    resolve_at: Instant,
    is_warned: bool,
}

struct Target {
    address: SocketAddr,
    socket: UdpSocket,
}

impl Sender {
    pub(super) fn new(net: Net, config: &config::Stats) -> Sender {
        let (host, port) = config.host_and_port();
        Sender {
            net,
            host: host.to_owned(),
            port,
            resolve_every: config.resolve_every,
            target: None,
            resolve_at: Instant::now(),
            is_warned: false,
        }
    }

    /// Sends until the session is closed; then once more.
    pub(super) async fn run(mut self, queue: &Queue, flush: Duration, mut closing: watch::Receiver<bool>) {
        loop {
            let open = tokio::select! {
                // If the other side is dropped, the session is gone.
                _ = closing.wait_for(|closing| *closing) => false,
                () = queue.rung.notified() => true,
            };
            // Two notifications before the first wake-up are merged, so check for a datagram that is already full.
            if open && queue.lock().packets.len() < 2 {
                // Wait for more metrics, but send a full datagram at once.
                tokio::select! {
                    _ = closing.wait_for(|closing| *closing) => {}
                    () = tokio::time::sleep(flush) => {}
                    () = queue.rung.notified() => {}
                }
            }
            let packets = std::mem::take(&mut queue.lock().packets);
            for packet in packets {
                if let Err(error) = self.send(packet.as_bytes()).await {
                    queue.lock().dropped.unsent += 1;
                    self.warn_once(&error);
                }
            }
            if !open {
                return;
            }
        }
    }

    async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.aim().await?;
        let Some(target) = &self.target else { return Err(not_resolved()) };
        // Usually there is room, and nothing to wait for.
        let first = target.socket.try_send(packet);
        let sent = match first {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => target.socket.send(packet).await,
            other => other,
        };
        match sent {
            Ok(_) => {
                self.is_warned = false;
                Ok(())
            }
            // Usually the rejection of an earlier datagram: this one was not sent, and the server may have moved.
            Err(_) => {
                self.resolve_at = self.resolve_at.min(Instant::now() + RESOLVE_AGAIN);
                self.aim().await?;
                self.send_again(packet).await
            }
        }
    }

    /// Sends once more, and in the end from a new socket: a connected one keeps the address that this machine had when
    /// it was connected, and reaches nothing once the machine has another one.
    async fn send_again(&mut self, packet: &[u8]) -> io::Result<()> {
        let Some(target) = &mut self.target else { return Err(not_resolved()) };
        if target.socket.send(packet).await.is_err() {
            target.socket = connected(target.address).await?;
            target.socket.send(packet).await?;
        }
        Ok(())
    }

    /// Resolves the name when it is time, and replaces the socket if the address has changed.
    async fn aim(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if now < self.resolve_at {
            return Ok(());
        }
        let resolved = self.net.addresses(&self.host).await;
        let pause = if resolved.is_ok() { self.resolve_every } else { RESOLVE_AGAIN.min(self.resolve_every) };
        self.resolve_at = Instant::now() + pause;
        let addresses = match resolved {
            Ok(addresses) => addresses,
            // An old address is better than none.
            Err(_) if self.target.is_some() => return Ok(()),
            Err(error) => return Err(io::Error::new(io::ErrorKind::NotFound, error.to_string())),
        };
        if self.target.as_ref().is_some_and(|target| addresses.contains(&target.address.ip())) {
            return Ok(());
        }
        let address = SocketAddr::new(addresses[0], self.port);
        self.target = Some(Target { address, socket: connected(address).await? });
        Ok(())
    }

    /// Warns once each time sending stops working.
    fn warn_once(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_warned, true) {
            tracing::warn!("metrics do not reach {}:{}, continuing without: {error}", self.host, self.port);
        }
    }
}

fn not_resolved() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "its name is not resolved")
}

/// A socket connected to `address`, so that rejected datagrams are reported as errors.
pub(crate) async fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address.ip() {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(address).await?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[tokio::test]
    async fn a_socket_that_can_no_longer_send_is_replaced_although_the_server_has_not_moved() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let text = format!("[cogs]\n[stats]\naddress = \"{address}\"\n");
        let config = Config::parse(&text, "gearshift.toml".as_ref()).unwrap();
        let mut sender = Sender::new(Net::new(&config.http), &config.stats.unwrap());
        sender.send(b"one").await.unwrap();
        // Like one whose own address this machine no longer has, a socket without a destination fails at every send.
        sender.target.as_mut().unwrap().socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.send(b"two").await.unwrap();
        let mut received = [0; 8];
        for text in ["one", "two"] {
            let length = server.recv(&mut received).await.unwrap();
            assert_eq!(&received[..length], text.as_bytes());
        }
    }
}
