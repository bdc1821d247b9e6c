//! Sandboxes a cog's process, before its library is opened: no files but those that the dynamic loader needs, no
//! network, no other processes. It can only do what its handles allow. Everything here is specific to Linux;
//! elsewhere there is no sandbox.

use std::{path::Path, time::Duration};

use tokio::time::Interval;

use super::trace;
use crate::config::Sandbox;

/// Maximum number of threads. `RLIMIT_NPROC` is no use: it counts those of all processes of a user, and does not
/// apply to root.
/// <https://man7.org/linux/man-pages/man2/getrlimit.2.html>
const THREADS_MAX: u64 = 128;

/// How often a process is checked.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// How much memory a process may have besides what its limit counts, in bytes: the arena reserved for a trace, stacks,
/// page tables, relocated pages of libraries.
const OVERHEAD: u64 = trace::ARENA_BYTES as u64 + (32 << 20);

/// Watches a process for what no limit of the system covers.
pub(super) struct Watch {
    process: u32,
    is_sandboxed: bool,
    memory_max: Option<u64>,
    /// `None` if the process has no limits.
    checks: Option<Interval>,
}

impl Watch {
    /// `memory_max` is in bytes.
    pub(super) fn new(sandbox: Sandbox, memory_max: Option<u64>, process: Option<u32>) -> Watch {
        let is_sandboxed = sandbox.is_on();
        let checks = process.filter(|_| is_sandboxed || memory_max.is_some());
        let checks = checks.map(|_| tokio::time::interval(CHECK_INTERVAL));
        Watch { process: process.unwrap_or_default(), is_sandboxed, memory_max, checks }
    }

    pub(super) fn is_sandboxed(&self) -> bool {
        self.is_sandboxed
    }

    /// Limit of the process's memory, in bytes.
    pub(super) fn memory_max(&self) -> Option<u64> {
        self.memory_max
    }

    /// Waits until the process has more than it may; returns what.
    pub(super) async fn exceeded(&mut self) -> String {
        let Some(checks) = &mut self.checks else { return std::future::pending().await };
        loop {
            checks.tick().await;
            let Some(usage) = Usage::now(self.process) else { continue };
            if self.is_sandboxed && usage.threads > THREADS_MAX {
                return format!("it has {} threads, and its sandbox allows {THREADS_MAX}", usage.threads);
            }
            if let Some(most) = self.memory_max.filter(|most| usage.memory > most.saturating_add(OVERHEAD)) {
                let (has, most) = (usage.memory >> 20, most >> 20);
                return format!("it has {has} MiB of memory, and `memory_max` is {most} MiB");
            }
        }
    }
}

/// What a process has at one moment.
#[derive(Debug, Default)]
struct Usage {
    threads: u64,
    /// Bytes of private and shared memory and of page tables, without pages that are backed by files.
    memory: u64,
}

impl Usage {
    /// `None` if the system does not report it.
    fn now(process: u32) -> Option<Usage> {
        // <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let number = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        };
        let memory = ["RssAnon:", "RssShmem:", "VmPTE:"].into_iter().filter_map(number).sum::<u64>();
        Some(Usage { threads: number("Threads:")?, memory: memory << 10 })
    }
}

/// Sandboxes this process. It has only one thread so far; threads that it starts inherit the sandbox.
///
/// # Errors
/// What the system lacks, unless the sandbox is best effort.
pub(super) fn enter(sandbox: Sandbox, library: &Path) -> Result<(), String> {
    if !sandbox.is_on() {
        return Ok(());
    }
    check_missing(sandbox, &linux::enter(library)?)
}

