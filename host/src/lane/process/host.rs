//! The host's side of a lane in another process: one task owns it. It passes on orders, items and answers, and says how
//! the process ended.

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    os::{fd::AsFd, unix::process::ExitStatusExt},
    process::ExitStatus,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use tokio::{
    io::Interest,
    net::UnixStream,
    process::Child,
    sync::{Notify, mpsc, oneshot},
    task::AbortHandle,
    time::Instant,
};

use super::{
    super::{Begin, Inbox, LaneParts, Order, ProcessParts, Pulse, Report},
    handover::{Handover, Next},
    listen::{OUT_OF_MEMORY, Output},
    socket::{Receiver, Sender},
    spawn::{self, Spawned},
    wire::{self, Answer, Start, ToCog, ToHost, VERSION},
};
use crate::{
    handles::{Lease, Reply},
    identity::GenerationId,
    library::OpenError,
};

/// Requests of one cog that are not answered, waiting included. Far more than a cog has; it bounds the host's memory.
const ASKED_MAX: usize = 100_000;
/// So often the socket is read before something else has its turn.
const READS: usize = 16;

/// A lane's process, as the lane has it.
#[derive(Debug)]
pub(in crate::lane) struct Process {
    pub(in crate::lane) handover: Arc<Handover>,
    pub(in crate::lane) inbox: Arc<Inbox>,
    /// When the process is gone: whether it had to be killed.
    pub(in crate::lane) ended: oneshot::Receiver<bool>,
}

/// Starts the process, which opens the library and makes the cog's instance.
///
/// # Errors
/// When it cannot be started, or the library cannot be opened there; the process is gone then, or is being ended.
pub(in crate::lane) async fn start(
    parts: LaneParts,
    process: ProcessParts,
    orders: mpsc::UnboundedReceiver<Order>,
    pulse: &Arc<Pulse>,
) -> Result<Process, OpenError> {
    let Spawned { child, socket, output } = spawn::spawn(&parts.id).await.map_err(OpenError::Spawn)?;
    socket.set_nonblocking(true).map_err(OpenError::Spawn)?;
    let other = socket.try_clone().map_err(OpenError::Spawn)?;
    let stream = UnixStream::from_std(socket).map_err(OpenError::Spawn)?;
    let sender = Arc::new(Sender::new(other.into(), false));
    let output = Output::listen(parts.id.clone(), output).map_err(OpenError::Spawn)?;
    pulse.set_process(child.id().unwrap_or_default());
    let handover = Handover::new(Arc::clone(pulse), parts.handlers_in_flight);
    let (tell_opened, opened) = oneshot::channel();
    let (tell_ended, ended) = oneshot::channel();
    let wanted = Arc::new(Notify::new());
    let inbox = Arc::clone(&parts.inbox);
    let to_cog = ToProcess { sender, wanted };
    let file = pulse.file().and_then(|file| file.try_clone_to_owned().ok());
    to_cog.send_with(&ToCog::Start(start_of(&parts, &process)), file);
    let LaneParts { id: generation, lease, inbox: of_owner, report, .. } = parts;
    let owner = Owner {
        id: generation,
        child,
        stream,
        to_cog,
        receiver: Receiver::default(),
        orders,
        inbox: of_owner,
        handover: Arc::clone(&handover),
        lease,
        report,
        pulse: Arc::clone(pulse),
        pending: HashMap::new(),
        last_order: 0,
        calls: Arc::default(),
        opened: Some(tell_opened),
        output,
        memory_max: process.memory_max,
        redeliver: process.redeliver,
        end_within: process.end_within,
        ends_at: None,
        was_killed: false,
        is_closed: false,
    };
    let crashed = process.crashed;
    tokio::spawn(async move {
        let was_killed = owner.run(crashed).await;
        let _ = tell_ended.send(was_killed);
    });
    let opened = opened.await.unwrap_or_else(|_| Err(pulse.why_ended()));
    opened.map_err(OpenError::Process)?;
    Ok(Process { handover, inbox, ended })
}

