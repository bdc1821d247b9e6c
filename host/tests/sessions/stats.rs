//! Stats: batches arrive, whatever the server does, and callers never notice.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use gearshift_host::sessions::{Sessions, Stats};
use tokio::net::UdpSocket;

use crate::stand_in::*;

/// How often the buffered metrics are sent.
const FLUSH: Duration = Duration::from_millis(5);

async fn open(address: &str, more: &str) -> (Sessions, std::sync::Arc<Stats>) {
    let text = format!("[stats]\naddress = \"{address}\"\nflush_ms = {}\n{more}", FLUSH.as_millis());
    let sessions = Sessions::open(&config(&text)).await.unwrap();
    let stats = sessions.stats.clone().unwrap();
    (sessions, stats)
}

async fn receive(socket: &UdpSocket) -> String {
    let mut packet = vec![0; 2000];
    let length = soon(socket.recv(&mut packet)).await.unwrap();
    packet.truncate(length);
    String::from_utf8(packet).unwrap()
}

#[tokio::test]
async fn metrics_arrive_together_in_their_order() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (_sessions, stats) = open(&server.local_addr().unwrap().to_string(), "prefix = \"gear\"").await;
    stats.incr("a", 2);
    stats.decr("a", 1);
    stats.gauge("g", 4.5);
    stats.gauge_delta("g", -1.0);
    stats.set("s", "one");
    stats.timing("t", Duration::from_millis(7));
    assert_eq!(
        receive(&server).await,
        "gear.a:2|c\ngear.a:-1|c\ngear.g:4.5|g\ngear.g:-1|g\ngear.s:one|s\ngear.t:7|ms"
    );
}

#[tokio::test]
async fn closing_sends_what_waits_and_later_metrics_are_no_error() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let text = format!("[stats]\naddress = \"{address}\"\nflush_ms = 600000");
    let sessions = Sessions::open(&config(&text)).await.unwrap();
    let stats = sessions.stats.clone().unwrap();
    stats.incr("last", 1);
    soon(sessions.close()).await;
    assert_eq!(receive(&server).await, "bot.last:1|c");
    stats.incr("too.late", 1);
    soon(sessions.close()).await;
}

#[tokio::test]
async fn a_full_datagram_goes_before_its_time() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let text = format!("[stats]\naddress = \"{}\"\nflush_ms = 600000", server.local_addr().unwrap());
    let sessions = Sessions::open(&config(&text)).await.unwrap();
    let stats = sessions.stats.clone().unwrap();
    for _ in 0..200 {
        stats.incr("filler", 1);
    }
    let packet = receive(&server).await;
    assert!(packet.len() > 1400 && packet.len() <= 1432, "{}", packet.len());
    assert!(packet.lines().all(|line| line == "bot.filler:1|c"));
}

/// Counts until the server receives something, as each datagram may be refused or lost.
async fn count_until_received(stats: &Stats, server: &UdpSocket) {
    let mut packet = [0; 2000];
    soon(async {
        loop {
            stats.incr("again", 1);
            let received = tokio::time::timeout(Duration::from_millis(20), server.recv(&mut packet)).await;
            if received.is_ok() {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_away_is_reached_again() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (_sessions, stats) = open(&address.to_string(), "").await;
    stats.incr("first", 1);
    receive(&server).await;
    drop(server);
    // Nothing listens there: the socket gets refusals, which callers do not notice.
    let mut flushes = tokio::time::interval(FLUSH);
    for _ in 0..20 {
        flushes.tick().await;
        stats.incr("lost", 1);
    }
    let server = UdpSocket::bind(address).await.unwrap();
    count_until_received(&stats, &server).await;
}

#[tokio::test]
async fn a_server_that_moves_is_followed() {
    let names = NameServer::start().await;
    let first = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = first.local_addr().unwrap().port();
    let second = UdpSocket::bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), port))).await.unwrap();
    names.set("stats.test", &[IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    let more = format!("resolve_every_ms = 10\n[http]\nname_servers = [\"{}\"]", names.address);
    let (_sessions, stats) = open(&format!("stats.test:{port}"), &more).await;
    count_until_received(&stats, &first).await;
    names.set("stats.test", &[IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))]);
    count_until_received(&stats, &second).await;
}

#[tokio::test]
async fn a_name_that_is_resolved_later_is_no_error_now() {
    let names = NameServer::start().await;
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let more = format!("resolve_every_ms = 10\n[http]\nname_servers = [\"{}\"]", names.address);
    let (_sessions, stats) = open(&format!("late.test:{}", server.local_addr().unwrap().port()), &more).await;
    stats.incr("early", 1);
    let mut flushes = tokio::time::interval(FLUSH);
    soon(async {
        while stats.dropped().unsent == 0 {
            flushes.tick().await;
        }
    })
    .await;
    names.set("late.test", &[IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    count_until_received(&stats, &server).await;
}