fn check_missing(sandbox: Sandbox, missing: &[String]) -> Result<(), String> {
    let text = missing.join("; ");
    match sandbox {
        _ if missing.is_empty() => Ok(()),
        Sandbox::BestEffort => {
            tracing::warn!("its sandbox is not complete: {text}");
            Ok(())
        }
        Sandbox::On | Sandbox::Off => Err(format!(
            "its sandbox cannot be set up: {text}; `sandbox = \"best effort\"` continues with what is available"
        )),
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    use std::path::Path;

    pub(super) fn enter(_: &Path) -> Result<Vec<String>, String> {
        Ok(vec!["it needs Linux".to_owned()])
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
    };
    use rustix::{
        process::{Resource, Rlimit, nice, setrlimit},
        thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs},
    };

    use super::super::seccomp;

    /// Folders with the libraries that a cog's library needs, where the dynamic loader looks for them.
    /// <https://man7.org/linux/man-pages/man8/ld.so.8.html>
    const LIBRARIES: [&str; 6] = ["/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"];
    /// The loader's cache, and the time zone database, which the cog may need for clock times.
    const DATA: [&str; 4] = ["/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/usr/share/zoneinfo"];
    /// Limit of open descriptors, including the socket to the host.
    const DESCRIPTORS: u64 = 256;
    /// Limit of address space, in bytes: page tables for all of it are far smaller than what a cog may have.
    const ADDRESSES: u64 = 64 << 30;
    /// If it keeps the processors busy, it gets only what other processes leave.
    const NICE: i32 = 10;

    /// Returns what is missing.
    pub(super) fn enter(library: &Path) -> Result<Vec<String>, String> {
        limit().map_err(|error| format!("its limits cannot be set: {error}"))?;
        restrict(library)
    }

    /// Sets the limits of the process.
    fn limit() -> rustix::io::Result<()> {
        let limits = [
            // No file that it has open can grow.
            (Resource::Fsize, 0),
            (Resource::Core, 0),
            (Resource::Nofile, DESCRIPTORS),
            (Resource::As, ADDRESSES),
            (Resource::Memlock, 0),
            (Resource::Msgqueue, 0),
        ];
        for (resource, most) in limits {
            setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
        }
        nice(NICE).map(|_| ())
    }

    /// Restricts this thread and those that it starts.
    pub(super) fn restrict(library: &Path) -> Result<Vec<String>, String> {
        let none = CapabilitySet::empty();
        let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
        set_no_new_privs(true)
            .and_then(|()| set_capabilities(None, none))
            .map_err(|error| format!("its privileges cannot be dropped: {error}"))?;
        let mut missing = Vec::new();
        match landlock(library) {
            Ok(true) => {}
            Ok(false) => missing.push(
                "this kernel has no Landlock (Linux 5.13 and newer, if `landlock` is among its security modules)"
                    .to_owned(),
            ),
            Err(error) => missing.push(format!("Landlock refuses it: {error}")),
        }
        if let Err(error) = seccomp::filter() {
            missing.push(format!("this system has no seccomp filter for it: {error}"));
        }
        Ok(missing)
    }

    /// Leaves nothing of the file system but reading libraries. Returns whether the kernel supports Landlock; features
    /// of newer kernels are used where they exist. <https://docs.kernel.org/userspace-api/landlock.html>
    fn landlock(library: &Path) -> Result<bool, RulesetError> {
        let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
        let status = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(ABI::V6))?
            .handle_access(AccessNet::from_all(ABI::V6))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .add_rules(path_beneath_rules(LIBRARIES.iter().chain(&DATA), read))?
            .add_rules(path_beneath_rules([library], read))?
            .restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

    use super::*;

    /// Makes a system call fail for this thread as if the kernel did not have it.
    fn take_away(call: libc::c_long) {
        let none = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known machine");
        let rules = [(call, Vec::new())].into_iter().collect();
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, none, arch).expect("a filter");
        apply_filter(&BpfProgram::try_from(filter).expect("a filter")).expect("this system has seccomp");
    }

    #[test]
    fn a_kernel_that_lacks_something_is_refused_with_the_reason_unless_the_best_is_enough() {
        let missing = |call| {
            let restrict = move || {
                take_away(call);
                linux::restrict(Path::new("/nonexistent"))
            };
            std::thread::spawn(restrict).join().expect("no panic").expect("privileges can be dropped")
        };
        let landlock = missing(libc::SYS_landlock_create_ruleset);
        assert!(landlock.len() == 1 && landlock[0].contains("no Landlock"), "{landlock:?}");
        let seccomp = missing(libc::SYS_seccomp);
        assert!(seccomp.len() == 1 && seccomp[0].contains("seccomp"), "{seccomp:?}");
        assert_eq!(check_missing(Sandbox::BestEffort, &landlock), Ok(()));
        assert_eq!(check_missing(Sandbox::On, &[]), Ok(()));
        let refused = check_missing(Sandbox::On, &landlock).expect_err("it is not complete");
        assert!(refused.contains("no Landlock") && refused.contains("best effort"), "{refused}");
    }

    #[test]
    fn the_threads_and_the_memory_of_a_process_are_counted() {
        let other = std::thread::spawn(std::thread::park);
        let before = Usage::now(std::process::id()).expect("the system says it");
        assert!(before.threads >= 2);
        let own = vec![1_u8; 64 << 20];
        let after = Usage::now(std::process::id()).expect("the system says it");
        assert!(after.memory >= before.memory + (32 << 20), "{before:?}, then {after:?}, with {}", own.len());
        assert!(Usage::now(u32::MAX).is_none());
        other.thread().unpark();
        other.join().expect("no panic");
    }
}
