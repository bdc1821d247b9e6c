//! Where a cog was when it ended its process by a signal: a stack backtrace on the standard error, before the process ends
//! as it would have. It is written in the handler of the signal, which may find any lock taken: a timer bounds it.
#![allow(unsafe_code, reason = "handles signals, on a stack of its own")]

use std::{
    backtrace::Backtrace,
    fmt::{self, Write as _},
    mem, ptr,
    sync::{
        OnceLock,
        atomic::{AtomicI32, AtomicUsize, Ordering},
    },
};

/// How the first line begins; a number and a colon end it.
const HEAD: &str = "stack backtrace of signal ";

/// Signals by which code ends its own process.
const SIGNALS: [i32; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP];
/// Lines behind the first one at most: a frame has a name and a place, also for each function that is inlined in it.
pub(super) const LINES: usize = 4 * FRAMES;
/// How long it may take, in seconds: names are read from the library's file.
const MAX_SECONDS: i64 = 2;
/// So many frames say where it was.
const FRAMES: usize = 32;
/// Reading names takes more than the stack that Rust has for the handlers of a thread. Untouched, it takes no memory.
const STACK_BYTES: usize = 1 << 20;

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// What handled the signals before: Rust's own handler says that a stack has overflowed.
static BEFORE: [OnceLock<libc::sigaction>; SIGNALS.len()] = [const { OnceLock::new() }; SIGNALS.len()];
/// The signal that is being traced; 0: none.
static TRACED: AtomicI32 = AtomicI32::new(0);
/// The thread in which the handler before has its turn; 0: none.
static ASKED_BEFORE: AtomicUsize = AtomicUsize::new(0);

/// Whether a line of a process's output begins a trace.
pub(super) fn begins(line: &str) -> bool {
    line.strip_prefix(HEAD).and_then(|rest| rest.strip_suffix(':')).is_some_and(|it| it.parse::<u8>().is_ok())
}

/// From now on. Threads that call [`give_stack`] are traced on a stack of their own.
pub(super) fn install() {
    for (signal, before) in SIGNALS.into_iter().zip(&BEFORE) {
        // SAFETY: all zeros is the default action.
        let mut old: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: `old` lives through the call, which only reads the action of the signal.
        unsafe { libc::sigaction(signal, ptr::null(), &raw mut old) };
        let _ = before.set(old);
        handle(signal);
    }
    handle(libc::SIGALRM);
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
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping, which nothing else uses and nobody unmaps.
    unsafe {
        let stack = libc::mmap(ptr::null_mut(), STACK_BYTES, protection, flags, -1, 0);
        if stack != libc::MAP_FAILED {
            let stack = libc::stack_t { ss_sp: stack, ss_flags: 0, ss_size: STACK_BYTES };
            libc::sigaltstack(&raw const stack, ptr::null_mut());
        }
    }
}

extern "C" fn crashed(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: it takes nothing, and never fails.
    let thread = unsafe { libc::pthread_self() } as usize;
    if ASKED_BEFORE.load(Ordering::SeqCst) == thread {
        // It said what it had to say, and ends the process.
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
    let mut out = Frames { from: interrupted_at(context), line: String::new(), written: 0, write: say };
    // What the cog wrote last may be no whole line.
    say(&format!("\n{HEAD}{signal}:"));
    let _ = write!(out, "{:#}", Backtrace::force_capture());
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
    /// Its address; none: it is not known, and what is the capture's and the host's own is left out.
    from: Option<usize>,
    line: String,
    written: usize,
    write: W,
}

impl<W: FnMut(&str)> fmt::Write for Frames<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if piece.ends_with('\n') {
                let line = mem::take(&mut self.line);
                self.take(line.trim_end())?;
            }
        }
        Ok(())
    }
}

impl<W: FnMut(&str)> Frames<W> {
    /// `   4:     0x7f0123456789 - name::of::function::h0123456789abcdef`, or below it `at file:line:column`.
    fn take(&mut self, line: &str) -> fmt::Result {
        let Some((address, name)) = frame(line) else {
            if self.written > 0 && !line.is_empty() {
                (self.write)(&format!("      {}", line.trim_start()));
            }
            return Ok(());
        };
        if self.from.is_some_and(|from| from != address) {
            return Ok(());
        }
        self.from = None;
        let is = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        match self.written {
            0 if is(&["gearshift_host::", "std::backtrace"]) => return Ok(()),
            FRAMES => return Err(fmt::Error),
            _ if is(&["gearshift_host::", "gearshift_cog::export::"]) => return Err(fmt::Error),
            _ => {}
        }
        (self.write)(&format!("  {:>2}: {name}", self.written));
        self.written += 1;
        Ok(())
    }
}

fn frame(line: &str) -> Option<(usize, &str)> {
    let (_, rest) = line.split_once(": ")?;
    let (address, name) = rest.trim_start().strip_prefix("0x")?.split_once(" - ")?;
    let is_hash = |text: &str| text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = match name.rsplit_once("::h") {
        Some((name, hash)) if is_hash(hash) => name,
        _ => name,
    };
    Some((usize::from_str_radix(address, 16).ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_rust_writes_it() {
        let text = format!("{:#}", Backtrace::force_capture());
        let frames: Vec<_> = text.lines().filter_map(frame).collect();
        assert!(frames.len() > 3, "{text}");
        assert!(frames.iter().any(|(_, name)| name.ends_with("a_frame_is_read_as_rust_writes_it")), "{text}");
    }
    #[test]
    fn frames_are_shown_from_the_one_that_was_interrupted_to_those_of_the_host() {
        let text = "   0:     0x1 - std::backtrace::Backtrace::create::h0123456789abcdef\n             at /rustc/x.rs:1:1\n   \
            1:     0x2 - gearshift_host::lane::process::trace::crashed::h0123456789abcdef\n   2:     0x3 - <unknown>\n   \
            3:     0x4 - music::play::h0123456789abcdef\n             at src/lib.rs:7:9\n   \
            4:     0x5 - gearshift_cog::export::glue::call\n   5:     0x6 - music::never\n";
        for (from, first) in [(Some(4), "   0: music::play"), (None, "   0: <unknown>")] {
            let mut lines = Vec::new();
            let mut out = Frames {
                from,
                line: String::new(),
                written: 0,
                write: |line: &str| lines.push(line.to_owned()),
            };
            assert!(out.write_str(text).is_err(), "it ends at the host's");
            assert_eq!(lines[0], first);
            assert!(lines.ends_with(&["      at src/lib.rs:7:9".to_owned()]), "{lines:?}");
        }
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
