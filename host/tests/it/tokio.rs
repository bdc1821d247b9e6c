//! A client that needs tokio works in a cog, and leaves nothing behind when the cog is replaced.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{
    libraries::Build,
    stage::{Setting, Stage, skipped},
};

/// A Redis server of this test's own, on a socket in its folder.
struct Redis {
    process: Child,
    url: String,
}

impl Redis {
    /// Returns `None`, with a note on stderr, if no such server is installed.
    fn start(folder: &Path) -> Option<Redis> {
        let socket = folder.join("redis.sock");
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]).arg(&socket);
        let process = command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let Ok(mut process) = process else {
            skipped(
                "the cog with a Redis client: there is no `redis-server` here; scripts/test installs it on Debian",
            );
            return None;
        };
        let mut lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let is_ready =
            lines.any(|line| line.is_ok_and(|line| line.to_lowercase().contains("ready to accept")));
        assert!(is_ready, "the server ended before it was ready");
        // Its further output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Redis { process, url: format!("redis+unix://{}", socket.display()) })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A host with the client's cog, and the server that it counts in.
async fn up() -> Option<(Stage, Redis, tempfile::TempDir)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let redis = Redis::start(folder.path())?;
    let url = format!("\"{}\"", redis.url);
    let library = Build::of("redis-cog").library();
    let stage = Setting::new().with_file(&library, "redis").stored("redis", "url", &url).up().await;
    Some((stage, redis, folder))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_needs_tokio_works_and_its_cog_is_unmapped_at_each_of_twenty_reloads() {
    let Some((stage, _redis, _folder)) = up().await else { return };
    for round in 0..20 {
        assert_eq!(stage.ask("!incr").await, (2 * round + 1).to_string());
        assert_eq!(stage.ask("!spawned").await, (2 * round + 2).to_string());
        let report = stage.host.cogs().reload("redis").await.expect("it can be replaced");
        assert!(stage.is_gone(&report), "{report}");
    }
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_on_the_runtime_is_an_error_of_the_handler_that_waits_for_it() {
    let Some((stage, _redis, _folder)) = up().await else { return };
    stage.alice.say("general", "!panic").await.expect("alice may speak");
    stage.until_status("redis", |status| status.faults > 0).await;
    let fault = stage.status("redis").last_fault.unwrap_or_default();
    assert!(fault.contains("a task panicked: asked to panic"), "{fault}");
    assert_eq!(stage.ask("!incr").await, "1", "the cog goes on");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_on_the_runtime_is_cancelled_when_its_handle_is_dropped() {
    let Some((stage, _redis, _folder)) = up().await else { return };
    assert_eq!(stage.ask("!cancel").await, "cancelled");
    stage.down().await;
}
