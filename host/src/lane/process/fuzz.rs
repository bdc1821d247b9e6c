//! Exchanges any bytes between a host and a cog's process, for the fuzz targets of these names.

use std::{
    cell::RefCell,
    collections::VecDeque,
    io::{ErrorKind, Write},
    os::{fd::AsFd, unix::net},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gearshift_cog::abi::TaskRun;
use tokio::{
    net::UnixStream,
    runtime::Runtime,
    sync::{Notify, mpsc},
};
use tokio_util::task::TaskTracker;

pub use super::child::fuzz::frames_to_cog;
use super::{
    super::{Begin, Call, Ended, Inbox, Item, Observer, Pulse},
    bounds::{Bounds, Calls},
    host::Owner,
    items::LaneItems,
    listen::Output,
    rate::Rate,
    sandbox::Watch,
    socket::{HEADER, Receiver, Sender},
    to_process::ToProcess,
    wire::{ToCog, ToHost},
};
use crate::{
    clock::HostClock,
    config::{Allowed, Config, Permission, Sandbox},
    cooldowns::Cooldowns,
    handles::{Lease, LeaseParts},
    identity::GenerationId,
    schedule::Schedule,
    sessions::Sessions,
};

/// Larger than any frame that a target sends.
const FRAME_MAX: usize = 1 << 20;

/// Splits any bytes into frames: a two-byte length, and that many of the bytes that follow, or all that are left.
pub(super) fn frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let frame;
        (frame, bytes) = rest.split_at(rest.len().min(u16::from_le_bytes(*length).into()));
        Some(frame)
    })
}

