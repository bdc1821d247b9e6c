//! The feed of an open panel: the status whenever it has changed, and the log line by line, as JSON lines.
//! It is idle while no panel is open.

use std::{convert::Infallible, time::Duration};

use axum::body::Bytes;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{Panel, Shown};
use crate::{cogs::HostStatus, gateway, log::JournalLine};

/// Counters change with every event: they are read ten times a second, which looks instantaneous.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Push {
    Status(Box<Status>),
    Log(Vec<JournalLine>),
}

/// The status of the host.
#[derive(Clone, PartialEq, Serialize)]
struct Status {
    /// A `serde_json::Value`, so that two of them can be compared.
    #[serde(flatten)]
    cogs: serde_json::Value,
    sessions: Vec<&'static str>,
    /// The state of each shard, as text.
    shards: Vec<String>,
}

struct Feed {
    panel: Panel,
    lines: watch::Receiver<u64>,
    sent: u64,
    last: Option<Status>,
    tick: Interval,
    _place: OwnedSemaphorePermit,
}

/// The lines for one panel, until the host is gone.
pub(super) fn lines(
    panel: Panel,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let lines = panel.journal.newest();
    let feed = Feed { panel, lines, sent: 0, last: None, tick, _place: place };
    stream::unfold(feed, async |mut feed| {
        let push = feed.next().await?;
        let mut line = serde_json::to_vec(&push).ok()?;
        line.push(b'\n');
        Some((Ok(Bytes::from(line)), feed))
    })
}

impl Feed {
    async fn next(&mut self) -> Option<Push> {
        loop {
            if *self.lines.borrow_and_update() > self.sent {
                let new = self.panel.journal.since(self.sent);
                self.sent = new.last().map_or(self.sent, |line| line.number);
                return Some(Push::Log(new));
            }
            tokio::select! {
                changed = self.lines.changed() => changed.ok()?,
                _ = self.tick.tick() => {
                    // If there is no host yet, there will be one; once the host is gone, the feed ends.
                    let Some(shown) = self.panel.host.borrow().clone() else { continue };
                    let status = Status::of(&shown)?;
                    if self.last.as_ref() != Some(&status) {
                        self.last = Some(status.clone());
                        return Some(Push::Status(Box::new(status)));
                    }
                }
            }
        }
    }
}

impl Status {
    /// `None` if the host is gone.
    fn of(shown: &Shown) -> Option<Status> {
        let status: HostStatus = shown.cogs.upgrade()?.status();
        let shards =
            shown.shards.iter().map(|state: &watch::Receiver<gateway::State>| state.borrow().to_string());
        Some(Status {
            cogs: serde_json::to_value(status).unwrap_or_default(),
            sessions: shown.sessions.clone(),
            shards: shards.collect(),
        })
    }
}
