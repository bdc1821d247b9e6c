//! Every client connects over IPv4 only and resolves names without threads, and the tests notice if one does not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use gearshift_host::gateway::{Gateway, State};
use gearshift_host::sessions::http::{HttpError, HttpRequest};
use gearshift_host::sessions::net::DialError;
use gearshift_host::sessions::{Net, Sessions};
use tokio::net::{TcpListener, TcpStream};

use crate::stand_in::*;

const BOTH: &str = "both.test";

/// A name with an IPv4 and an IPv6 address, and a server on the same port of each.
struct World {
    names: NameServer,
    v4: Server,
    v6: Server,
}

async fn world() -> World {
    let names = NameServer::start().await;
    names.set(BOTH, &[IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    // The port may be taken on the other address family; then another pair is tried.
    loop {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = first.local_addr().unwrap().port();
        let Ok(second) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await else { continue };
        let v4 = Server::on(first, small_discord(|_, _| reply(200, &[], "{}")));
        let v6 = Server::on(second, small_discord(|_, _| reply(200, &[], "{}")));
        return World { names, v4, v6 };
    }
}

impl World {
    fn http(&self, more: &str) -> gearshift_host::config::Config {
        config(&format!("[http]\nname_servers = [\"{}\"]\n{more}\n[cogs]\n", self.names.address))
    }
    fn port(&self) -> u16 {
        self.v4.address.port()
    }
}

fn get(url: String) -> HttpRequest {
    HttpRequest {
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body: Vec::new(),
        timeout: Some(SOON),
        same_origin_redirects: false,
        max_bytes: None,
    }
}

/// The number of threads of this process with this name.
fn threads(name: &str) -> usize {
    std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .filter(|comm| comm.trim_end() == name)
        .count()
}

#[tokio::test]
async fn the_http_session_never_uses_ipv6() {
    let world = world().await;
    let sessions = Sessions::open(&world.http("")).await.unwrap();
    let answer = soon(sessions.http.request(get(format!("http://{BOTH}:{}/", world.port())))).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!((world.v4.seen().len(), world.v6.seen().len()), (1, 0));
    assert!(world.v4.seen()[0].peer.is_ipv4());
    assert!(world.names.asked().contains(&(BOTH.to_owned(), TYPE_A)));
    assert!(!world.names.asked().contains(&(BOTH.to_owned(), TYPE_AAAA)), "nobody needs its IPv6 address");
}

#[tokio::test]
async fn without_the_switch_ipv6_is_used_so_the_test_can_fail() {
    let world = world().await;
    world.names.set(BOTH, &[IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    let sessions = Sessions::open(&world.http("ipv4_only = false")).await.unwrap();
    soon(sessions.http.request(get(format!("http://{BOTH}:{}/", world.port())))).await.unwrap();
    soon(sessions.http.request(get(format!("http://[::1]:{}/", world.port())))).await.unwrap();
    assert_eq!((world.v4.seen().len(), world.v6.seen().len()), (0, 2));
}

#[tokio::test]
async fn a_literal_ipv6_address_is_refused_and_a_redirect_to_one_is_not_followed() {
    let world = world().await;
    let sessions = Sessions::open(&world.http("")).await.unwrap();
    let there = format!("http://[::1]:{}/", world.port());
    let error = soon(sessions.http.request(get(there.clone()))).await.unwrap_err();
    assert!(matches!(&error, HttpError::Invalid(why) if why.contains("ipv4_only")), "{error}");
    let redirecting = Server::start(move |_, _| reply(302, &[("location", &there)], "")).await;
    soon(sessions.http.request(get(redirecting.url()))).await.unwrap_err();
    assert_eq!(world.v6.seen().len(), 0);
}

#[tokio::test]
async fn a_name_without_an_ipv4_address_is_a_clear_error() {
    let world = world().await;
    world.names.set("six.test", &[IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    let net = Net::new(&world.http("").http);
    for name in ["six.test", "nowhere.test"] {
        let error = soon(net.dial(name, 1)).await.unwrap_err();
        assert!(matches!(&error, DialError::Resolve { host, .. } if host == name), "{error}");
    }
}

#[tokio::test]
async fn discords_rest_goes_the_same_way() {
    let world = world().await;
    let mut config = world.http("");
    config.discord = discord_config(&format!("http://{BOTH}:{}", world.port())).discord;
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    let discord = sessions.discord.unwrap();
    assert_eq!(discord.account().user_id, 7);
    let seen = world.v4.seen();
    assert!(seen.len() == 2 && seen.iter().all(|request| request.peer.is_ipv4()), "{}", seen.len());
    assert_eq!(world.v6.seen().len(), 0);
}

#[tokio::test]
async fn the_gateways_connection_goes_the_same_way() {
    let world = world().await;
    let port = world.port();
    let answer = format!(
        r#"{{"url":"ws://{BOTH}:{port}","shards":1,"session_start_limit":{{"total":1,"remaining":1,"reset_after":0,"max_concurrency":1}}}}"#
    );
    let rest = discord(move |_, _| reply(200, &[], &answer)).await;
    let mut config = world.http("");
    config.discord = discord_config(&rest.url()).discord;
    let sessions = soon(Sessions::open(&config)).await.unwrap();
    let (discord, settings) = (sessions.discord.as_ref().unwrap(), config.discord.as_ref().unwrap());
    let gateway = Gateway::open(discord, &sessions.net, settings, None, |_| {}).unwrap();
    // No gateway answers there, but the handshake goes there.
    let mut state = gateway.state(0).unwrap();
    soon(state.wait_for(|state| matches!(state, State::Waiting { .. }))).await.unwrap();
    let seen = world.v4.seen();
    assert_eq!(
        (seen[0].target.as_str(), seen[0].header("upgrade")),
        ("/?v=10&encoding=json", Some("websocket"))
    );
    assert!(seen[0].peer.is_ipv4());
    assert_eq!(world.v6.seen().len(), 0);
    soon(gateway.close()).await;
}

#[tokio::test]
async fn dialing_takes_a_literal_address_without_asking_anyone() {
    let world = world().await;
    let net = Net::new(&world.http("").http);
    let stream = soon(net.dial("127.0.0.1", world.port())).await.unwrap();
    assert!(stream.peer_addr().unwrap().is_ipv4() && stream.nodelay().unwrap());
    let error = soon(net.dial("::1", world.port())).await.unwrap_err();
    assert!(matches!(error, DialError::NotIpv4 { .. }));
    assert_eq!(world.names.asked(), []);
}

#[tokio::test]
async fn an_address_that_stays_silent_does_not_keep_the_next_from_being_tried() {
    let world = world().await;
    // A listener with a full queue does not answer new connections.
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind((Ipv4Addr::new(127, 0, 0, 2), world.port()).into()).unwrap();
    let silent = silent.listen(1).unwrap();
    let mut queue = Vec::new();
    loop {
        let connecting = TcpStream::connect(silent.local_addr().unwrap());
        match tokio::time::timeout(Duration::from_millis(300), connecting).await {
            Ok(stream) => queue.push(stream.unwrap()),
            Err(_) => break,
        }
    }
    world.names.set("two.test", &[Ipv4Addr::new(127, 0, 0, 2).into(), Ipv4Addr::LOCALHOST.into()]);
    let mut config = world.http("");
    config.http.connect_timeout = SOON / 2;
    let stream = soon(Net::new(&config.http).dial("two.test", world.port())).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), world.v4.address);
    let refused = Ipv4Addr::new(127, 0, 0, 3);
    world.names.set("refused.test", &[refused.into(), Ipv4Addr::LOCALHOST.into()]);
    soon(Net::new(&config.http).dial("refused.test", world.port())).await.unwrap();
}

/// Resolves a name and connects on a runtime whose threads have a name of their own. Returns how many of them there
/// were.
fn threads_after_resolving(name: &'static str, async_dns: bool, host: &'static str) -> usize {
    let runtime =
        tokio::runtime::Builder::new_current_thread().thread_name(name).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = world().await;
        let mut config = world.http("");
        config.http.async_dns = async_dns;
        let sessions = Sessions::open(&config).await.unwrap();
        soon(sessions.http.request(get(format!("http://{host}:{}/", world.port())))).await.unwrap();
        soon(sessions.net.dial(host, world.port())).await.unwrap();
        threads(name)
    })
}

#[test]
fn resolving_starts_no_thread() {
    assert_eq!(threads_after_resolving("async-dns", true, BOTH), 0);
}

#[test]
fn the_systems_resolver_starts_threads_so_the_test_can_fail() {
    assert!(threads_after_resolving("system-dns", false, "localhost") > 0);
}