fn start_of(parts: &LaneParts, process: &ProcessParts) -> Start {
    let known = parts.lease.known();
    let level = tracing::level_filters::LevelFilter::current().into_level();
    Start {
        version: VERSION,
        cog: parts.id.cog.to_string(),
        number: parts.id.number,
        file: parts.file.clone(),
        settings: known.settings.clone(),
        bot_id: known.bot_id,
        log_level: level.map_or(0, |level| match level {
            tracing::Level::ERROR => 1,
            tracing::Level::WARN => 2,
            tracing::Level::INFO => 3,
            tracing::Level::DEBUG => 4,
            tracing::Level::TRACE => 5,
        }),
        events: parts.events.clone(),
        commands: parts.commands.clone(),
        handlers_in_flight: parts.handlers_in_flight,
        calls_in_flight: known.calls_in_flight,
        memory_max: process.memory_max,
    }
}

/// The way to the process, for the owner and for the work of calls.
#[derive(Clone, Debug)]
struct ToProcess {
    sender: Arc<Sender>,
    /// The socket is full: the owner goes on when there is room.
    wanted: Arc<Notify>,
}

impl ToProcess {
    fn send(&self, frame: &ToCog<'_>) {
        self.send_with(frame, None);
    }

    fn send_with(&self, frame: &ToCog<'_>, file: Option<std::os::fd::OwnedFd>) {
        self.send_parts(frame, &[], file);
    }

    fn send_parts(&self, frame: &ToCog<'_>, rest: &[u8], file: Option<std::os::fd::OwnedFd>) {
        let frame = match postcard::to_allocvec(frame) {
            Ok(frame) => frame,
            Err(error) => return tracing::error!("a frame to a lane's process cannot be written: {error}"),
        };
        if !self.sender.send(&[&frame, rest], file) {
            self.wanted.notify_one();
        }
    }
}

type Calls = Arc<Mutex<HashMap<u64, Option<AbortHandle>>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why the process is not served any more.
enum End {
    /// It is gone.
    Gone(io::Result<ExitStatus>),
    /// It sent what nobody understands.
    Broken(String),
}

struct Owner {
    id: GenerationId,
    child: Child,
    stream: UnixStream,
    to_cog: ToProcess,
    receiver: Receiver,
    orders: mpsc::UnboundedReceiver<Order>,
    inbox: Arc<Inbox>,
    handover: Arc<Handover>,
    lease: Arc<Lease>,
    report: Report,
    pulse: Arc<Pulse>,
    /// Who waits for the answer to an order.
    pending: HashMap<u64, oneshot::Sender<Answer>>,
    last_order: u64,
    calls: Calls,
    opened: Option<oneshot::Sender<Result<(), String>>>,
    output: Output,
    memory_max: Option<u64>,
    redeliver: bool,
    end_within: Duration,
    /// It was told to end, and is killed then.
    ends_at: Option<Instant>,
    was_killed: bool,
    /// The process has closed its end of the socket.
    is_closed: bool,
}

impl Owner {
    /// Until the process is gone. Whether it had to be killed.
    async fn run(mut self, crashed: Box<dyn FnOnce(String) + Send>) -> bool {
        let end = loop {
            if let Some(end) = self.turn().await {
                break end;
            }
        };
        let (status, broken) = match end {
            End::Gone(status) => (status, None),
            End::Broken(why) => {
                let _ = self.child.start_kill();
                (self.child.wait().await, Some(why))
            }
        };
        // What it handed over before it ended is carried out.
        while matches!(self.receiver.fill(self.stream.as_fd()), Ok(1..)) && self.take_frames().is_ok() {}
        let was_told = self.ends_at.is_some();
        let last = self.output.last_words().await;
        let why = broken.map_or_else(
            || self.why(&status, last.as_deref()),
            |broken| {
                format!("its process was ended because it sent what the host does not understand: {broken}")
            },
        );
        let redeliver = self.redeliver && !was_told;
        let lost = self.handover.crashed(&self.inbox, redeliver);
        for task in lock(&self.calls).drain().filter_map(|(_, task)| task) {
            task.abort();
        }
        self.pending.clear();
        if let Some(opened) = self.opened.take() {
            let _ = opened.send(Err(why.clone()));
            self.pulse.end_because(why);
        } else if was_told {
            self.pulse.end_because("its process has ended".to_owned());
        } else {
            let why = match lost {
                0 => why,
                lost => format!("{why}; {lost} handlers were lost with it"),
            };
            self.pulse.end_because(why.clone());
            crashed(why);
        }
        self.was_killed
    }

