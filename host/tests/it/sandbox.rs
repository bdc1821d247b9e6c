//! A cog in a sandboxed process reaches nothing but its handles, whatever it tries, and disturbs no other cog.

use std::{fs, net::TcpListener, os::unix::net::UnixListener};

use gearshift_host::{cogs::Stage as CogStage, config::LaneKind};

use crate::{
    libraries::Build,
    stage::{SOON, Setting, Stage},
};

/// With a cog in a sandbox; `keys` are further keys of its section.
fn locked_in(setting: Setting, cog: &str, keys: &str) -> Setting {
    setting
        .with_file(&Build::of(cog).library(), cog)
        .config(&format!("[cog.{cog}]\nlane = \"process\"\nsandbox = true\n{keys}"))
}

/// With the intruder, which may be restarted as often as necessary, and another cog.
pub(crate) async fn intruder(keys: &str) -> Stage {
    locked_in(Setting::new().on(LaneKind::Thread).with("ping").config("hangs_max = 1000"), "intruder", keys)
        .up()
        .await
}

/// The intruder tries something, and its process is ended. Returns the reason. The other cog answers, and so does the
/// next generation.
async fn ended(stage: &Stage, what: &str) -> String {
    let before = stage.status("intruder").generation;
    stage.alice.say("general", &format!("!intruder {what}")).await.unwrap();
    stage.until_status("intruder", |status| status.generation > before).await;
    assert_eq!(stage.ask("!ping").await, "pong", "after `{what}`");
    assert_eq!(stage.ask("!intruder hello").await, "done: hello", "after `{what}`");
    stage.status("intruder").last_fault.unwrap_or_else(|| panic!("`{what}` is no fault"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_and_no_network_can_be_reached_from_a_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (token, socket) = (path("token"), path("socket"));
    fs::write(&token, "s3cret").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&socket).unwrap();
    let host = std::process::id();
    let stage = intruder("").await;
    let tries = [
        format!("read {token}"),
        format!("append {token}"),
        format!("write {}", path("new")),
        format!("disk {}", path("large")),
        format!("rename {token}"),
        format!("link {token}"),
        format!("mode {token}"),
        format!("remove {token}"),
        format!("list {}", path("")),
        format!("read /proc/{host}/environ"),
        format!("read /proc/{host}/cmdline"),
        format!("read /proc/{host}/maps"),
        format!("append /proc/{host}/mem"),
        format!("list /proc/{host}/fd"),
        "read /proc/self/environ".to_owned(),
        "read /etc/passwd".to_owned(),
        "list /".to_owned(),
        "write /dev/shm/x".to_owned(),
        "memfd".to_owned(),
        format!("tcp {}", tcp.local_addr().unwrap()),
        "tcp-listen".to_owned(),
        "udp".to_owned(),
        "resolve localhost".to_owned(),
        format!("unix {socket}"),
        format!("unix-listen {}", path("mine")),
        "abstract gearshift".to_owned(),
        "datagram".to_owned(),
        "datagrams".to_owned(),
        "buffers".to_owned(),
        "outlive".to_owned(),
    ];
    for what in tries {
        let answer = stage.ask(&format!("!intruder {what}")).await;
        assert!(answer.starts_with("refused: "), "`{what}`: {answer}");
    }
    assert_eq!(stage.status("intruder").generation, Some(1), "it goes on");
    assert_eq!(fs::read_to_string(&token).unwrap(), "s3cret");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is new there");
    for listener in [tcp.set_nonblocking(true), unix.set_nonblocking(true)] {
        listener.unwrap();
    }
    assert!(tcp.accept().is_err() && unix.accept().is_err());
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attack_ends_the_process_that_tries_it_and_is_named() {
    let stage = intruder("").await;
    let host = std::process::id();
    let address = &raw const HELD as usize;
    for what in [
        "run /bin/true".to_owned(),
        "processes".to_owned(),
        format!("kill {host}"),
        format!("ptrace {host}"),
        format!("peek {host} {address:x}"),
        "unshare".to_owned(),
    ] {
        let why = ended(&stage, &what).await;
        let said = "its process was ended by signal 31 (SIGSYS) in `command !intruder`: its sandbox does not allow what it tried";
        assert!(why.starts_with(said), "`{what}`: {why}");
    }
    let why = ended(&stage, "abort").await;
    assert!(why.starts_with("its process was ended by signal 6 (SIGABRT)"), "{why}");
    stage.down().await;
}

/// What the intruder tries to read in this process.
static HELD: [u8; 16] = *b"a secret of ours";

#[tokio::test(flavor = "multi_thread")]
async fn memory_threads_and_processors_of_the_machine_are_not_for_a_sandbox_to_use_up() {
    let stage = intruder("memory_max = \"64 MiB\"").await;
    let why = ended(&stage, "memory").await;
    assert!(why.contains("`memory_max` is 64 MiB"), "{why}");
    for what in ["threads 16384", "spin 300"] {
        let why = ended(&stage, what).await;
        assert!(why.contains("threads, and its sandbox allows 128"), "`{what}`: {why}");
    }
    assert_eq!(stage.ask("!intruder spin 50").await, "done: 0 bytes");
    for _ in 0..5 {
        assert_eq!(stage.ask("!ping").await, "pong");
    }
    // As many as fit into its memory.
    let answer = stage.ask("!intruder threads 2097152").await;
    assert!(answer.starts_with("refused: "), "{answer}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_is_refused_or_ends_the_process_that_sends_it() {
    let stage = intruder("").await;
    let answer = stage.ask("!intruder calls 20000").await;
    assert!(answer.ends_with(" were refused") && !answer.starts_with("0 "), "{answer}");
    let said = stage.alice.say("general", "!intruder log 20000").await.unwrap();
    assert_eq!(stage.ask("!ping").await, "pong");
    assert!(stage.sim.reply_to(said, SOON).await.is_some());
    let why = ended(&stage, "sleeps 100001").await;
    assert!(why.contains("100000 requests of it are not answered"), "{why}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsent_request_bodies_count_as_memory_of_the_cog() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let stage = intruder("memory_max = \"300 MiB\"").await;
    // 20 MiB each: the host accepts three.
    let why = ended(&stage, &format!("uploads {url} 25")).await;
    assert!(why.contains("`memory_max` is 300 MiB"), "{why}");
    let reaches = std::thread::spawn(move || silent.accept().map(drop));
    assert_eq!(stage.ask("!ping").await, "pong");
    reaches.join().unwrap().unwrap();
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_a_descriptor_for_what_it_asked_for_is_the_one_that_lacks_it() {
    let stage = intruder("").await;
    let why = ended(&stage, "starve").await;
    assert!(why.contains(": it has no descriptor left for a large answer"), "{why}");
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ordinary_libraries_need_works_in_a_sandbox() {
    let stage = intruder("").await;
    for what in ["pair", "blocking", "list /usr/lib", "read /etc/ld.so.cache", "hello"] {
        let answer = stage.ask(&format!("!intruder {what}")).await;
        assert!(answer.starts_with("done: "), "`{what}`: {answer}");
    }
    let report = stage.host.cogs().reload("intruder").await.expect("it ends in order");
    assert_eq!(report.cancelled, 0, "{report}");
    let status = stage.status("intruder");
    assert!(status.sandbox && status.process.is_some() && status.handles.is_none());
    let refused = stage.host.cogs().reload_on("intruder", LaneKind::Thread).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot move `intruder` to a thread: its sandbox is a process of its own"
    );
    stage.down().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cog_here_runs_in_a_sandbox() {
    let cogs = ["asker", "counter", "faulty", "lookup", "ping", "poll", "pulse", "remind", "serene", "tags"];
    let setting = cogs.iter().fold(Setting::new(), |setting, cog| locked_in(setting, cog, ""));
    let stage = setting.up().await;
    for cog in cogs {
        let status = stage.status(cog);
        assert!(matches!(status.stage, CogStage::Serving), "{cog}: {:?}", status.last_fault);
    }
    assert_eq!(stage.ask("!ping").await, "pong");
    for what in ["tls", "backtrace", "cron 0 9 * * * Europe/Berlin", "thread 1", "settings", "panic"] {
        stage.alice.say("general", &format!("!faulty {what}")).await.unwrap();
    }
    assert!(stage.ask("!faulty count").await.starts_with("7 commands"));
    assert_eq!(stage.status("faulty").generation, Some(1));
    stage.down().await;
}
