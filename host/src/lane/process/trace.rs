//! Writes where a cog was when a signal ended its process: a stack backtrace on the standard error, before the process
//! ends as it would have. It is written in the signal handler, which may run while any lock is held and no memory is
//! left: it allocates only from memory that is reserved for it, and a timer bounds its time.
#![allow(unsafe_code, reason = "handles signals, on a stack of its own")]

mod arena;

use std::{
    ffi::CString,
    mem,
    os::unix::ffi::OsStrExt,
    path::Path,
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicI32, AtomicUsize, Ordering},
    },
};

use backtrace::Frame;

pub use self::arena::Allocator;
pub(super) use self::arena::{ARENA_BYTES, reserve as reserve_arena};

/// How the first line begins; it ends with a number and a colon.
const TRACE_PREFIX: &str = "stack backtrace of signal ";

/// The text for a signal that another process has sent.
const SENT: &str = "sent it signal";
/// Signals by which code ends its own process.
const SIGNALS: [i32; 8] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGABRT,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGXCPU,
];
/// Maximum number of lines after the first one: each frame has a name and a place, and so has each function
/// inlined in it.
pub(super) const LINES: usize = 4 * FRAMES;
/// Time limit in seconds, even on a busy machine: names are read from the library's file.
const MAX_SECONDS: i64 = 10;
/// Maximum number of frames.
const FRAMES: usize = 32;
/// Resolving names takes more than the alternate signal stack that Rust gives its threads. Untouched pages
/// take no memory.
const STACK_BYTES: usize = 1 << 20;

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// The previous actions of the signals: Rust's own handler reports a stack overflow.
static PREVIOUS_ACTIONS: [OnceLock<libc::sigaction>; SIGNALS.len()] =
    [const { OnceLock::new() }; SIGNALS.len()];
/// The folder for core dumps, unless the machine has a fixed place for them:
/// <https://man7.org/linux/man-pages/man5/core.5.html>
static DUMPS: OnceLock<CString> = OnceLock::new();
/// The signal that is being traced; 0 if none is.
static TRACED: AtomicI32 = AtomicI32::new(0);
/// The thread in which the previous handler is running; 0 if none is.
static IN_PREVIOUS_HANDLER: AtomicUsize = AtomicUsize::new(0);

/// Whether a line of a process's output begins a trace.
pub(super) fn begins(line: &str) -> bool {
    line.strip_prefix(TRACE_PREFIX)
        .and_then(|rest| rest.strip_suffix(':'))
        .is_some_and(|it| it.parse::<u8>().is_ok())
}

/// Whether a process's last words say that another process has ended it.
pub(super) fn is_sent(last_line: &str) -> bool {
    last_line.contains(SENT)
}

/// The position of a trace in a process's output.
pub(super) fn find(output: &[u8]) -> Option<usize> {
    memchr::memmem::find(output, TRACE_PREFIX.as_bytes())
}

/// Installs the handlers. Threads that call [`install_signal_stack`] are traced on an alternate signal stack. Core
/// dumps go to the folder `dumps`.
pub(super) fn install(dumps: Option<&Path>) {
    if let Some(folder) = dumps.and_then(|folder| CString::new(folder.as_os_str().as_bytes()).ok()) {
        let _ = DUMPS.set(folder);
    }
    for (signal, before) in SIGNALS.into_iter().zip(&PREVIOUS_ACTIONS) {
        // SAFETY: all zeros is the default action.
        let mut old: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: `old` outlives the call, which only reads the action of the signal.
        unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) };
        let _ = before.set(old);
        handle(signal);
    }
    for signal in others() {
        handle(signal);
    }
}

/// Other signals that end a process, and that another one may send.
fn others() -> impl Iterator<Item = i32> {
    #[cfg(target_os = "linux")]
    let of_system =
        [libc::SIGIO, libc::SIGPWR, libc::SIGSTKFLT].into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX());
    #[cfg(not(target_os = "linux"))]
    let of_system = [].into_iter();
    [libc::SIGALRM, libc::SIGPROF, libc::SIGVTALRM, libc::SIGXFSZ].into_iter().chain(of_system)
}

fn handle(signal: i32) {
    // SAFETY: all zeros is an action with no flags and an empty mask; the fields are set as for `SA_SIGINFO`.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = crashed as Handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigaction(signal, &raw const action, ptr::null_mut());
    }
}

