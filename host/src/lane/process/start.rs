//! Starts a lane in another process, and the task that owns it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::{
    net::UnixStream,
    sync::{Notify, mpsc, oneshot},
};

use super::{
    super::{Inbox, LaneParts, Order, ProcessParts, Pulse},
    bounds::Calls,
    host::Owner,
    items::LaneItems,
    listen::Output,
    rate::Rate,
    sandbox::Watch,
    socket::{Receiver, Sender},
    spawn::{self, Spawned},
    to_process::ToProcess,
    wire::{Start, ToCog, VERSION},
};
use crate::{handles, library::OpenError};

/// The lane's view of its process.
#[derive(Debug)]
pub(in crate::lane) struct Process {
    pub(in crate::lane) items: Arc<LaneItems>,
    pub(in crate::lane) inbox: Arc<Inbox>,
    /// Completes when the process is gone; the value is whether it had to be killed.
    pub(in crate::lane) ended: oneshot::Receiver<bool>,
}

/// Starts the process, which opens the library and creates the cog's instance.
///
/// # Errors
/// When it cannot be started, or the library cannot be opened there; the process is then gone or being ended.
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
    let items = LaneItems::new(Arc::clone(pulse), parts.handlers_in_flight);
    let (tell_opened, opened) = oneshot::channel();
    let (tell_ended, ended) = oneshot::channel();
    let flush_wanted = Arc::new(Notify::new());
    let inbox = Arc::clone(&parts.inbox);
    let to_cog = ToProcess { sender, flush_wanted };
    let page = pulse.file().map(|file| file.try_clone_to_owned()).transpose().map_err(OpenError::Spawn)?;
    to_cog.send_with(&ToCog::Start(start_of(&parts, &process)), page);
    let LaneParts { id: generation, lease, inbox: of_owner, report, .. } = parts;
    let owner = Owner {
        id: generation.clone(),
        child,
        stream,
        to_cog,
        receiver: Receiver::new(process.bounds.frame),
        orders,
        inbox: of_owner,
        items: Arc::clone(&items),
        lease,
        report,
        pulse: Arc::clone(pulse),
        pending: HashMap::new(),
        last_order: 0,
        pauses: VecDeque::new(),
        calls: Calls::default(),
        bounds: process.bounds,
        opened: Some(tell_opened),
        output,
        log_rate: Rate::new(generation.clone(), "log"),
        error_rate: Rate::new(generation, "errors"),
        watch: Watch::new(process.sandbox, process.memory_max, pulse.process()),
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
    Ok(Process { items, inbox, ended })
}

fn start_of(parts: &LaneParts, process: &ProcessParts) -> Start {
    let known = parts.lease.known();
    Start {
        version: VERSION,
        cog: parts.id.cog.to_string(),
        number: parts.id.number,
        file: parts.file.clone(),
        settings: known.settings.clone(),
        bot_id: known.bot_id,
        log_level: handles::log_level(),
        events: parts.events.clone(),
        commands: parts.commands.clone(),
        handlers_in_flight: parts.handlers_in_flight,
        calls_in_flight: known.calls_in_flight,
        memory_max: process.memory_max,
        bounds: process.bounds,
        sandbox: process.sandbox,
        // In the host's working directory, as the host's own would be. A sandboxed process writes none, and a frame
        // cannot contain a path that is not UTF-8.
        dumps: std::env::current_dir()
            .ok()
            .filter(|folder| !process.sandbox.is_on() && folder.to_str().is_some()),
    }
}
