//! Sessions are opened in one `block_on` and used in later ones: the question left open in python-discord/bot#959,
//! answered on both flavours of the runtime. And they are opened all at once, or not at all.

use std::time::{Duration, Instant};

use gearshift_host::sessions::Method;
use gearshift_host::sessions::Sessions;
use gearshift_host::sessions::discord::Request;
use tokio::net::UdpSocket;
use tokio::runtime::{Builder, Runtime};

use crate::stand_in::*;

/// Opens sessions, a keep-alive connection, a socket and a timer in the first `block_on`; nothing runs between it and
/// the second, which uses them all.
fn what_the_first_made_the_second_uses(runtime: Runtime) {
    // The servers run on another runtime: on the paused one, they would be paused too.
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (server, statsd) = elsewhere.block_on(async {
        let server = discord(|_, _| reply(200, &[], "{}")).await;
        (server, UdpSocket::bind("127.0.0.1:0").await.unwrap())
    });
    let statsd_address = statsd.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&format!(
        "[stats]\naddress = \"{statsd_address}\"\nflush_ms = 1\n[store]\npath = \"{}\"",
        folder.path().join("a.db").display()
    ));
    config.discord = discord_config(&server.url()).discord;

    let (sessions, timer) = runtime.block_on(async {
        let sessions = soon(Sessions::open(&config)).await.unwrap();
        let discord = sessions.discord.as_ref().unwrap();
        // One at a time from here on, so that a single connection is enough.
        soon(discord.request(Request::new(Method::Get, "/first"))).await.unwrap();
        sessions.stats.as_ref().unwrap().incr("first", 1);
        sessions.store.as_ref().unwrap().set("cog", "key", b"value".to_vec()).await.unwrap();
        let timer = tokio::time::sleep(Duration::from_millis(60));
        (sessions, Box::pin(timer))
    });
    let received = |text: &str| {
        elsewhere.block_on(async {
            let mut packet = [0; 2000];
            loop {
                let length = soon(statsd.recv(&mut packet)).await.unwrap();
                if std::str::from_utf8(&packet[..length]).unwrap().lines().any(|line| line == text) {
                    return;
                }
            }
        });
    };
    let started = Instant::now();
    runtime.block_on(async {
        let discord = sessions.discord.as_ref().unwrap();
        soon(discord.request(Request::new(Method::Get, "/second"))).await.unwrap();
        sessions.stats.as_ref().unwrap().incr("second", 1);
        let value = sessions.store.as_ref().unwrap().get("cog", "key").await.unwrap();
        assert_eq!(value.as_deref(), Some(b"value".as_slice()));
        timer.await;
    });
    assert!(started.elapsed() < SOON);
    runtime.block_on(soon(sessions.close()));
    received("bot.second:1|c");
    let seen = server.seen();
    let peer = |target: &str| seen.iter().find(|seen| seen.target.ends_with(target)).unwrap().peer;
    assert_eq!(peer("/first"), peer("/second"), "the connection of the first is used in the second");
}

#[test]
fn sessions_of_one_block_on_serve_the_next_on_a_multi_thread_runtime() {
    what_the_first_made_the_second_uses(
        Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap(),
    );
}

#[test]
fn sessions_of_one_block_on_serve_the_next_on_a_current_thread_runtime() {
    what_the_first_made_the_second_uses(Builder::new_current_thread().enable_all().build().unwrap());
}

#[tokio::test]
async fn what_the_config_leaves_out_is_not_there() {
    let sessions = Sessions::open(&config("[cogs]")).await.unwrap();
    assert!(sessions.discord.is_none() && sessions.api.is_none());
    assert!(sessions.stats.is_none() && sessions.store.is_none());
}

#[tokio::test]
async fn one_that_fails_closes_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let server = Server::start(|_, _| reply(401, &[], "{}")).await;
    let mut settings = config(&format!("[store]\npath = \"{}\"\nlock_timeout_ms = 0", path.display()));
    settings.discord = discord_config(&server.url()).discord;
    assert_eq!(soon(Sessions::open(&settings)).await.unwrap_err().session, "discord");
    settings.discord = None;
    soon(Sessions::open(&settings)).await.expect("the store was let go of");
}

#[tokio::test]
async fn a_hundred_restarts_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = discord(|_, _| reply(200, &[], "{}")).await;
    let statsd = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut settings = config(&format!(
        "[stats]\naddress = \"{}\"\n[store]\npath = \"{}\"",
        statsd.local_addr().unwrap(),
        folder.path().join("a.db").display()
    ));
    settings.discord = discord_config(&server.url()).discord;
    for _ in 0..100 {
        let sessions = soon(Sessions::open(&settings)).await.unwrap();
        let clone = sessions.clone();
        soon(sessions.close()).await;
        soon(clone.close()).await;
    }
    // Other tests run at the same time, but only this one uses files of this folder.
    let ours = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok())
        .filter(|target| target.starts_with(folder.path()))
        .count();
    assert_eq!(ours, 0, "files that are still open");
    let store_threads = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.trim_end() == "gearshift-store")
        .count();
    assert!(store_threads < 50, "{store_threads} store threads are still there");
}