/// Whatever arrives over the socket, in pieces of any size, results in frames or an error. No byte is made up, and none
/// that was returned is kept.
pub fn socket(bytes: &[u8]) {
    let (one, other) = net::UnixStream::pair().expect("two sockets");
    other.set_nonblocking(true).expect("a mode");
    let (mut receiver, mut sent, mut given) = (Receiver::new(FRAME_MAX), 0, 0);
    for piece in frames(bytes).filter(|piece| !piece.is_empty()) {
        (&one).write_all(piece).expect("there is room");
        sent += piece.len();
        match receiver.fill(other.as_fd()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        loop {
            match receiver.next() {
                Ok(Some(frame)) => given += HEADER + frame.len(),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(given <= sent && receiver.file().is_none());
    }
}

/// Whatever a cog's process sends, and whatever it writes to the page, is carried out or refused; what is sent back can
/// be parsed; and each item that the process was given has ended once, is lost with it, or is in the queue.
pub fn frames_to_host(bytes: &[u8]) {
    thread_local!(static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) });
    let Some(([items, followed, begun], bytes)) = bytes.split_first_chunk::<3>() else { return };
    STAGE.with_borrow_mut(|stage| {
        let stage = stage.get_or_insert_with(Stage::new);
        let runtime = Arc::clone(&stage.runtime);
        let _entered = runtime.enter();
        stage.play(usize::from(items % 8), *followed, (*begun).into(), bytes);
    });
}

/// A host without sessions to Discord or a store, and a process that does nothing.
struct Stage {
    runtime: Arc<Runtime>,
    sessions: Arc<Sessions>,
    owner: Owner,
}

/// Counts how an item ends.
#[derive(Debug)]
struct Follower(u64, Arc<AtomicUsize>);

impl Observer for Follower {
    fn begin(&mut self, call: Call) -> Begin {
        match self.0 % 3 {
            0 => Begin::No,
            1 => Begin::Now(call),
            _ => Begin::Later(Box::pin(async { call })),
        }
    }

    fn end(self: Box<Self>, _: Ended) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }

    fn decline(self: Box<Self>) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

impl Stage {
    fn new() -> Stage {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = Arc::new(runtime.expect("a runtime"));
        let _entered = runtime.enter();
        let config =
            Config::parse("[cogs]\nfolder = \"cogs\"\n", Path::new("gearshift.toml")).expect("a config");
        let sessions = Arc::new(runtime.block_on(Sessions::open(&config)).expect("there is nothing to open"));
        let pulse = Arc::new(Pulse::shared().expect("memory"));
        let child = tokio::process::Command::new("sleep").arg("infinity").kill_on_drop(true).spawn();
        let (stream, to_cog, _) = ends();
        let (output, _) = std::io::pipe().expect("a pipe");
        let id = GenerationId { cog: "fuzz".into(), number: 1 };
        let owner = Owner {
            id: id.clone(),
            child: child.expect("a process"),
            stream,
            to_cog,
            receiver: Receiver::new(FRAME_MAX),
            orders: mpsc::unbounded_channel().1,
            inbox: Inbox::new(0),
            items: LaneItems::new(Arc::clone(&pulse), 0),
            lease: lease(&runtime, &sessions, schedule(&runtime)),
            report: Box::new(|_, _| {}),
            pulse,
            pending: Default::default(),
            last_order: 0,
            pauses: VecDeque::new(),
            calls: Calls::default(),
            bounds: Bounds::of(&config.limits),
            opened: None,
            log_rate: Rate::new(id.clone(), "log"),
            error_rate: Rate::new(id.clone(), "errors"),
            output: Output::listen(id, output).expect("a pipe"),
            watch: Watch::new(Sandbox::Off, None, None),
            redeliver: false,
            end_within: Duration::ZERO,
            ends_at: None,
            was_killed: false,
            is_closed: false,
        };
        Stage { runtime: Arc::clone(&runtime), sessions, owner }
    }

    fn play(&mut self, items: usize, followed: u8, begun: u64, bytes: &[u8]) {
        let owner = &mut self.owner;
        let cog;
        (owner.stream, owner.to_cog, cog) = ends();
        owner.receiver = Receiver::new(FRAME_MAX);
        owner.pulse = Arc::new(Pulse::shared().expect("memory"));
        owner.items = LaneItems::new(Arc::clone(&owner.pulse), usize::MAX);
        owner.inbox = Inbox::new(usize::MAX);
        let schedule = schedule(&self.runtime);
        owner.lease = lease(&self.runtime, &self.sessions, Arc::clone(&schedule));
        let ended = Arc::<AtomicUsize>::default();
        owner.inbox.open();
        owner.items.serve(&owner.inbox);
        for number in 0..items {
            let call = Call::Task(TaskRun { name: number.to_string().into(), due_unix_ms: 0 });
            let follower = Follower(number as u64, Arc::clone(&ended));
            let item = match followed >> number & 1 {
                0 => Item::from(call),
                _ => Item::followed(call, Box::new(follower)),
            };
            assert!(owner.inbox.push(item).is_ok());
        }
        while let Some(next) = owner.inbox.try_take(|item| owner.items.hand(item)) {
            owner.hand(next);
        }
        owner.pulse.numbers().take_back(begun);
        let sender = Sender::new(cog.try_clone().expect("a descriptor").into(), false);
        for frame in frames(bytes) {
            if let Ok(read) = postcard::from_bytes::<ToHost<'_>>(frame) {
                let written = postcard::to_allocvec(&read).expect("it has an encoding");
                let again: ToHost<'_> = postcard::from_bytes(&written).expect("it was written just now");
                assert!(postcard::to_allocvec(&again).is_ok_and(|again| again == written));
            }
            let _ = sender.send(&[frame], None);
        }
        let mut refused = None;
        while refused.is_none() && matches!(owner.receiver.fill(owner.stream.as_fd()), Ok(1..)) {
            refused = owner.take_frames().err();
        }
        assert!(refused.is_none_or(|why| !why.contains(char::is_control)));
        self.runtime.block_on(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
        answers_can_be_read(&cog);
        owner.calls.cancel_all();
        schedule.clear();
        self.runtime.block_on(tokio::task::yield_now());
        let lost = owner.items.crashed(&owner.inbox, false);
        let left = owner.inbox.close();
        let handled = usize::try_from(owner.inbox.handled().count()).expect("few");
        assert_eq!(handled + lost + left.len(), items);
        let follow = (followed & ((1 << items) - 1) as u8).count_ones() as usize;
        let wait = left.iter().filter(|item| item.observer.is_some()).count();
        assert_eq!(ended.load(Ordering::Relaxed) + wait, follow);
    }
}

fn answers_can_be_read(cog: &net::UnixStream) {
    let mut receiver = Receiver::new(FRAME_MAX);
    while matches!(receiver.fill(cog.as_fd()), Ok(1..)) {
        while let Some(frame) = receiver.next().expect("a frame") {
            postcard::take_from_bytes::<ToCog<'_>>(&frame).expect("a frame for the cog");
        }
    }
}

/// The host's end of the socket, and the cog's.
fn ends() -> (UnixStream, ToProcess, net::UnixStream) {
    let (host, cog) = net::UnixStream::pair().expect("two sockets");
    host.set_nonblocking(true).and_then(|()| cog.set_nonblocking(true)).expect("a mode");
    let sender = Arc::new(Sender::new(host.try_clone().expect("a descriptor").into(), false));
    let to_cog = ToProcess { sender, flush_wanted: Arc::new(Notify::new()) };
    (UnixStream::from_std(host).expect("a runtime"), to_cog, cog)
}

fn schedule(runtime: &Runtime) -> Arc<Schedule> {
    Schedule::new(&Arc::from("fuzz"), Inbox::new(1), runtime.handle().clone(), HostClock::default(), None)
}

/// Grants permissions that have no effect outside.
fn lease(runtime: &Runtime, sessions: &Arc<Sessions>, schedule: Arc<Schedule>) -> Arc<Lease> {
    use Permission::{DiscordRead, Gateway, Schedule, Stats, Store};
    Lease::new(LeaseParts {
        id: GenerationId { cog: "fuzz".into(), number: 1 },
        sessions: Arc::clone(sessions),
        settings: "{}".to_owned(),
        allowed: Allowed::Config(vec![DiscordRead, Gateway, Schedule, Stats, Store]),
        schedule,
        cooldowns: Cooldowns::new("fuzz", None, HostClock::default()),
        facts: Arc::default(),
        runtime: runtime.handle().clone(),
        work: TaskTracker::new(),
        calls_in_flight: 8,
    })
}
