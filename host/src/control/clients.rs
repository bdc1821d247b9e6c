//! The connected clients: their number is limited, and an idle client gives way to a new one.
//! It does not read or write their data.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    task::{AbortHandle, JoinSet},
    time::Instant,
};

/// Maximum number of connections; others wait in the system's queue.
const CONNECTIONS: usize = 16;
/// A client that has been silent for this long may be closed in favour of another one. An active client is quicker.
const SILENT: Duration = Duration::from_secs(1);

/// All connections. Dropping this ends them.
#[derive(Default)]
pub(super) struct Clients {
    tasks: JoinSet<()>,
    connected: Vec<(AbortHandle, Silence)>,
}

/// Since when the client's next request is awaited; `None` while it is being answered, and after it lost its place.
#[derive(Clone, Default)]
pub(super) struct Silence(Arc<Mutex<Option<Instant>>>);

impl Silence {
    /// Starts to wait for the next request.
    pub(super) fn begin(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// A request has arrived; returns whether it may still be answered.
    pub(super) fn end(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clients {
    /// Whether another client can be accepted. If all places are taken, the client that has been silent longest is
    /// closed, provided that it has been silent long enough: a client that opens connections and says nothing keeps
    /// nobody else out.
    pub(super) fn has_place(&mut self) -> bool {
        while self.tasks.try_join_next().is_some() {}
        self.connected.retain(|(task, _)| !task.is_finished());
        if self.connected.len() < CONNECTIONS {
            return true;
        }
        let silent =
            self.connected.iter().filter_map(|(task, silence)| Some((silence.since()?, task, silence)));
        let longest = silent.min_by_key(|(since, ..)| *since).filter(|(since, ..)| since.elapsed() >= SILENT);
        if let Some((_, task, silence)) = longest
            // No further request of this client is started.
            && silence.end()
        {
            task.abort();
        }
        false
    }

    /// Adds a client, with the future that answers it.
    pub(super) fn add<F: Future<Output = ()> + Send + 'static>(&mut self, answer: impl FnOnce(Silence) -> F) {
        let silence = Silence::default();
        silence.begin();
        self.connected.push((self.tasks.spawn(answer(silence.clone())), silence));
    }

    /// Resolves when a client's connection has ended; never if there is none.
    pub(super) async fn ended(&mut self) {
        if self.tasks.join_next().await.is_none() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    /// The maximum number of clients that all stay, with a channel for each that shows when it is closed.
    fn full(clients: &mut Clients) -> Vec<(Silence, oneshot::Receiver<()>)> {
        let stay = |_| {
            let (open, closed) = oneshot::channel::<()>();
            let mut own = None;
            clients.add(|silence| {
                own = Some(silence);
                async move {
                    let _open = open;
                    pending().await
                }
            });
            (own.expect("it was given"), closed)
        };
        (0..CONNECTIONS).map(stay).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_silent_longest_gives_its_place_to_who_comes() {
        let mut clients = Clients::default();
        let all = full(&mut clients);
        assert!(!clients.has_place(), "none is silent for long");
        tokio::time::advance(SILENT).await;
        // The first is being answered, and the second has just been.
        assert!(all[0].0.end());
        all[1].0.begin();
        assert!(!clients.has_place());
        clients.ended().await;
        assert!(clients.has_place());
        let closed = |(_, closed): &mut (Silence, oneshot::Receiver<()>)| {
            closed.try_recv() == Err(oneshot::error::TryRecvError::Closed)
        };
        let closed: Vec<usize> =
            all.into_iter().enumerate().filter_map(|(at, mut it)| closed(&mut it).then_some(at)).collect();
        assert_eq!(closed, [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_client_asks_after_it_has_lost_its_place_is_not_begun() {
        let mut clients = Clients::default();
        let all = full(&mut clients);
        tokio::time::advance(SILENT).await;
        assert!(!clients.has_place());
        let may = all.iter().filter(|(silence, _)| silence.end()).count();
        assert_eq!(may, CONNECTIONS - 1);
    }
}
