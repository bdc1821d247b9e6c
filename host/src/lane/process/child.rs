//! The process of a lane, from its first instruction to its last. Its main thread talks to the host; the lane's thread
//! runs the runner, as it does in the host.
#![allow(unsafe_code, reason = "sets up a process: signals, limits, descriptors")]

#[cfg(feature = "fuzz")]
pub(super) mod fuzz;
mod item;

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    os::{fd::AsFd, unix::net},
    process::ExitCode,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::mpsc;

use self::item::{Begins, HostItem};
use super::{
    super::{Inbox, Item, LaneParts, Order, Pulse, answer::Answer as OrderAnswer, runner},
    bounds::{Bounds, Window},
    forward, sandbox,
    socket::{Receiver, Sender},
    trace,
    wire::{self, Answer, Start, ToCog, ToHost, VERSION},
};
use crate::{
    error::chain,
    handles::{self, Known, Lease, Outgoing, Remote},
    identity::GenerationId,
    library::{OpenFailure, OpenLibrary},
    process,
};

/// How long a lane that did not start has to report why.
const LAST_LOG_TIMEOUT: Duration = Duration::from_secs(1);
/// After this time without a frame, the process counts as idle.
const QUIET: Duration = Duration::from_secs(10);

/// Runs the lane that the host sends over the standard input.
pub fn run() -> ExitCode {
    let begun = match take_socket() {
        Ok(socket) => begin(socket).map_err(|error| format!("a lane's process cannot start: {error}")),
        Err(error) => {
            Err(format!("a lane's process is started by `gearshift run`, and not by hand: {error}"))
        }
    };
    let Err(why) = begun;
    eprintln!("{why}");
    ExitCode::FAILURE
}

fn begin(socket: net::UnixStream) -> io::Result<Infallible> {
    let mut receiver = Receiver::new(usize::MAX);
    let frame = loop {
        if let Some(frame) = receiver.next()? {
            break frame;
        }
        if receiver.fill(socket.as_fd())? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let start = match postcard::from_bytes(&frame) {
        Ok(ToCog::Start(start)) if start.version == VERSION => start,
        _ => return Err(io::Error::other("its host is of another version")),
    };
    let page = receiver.file().ok_or_else(|| io::Error::other("the host sent no page"))?;
    let pulse = Arc::new(Pulse::mapped(page)?);
    let sender = Arc::new(Sender::new(socket.try_clone()?.into(), true));
    let to_host = ToHostSender { sender, pulse: Arc::clone(&pulse) };
    forward::install(&to_host, start.log_level);
    confine(&start)?;
    trace::install(start.dumps.as_deref());
    trace::install_signal_stack();
    if let Err(why) = sandbox::enter(start.sandbox, &start.file) {
        to_host.send(&ToHost::Opened(Err(why)));
        // The host ends this process as soon as it has read that.
        while receiver.fill(socket.as_fd())? > 0 {}
    }
    let Err(error) = Side::new(socket, receiver, to_host, start, pulse).run();
    match error.raw_os_error() {
        Some(libc::EMFILE) => eprintln!("it has no descriptor left for a large answer"),
        _ => eprintln!("the host sent what its lane does not understand: {error}"),
    }
    end()
}

/// Takes the socket from the standard input, so that nothing the cog does with its standard input can reach it.
fn take_socket() -> io::Result<net::UnixStream> {
    // Closes whatever the host's own parent left open without CLOEXEC.
    // SAFETY: nothing of this process is open yet but its standard input, output and error.
    #[cfg(target_os = "linux")]
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0);
    }
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(nothing)?;
    let socket = net::UnixStream::from(socket);
    // Fails if it is not a socket, but a terminal or a file.
    socket.peer_addr()?;
    Ok(socket)
}

/// Sets signals and limits for the rest of the process's life.
fn confine(start: &Start) -> io::Result<()> {
    // The host ends its lanes in order, but a service manager signals all processes of a service at once.
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2] {
        // SAFETY: no handler is installed; the signal is ignored.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // <https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html>. Elsewhere, the closed socket ends it.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // Reserved before the limit is set, because it may not fit into that.
    let arena = trace::reserve_arena();
    if let Some(bytes) = start.memory_max.map(|bytes| bytes.saturating_add(arena)) {
        // Limits private writable memory: <https://man7.org/linux/man-pages/man2/getrlimit.2.html>
        let limit = rustix::process::Rlimit { current: Some(bytes), maximum: Some(bytes) };
        rustix::process::setrlimit(rustix::process::Resource::Data, limit)?;
    }
    Ok(())
}

