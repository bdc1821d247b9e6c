//! A process as the kernel sees it. <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>

mod start_pages;

use std::{
    fs, io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::param::{clock_ticks_per_second, page_size};

pub use self::start_pages::give_back as give_start_pages_back;

/// The numbers of one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Memory that is resident, in bytes.
    pub resident_bytes: u64,
    /// Processor time so far, in user mode and in the kernel.
    pub processor: Duration,
    /// Threads.
    pub threads: u64,
    /// Open file descriptors.
    pub open_files: u64,
    /// When it was started.
    pub started: SystemTime,
}

impl Usage {
    /// This process as it is now.
    ///
    /// # Errors
    /// There is no `/proc`, or it has another form.
    pub fn now() -> io::Result<Usage> {
        let usage = Usage::of("self")?;
        // The folder's own handle was open as well.
        Ok(Usage { open_files: usage.open_files.saturating_sub(1), ..usage })
    }

    /// Another process as it is now.
    ///
    /// # Errors
    /// There is no such process, or no `/proc`, or it has another form.
    pub fn of_process(id: u32) -> io::Result<Usage> {
        Usage::of(&id.to_string())
    }

    fn of(process: &str) -> io::Result<Usage> {
        let open_files = fs::read_dir(format!("/proc/{process}/fd"))?.count() as u64;
        let own = fs::read_to_string(format!("/proc/{process}/stat"))?;
        let machine = fs::read_to_string("/proc/stat")?;
        let usage = Usage::read(&own, &machine, clock_ticks_per_second(), page_size() as u64);
        let usage =
            usage.ok_or_else(|| io::Error::other(format!("`/proc/{process}/stat` has another form")))?;
        Ok(Usage { open_files, ..usage })
    }

    fn read(own: &str, machine: &str, ticks_per_second: u64, page_bytes: u64) -> Option<Usage> {
        // The program's name comes second, in parentheses, and may hold blanks and parentheses itself.
        let fields: Vec<&str> = own.rsplit_once(')')?.1.split_whitespace().collect();
        // Numbered as in the manual, where the first after the name is field 3.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        let ticks = |ticks: u64| Duration::from_secs_f64(ticks as f64 / ticks_per_second as f64);
        let boot = machine.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(Usage {
            resident_bytes: field(24)? * page_bytes,
            processor: ticks(field(14)? + field(15)?),
            threads: field(20)?,
            open_files: 0,
            started: UNIX_EPOCH + Duration::from_secs(boot) + ticks(field(22)?),
        })
    }
}

#[cfg(test)]
mod tests {
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
    fn this_process_has_memory_threads_and_files() {
        let usage = Usage::now().unwrap();
        assert!(usage.resident_bytes > 1 << 20 && usage.threads >= 1 && usage.open_files >= 3, "{usage:?}");
        assert!(usage.started <= SystemTime::now());
    }
}
