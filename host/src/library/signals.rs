//! Signal handlers that a library leaves installed: at the next such signal, from any sender, a thread would jump into
//! unmapped memory. So the host records its own dispositions, and restores them before the library is unmapped.
//! See `sigaction(2)`, and `signal(7)` for what each signal does by default.
#![allow(unsafe_code, reason = "asks for and sets signal dispositions")]

use std::{
    fs, io,
    mem::MaybeUninit,
    ops::Range,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Every signal number of Linux; those that the C library reserves for itself cannot be queried.
const SIGNALS: Range<i32> = 1..65;
/// Signals of failures of the program itself: by default they end it, and no handler may suppress that.
const FAILURES: [i32; 7] =
    [libc::SIGILL, libc::SIGTRAP, libc::SIGABRT, libc::SIGBUS, libc::SIGFPE, libc::SIGSEGV, libc::SIGSYS];
/// Signals that do not end a process by default.
const HARMLESS: [i32; 7] =
    [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
/// How long to wait for a handler that may be running at this moment, on any thread.
const HANDLER_GRACE: Duration = Duration::from_millis(10);

/// The host's own dispositions, by signal; empty until the first library is opened.
static OWN: Mutex<Vec<Option<libc::sigaction>>> = Mutex::new(Vec::new());

/// Records the host's own dispositions. Called before each library is opened: the first time all of them are the
/// host's, later only those that point into the program.
///
/// # Errors
/// If the mapped files cannot be determined.
pub(super) fn record_own() -> io::Result<()> {
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if own.is_empty() {
        *own = SIGNALS.map(disposition).collect();
        return Ok(());
    }
    let changed = changed(&own);
    if changed.is_empty() {
        return Ok(());
    }
    let program = code_of(&std::env::current_exe()?)?;
    for (at, _, now) in changed.into_iter().filter(|(_, _, now)| is_in(now, &program)) {
        own[at] = Some(now);
    }
    Ok(())
}

/// Restores the host's own disposition of each signal whose handler is code of `file`. Returns which signals.
///
/// If the host has no handler for such a signal and the default would end the process, the signal is ignored from now
/// on: something still sends it.
///
/// # Errors
/// If the mapped files cannot be determined, or a disposition cannot be set.
pub(super) fn restore(file: &Path) -> io::Result<Vec<i32>> {
    let own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    let changed = changed(&own);
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let code = code_of(file)?;
    let mut restored = Vec::new();
    for (at, signal, _) in changed.into_iter().filter(|(_, _, now)| is_in(now, &code)) {
        let ends = !FAILURES.contains(&signal) && !HARMLESS.contains(&signal);
        let own = own[at].filter(|own| own.sa_sigaction != libc::SIG_DFL || !ends);
        set(signal, &own.unwrap_or_else(swallow))?;
        restored.push(signal);
    }
    if !restored.is_empty() {
        std::thread::sleep(HANDLER_GRACE);
    }
    Ok(restored)
}

/// The signals whose handling differs from the host's own, with their index in [`OWN`].
fn changed(own: &[Option<libc::sigaction>]) -> Vec<(usize, i32, libc::sigaction)> {
    let now = |(at, (signal, own)): (usize, (i32, &Option<libc::sigaction>))| {
        let now = disposition(signal)?;
        own.is_none_or(|own| own.sa_sigaction != now.sa_sigaction).then_some((at, signal, now))
    };
    SIGNALS.zip(own).enumerate().filter_map(now).collect()
}

/// A handler of the host's that does nothing. Unlike `SIG_IGN`, it is not inherited by programs that the host starts.
fn swallow() -> libc::sigaction {
    extern "C" fn nothing(_: i32) {}
    // SAFETY: a `sigaction` of zeros is a valid one: the default disposition, no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = nothing as extern "C" fn(i32) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    action
}

/// The disposition of a signal; `None` if it cannot be queried.
fn disposition(signal: i32) -> Option<libc::sigaction> {
    let mut now = MaybeUninit::uninit();
    // SAFETY: nothing is set, and the kernel fills in the current disposition if it returns 0.
    (unsafe { libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr()) } == 0)
        .then(|| unsafe { now.assume_init() })
}

fn set(signal: i32, action: &libc::sigaction) -> io::Result<()> {
    // SAFETY: the handler is the default, code of the program, or one that was there before any library was opened.
    match unsafe { libc::sigaction(signal, action, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether a handler's code is in one of these ranges. `SIG_DFL` and `SIG_IGN` are addresses where nothing is mapped.
fn is_in(action: &libc::sigaction, code: &[Range<usize>]) -> bool {
    code.iter().any(|place| place.contains(&action.sa_sigaction))
}

/// The ranges at which code of a file is mapped; see `proc_pid_maps(5)`.
fn code_of(file: &Path) -> io::Result<Vec<Range<usize>>> {
    let maps = fs::read_to_string("/proc/self/maps")?;
    Ok(maps.lines().filter_map(|line| code_in(line, &file.to_string_lossy())).collect())
}

/// `7f3c-7f4d r-xp 00001000 08:01 42   /path/of/file`
fn code_in(line: &str, file: &str) -> Option<Range<usize>> {
    let (place, rest) = line.split_once(' ')?;
    let (permissions, rest) = rest.split_once(' ')?;
    let path = rest.splitn(4, ' ').nth(3)?.trim_start();
    // The program's own name ends so as well when another file has taken its path.
    let is_it = path == file || path.strip_suffix(" (deleted)") == Some(file);
    if !is_it || !permissions.contains('x') {
        return None;
    }
    let (start, end) = place.split_once('-')?;
    Some(usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_by_the_path_of_its_file_and_nothing_else() {
        let line = "7f00-7f10 r-xp 00001000 08:01 42                         /tmp/a b/libping.so";
        assert_eq!(code_in(line, "/tmp/a b/libping.so"), Some(0x7f00..0x7f10));
        assert_eq!(code_in(&format!("{line} (deleted)"), "/tmp/a b/libping.so"), Some(0x7f00..0x7f10));
        assert_eq!(
            code_in(&format!("{line} (deleted)"), "/tmp/a b/libping.so (deleted)"),
            Some(0x7f00..0x7f10)
        );
        assert_eq!(code_in(line, "/tmp/a b/libping.s"), None);
        assert_eq!(code_in(&line.replace("r-xp", "r--p"), "/tmp/a b/libping.so"), None);
        assert_eq!(code_in("7f00-7f10 rw-p 00000000 00:00 0", ""), None);
    }

    #[test]
    fn the_program_knows_its_own_code() {
        let program = code_of(&std::env::current_exe().unwrap()).unwrap();
        let here = the_program_knows_its_own_code as fn() as usize;
        assert!(program.iter().any(|place| place.contains(&here)));
        assert!(is_in(&swallow(), &program));
    }
}
