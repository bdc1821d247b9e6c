//! Where a cog was when it ended its process by a signal: a stack backtrace on the standard error, before the process ends
//! as it would have. It is written in the handler of the signal, which may find any lock taken and no memory left: it
//! allocates from room that is kept for it, and a timer bounds it.
#![allow(unsafe_code, reason = "handles signals, on a stack of its own")]

mod room;

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

pub use self::room::Allocator;
pub(super) use self::room::{ROOM_BYTES, keep as keep_room};

/// How the first line begins; a number and a colon end it.
const HEAD: &str = "stack backtrace of signal ";

/// What is said of a signal that another process has sent.
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
/// Lines behind the first one at most: a frame has a name and a place, also for each function that is inlined in it.
pub(super) const LINES: usize = 4 * FRAMES;
/// How long it may take, in seconds, on a busy machine too: names are read from the library's file.
const MAX_SECONDS: i64 = 5;
/// So many frames say where it was.
const FRAMES: usize = 32;
/// Reading names takes more than the stack that Rust has for the handlers of a thread. Untouched, it takes no memory.
const STACK_BYTES: usize = 1 << 20;

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// What handled the signals before: Rust's own handler says that a stack has overflowed.
static BEFORE: [OnceLock<libc::sigaction>; SIGNALS.len()] = [const { OnceLock::new() }; SIGNALS.len()];
/// Where a core dump goes, if its place is not set for the whole machine: <https://man7.org/linux/man-pages/man5/core.5.html>
static DUMPS: OnceLock<CString> = OnceLock::new();
/// The signal that is being traced; 0: none.
static TRACED: AtomicI32 = AtomicI32::new(0);
/// The thread in which the handler before has its turn; 0: none.
static ASKED_BEFORE: AtomicUsize = AtomicUsize::new(0);

/// Whether a line of a process's output begins a trace.
pub(super) fn begins(line: &str) -> bool {
    line.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(':')).is_some_and(|it| it.parse::<u8>().is_ok())
}

/// Whether a process's last words are that another one has ended it.
pub(super) fn is_sent(last_words: &str) -> bool {
    last_words.contains(SENT)
}

/// Where a trace begins in a process's output.
pub(super) fn find(output: &[u8]) -> Option<usize> {
    memchr::memmem::find(output, HEAD.as_bytes())
}

/// From now on. Threads that call [`give_stack`] are traced on a stack of their own. A core dump goes to the folder `dumps`.
pub(super) fn install(dumps: Option<&Path>) {
    if let Some(folder) = dumps.and_then(|folder| CString::new(folder.as_os_str().as_bytes()).ok()) {
        let _ = DUMPS.set(folder);
    }
    for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
        // SAFETY: all zeros is the default action.
        let mut old: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: `old` lives through the call, which only reads the action of the signal.
        unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) };
        let _ = before.set(old);
        handle(signal);
    }
    for signal in others() {
        handle(signal);
    }
}

/// Further signals that end a process, and that another one may send.
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