/// Gives this thread an alternate signal stack, which it keeps until the process ends.
pub(super) fn install_signal_stack() {
    if let Some(stack) = map(STACK_BYTES) {
        let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: STACK_BYTES };
        // SAFETY: nothing else uses the mapping, and it is never unmapped.
        unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    }
}

fn map(bytes: usize) -> Option<*mut libc::c_void> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping.
    let mapped = unsafe { libc::mmap(ptr::null_mut(), bytes, protection, flags, -1, 0) };
    (mapped != libc::MAP_FAILED).then_some(mapped)
}

extern "C" fn crashed(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: it takes no arguments, and never fails.
    let thread = unsafe { libc::pthread_self() } as usize;
    arena::open(thread);
    if IN_PREVIOUS_HANDLER.load(Ordering::SeqCst) == thread {
        // The previous handler has reported what it had to, and now ends the process (with SIGABRT).
        end_by(signal);
    }
    // SAFETY: the kernel passes a valid `siginfo_t`.
    if let Some(process) = unsafe { sender(&*info) } {
        // Where this process was has nothing to do with it.
        write_line(&format!("\nprocess {process} {SENT} {signal}"));
        end_by(signal);
    }
    let place = SIGNALS.iter().position(|it| *it == signal);
    let before = place.and_then(|at| PREVIOUS_ACTIONS[at].get());
    if let Some(before) = before
        && before.sa_flags & libc::SA_SIGINFO != 0
        && TRACED.load(Ordering::SeqCst) == 0
    {
        IN_PREVIOUS_HANDLER.store(thread, Ordering::SeqCst);
        // SAFETY: with `SA_SIGINFO` the handler has this signature.
        let handler: Handler = unsafe { mem::transmute(before.sa_sigaction) };
        handler(signal, info, context);
        IN_PREVIOUS_HANDLER.store(0, Ordering::SeqCst);
    }
    if let Err(first) = TRACED.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst) {
        // The signal is another thread's, or of the tracing itself, or its time is up.
        end_by(first);
    }
    // The cog may have replaced the handler.
    handle(libc::SIGALRM);
    let limit = libc::timeval { tv_sec: MAX_SECONDS, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: limit };
    // SAFETY: `timer` outlives the call. <https://man7.org/linux/man-pages/man2/setitimer.2.html>
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
    let mut out = Frames { from: interrupted_at(context), is_host, written: 0, write: write_line };
    // The cog's last output may not have ended with a newline.
    write_line(&format!("\n{TRACE_PREFIX}{signal}:"));
    // SAFETY: only one thread traces, and nothing else in this process uses the crate.
    unsafe { backtrace::trace_unsynchronized(|frame| out.take(frame)) };
    if out.written == 0 {
        write_line("  (nothing but the host's own code)");
    }
    // SAFETY: the kernel passes a valid `siginfo_t`.
    if signal != libc::SIGTRAP && unsafe { (*info).si_code } > 0 {
        // The instruction runs again after the handler, so that a core dump shows the place. After a trap, the
        // next instruction would run.
        reset(signal);
    } else {
        end_by(signal);
    }
}

/// The other process that has sent a signal; `None` if it comes from the kernel, or from this process, as with `abort`.
/// <https://man7.org/linux/man-pages/man2/sigaction.2.html>
#[cfg(target_os = "linux")]
fn sender(info: &libc::siginfo_t) -> Option<u32> {
    let is_sent = matches!(info.si_code, libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL);
    // SAFETY: with these codes the kernel has set the id of the sending process.
    let process = is_sent.then(|| unsafe { info.si_pid() })?.unsigned_abs();
    (process != std::process::id()).then_some(process)
}

#[cfg(not(target_os = "linux"))]
fn sender(_: &libc::siginfo_t) -> Option<u32> {
    None
}

/// Writes a line immediately, without a lock that another thread may hold.
fn write_line(line: &str) {
    let line = format!("{line}\n");
    // There is no way left to report an error.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
}

/// The address of the instruction that a signal interrupted.
fn interrupted_at(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: with `SA_SIGINFO` the kernel passes a valid context.
    let context = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return usize::try_from(context.gregs[libc::REG_RIP as usize]).ok();
    #[cfg(all(target_os = "linux", target_arch = "aarch64"))]
    return usize::try_from(context.pc).ok();
    #[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    {
        let _ = context;
        None
    }
}

