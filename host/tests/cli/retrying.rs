//! A registry with a temporary problem: requests are retried a limited number of times, which is logged. The part of a
//! download that has arrived is not requested again.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    packages::{Server, command, done, ended, fails, files, pack, run},
    program::{PROGRAM, Place, environment, skipped},
};

/// What a front does with a connection.
#[derive(Clone, Copy)]
enum Does {
    /// Reads a request and gives this answer; if it is empty, the connection is closed.
    Answers(&'static str),
    /// Lets this number of bytes of the registry's answers through, and then closes the connection.
    Passes(u64),
}

const BUSY: &str =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const LIMIT: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 63\r\nConnection: close\r\n\r\n\
    {\"errors\": [{\"code\": \"TOOMANYREQUESTS\", \"message\": \"not now\"}]}";
const DOWN: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\n<h1>";

/// A server in front of a registry, which handles the first connections differently. Returns its address, and a counter
/// of its connections.
fn front(to: &str, does: Does, first: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    let count = Arc::new(AtomicUsize::new(0));
    let had = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let is_first = had.fetch_add(1, Ordering::SeqCst) < first;
            match does {
                Does::Answers(text) if is_first => {
                    let mut lines = BufReader::new(&client).lines().map_while(Result::ok);
                    lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
                    let _ = (&client).write_all(text.as_bytes());
                    let _ = client.shutdown(Shutdown::Both);
                }
                Does::Passes(bytes) if is_first => pass(client, &to, bytes),
                _ => pass(client, &to, u64::MAX),
            }
        }
    });
    (address, count)
}

fn pass(client: TcpStream, to: &str, bytes: u64) {
    let server = TcpStream::connect(to).unwrap();
    let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || io::copy(&mut asks, &mut asked));
    thread::spawn(move || {
        let _ = io::copy(&mut (&server).take(bytes), &mut &client);
        let _ = (client.shutdown(Shutdown::Both), server.shutdown(Shutdown::Both));
    });
}

/// A registry with a package.
fn registry(place: &Place) -> Option<Server> {
    let server = Server::start(place, false)?;
    pack(place, "1.0.0", "a", &[]);
    done(place, &["push", &format!("{}/ping", server.address)]);
    Some(server)
}

#[test]
fn a_registry_that_limits_is_in_trouble_or_ends_connections_is_asked_again_and_the_log_says_so() {
    let place = Place::with(&[]);
    let Some(server) = registry(&place) else { return };
    for (does, why) in [(BUSY, "429"), (LIMIT, "too many requests"), (DOWN, "503"), ("", "connection closed")]
    {
        let (address, _) = front(&server.address, Does::Answers(does), 3);
        let pulled = run(&place, &["pull", &format!("{address}/ping:1.0.0"), "--out", "out"]);
        assert_eq!(pulled.code, 0, "{why}: {}", pulled.err);
        let said = format!("WARN  failed to ask `{address}`, which is asked again in 500 ms: ");
        let line = pulled.err.lines().find(|line| line.contains(&said));
        assert!(line.is_some_and(|line| line.contains(why)), "{why}: {}", pulled.err);
        let (address, _) = front(&server.address, Does::Answers(does), 3);
        let pushed = run(&place, &["push", &format!("{address}/again/ping")]);
        assert_eq!(pushed.code, 0, "{why}: {}", pushed.err);
    }
    assert_eq!(files(&place.path().join("packages")), files(&place.path().join("out")));
}

#[test]
fn a_registry_that_stays_in_trouble_is_not_asked_forever() {
    let place = Place::with(&[]);
    let Some(server) = registry(&place) else { return };
    place.file("gearshift.toml", "[packages]\nretries = 1\n");
    let (address, count) = front(&server.address, Does::Answers(DOWN), usize::MAX);
    fails(&place, &["pull", &format!("{address}/ping:1.0.0")], 69, &["failed to ask `127.0.0.1", "503"]);
    let asked = count.load(Ordering::SeqCst);
    place.file("gearshift.toml", "[packages]\nretries = 0\n");
    let (address, count) = front(&server.address, Does::Answers(DOWN), usize::MAX);
    let once = run(&place, &["pull", &format!("{address}/ping:1.0.0")]);
    assert!(once.code == 69 && !once.err.contains("asked again"), "{}", once.err);
    assert!(count.load(Ordering::SeqCst) < asked);
}

#[test]
fn an_interrupted_download_is_resumed_where_it_ended() {
    let place = Place::with(&[]);
    let Some(server) = registry(&place) else { return };
    let (address, _) = front(&server.address, Does::Passes(1 << 20), 2);
    let pulled = run(&place, &["pull", &format!("{address}/ping:1.0.0"), "--out", "out"]);
    assert_eq!(pulled.code, 0, "{}", pulled.err);
    assert!(pulled.err.contains(": it ended after "), "{}", pulled.err);
    assert_eq!(files(&place.path().join("packages")), files(&place.path().join("out")));
}

#[test]
fn a_download_is_shown_on_a_terminal_and_nowhere_else() {
    let place = Place::with(&[]);
    let Some(server) = registry(&place) else { return };
    let pull = format!("{}/ping:1.0.0", server.address);
    let plain = ended(&mut command(&place, &["pull", &pull, "--out", "plain"]));
    assert_eq!((plain.code, &*plain.err), (0, ""));
    // https://man7.org/linux/man-pages/man1/script.1.html
    let line = format!("{PROGRAM} pull {pull} --out shown");
    let mut script = Command::new("script");
    script.envs(environment(&place)).env("TERM", "xterm").current_dir(place.path());
    let Ok(shown) = script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).output() else {
        return skipped("there is no `script` here, which gives a terminal");
    };
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.status.success(), "{text}");
    assert!(text.contains("downloading") && text.contains("MiB"), "{text}");
    assert!(text.contains("pulled `"), "{text}");
}
