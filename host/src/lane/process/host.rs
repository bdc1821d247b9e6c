//! The host's side of a lane in another process, owned by one task. It passes on orders, items and answers, and
//! reports how the process ended.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    io,
    os::{fd::AsFd, unix::process::ExitStatusExt},
    process::ExitStatus,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use gearshift_cog::abi::Level;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::Interest,
    net::UnixStream,
    process::Child,
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    super::{Begin, Inbox, Order, Pulse, Report, under_way},
    bounds::{Bounds, Calls},
    crash,
    items::{LaneItems, Next},
    listen::Output,
    rate::Rate,
    sandbox::Watch,
    socket::{self, Receiver},
    to_process::ToProcess,
    wire::{Answer, ToCog, ToHost},
};
use crate::{
    handles::{Lease, Notification, Reply},
    identity::GenerationId,
    process, text,
};

/// Limit of bytes that the process has not read. Far more than a running process leaves.
const UNREAD_MAX: usize = 256 << 20;
/// How many frames are processed before other tasks get their turn.
const FRAMES: usize = 64;

/// Why the process is no longer served.
enum End {
    /// It is gone.
    Gone(io::Result<ExitStatus>),
    /// It is to be ended, for this reason.
    Broken(String),
}

struct Ends(Arc<Pulse>);

impl Drop for Ends {
    fn drop(&mut self) {
        if !self.0.has_ended() {
            self.0.end_because("the host failed at its process".to_owned());
        }
    }
}

/// The task that owns the process.
pub(super) struct Owner {
    pub(super) id: GenerationId,
    pub(super) child: Child,
    pub(super) stream: UnixStream,
    pub(super) to_cog: ToProcess,
    pub(super) receiver: Receiver,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) items: Arc<LaneItems>,
    pub(super) lease: Arc<Lease>,
    pub(super) report: Report,
    pub(super) pulse: Arc<Pulse>,
    /// The tasks that wait for the answers to orders.
    pub(super) pending: HashMap<u64, oneshot::Sender<Answer>>,
    pub(super) last_order: u64,
    /// Unanswered orders to pause. A running lane answers these at once.
    pub(super) pauses: VecDeque<u64>,
    pub(super) calls: Calls,
    pub(super) bounds: Bounds,
    pub(super) opened: Option<oneshot::Sender<Result<(), String>>>,
    pub(super) output: Output,
    pub(super) log_rate: Rate,
    pub(super) error_rate: Rate,
    pub(super) watch: Watch,
    pub(super) redeliver: bool,
    pub(super) end_within: Duration,
    /// It was asked to end, and is killed at this time.
    pub(super) ends_at: Option<Instant>,
    pub(super) was_killed: bool,
    /// Whether the process has closed its end of the socket.
    pub(super) is_closed: bool,
}

impl Owner {
    /// Runs until the process is gone. Returns whether it had to be killed.
    pub(super) async fn run(mut self, crashed: Box<dyn FnOnce(String) + Send>) -> bool {
        // However this task ends, the watchdog notices.
        let _ends = Ends(Arc::clone(&self.pulse));
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
        self.end_group();
        // What the process sent before it ended is carried out. A process that it has started may still hold its end
        // of the socket.
        let _ = socket::refuse_more(self.stream.as_fd());
        while matches!(self.receiver.fill(self.stream.as_fd()), Ok(1..)) && self.take_frames().is_ok() {}
        let was_ordered = self.ends_at.is_some();
        let last = self.output.last_line().await;
        let why = broken.map_or_else(
            || crash::describe(&self.pulse, &status, last.as_deref(), &self.watch),
            |broken| format!("its process was ended because {broken}"),
        );
        let redeliver = self.redeliver && !was_ordered;
        let lost = self.items.crashed(&self.inbox, redeliver);
        self.calls.cancel_all();
        if let Some(opened) = self.opened.take() {
            let _ = opened.send(Err(why.clone()));
            self.pulse.end_because(why);
        } else if was_ordered {
            // The host kills a process that has closed its end of the socket, possibly before its last instruction.
            let crashed = |status: &ExitStatus| !status.success() && status.signal() != Some(libc::SIGKILL);
            if status.is_ok_and(|status| crashed(&status)) {
                tracing::error!(cog = %self.id, "it crashed as it ended: {why}");
            }
            self.pulse.end_because("its process has ended".to_owned());
        } else {
            let why = format!("{why}{}", under_way(lost));
            self.pulse.end_because(why.clone());
            crashed(why);
        }
        // Tasks that wait for an answer now get the reason why there is none, which was set above.
        self.pending.clear();
        self.was_killed
    }

    /// Waits for one thing to do, and does it.
    async fn turn(&mut self) -> Option<End> {
        let unread = self.to_cog.sender.pending_bytes();
        if unread > UNREAD_MAX {
            return Some(End::Broken(format!("it did not read {} MiB that it was sent", UNREAD_MAX >> 20)));
        }
        let has_room = self.items.has_room();
        let (inbox, items) = (&self.inbox, &self.items);
        let next = poll_fn(|cx| match has_room {
            true => inbox.poll_take(cx, |item| items.hand(item)),
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
                // Nothing holds the lane any more.
                None => self.kill(),
            },
            _ = self.stream.readable(), if !self.is_closed => return self.read().await,
            () = self.to_cog.flush_wanted.notified() => {}
            _ = self.stream.writable(), if unread > 0 => {
                let _ = self.stream.try_io(Interest::WRITABLE, || self.to_cog.sender.flush());
            }
            next = next => self.hand(next),
            status = self.child.wait() => return Some(End::Gone(status)),
            () = killed => self.kill(),
            why = self.watch.exceeded() => return Some(End::Broken(why)),
        }
        None
    }