fn reset(signal: i32) {
    if let Some(folder) = DUMPS.get() {
        // SAFETY: a NUL-terminated text in a static, which never moves.
        unsafe { libc::chdir(folder.as_ptr()) };
    }
    // SAFETY: the default action, and a set that contains only this signal.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
    }
}

fn end_by(signal: i32) -> ! {
    reset(signal);
    // SAFETY: the signal's default action ends the process.
    unsafe {
        libc::raise(signal);
        libc::_exit(128 + signal)
    }
}

/// Writes frames as they are found, from the interrupted one down to the first of the host.
struct Frames<W> {
    /// The address of the interrupted frame; `None` if it is not known: then leading frames of the host are skipped.
    from: Option<usize>,
    is_host: fn(*mut libc::c_void) -> bool,
    written: usize,
    write: W,
}

impl<W: FnMut(&str)> Frames<W> {
    /// Takes the next frame. Returns whether to continue. Names of the host's own frames are not resolved, which
    /// would take long.
    fn take(&mut self, frame: &Frame) -> bool {
        if self.from.is_some_and(|from| from != frame.ip() as usize) {
            return true;
        }
        self.from = None;
        if (self.is_host)(frame.ip()) {
            return self.written == 0;
        }
        let before = self.written;
        let mut is_glue = false;
        let resolved = |symbol: &backtrace::Symbol| {
            let name = symbol.name().map_or_else(|| "<unknown>".to_owned(), |name| format!("{name:#}"));
            is_glue |= before > 0 && name.contains("gearshift_cog::export::");
            if !is_glue {
                self.write_line(&name);
                if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
                    let column = symbol.colno().map_or_else(String::new, |column| format!(":{column}"));
                    (self.write)(&format!("      at {}:{line}{column}", file.display()));
                }
            }
        };
        // Functions inlined in it come first. SAFETY: only one thread traces, and nothing else in this process
        // uses the crate.
        unsafe { backtrace::resolve_frame_unsynchronized(frame, resolved) };
        if self.written == before && !is_glue {
            self.write_line("<unknown>");
        }
        !is_glue && self.written < FRAMES
    }

    fn write_line(&mut self, name: &str) {
        (self.write)(&format!("  {:>2}: {name}", self.written));
        self.written += 1;
    }
}

/// Whether the code at an address belongs to this program, and not to a library.
fn is_host(address: *mut libc::c_void) -> bool {
    let base = |address: *const libc::c_void| {
        // SAFETY: all zeros is a valid value of the type.
        let mut found: libc::Dl_info = unsafe { mem::zeroed() };
        // SAFETY: `found` outlives the call.
        let is_found = unsafe { libc::dladdr(address, &raw mut found) } != 0;
        is_found.then_some(found.dli_fbase)
    };
    let own: fn(*mut libc::c_void) -> bool = is_host;
    base(address).is_some_and(|it| Some(it) == base(own as *const libc::c_void))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[inline(never)]
    fn trace(from: Option<usize>, is_host: fn(*mut libc::c_void) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        let mut out = Frames { from, is_host, written: 0, write: |line: &str| lines.push(line.to_owned()) };
        // SAFETY: nothing else uses the crate.
        unsafe { backtrace::trace_unsynchronized(|frame| out.take(frame)) };
        lines
    }

    #[test]
    fn frames_are_shown_from_the_one_that_was_interrupted_to_those_of_the_host() {
        let all = trace(None, |_| false);
        assert!(all.iter().any(|line| line.contains("trace::tests::trace")), "{all:?}");
        assert!(
            all.iter().any(|line| line.starts_with("      at ") && line.contains("trace.rs:")),
            "{all:?}"
        );
        let others = trace(None, is_host);
        assert!(!others.iter().any(|line| line.contains("gearshift_host")), "{others:?}");
        assert_eq!(trace(Some(usize::MAX), |_| false).len(), 0, "it is not among them");
    }

    #[test]
    fn only_the_first_line_of_a_trace_begins_one() {
        assert!(begins("stack backtrace of signal 11:"));
        for line in [
            "stack backtrace of signal nonsense",
            "stack backtrace of signal 11",
            "x stack backtrace of signal 6:",
        ] {
            assert!(!begins(line), "{line}");
        }
    }
}
