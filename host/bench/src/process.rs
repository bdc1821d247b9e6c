//! What the system reports about a process: CPU time, memory, maps, threads, descriptors. Linux only. It starts and
//! ends nothing.

use std::{fs, path::PathBuf};

use crate::Result;

/// A process to inspect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(u32);

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All resident pages.
    pub(crate) rss: f64,
    /// Resident pages, where those shared with other processes count in part.
    pub(crate) pss: f64,
}

impl Process {
    /// The process with this id.
    pub(crate) fn with_id(id: u32) -> Process {
        Process(id)
    }

    /// This process.
    pub(crate) fn this() -> Process {
        Process(std::process::id())
    }

    /// Whether it exists and has not ended.
    pub(crate) fn is_alive(self) -> bool {
        let state = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'));
        self.read("stat").is_ok_and(state)
    }

    /// CPU seconds used so far, user and system, ended threads included. The system counts in ticks of 10 ms.
    pub(crate) fn cpu_seconds(self) -> Result<f64> {
        let stat = self.read("stat")?;
        // The second field is the name in parentheses, which may hold spaces; utime and stime are fields 14 and 15.
        let after_name = stat.rsplit_once(')').ok_or("`/proc/…/stat` has no name")?.1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        let ticks = |at: usize| -> Result<f64> {
            Ok(fields.get(at).ok_or("`/proc/…/stat` is too short")?.parse::<f64>()?)
        };
        Ok((ticks(11)? + ticks(12)?) / ticks_per_second())
    }

    /// CPU milliseconds used so far by the threads that are alive, to the nanosecond.
    pub(crate) fn cpu_ms_of_threads(self) -> Result<f64> {
        let mut nanos = 0.0;
        for thread in fs::read_dir(self.path("task"))? {
            // A thread may end after it was listed.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += text.split_whitespace().next().ok_or("`schedstat` is empty")?.parse::<f64>()?;
        }
        Ok(nanos / 1e6)
    }

    /// Resident memory now.
    pub(crate) fn memory(self) -> Result<Memory> {
        let text = self.read("smaps_rollup")?;
        let field = |name: &str| -> Result<f64> {
            let line = text.lines().find(|line| line.split(':').next() == Some(name));
            let value = line.and_then(|line| line.split_whitespace().nth(1));
            Ok(value.ok_or_else(|| format!("`smaps_rollup` has no {name}"))?.parse()?)
        };
        Ok(Memory { rss: field("Rss")?, pss: field("Pss")? })
    }

    /// Running processes that its threads have started.
    pub(crate) fn children(self) -> Result<Vec<Process>> {
        let mut children = Vec::new();
        for thread in fs::read_dir(self.path("task"))? {
            // A thread may end after it was listed.
            let Ok(text) = fs::read_to_string(thread?.path().join("children")) else { continue };
            children.extend(text.split_whitespace().filter_map(|id| id.parse().ok()).map(Process));
        }
        Ok(children)
    }

    /// How many lines `/proc/…/maps` has.
    pub(crate) fn maps(self) -> Result<usize> {
        Ok(self.read("maps")?.lines().count())
    }

    /// How many open descriptors.
    pub(crate) fn descriptors(self) -> Result<usize> {
        Ok(fs::read_dir(self.path("fd"))?.count())
    }

    /// How many of them are not sockets.
    pub(crate) fn descriptors_but_sockets(self) -> Result<usize> {
        let links = fs::read_dir(self.path("fd"))?.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        Ok(links.filter(|link| !link.to_string_lossy().starts_with("socket:")).count())
    }

    /// How many threads.
    pub(crate) fn threads(self) -> Result<usize> {
        Ok(fs::read_dir(self.path("task"))?.count())
    }

    fn path(self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.0))
    }

    fn read(self, file: &str) -> Result<String> {
        let path = self.path(file);
        Ok(fs::read_to_string(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?)
    }
}

#[allow(unsafe_code, reason = "the standard library does not know the length of a tick")]
fn ticks_per_second() -> f64 {
    // SAFETY: sysconf reads a number and touches nothing.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) as f64 }
}

/// How many more pthread keys this process could create.
#[allow(unsafe_code, reason = "only the C library knows")]
pub(crate) fn free_pthread_keys() -> usize {
    let mut keys = Vec::new();
    loop {
        let mut key = 0;
        // SAFETY: `key` is valid for writing; a key without a destructor calls nothing.
        if unsafe { libc::pthread_key_create(&raw mut key, None) } != 0 {
            break;
        }
        keys.push(key);
    }
    for key in &keys {
        // SAFETY: created above, and used nowhere else.
        unsafe { libc::pthread_key_delete(*key) };
    }
    keys.len()
}
