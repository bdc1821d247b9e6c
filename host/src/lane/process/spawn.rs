//! Starts the process of a lane: the same executable, with a socket and nothing else of the host.

use std::{
    env, io,
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError, mpsc},
};

use tokio::process::Child;

use crate::identity::GenerationId;

/// The subcommand of this program that runs a lane.
pub const COMMAND: &str = "lane-process";

/// The executable of this process, if there is a `/proc`.
const OWN: &str = "/proc/self/exe";

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Sets the program that runs lanes, if it is not this process's executable: a test binary cannot.
pub fn set_program(program: PathBuf) {
    // The first call wins: lanes may already run with it.
    let _ = PROGRAM.set(program);
}

/// A process that has just been started.
pub(super) struct Spawned {
    pub(super) child: Child,
    pub(super) socket: UnixStream,
    /// The output of the process: what it writes to its standard output and error.
    pub(super) output: io::PipeReader,
}

/// Starts a lane's process.
///
/// # Errors
/// Errors of the system.
pub(super) async fn spawn(id: &GenerationId) -> io::Result<Spawned> {
    let (answer, started) = tokio::sync::oneshot::channel();
    let job = Job { id: id.clone(), runtime: tokio::runtime::Handle::current(), answer };
    spawner()?.send(job).map_err(|_| io::Error::other("the thread that starts processes has ended"))?;
    started.await.map_err(|_| io::Error::other("the thread that starts processes has ended"))?
}

struct Job {
    id: GenerationId,
    runtime: tokio::runtime::Handle,
    answer: tokio::sync::oneshot::Sender<io::Result<Spawned>>,
}

/// One thread starts all processes, and never ends: PR_SET_PDEATHSIG takes effect when the *thread* ends that started
/// the process. <https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html>
fn spawner() -> io::Result<mpsc::Sender<Job>> {
    static SPAWNER: Mutex<Option<mpsc::Sender<Job>>> = Mutex::new(None);
    let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(jobs) = &*spawner {
        return Ok(jobs.clone());
    }
    let (jobs, received) = mpsc::channel::<Job>();
    let run = move || {
        for Job { id, runtime, answer } in received {
            let _entered = runtime.enter();
            let _ = answer.send(begin(&id));
        }
    };
    std::thread::Builder::new().name("spawner".to_owned()).spawn(run)?;
    Ok(spawner.insert(jobs).clone())
}

fn begin(id: &GenerationId) -> io::Result<Spawned> {
    let program = match PROGRAM.get() {
        Some(program) => program.clone(),
        // This process's executable, even if its file was replaced or removed since.
        None if cfg!(target_os = "linux") => PathBuf::from(OWN),
        None => env::current_exe()?,
    };
    let (socket, other) = UnixStream::pair()?;
    let (output, written) = io::pipe()?;
    let mut command = Command::new(program);
    command
        .arg0("gearshift")
        .arg(COMMAND)
        .arg(id.to_string())
        .env_clear()
        .current_dir("/")
        // A signal from the terminal goes to the host only, which ends its lanes in order.
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(other)))
        .stdout(Stdio::from(written.try_clone()?))
        .stderr(Stdio::from(written));
    let mut command = tokio::process::Command::from(command);
    let child = command.kill_on_drop(true).spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !Path::new(OWN).exists() && PROGRAM.get().is_none() => io::Error::new(
            io::ErrorKind::NotFound,
            "`/proc`, which names the host's own program, is missing here",
        ),
        _ => error,
    })?;
    Ok(Spawned { child, socket, output })
}
