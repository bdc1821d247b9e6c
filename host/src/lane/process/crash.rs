//! Describes in words how a process ended.

use std::{fmt::Display, io, os::unix::process::ExitStatusExt, process::ExitStatus};

use super::{super::Pulse, listen::OUT_OF_MEMORY, sandbox::Watch, trace};

/// Reason for ending a process that cannot communicate any more.
pub(super) const SOCKET_CLOSED: &str = "it closed its socket to the host";

/// Describes to the cog's author and operator why a process ended without being asked to.
pub(super) fn describe(
    pulse: &Pulse,
    status: &io::Result<ExitStatus>,
    last_line: Option<&str>,
    watch: &Watch,
) -> String {
    let during = match pulse.call() {
        Some(_) => format!(" in `{}`", pulse.describe()),
        None => String::new(),
    };
    let is_sent = last_line.is_some_and(trace::is_sent);
    let how = match status {
        Err(error) => format!("its process cannot be seen any more: {error}"),
        Ok(status) => match (status.signal(), status.code()) {
            (Some(libc::SIGSYS), _) if watch.is_sandboxed() && !is_sent => {
                let signal = signal_name(libc::SIGSYS);
                format!("its process was ended by {signal}{during}: its sandbox does not allow what it tried")
            }
            (Some(signal), _) => format!("its process was ended by {}{during}", signal_name(signal)),
            (None, _) if pulse.has_no_socket() => format!("its process was ended because {SOCKET_CLOSED}"),
            (None, Some(code)) => format!("its process ended with exit code {code}{during}"),
            (None, None) => "its process ended".to_owned(),
        },
    };
    let is_memory = last_line.is_some_and(|line| line.starts_with(OUT_OF_MEMORY));
    match (last_line, watch.memory_max()) {
        (Some(line), Some(max)) if is_memory => {
            format!("{how}: {line}, and `memory_max` is {} MiB", max >> 20)
        }
        (Some(line), _) if !line.is_empty() => format!("{how}: {line}"),
        _ => how,
    }
}

/// Reason for ending a process that sent this.
pub(super) fn not_understood(what: impl Display) -> String {
    format!("it sent what the host does not understand: {what}")
}

/// Reason for ending a process when no frame of it can be received.
pub(super) fn not_taken(error: io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EMFILE) => "the host has no descriptor left for a large request of it".to_owned(),
        _ => not_understood(error),
    }
}

/// Reason for ending a process that used one number for two requests.
pub(super) fn asked_twice(number: u64) -> String {
    not_understood(format!("request {number} was sent again before it was answered"))
}

/// Reason for ending a process that refers to an item that it was not given.
pub(super) fn never_given(number: u64) -> String {
    not_understood(format!("item {number} was not given to it"))
}

/// `signal 11 (SIGSEGV)`
fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGALRM => "SIGALRM",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGIO => "SIGIO",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGPROF => "SIGPROF",
        libc::SIGQUIT => "SIGQUIT",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGUSR1 => "SIGUSR1",
        libc::SIGUSR2 => "SIGUSR2",
        libc::SIGVTALRM => "SIGVTALRM",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        #[cfg(target_os = "linux")]
        libc::SIGPWR => "SIGPWR",
        #[cfg(target_os = "linux")]
        libc::SIGSTKFLT => "SIGSTKFLT",
        _ => return real_time_name(signal).unwrap_or_else(|| format!("signal {signal}")),
    };
    format!("signal {signal} ({name})")
}

/// `signal 35 (SIGRTMIN+1)`: <https://man7.org/linux/man-pages/man7/signal.7.html>
#[cfg(target_os = "linux")]
fn real_time_name(signal: i32) -> Option<String> {
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    Some(match signal {
        _ if signal == first => format!("signal {signal} (SIGRTMIN)"),
        _ if signal == last => format!("signal {signal} (SIGRTMAX)"),
        _ if (first..last).contains(&signal) => format!("signal {signal} (SIGRTMIN+{})", signal - first),
        _ => return None,
    })
}

#[cfg(not(target_os = "linux"))]
fn real_time_name(_: i32) -> Option<String> {
    None
}
