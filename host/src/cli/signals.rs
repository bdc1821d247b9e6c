//! SIGINT and SIGTERM: the first asks the host to end, the second ends it at once.
//! It closes nothing; whoever waits for the first does.
#![allow(unsafe_code, reason = "ends the process without running anything else")]

use std::io;

use tokio::{
    runtime::Handle,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::play::restore_terminal;

/// Which signal asked for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Interrupt,
    Terminate,
}

/// Tells when the host is asked to end.
#[derive(Clone, Debug)]
pub(super) struct Signals(watch::Receiver<Option<Asked>>);

impl Signals {
    /// Begins to listen.
    pub(super) fn listen(runtime: &Handle) -> io::Result<Signals> {
        let _entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (tell, asked) = watch::channel(None);
        runtime.spawn(async move {
            loop {
                let now = tokio::select! {
                    Some(()) = interrupt.recv() => Asked::Interrupt,
                    Some(()) = terminate.recv() => Asked::Terminate,
                    else => return,
                };
                if tell.borrow().is_some() {
                    end_at_once(now);
                }
                tell.send_replace(Some(now));
                tracing::info!("closing; a second signal ends at once");
            }
        });
        Ok(Signals(asked))
    }

    /// Waits until the host is asked to end.
    pub(super) async fn asked(&mut self) {
        // The task lives as long as the runtime, and with it whoever waits here.
        let _ = self.0.wait_for(Option::is_some).await;
    }
}

fn end_at_once(asked: Asked) -> ! {
    restore_terminal();
    let code = match asked {
        Asked::Interrupt => 130,
        Asked::Terminate => 143,
    };
    // SAFETY: `_exit` takes any number. Unlike `exit` it runs no destructors of libraries, whose threads still run.
    unsafe { libc::_exit(code) }
}