    /// Kills the processes that the cog has started: they are in its process's group. The group's id cannot have been
    /// reused: the kernel assigns ids in a cycle, and does not reuse one while a group with that id has members.
    fn end_group(&self) {
        let group = self.pulse.process().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(group) = group {
            // The group is usually empty.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn kill(&mut self) {
        self.was_killed = true;
        self.ends_at = Some(Instant::now() + Duration::from_secs(3600));
        if let Err(error) = self.child.start_kill() {
            tracing::warn!(cog = %self.id, "its process cannot be killed: {error}");
        }
    }

    pub(super) fn hand(&self, next: Next) {
        let mut next = Some(next);
        // Sends as many items as there is room for.
        while let Some(Next { number, call, is_followed }) = next.take() {
            self.to_cog.send(&ToCog::Item { number, call: std::borrow::Cow::Owned(call), is_followed });
            if self.items.has_room() {
                next = self.inbox.try_take(|item| self.items.hand(item));
            }
        }
    }

    /// Processes what has arrived, and yields to other tasks meanwhile: it may never end.
    async fn read(&mut self) -> Option<End> {
        let (stream, receiver) = (&self.stream, &mut self.receiver);
        match stream.try_io(Interest::READABLE, || receiver.fill(stream.as_fd())) {
            Ok(0) => return self.closed(),
            Ok(_) => {
                let mut taken = 0;
                loop {
                    match self.take_frame() {
                        Ok(true) => taken += 1,
                        Ok(false) => break,
                        Err(why) => return Some(End::Broken(why)),
                    }
                    if taken % FRAMES == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // It ended with unread data in its buffer: <https://man7.org/linux/man-pages/man7/unix.7.html>
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return self.closed(),
            Err(error) => return Some(End::Broken(crash::not_understood(error))),
        }
        None
    }

    /// Its end of the socket is closed: either the process has ended, or the cog has closed it.
    fn closed(&mut self) -> Option<End> {
        self.is_closed = true;
        if !self.pulse.process().is_none_or(process::is_ending) {
            return Some(End::Broken(crash::SOCKET_CLOSED.to_owned()));
        }
        let _ = self.child.start_kill();
        None
    }

    pub(super) fn take_frames(&mut self) -> Result<(), String> {
        while self.take_frame()? {}
        Ok(())
    }

    /// Processes one frame. Returns whether there was one.
    fn take_frame(&mut self) -> Result<bool, String> {
        let Some(frame) = self.receiver.next().map_err(crash::not_taken)? else { return Ok(false) };
        let read = postcard::from_bytes(&frame).map_err(crash::not_understood)?;
        self.take(read, frame.len())?;
        Ok(true)
    }

    fn take(&mut self, frame: ToHost<'_>, bytes: usize) -> Result<(), String> {
        match frame {
            ToHost::Opened(result) => {
                if let Some(opened) = self.opened.take() {
                    let _ = opened.send(result.map_err(text::shortened));
                }
            }
            ToHost::Answer(number, answer) => {
                if self.pauses.pop_front_if(|pause| *pause == number).is_some() {
                    self.pulse.set_unanswered(self.pauses.front().copied());
                }
                if let Some(asker) = self.pending.remove(&number) {
                    let _ = asker.send(answer);
                }
            }
            ToHost::Room => {}
            ToHost::Begins(number) => match self.items.begins(number) {
                Some(Begin::Now(call)) => self.to_cog.send(&ToCog::Begin { number, call }),
                Some(Begin::Later(call)) => {
                    let to_cog = self.to_cog.clone();
                    tokio::spawn(async move { to_cog.send(&ToCog::Begin { number, call: call.await }) });
                }
                Some(Begin::No) | None => return Err(crash::never_given(number)),
            },
            ToHost::Ended(number, ended) => {
                let took = self.items.ended(number, ended);
                self.inbox.count_handled(took.ok_or_else(|| crash::never_given(number))?);
            }
            ToHost::Fault { mut what, mut fault } => {
                if self.error_rate.allows([what.to_mut(), &mut fault.text]) {
                    (self.report)(&what, fault);
                }
            }
            ToHost::Request(number, request) => {
                if !self.calls.begin(number, bytes) {
                    return Err(crash::asked_twice(number));
                }
                let (to_cog, calls) = (self.to_cog.clone(), self.calls.clone());
                let reply: Reply = Box::new(move |answer| {
                    if calls.end(number) {
                        to_cog.send_parts(&ToCog::Answer(number), &answer, None);
                    }
                });
                if let Some(task) = request.serve(&self.lease, reply) {
                    self.calls.set_task(number, task);
                }
                self.calls.check(self.bounds)?;
            }
            ToHost::Cancel(number) => self.calls.cancel(number),
            ToHost::Notification(Notification::Log(mut record)) => {
                // Errors have their own rate, so that other lines cannot suppress them.
                let rate =
                    if record.level == Level::Error { &mut self.error_rate } else { &mut self.log_rate };
                if rate.allows([&mut record.module, &mut record.text]) {
                    Notification::Log(record).serve(&self.lease);
                }
            }
            ToHost::Notification(notification) => notification.serve(&self.lease),
        }
        Ok(())
    }
}