    /// Waits for something, and does it.
    async fn turn(&mut self) -> Option<End> {
        let has_room = self.handover.has_room();
        let (inbox, handover) = (&self.inbox, &self.handover);
        let next = poll_fn(|cx| match has_room {
            true => inbox.poll_hand(cx, |item| handover.hand(item)),
            false => Poll::Pending,
        });
        let ends_at = self.ends_at;
        let killed = async {
            match ends_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            order = self.orders.recv(), if ends_at.is_none() => match order {
                Some(order) => self.order(order),
                // Nobody has the lane any more.
                None => self.kill(),
            },
            _ = self.stream.readable(), if !self.is_closed => return self.read(),
            () = self.to_cog.wanted.notified() => {}
            _ = self.stream.writable(), if self.to_cog.sender.is_waiting() => {
                let _ = self.stream.try_io(Interest::WRITABLE, || self.to_cog.sender.flush());
            }
            next = next => self.hand(next),
            status = self.child.wait() => return Some(End::Gone(status)),
            () = killed => self.kill(),
        }
        None
    }

    fn kill(&mut self) {
        self.was_killed = true;
        self.ends_at = Some(Instant::now() + Duration::from_secs(3600));
        if let Err(error) = self.child.start_kill() {
            tracing::warn!(cog = %self.id, "its process cannot be killed: {error}");
        }
    }

    fn hand(&self, next: Next) {
        let mut next = Some(next);
        // As many as there is room for.
        while let Some(Next { number, call, is_followed }) = next.take() {
            self.to_cog.send(&ToCog::Item { number, call: std::borrow::Cow::Owned(call), is_followed });
            if self.handover.has_room() {
                next = self.inbox.hand_now(|item| self.handover.hand(item));
            }
        }
    }

    fn order(&mut self, order: Order) {
        self.pulse.take_order();
        match order {
            Order::Setup(answer) => self.ask(wire::Order::Setup, answer, done),
            Order::Restore(state, answer) => self.ask(wire::Order::Restore(state), answer, done),
            Order::Teardown(answer) => self.ask(wire::Order::Teardown, answer, done),
            Order::Save(answer) => self.ask(wire::Order::Save, answer, |answer| match answer {
                Answer::Saved(state) => Some(state),
                _ => None,
            }),
            Order::Cancel(answer) => self.ask(wire::Order::Cancel, answer, |answer| match answer {
                Answer::Cancelled(count) => Some(count),
                _ => None,
            }),
            Order::Pause { paused, drained } => {
                self.ask(wire::Order::Pause, paused, |answer| matches!(answer, Answer::Paused).then_some(()));
                self.expect(drained, |answer| matches!(answer, Answer::Drained).then_some(()));
            }
            Order::Serve => self.to_cog.send(&ToCog::Serve),
            Order::End => {
                self.ends_at = Some(Instant::now() + self.end_within);
                self.to_cog.send(&ToCog::End);
            }
        }
    }