/// Sends frames to the host, from any thread.
#[derive(Clone, Debug)]
pub(super) struct ToHostSender {
    sender: Arc<Sender>,
    pulse: Arc<Pulse>,
}

impl ToHostSender {
    pub(super) fn send(&self, frame: &ToHost<'_>) {
        self.pass(&encoded(frame));
    }

    /// For requests, of which the host takes only a limited number at once.
    fn window(&self, bounds: Bounds) -> Window {
        let to_host = self.clone();
        Window::new(bounds, move |frame| to_host.pass(frame))
    }

    /// If the cog has closed the socket, nothing can be requested from the host any more, and the process ends.
    fn pass(&self, frame: &[u8]) {
        if self.sender.send(&[frame], None).is_err() {
            end_without_socket(&self.pulse);
        }
    }
}

fn encoded(frame: &ToHost<'_>) -> Vec<u8> {
    postcard::to_allocvec(frame).expect("every frame has an encoding")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The main thread's state.
struct Side {
    socket: net::UnixStream,
    receiver: Receiver,
    to_host: ToHostSender,
    pulse: Arc<Pulse>,
    remote: Arc<Remote>,
    window: Arc<Window>,
    bounds: Bounds,
    orders: mpsc::UnboundedSender<Order>,
    inbox: Arc<Inbox>,
    begins: Begins,
    /// Whether the lane was asked to end.
    is_ending: Arc<AtomicBool>,
    /// Unanswered orders, each with a flag that is set when nothing waits for the answer any more.
    asked: HashMap<u64, Arc<AtomicBool>>,
}

impl Side {
    fn new(
        socket: net::UnixStream,
        receiver: Receiver,
        to_host: ToHostSender,
        start: Start,
        pulse: Arc<Pulse>,
    ) -> Side {
        let (window, bounds) = (Arc::new(to_host.window(start.bounds)), start.bounds);
        let (asked, outgoing) = (Arc::clone(&window), to_host.clone());
        let remote = Arc::new(Remote::new(move |what| {
            match what {
                Outgoing::Request { number, request, is_sync } => {
                    return asked.ask(number, encoded(&ToHost::Request(number, request)), is_sync);
                }
                Outgoing::Cancel(number) => asked.cancel(number, &encoded(&ToHost::Cancel(number))),
                Outgoing::Notify(notification) => outgoing.send(&ToHost::Notification(notification)),
            }
            true
        }));
        let inbox = Inbox::new(usize::MAX);
        inbox.open();
        let id = GenerationId { cog: start.cog.into(), number: start.number };
        let known = Known {
            id: id.clone(),
            settings: start.settings,
            bot_id: start.bot_id,
            calls_in_flight: start.calls_in_flight,
        };
        let faults = to_host.clone();
        let parts = LaneParts {
            id,
            file: start.file,
            lease: Lease::remote(known, Arc::clone(&remote)),
            table: handles::table(),
            inbox: Arc::clone(&inbox),
            events: start.events,
            commands: start.commands,
            handlers_in_flight: start.handlers_in_flight,
            report: Box::new(move |what, fault| faults.send(&ToHost::Fault { what: what.into(), fault })),
        };
        let (orders, received) = mpsc::unbounded_channel();
        let (watched, tells) = (Arc::clone(&pulse), to_host.clone());
        let opened = to_host.clone();
        let opened = move |result: Result<OpenLibrary, OpenFailure>| {
            let result = match result {
                // It stays mapped until the process ends.
                Ok(library) => {
                    std::mem::forget(library);
                    Ok(())
                }
                Err(OpenFailure { error, .. }) => Err(chain(&error)),
            };
            opened.send(&ToHost::Opened(result));
        };
        let opened = order_answer(opened, Arc::default());
        let name = parts.id.to_string();
        let is_ending = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_ending);
        let lane = move || {
            trace::install_signal_stack();
            runner::run(parts, received, &watched, opened);
            if !ends.load(Ordering::Acquire) {
                // The main thread reports why; the host ends the process.
                std::thread::sleep(LAST_LOG_TIMEOUT);
            }
            // The cog and everything of it is gone, and nothing else in this process matters. `_exit` runs no
            // destructors of libraries.
            // SAFETY: it does not return.
            unsafe { libc::_exit(0) };
        };
        if let Err(error) = std::thread::Builder::new().name(name).spawn(lane) {
            tells.send(&ToHost::Opened(Err(format!("failed to start its thread: {error}"))));
        }
        Side {
            socket,
            receiver,
            to_host,
            pulse,
            remote,
            window,
            bounds,
            orders,
            inbox,
            begins: Begins::default(),
            is_ending,
            asked: HashMap::new(),
        }
    }

    fn run(mut self) -> io::Result<Infallible> {
        self.socket.set_read_timeout(Some(QUIET))?;
        loop {
            while let Some(frame) = self.receiver.next()? {
                let (frame, rest) = postcard::take_from_bytes(&frame).map_err(io::Error::other)?;
                self.take(frame, rest);
            }
            match self.receiver.fill(self.socket.as_fd()) {
                Ok(1..) => {}
                // The kernel does not restart a read with a timeout after a signal, not even after SIGCONT:
                // <https://man7.org/linux/man-pages/man7/signal.7.html>
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    process::trim_memory();
                    let _ = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], None);
                }
                Ok(0) => end(),
                // The cog has closed the socket: the host sent nothing wrong.
                Err(_) => end_without_socket(&self.pulse),
            }
        }
    }

    fn take(&mut self, frame: ToCog<'_>, rest: &[u8]) {
        match frame {
            ToCog::Start(_) => {}
            ToCog::Answer(number) => {
                self.window.answered(number);
                self.remote.answered(number, rest);
            }
            ToCog::Item { number, call, is_followed } => {
                let observer = HostItem {
                    number,
                    is_followed,
                    pulse: Arc::clone(&self.pulse),
                    to_host: self.to_host.clone(),
                    begins: Arc::clone(&self.begins),
                };
                let item = Item::followed(call.into_owned(), Box::new(observer));
                // Its capacity is unlimited.
                let _ = self.inbox.push(item);
            }
            ToCog::Begin { number, call } => {
                if let Some(begins) = lock(&self.begins).remove(&number) {
                    let _ = begins.send(call);
                }
            }
            ToCog::Order(number, order) => self.order(number, order),
            ToCog::Abandon(number) => {
                if let Some(is_abandoned) = self.asked.remove(&number) {
                    is_abandoned.store(true, Ordering::Release);
                }
            }
            ToCog::Serve => self.send(Order::Serve),
            ToCog::End => {
                self.is_ending.store(true, Ordering::Release);
                self.send(Order::End);
            }
        }
    }

    fn send(&self, order: Order) {
        self.pulse.add_order();
        let _ = self.orders.send(order);
    }

    fn order(&mut self, number: u64, order: wire::Order) {
        match order {
            wire::Order::Setup => self.ask(number, Order::Setup, Answer::Done),
            wire::Order::Restore(state) => {
                self.ask(number, |answer| Order::Restore(state, answer), Answer::Done)
            }
            wire::Order::Teardown => self.ask(number, Order::Teardown, Answer::Done),
            wire::Order::Save => {
                let bounds = self.bounds;
                self.ask(number, Order::Save, move |saved| Answer::Saved(bounds.saved(saved)));
            }
            wire::Order::Cancel => self.ask(number, Order::Cancel, Answer::Cancelled),
            wire::Order::Pause => {
                let drained = self.answer(number + 1, |()| Answer::Drained);
                self.ask(number, |paused| Order::Pause { paused, drained }, |()| Answer::Paused);
            }
        }
    }

    fn ask<T: 'static>(
        &mut self,
        number: u64,
        order: impl FnOnce(OrderAnswer<T>) -> Order,
        read: impl FnOnce(T) -> Answer + Send + 'static,
    ) {
        let answer = self.answer(number, read);
        self.send(order(answer));
    }

    /// Where the lane's thread puts the answer to an order: into a frame to the host.
    fn answer<T: 'static>(
        &mut self,
        number: u64,
        read: impl FnOnce(T) -> Answer + Send + 'static,
    ) -> OrderAnswer<T> {
        // An entry that only this map still holds is answered.
        self.asked.retain(|_, is_abandoned| Arc::strong_count(is_abandoned) > 1);
        let is_abandoned = Arc::<AtomicBool>::default();
        self.asked.insert(number, Arc::clone(&is_abandoned));
        let to_host = self.to_host.clone();
        order_answer(move |answer| to_host.send(&ToHost::Answer(number, read(answer))), is_abandoned)
    }
}

fn order_answer<T>(send: impl FnOnce(T) + Send + 'static, is_abandoned: Arc<AtomicBool>) -> OrderAnswer<T> {
    OrderAnswer::Remote { send: Box::new(send), is_abandoned }
}

/// Ends the process: the host has closed the socket.
fn end() -> ! {
    // SAFETY: it does not return.
    unsafe { libc::_exit(0) }
}

fn end_without_socket(pulse: &Pulse) -> ! {
    pulse.lose_socket();
    // SAFETY: it does not return. No destructors of libraries run.
    unsafe { libc::_exit(libc::EXIT_FAILURE) }
}
