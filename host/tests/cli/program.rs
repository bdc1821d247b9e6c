//! Runs the program: once until it ends, or live, with lines to and from it. Nothing is expected by itself.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, BufRead, BufReader, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use gearshift_host::sessions::Net;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::libraries::library;

/// How long anything may take, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program's path.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_gearshift");

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The program with a runtime folder of its own, so that tests and live hosts do not interfere.
pub(crate) fn gearshift(place: &Place) -> Command {
    gearshift_in(place, Path::new(PROGRAM))
}

/// The same with a copy of the program.
pub(crate) fn gearshift_in(place: &Place, program: &Path) -> Command {
    // If the tests are run with hangups ignored (`nohup`), a program inherits that, and the host would keep to it.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP").arg(program);
    command.current_dir(place.path()).env("XDG_RUNTIME_DIR", place.path().join("runtime"));
    for name in ["DISCORD_TOKEN", "RUST_LOG", "GEARSHIFT_FAULTY", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// The program's environment here, for another program that runs it.
pub(crate) fn environment(place: &Place) -> Vec<(OsString, OsString)> {
    let command = gearshift(place);
    let set = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    set.collect()
}

/// Reports that something cannot be tested here. Not with `eprintln!`, as the output of tests that pass is not shown.
pub(crate) fn skipped(text: &str) {
    writeln!(io::stderr(), "SKIPPED: {text}").expect("stderr can be written");
}

/// Runs it until it ends.
pub(crate) fn run(place: &Place, arguments: &[&str]) -> Ended {
    let output = gearshift(place).args(arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or_else(|| panic!("it crashed: {}", output.status)),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A folder of a test's own.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    /// With these cogs in `cogs`.
    pub(crate) fn with(cogs: &[&str]) -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::create_dir(place.path().join("cogs")).unwrap();
        fs::create_dir(place.path().join("runtime")).unwrap();
        for cog in cogs {
            let library = library(cog);
            fs::copy(&library, place.path().join("cogs").join(library.file_name().unwrap())).unwrap();
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file in it, and returns its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The folder of the whole workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A running program, with a user who types and reads. Killed when dropped.
pub(crate) struct Live {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Live {
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Live {
        Live::spawn(gearshift(place).args(arguments))
    }

    pub(crate) fn spawn(command: &mut Command) -> Live {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = send.clone();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        std::thread::spawn(move || {
            BufReader::new(err).lines().map_while(Result::ok).try_for_each(|line| errors.send(line))
        });
        Live { input: child.stdin.take(), child, lines, seen: Vec::new() }
    }

    /// `gearshift play` on the cogs of a place, ready.
    pub(crate) fn play(place: &Place, arguments: &[&str]) -> Live {
        let mut live = Live::start(place, &[&["play", "--cogs", "cogs"], arguments].concat());
        live.expect("ready; the control socket is");
        live
    }

    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Waits for a line that contains `text`, on stdout or stderr.
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => {
                    self.seen.push(line.clone());
                    return line;
                }
                Ok(line) => self.seen.push(line),
                Err(error) => {
                    panic!("no line with `{text}` ({error}); there were:\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    /// Waits for lines that contain each of the texts, in any order.
    pub(crate) fn expect_all(&mut self, texts: &[&str]) {
        let mut missing: Vec<&str> = texts.to_vec();
        while !missing.is_empty() {
            let line = self.expect("");
            missing.retain(|text| !line.contains(text));
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: i32) {
        let sent =
            Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Limits how many descriptors it may have from now on.
    pub(crate) fn limit_files(&self, most: u64) {
        let limits = Rlimit { current: Some(most), maximum: Some(1024) };
        prlimit(Pid::from_raw(self.child.id() as i32), Resource::Nofile, limits).unwrap();
    }

    /// Sends a signal repeatedly until it has ended: signals within a second of the first count as one.
    pub(crate) fn insist(&mut self, signal: i32) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Timeout) => self.signal(signal),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            assert!(Instant::now() < until, "it did not end; there was:\n{}", self.seen.join("\n"));
        }
    }

    /// Closes its stdin and waits for its end. Returns the exit code, or the negative signal, and all lines.
    pub(crate) fn end(mut self) -> (i32, Vec<String>) {
        self.input.take();
        let mut seen = std::mem::take(&mut self.seen);
        let until = Instant::now() + PATIENCE;
        // Both pipes are closed at the end.
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            seen.push(line);
        }
        assert!(Instant::now() < until, "it did not end; there was:\n{}", seen.join("\n"));
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or_else(|| -status.signal().unwrap()), seen)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client with the host's own rules.
pub(crate) fn http() -> reqwest::Client {
    Net::new(&Default::default()).client_builder().build().unwrap()
}
