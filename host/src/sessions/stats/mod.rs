//! Stats: metrics sent to a statsd server over UDP, in batches. It never fails and never delays its caller: if the
//! server is down or slow, metrics are dropped and counted.

mod metric;
mod sender;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::net::Net;
use crate::config;

pub use metric::Metric;
pub(crate) use sender::connected;

/// The session.
#[derive(Debug)]
pub struct Stats {
    prefix: String,
    queue: Arc<Queue>,
    closing: watch::Sender<bool>,
    ended: watch::Receiver<bool>,
}

/// Size of one datagram: fits through an ordinary network unfragmented.
const PACKET_BYTES: usize = 1432;
/// Maximum number of waiting datagrams; about 360 KiB. Further ones are dropped and counted.
const PACKETS: usize = 256;

/// What was dropped. If anything was, the server's numbers are too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Metrics that found the queue full.
    pub full: u64,
    /// Datagrams that could not be sent.
    pub unsent: u64,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Notified when the first metric arrives, and when a datagram is full.
    rung: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    packets: VecDeque<String>,
    dropped: Dropped,
    scratch: String,
}

impl Stats {
    /// Starts the sending task; needs a running runtime. An unreachable server is not an error.
    pub(super) fn open(net: &Net, config: &config::Stats) -> Arc<Stats> {
        let queue = Arc::new(Queue::default());
        let (closing, closed) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let sender = sender::Sender::new(net.clone(), config);
        let flush = config.flush;
        let shared = Arc::clone(&queue);
        tokio::spawn(async move {
            sender.run(&shared, flush, closed).await;
            end.send_replace(true);
        });
        Arc::new(Stats { prefix: config.prefix.clone(), queue, closing, ended })
    }

    /// Queues a metric; it is sent within `[stats] flush_ms`.
    pub fn send(&self, name: &str, metric: &Metric) {
        let ring = self.queue.lock().add(&self.prefix, name, metric);
        if ring {
            self.queue.rung.notify_one();
        }
    }

    /// Adds to a counter.
    pub fn incr(&self, name: &str, count: i64) {
        self.send(name, &Metric::Count(count));
    }

    /// Subtracts from a counter.
    pub fn decr(&self, name: &str, count: i64) {
        self.send(name, &Metric::Count(count.saturating_neg()));
    }

    /// Sets a gauge.
    pub fn gauge(&self, name: &str, value: f64) {
        self.send(name, &Metric::Gauge(value));
    }

    /// Changes a gauge.
    pub fn gauge_delta(&self, name: &str, change: f64) {
        self.send(name, &Metric::GaugeDelta(change));
    }

    /// Counts distinct values.
    pub fn set(&self, name: &str, value: &str) {
        self.send(name, &Metric::Set(value.to_owned()));
    }

    /// Records how long something took.
    pub fn timing(&self, name: &str, took: Duration) {
        self.send(name, &Metric::Timing(took));
    }

    /// What was dropped since the session was opened.
    pub fn dropped(&self) -> Dropped {
        self.queue.lock().dropped
    }

    /// Sends what is queued and ends, within `timeout`. Can be called again; later metrics are dropped.
    pub(super) async fn close(&self, timeout: Duration) {
        self.closing.send_replace(true);
        let mut ended = self.ended.clone();
        // A server that cannot be reached in time gets nothing; statsd promises no more.
        let _ = tokio::time::timeout(timeout, ended.wait_for(|ended| *ended)).await;
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Lines are appended in one step, so a panic elsewhere leaves none half written.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Whether the sender must be woken.
    fn add(&mut self, prefix: &str, name: &str, metric: &Metric) -> bool {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        metric::write(&mut scratch, prefix, name, metric);
        let ring = self.push(&scratch);
        self.scratch = scratch;
        ring
    }

    fn push(&mut self, line: &str) -> bool {
        if let Some(last) = self.packets.back_mut()
            && last.len() + 1 + line.len() <= PACKET_BYTES
        {
            last.push('\n');
            last.push_str(line);
            return false;
        }
        if self.packets.len() >= PACKETS {
            self.dropped.full += 1;
            return false;
        }
        let mut packet = String::with_capacity(PACKET_BYTES);
        packet.push_str(line);
        self.packets.push_back(packet);
        // The first datagram starts the timer, a second one means that the first is full.
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fill_datagrams_and_a_full_queue_drops_and_counts() {
        let mut waiting = Waiting::default();
        assert!(waiting.add("bot", "x", &Metric::Count(1)));
        assert!(!waiting.add("bot", "x", &Metric::Count(1)));
        assert_eq!(waiting.packets[0], "bot.x:1|c\nbot.x:1|c");
        for _ in 0..PACKETS * PACKET_BYTES / 8 {
            waiting.add("bot", "x", &Metric::Count(1));
        }
        assert_eq!(waiting.packets.len(), PACKETS);
        assert!(waiting.packets.iter().all(|packet| packet.len() <= PACKET_BYTES));
        assert!(waiting.dropped.full > 0);
    }
}
