//! A process as the kernel sees it. <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>

mod memory;

use std::{
    fs, io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::param::{clock_ticks_per_second, page_size};

pub use self::memory::{trim_memory, trim_memory_when_idle};

/// A process's numbers at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Memory that is resident, in bytes.
    pub resident_bytes: u64,
    /// Processor time so far, in user mode and in the kernel.
    pub processor: Duration,
    /// Number of threads.
    pub threads: u64,
    /// Number of open file descriptors.
    pub open_files: u64,
    /// When it was started.
    pub started: SystemTime,
}

impl Usage {
    /// This process as it is now.
    ///
    /// # Errors
    /// If there is no `/proc`, or its format is unknown.
    pub fn now() -> io::Result<Usage> {
        let open_files = fs::read_dir("/proc/self/fd")?.count() as u64;
        let (own, machine) = (fs::read_to_string("/proc/self/stat")?, fs::read_to_string("/proc/stat")?);
        let usage = Usage::read(&own, &machine, clock_ticks_per_second(), page_size() as u64);
        let usage = usage.ok_or_else(|| io::Error::other("`/proc/self/stat` has another form"))?;
        // The handle of `/proc/self/fd` was open as well.
        Ok(Usage { open_files: open_files.saturating_sub(1), ..usage })
    }

    /// The current resident memory in bytes and processor time of another process. `None` if it is gone.
    pub fn of_process(id: u32) -> Option<(u64, Duration)> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        Usage::weight(&fields(&stat)?, clock_ticks_per_second(), page_size() as u64)
    }

    fn weight(fields: &[&str], ticks_per_second: u64, page_bytes: u64) -> Option<(u64, Duration)> {
        let processor = ticks(field(fields, 14)? + field(fields, 15)?, ticks_per_second);
        Some((field(fields, 24)? * page_bytes, processor))
    }

    fn read(own: &str, machine: &str, ticks_per_second: u64, page_bytes: u64) -> Option<Usage> {
        let fields = fields(own)?;
        let (resident_bytes, processor) = Usage::weight(&fields, ticks_per_second, page_bytes)?;
        let boot = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        let since_boot = ticks(field(&fields, 22)?, ticks_per_second);
        Some(Usage {
            resident_bytes,
            processor,
            threads: field(&fields, 20)?,
            open_files: 0,
            started: UNIX_EPOCH + Duration::from_secs(boot) + since_boot,
        })
    }
}

/// Whether another process is exiting, or gone. The kernel sets this flag before it closes the process's files.
pub fn is_ending(id: u32) -> bool {
    /// `PF_EXITING` of <https://github.com/torvalds/linux/blob/master/include/linux/sched.h>
    const EXITING: u64 = 1 << 2;
    let stat = fs::read_to_string(format!("/proc/{id}/stat"));
    let flags = stat.ok().and_then(|stat| field(&fields(&stat)?, 9));
    // Other kernels that have a `/proc` report 0.
    flags.is_none_or(|flags| flags == 0 || flags & EXITING != 0)
}

/// The fields after the program's name. The name is the second, in parentheses, and may contain blanks and parentheses.
fn fields(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

/// Numbered as in the manual, where the first field after the name is field 3.
fn field(fields: &[&str], number: usize) -> Option<u64> {
    fields.get(number - 3)?.parse().ok()
}

fn ticks(ticks: u64, per_second: u64) -> Duration {
    Duration::from_secs_f64(ticks as f64 / per_second as f64)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let own =
            "7 (a) b (c)) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 6 0 1000 90000 2000 1844 1 1\n";
        let usage = Usage::read(own, "cpu 1 2\nbtime 1700000000\n", 100, 4096).unwrap();
        assert_eq!((usage.resident_bytes, usage.threads), (2000 * 4096, 6));
        assert_eq!(usage.processor, Duration::from_secs(3));
        assert_eq!(usage.started, UNIX_EPOCH + Duration::from_secs(1_700_000_010));
        assert_eq!(Usage::read("7 (a", "", 100, 4096), None);
    }

    #[test]
    fn a_process_ends_from_its_last_instruction_on() {
        assert!(!is_ending(std::process::id()));
        // It closes nothing itself.
        let mut shell = Command::new("sh");
        let mut child =
            shell.args(["-c", "read line"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        assert!(!is_ending(child.id()));
        drop(child.stdin.take());
        let mut output = child.stdout.take().unwrap();
        assert_eq!(io::Read::read(&mut output, &mut [0]).unwrap(), 0);
        assert!(is_ending(child.id()), "its files are closed");
        child.wait().unwrap();
        assert!(is_ending(child.id()), "it is gone");
    }

    #[test]
    fn this_process_has_memory_threads_and_files() {
        let usage = Usage::now().unwrap();
        assert!(usage.resident_bytes > 1 << 20 && usage.threads >= 1 && usage.open_files >= 3, "{usage:?}");
        assert!(usage.started <= SystemTime::now());
    }
}
