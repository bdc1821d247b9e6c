//! Checks of the machine: the folders for a host's copies and its socket, and the limits of its process.

use std::{env, path::Path, time::Duration};

use rustix::{
    fs::statvfs,
    process::{Resource, getrlimit},
};

use super::{
    super::{exit::Failure, host_runner::socket_path},
    finding::Report,
};
use crate::{
    config::Config,
    control::{Socket, SocketError},
    error::chain,
    host::HostError,
    library::{self, CopyFolder},
    metrics::Endpoint,
    watch::FolderWatch,
};

/// With fewer open files than this a host soon runs out: each connection, library and socket needs one.
const FILES_MIN: u64 = 256;

pub(super) fn check(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let base = library::default_base();
    runtime_directory(&base, report)?;
    match CopyFolder::create(&base) {
        Ok(_) => space(&base, config, report)?,
        Err(error) => report.failure("copies", HostError::from(error).into())?,
    }
    if let Some(files) = getrlimit(Resource::Nofile).current.filter(|files| *files < FILES_MIN) {
        let help = "raise it: `ulimit -n 1024`, or `LimitNOFILE=` of the service";
        report.warn("limits", format!("this process can have only {files} open files at once"), help)?;
    }
    Ok(())
}

/// Whether a host is running with this config. Must be called within a runtime.
pub(super) fn is_running(config: &Config, report: &mut Report) -> Result<bool, Failure> {
    let is_running = match Socket::bind(&socket_path(config)) {
        Ok(socket) => {
            report
                .ok("socket", format!("the control socket can be opened at `{}`", socket.path().display()))?;
            false
        }
        Err(SocketError::Taken { process, .. }) => {
            report.ok("socket", format!("a host{process} is running with this config"))?;
            true
        }
        Err(error) => {
            report.failure("socket", error.into())?;
            false
        }
    };
    if config.cogs.watch && config.cogs.folder.is_dir() {
        watching(config, report)?;
    }
    Ok(is_running)
}

/// Checks whether the metrics can be served. Must be called within a runtime.
pub(super) async fn endpoint(config: &Config, is_running: bool, report: &mut Report) -> Result<(), Failure> {
    let Some(metrics) = &config.metrics else { return Ok(()) };
    let address = &metrics.address;
    match Endpoint::open(metrics).await {
        Ok(_) if is_running => {
            let help = "the running host was started before the config asked for it: `gearshift restart`";
            Ok(report.warn("metrics", format!("nothing is served at `{address}`"), help)?)
        }
        Ok(_) => Ok(report.ok("metrics", format!("they can be served at `{address}`"))?),
        Err(error) if error.is_in_use() && is_running => {
            Ok(report.ok("metrics", format!("`{address}` is in use, as the host is running"))?)
        }
        Err(error) => Ok(report.failure("metrics", error.into())?),
    }
}

/// Checks inotify. A host that polls the folder works without it, but notices changes later.
fn watching(config: &Config, report: &mut Report) -> Result<(), Failure> {
    let (folder, poll) = (&config.cogs.folder, config.cogs.poll);
    let Err(source) = FolderWatch::new(folder, config.limits.settle, Duration::ZERO) else {
        return Ok(report.ok("inotify", "changes in the cogs folder can be followed")?);
    };
    let error = HostError::Watch { folder: folder.clone(), source };
    if poll.is_zero() {
        return Ok(report.failure("inotify", error.into())?);
    }
    let text = format!("{}; changes are noticed only every {} ms", chain(&error), poll.as_millis());
    // https://man7.org/linux/man-pages/man7/inotify.7.html
    let help = "raise `fs.inotify.max_user_instances` and `fs.inotify.max_user_watches` with sysctl";
    Ok(report.warn("inotify", text, help)?)
}

fn runtime_directory(base: &Path, report: &mut Report) -> Result<(), Failure> {
    let why = match env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if Path::new(&folder).is_absolute() => return Ok(()),
        None => "is not set",
        Some(folder) if folder.is_empty() => "is empty",
        Some(_) => "is not an absolute path, and is ignored",
    };
    let text = format!(
        "XDG_RUNTIME_DIR {why}: copies of libraries and the control socket are in `{}`",
        base.display()
    );
    let help = "that works if nothing cleans the folder up and all commands use the same one; for a service, set the \
        variable to a folder of its user";
    Ok(report.warn("runtime", text, help)?)
}

/// Checks the free space. While a library is replaced, there are two copies of it.
fn space(base: &Path, config: &Config, report: &mut Report) -> Result<(), Failure> {
    let libraries = library::candidates(&config.cogs.folder).unwrap_or_default();
    let size: u64 = libraries.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
    let free = statvfs(base).map(|it| it.f_bavail.saturating_mul(it.f_frsize)).unwrap_or(u64::MAX);
    let (shown, mib) = (base.display(), |bytes: u64| bytes.div_ceil(1 << 20));
    let help =
        "free some space there, or name another folder in XDG_RUNTIME_DIR, or in TMPDIR if that is not set";
    if free < size {
        let text = format!("`{shown}` has {} MiB left, but the libraries need {} MiB", mib(free), mib(size));
        report.fail("copies", text, help)?;
    } else if free < 2 * size {
        let text = format!(
            "`{shown}` has {} MiB left, but the libraries need {} MiB, and twice that while they are replaced",
            mib(free),
            mib(size)
        );
        report.warn("copies", text, help)?;
    } else {
        report.ok("copies", format!("libraries can be copied to `{shown}` and run from there"))?;
    }
    Ok(())
}
