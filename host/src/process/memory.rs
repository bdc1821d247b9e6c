//! Returns memory to the system that is not needed right now.

use std::time::Duration;

use super::Usage;

/// How often to check whether a load is over.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// A process that used no more processor time than this between two checks is idle: heartbeats, polling the folder.
const IDLE: Duration = Duration::from_millis(25);
/// Processor time used since memory was last returned, after which it is worth doing again.
const LOAD: Duration = Duration::from_millis(500);

/// Returns memory `start` from now, and again after each load, as soon as the process is idle. Never ends.
pub async fn trim_memory_when_idle(start: Duration) {
    let mut work = Work::default();
    let mut pause = start;
    loop {
        tokio::time::sleep(pause).await;
        pause = CHECK_INTERVAL;
        // Without `/proc`, no load is noticed.
        let processor =
            Usage::of_process(std::process::id()).map_or(Duration::ZERO, |(_, processor)| processor);
        if work.is_over(processor) {
            trim_memory();
        }
    }
}

/// How busy a process is, by its processor time.
#[derive(Debug, Default)]
struct Work {
    /// At the last check; `None` before the first.
    seen: Option<Duration>,
    /// Processor time when memory was last returned.
    last_trim: Duration,
}

impl Work {
    /// Whether a start or a load is over, given the processor time so far. Returns `true` once for each.
    fn is_over(&mut self, processor: Duration) -> bool {
        let before = self.seen.replace(processor);
        let is_over = before.is_none_or(|before| {
            let is_idle = processor.saturating_sub(before) <= IDLE;
            is_idle && processor.saturating_sub(self.last_trim) >= LOAD
        });
        if is_over {
            self.last_trim = processor;
        }
        is_over
    }
}

/// Returns memory when a start or a load is over: the free part of the heap, and the pages of code and constants of the
/// program and its libraries. Pages that are still needed are mapped again from the page cache at their next use, which
/// takes some microseconds each.
///
/// The kernel maps sixteen pages around each one that is touched, and a start touches nearly all of the program: it
/// reads a config, sets up TLS, compares commands. A serving host needs a third of that.
pub fn trim_memory() {
    #[cfg(target_os = "linux")]
    if !linux::is_traced() {
        linux::release_pages();
    }
    // <https://man7.org/linux/man-pages/man3/malloc_trim.3.html>
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "a function of the C library")]
    // SAFETY: it may be called at any time, by any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "reads the loader's list, and advises the kernel about what is in it")]
mod linux {
    use std::{
        ffi::{c_int, c_void},
        ptr, slice,
    };

    use libc::{MADV_DONTNEED, PF_W, PT_DYNAMIC, PT_LOAD, dl_phdr_info};
    use object::elf::{DT_NULL, DT_TEXTREL, DynamicTag};

    /// In bytes. The C library knows it; rustix would ask the kernel, which refuses in a sandbox.
    fn page_size() -> usize {
        // SAFETY: it reads a number and touches nothing.
        let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(bytes).unwrap_or(4096)
    }

    /// A debugger writes its breakpoints into the code pages, and they would be lost with them.
    pub(super) fn is_traced() -> bool {
        std::fs::read_to_string("/proc/self/status").is_ok_and(|status| {
            status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0"))
        })
    }

    pub(super) fn release_pages() {
        // SAFETY: the callback has the expected signature, retains none of its arguments, and does not unwind.
        unsafe { libc::dl_iterate_phdr(Some(object), ptr::null_mut()) };
    }

    /// Called for one object of the loader's list. It stays mapped during the call, as the loader holds its lock.
    ///
    /// <https://man7.org/linux/man-pages/man3/dl_iterate_phdr.3.html>,
    /// <https://man7.org/linux/man-pages/man2/madvise.2.html>
    unsafe extern "C" fn object(info: *mut dl_phdr_info, _size: usize, _data: *mut c_void) -> c_int {
        // SAFETY: the loader passes a valid entry, with the program headers of an object that is mapped.
        let (base, headers) = unsafe {
            let info = &*info;
            (info.dlpi_addr as usize, slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()))
        };
        let at = |offset| ptr::with_exposed_provenance_mut::<c_void>(base + offset as usize);
        let dynamic = headers.iter().find(|header| header.p_type == PT_DYNAMIC);
        // SAFETY: the kernel and the loader have mapped the dynamic section where its header says.
        if dynamic.is_some_and(|header| unsafe { has_relocated_code(at(header.p_vaddr).cast()) }) {
            return 0;
        }
        for header in headers.iter().filter(|header| header.p_type == PT_LOAD && header.p_flags & PF_W == 0) {
            let start = at(header.p_vaddr);
            let page_start = start.map_addr(|address| address & !(page_size() - 1));
            let size = start.addr() - page_start.addr() + header.p_memsz as usize;
            // SAFETY: nothing ever writes to this segment, so the pages are read back from its file as they were.
            unsafe { libc::madvise(page_start, size, MADV_DONTNEED) };
        }
        0
    }

    /// Whether the loader has written relocations into code (text relocations).
    ///
    /// # Safety
    /// `entry` is the first entry of a dynamic section.
    unsafe fn has_relocated_code(mut entry: *const [usize; 2]) -> bool {
        loop {
            // SAFETY: the section ends with `DT_NULL`, and no entry after that is read.
            let [tag, _value] = unsafe { entry.read() };
            match i64::try_from(tag).map(DynamicTag) {
                Ok(DT_NULL) => return false,
                Ok(DT_TEXTREL) => return true,
                // SAFETY: as above.
                _ => entry = unsafe { entry.add(1) },
            }
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn memory_is_given_back_after_the_start_and_once_after_each_load() {
        let mut work = Work::default();
        let looks = [
            (300, true, "the start"),
            (310, false, "nothing since"),
            (700, false, "a load goes on"),
            (1100, false, "it still does"),
            (1110, true, "it is over"),
            (1120, false, "that was given back"),
            (1300, false, "a little work"),
            (1310, false, "too little to give back"),
        ];
        for (processor_ms, expected, what) in looks {
            assert_eq!(work.is_over(Duration::from_millis(processor_ms)), expected, "{what}");
        }
    }

    /// Resident pages of mapped files, <https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html>.
    fn file_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("procfs is there");
        statm.split(' ').nth(2).and_then(|pages| pages.parse().ok()).expect("its third field is a number")
    }

    /// Tells the test below that nothing else runs in its process: other tests would touch pages again in the meantime.
    const ALONE: &str = "GEARSHIFT_TEST_ALONE";

    #[test]
    fn pages_that_only_a_start_needs_are_given_back_and_the_program_goes_on() {
        if std::env::var_os(ALONE).is_none() {
            let name = "process::memory::tests::pages_that_only_a_start_needs_are_given_back_and_the_program_goes_on";
            let itself = std::env::current_exe().expect("it runs from a file");
            let run =
                Command::new(itself).args(["--exact", name]).env(ALONE, "1").output().expect("it can be run");
            let said = String::from_utf8_lossy(&run.stdout);
            assert!(run.status.success() && said.contains("1 passed"), "{said}");
            return;
        }
        let before = file_pages();
        super::linux::release_pages();
        let after = file_pages();
        assert!(after < before * 3 / 4, "{before} pages before, {after} after");
        assert_eq!(format!("{:.2}", std::hint::black_box(2.5_f64).powf(2.0)), "6.25");
    }
}