    /// Passes an order on, and its answer back.
    fn ask<T: Send + 'static>(
        &mut self,
        order: wire::Order,
        asker: oneshot::Sender<T>,
        read: fn(Answer) -> Option<T>,
    ) {
        let number = self.expect(asker, read);
        self.to_cog.send(&ToCog::Order(number, order));
    }

    /// The answer of the next number goes to `asker`.
    fn expect<T: Send + 'static>(
        &mut self,
        mut asker: oneshot::Sender<T>,
        read: fn(Answer) -> Option<T>,
    ) -> u64 {
        self.last_order += 1;
        let number = self.last_order;
        let (answer, answered) = oneshot::channel();
        self.pending.insert(number, answer);
        let to_cog = self.to_cog.clone();
        tokio::spawn(async move {
            tokio::select! {
                answer = answered => {
                    if let Some(answer) = answer.ok().and_then(read) {
                        let _ = asker.send(answer);
                    }
                }
                () = asker.closed() => to_cog.send(&ToCog::Abandon(number)),
            }
        });
        number
    }

    fn read(&mut self) -> Option<End> {
        for _ in 0..READS {
            let (stream, receiver) = (&self.stream, &mut self.receiver);
            match stream.try_io(Interest::READABLE, || receiver.fill(stream.as_fd())) {
                Ok(0) => {
                    self.closed();
                    return None;
                }
                Ok(_) => {
                    if let Err(why) = self.take_frames() {
                        return Some(End::Broken(why));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                // It has ended with something unread: <https://man7.org/linux/man-pages/man7/unix.7.html>
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    self.closed();
                    return None;
                }
                Err(error) => return Some(End::Broken(error.to_string())),
            }
        }
        None
    }

    /// Its end of the socket is closed, and so it has ended, or will be.
    fn closed(&mut self) {
        self.is_closed = true;
        let _ = self.child.start_kill();
    }

    fn take_frames(&mut self) -> Result<(), String> {
        while let Some(frame) = self.receiver.next().map_err(|error| error.to_string())? {
            let frame = postcard::from_bytes(&frame).map_err(|error| error.to_string())?;
            self.take(frame)?;
        }
        Ok(())
    }

    fn take(&mut self, frame: ToHost<'_>) -> Result<(), String> {
        match frame {
            ToHost::Opened(result) => {
                if let Some(opened) = self.opened.take() {
                    let _ = opened.send(result);
                }
            }
            ToHost::Answer(number, answer) => {
                if let Some(asker) = self.pending.remove(&number) {
                    let _ = asker.send(answer);
                }
            }
            ToHost::Room => {}
            ToHost::Begins(number) => match self.handover.begins(number) {
                Some(Begin::Now(call)) => self.to_cog.send(&ToCog::Begin { number, call }),
                Some(Begin::Later(call)) => {
                    let to_cog = self.to_cog.clone();
                    tokio::spawn(async move { to_cog.send(&ToCog::Begin { number, call: call.await }) });
                }
                Some(Begin::No) | None => return Err(format!("item {number} was not given to it")),
            },
            ToHost::Ended(number, ended) => {
                let took = self.handover.ended(number, ended);
                self.inbox.count_handled(took.ok_or_else(|| format!("item {number} was not given to it"))?);
            }
            ToHost::Fault { what, fault } => (self.report)(&what, fault),
            ToHost::Ask(number, request) => {
                {
                    let mut calls = lock(&self.calls);
                    if calls.len() >= ASKED_MAX {
                        return Err(format!("{ASKED_MAX} requests of it are not answered"));
                    }
                    calls.insert(number, None);
                }
                let (to_cog, calls) = (self.to_cog.clone(), Arc::clone(&self.calls));
                let reply: Reply = Box::new(move |answer| {
                    if lock(&calls).remove(&number).is_some() {
                        to_cog.send_parts(&ToCog::Answer(number), &answer, None);
                    }
                });
                if let Some(task) = request.serve(&self.lease, reply)
                    && let Some(place) = lock(&self.calls).get_mut(&number)
                {
                    *place = Some(task);
                }
            }
            ToHost::GiveUp(number) => {
                if let Some(Some(task)) = lock(&self.calls).remove(&number) {
                    task.abort();
                }
            }
            ToHost::News(news) => news.serve(&self.lease),
        }
        Ok(())
    }

    /// How it ended, in words.
    fn why(&self, status: &io::Result<ExitStatus>, last_words: Option<&str>) -> String {
        let during = match self.pulse.call() {
            Some(_) => format!(" in `{}`", self.pulse.describe()),
            None => String::new(),
        };
        let how = match status {
            Err(error) => format!("its process cannot be seen any more: {error}"),
            Ok(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => format!("its process was ended by {}{during}", signal_name(signal)),
                (None, Some(code)) => format!("its process ended with exit code {code}{during}"),
                (None, None) => "its process ended".to_owned(),
            },
        };
        let is_memory = last_words.is_some_and(|line| line.starts_with(OUT_OF_MEMORY));
        match (last_words, self.memory_max) {
            (Some(line), Some(max)) if is_memory => {
                format!("{how}: {line}, and `memory_max` is {} MiB", max >> 20)
            }
            (Some(line), _) if !line.is_empty() => format!("{how}: {line}"),
            _ => how,
        }
    }
}

fn done(answer: Answer) -> Option<Result<(), crate::fault::Fault>> {
    match answer {
        Answer::Done(outcome) => Some(outcome),
        _ => None,
    }
}

/// `signal 11 (SIGSEGV)`
fn signal_name(signal: i32) -> String {
    let name = match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGILL => "SIGILL",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGSYS => "SIGSYS",
        libc::SIGTERM => "SIGTERM",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGXCPU => "SIGXCPU",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}