/// Gives this thread a stack for handlers, which it has until the process ends.
pub(super) fn give_stack() {
    if let Some(stack) = map(STACK_BYTES) {
        let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: STACK_BYTES };
        // SAFETY: nothing else uses the mapping, and nobody unmaps it.
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
    // SAFETY: it takes nothing, and never fails.
    let thread = unsafe { libc::pthread_self() } as usize;
    room::open(thread);
    if ASKED_BEFORE.load(Ordering::SeqCst) == thread {
        // It said what it had to say, and ends the process.
        end_by(signal);
    }
    // SAFETY: the kernel hands over what happened.
    if let Some(process) = unsafe { sender(&*info) } {
        // Where this one was has nothing to do with it.
        say(&format!("\nprocess {process} {SENT} {signal}"));
        end_by(signal);
    }
    let place = SIGNALS.iter().position(|it| *it == signal);
    let before = place.and_then(|at| BEFORE[at].get());
    if let Some(before) = before
        && before.sa_flags & libc::SA_SIGINFO != 0
        && TRACED.load(Ordering::SeqCst) == 0
    {
        ASKED_BEFORE.store(thread, Ordering::SeqCst);
        // SAFETY: with `SA_SIGINFO` it is a handler of this kind.
        let handler: Handler = unsafe { mem::transmute(before.sa_sigaction) };
        handler(signal, info, context);
        ASKED_BEFORE.store(0, Ordering::SeqCst);
    }
    if let Err(first) = TRACED.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst) {
        // Another thread's, one of the tracing itself, or its time is over.
        end_by(first);
    }
    // The cog may have taken it.
    handle(libc::SIGALRM);
    let limit = libc::timeval { tv_sec: MAX_SECONDS, tv_usec: 0 };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: limit };
    // SAFETY: `timer` lives through the call. <https://man7.org/linux/man-pages/man2/setitimer.2.html>
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
    let mut out = Frames { from: interrupted_at(context), is_host, written: 0, write: say };
    // What the cog wrote last may be no whole line.
    say(&format!("\n{HEAD}{signal}:"));
    // SAFETY: one thread traces, and nothing else of this process uses the crate.
    unsafe { backtrace::trace_unsynchronized(|frame| out.take(frame)) };
    if out.written == 0 {
        say("  (nothing but the host's own code)");
    }
    // SAFETY: the kernel hands over what happened.
    if signal != libc::SIGTRAP && unsafe { (*info).si_code } > 0 {
        // The instruction runs again, so that a core dump shows the place. What follows a trap is the next one.
        reset(signal);
    } else {
        end_by(signal);
    }
}

/// The other process that has sent a signal; none: it comes from the kernel, or from this process, as an abort does.
/// <https://man7.org/linux/man-pages/man2/sigaction.2.html>
#[cfg(target_os = "linux")]
fn sender(info: &libc::siginfo_t) -> Option<u32> {
    let is_sent = matches!(info.si_code, libc::SI_USER | libc::SI_QUEUE | libc::SI_TKILL);
    // SAFETY: a signal that was sent has the process that sent it.
    let process = is_sent.then(|| unsafe { info.si_pid() })?.unsigned_abs();
    (process != std::process::id()).then_some(process)
}

#[cfg(not(target_os = "linux"))]
fn sender(_: &libc::siginfo_t) -> Option<u32> {
    None
}

/// Writes a line at once, without a lock that somebody may have.
fn say(line: &str) {
    let line = format!("{line}\n");
    // Nobody is left who could do something about it.
    let _ = rustix::io::write(rustix::stdio::stderr(), line.as_bytes());
}

/// The address of the instruction that a signal interrupted.
fn interrupted_at(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: with `SA_SIGINFO` the kernel hands over a context.
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
        // SAFETY: a text with its end, which stays where it is.
        unsafe { libc::chdir(folder.as_ptr()) };
    }
    // SAFETY: the default action, and a set of this signal alone.
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
    // SAFETY: its default action ends the process.
    unsafe {
        libc::raise(signal);
        libc::_exit(128 + signal)
    }
}

/// Writes the frames from the one that was interrupted down to those of the host, as they come.
struct Frames<W> {
    /// Its address; none: it is not known, and what is the host's own is left out.
    from: Option<usize>,
    is_host: fn(*mut libc::c_void) -> bool,
    written: usize,
    write: W,
}

impl<W: FnMut(&str)> Frames<W> {
    /// Takes the next one; whether there may be more. The names of the host's own are not looked for, which takes long.
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
                self.say(&name);
                if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
                    let column = symbol.colno().map_or_else(String::new, |column| format!(":{column}"));
                    (self.write)(&format!("      at {}:{line}{column}", file.display()));
                }
            }
        };
        // What is inlined in it comes first. SAFETY: one thread traces, and nothing else of this process uses the crate.
        unsafe { backtrace::resolve_frame_unsynchronized(frame, resolved) };
        if self.written == before && !is_glue {
            self.say("<unknown>");
        }
        !is_glue && self.written < FRAMES
    }

    fn say(&mut self, name: &str) {
        (self.write)(&format!("  {:>2}: {name}", self.written));
        self.written += 1;
    }
}

/// Whether the code at an address is of this program, and not of a library.
fn is_host(address: *mut libc::c_void) -> bool {
    let base = |address: *const libc::c_void| {
        // SAFETY: all zeros is a value of the type.
        let mut found: libc::Dl_info = unsafe { mem::zeroed() };
        // SAFETY: `found` lives through the call.
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
