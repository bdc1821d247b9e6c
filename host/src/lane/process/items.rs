//! The host's record of what a cog's process has been given: items that are queued there, and items that it handles.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::super::{
    Begin, Call, Ended, Item, Pulse,
    inbox::{Inbox, RemoteItems},
};

/// How many items may be queued in the process, so that it need not wait for the next one.
const AHEAD_MAX: usize = 64;

/// The items of one lane.
#[derive(Debug)]
pub(in crate::lane) struct LaneItems {
    pulse: Arc<Pulse>,
    passed: Mutex<Passed>,
    handlers_in_flight: usize,
}

#[derive(Debug, Default)]
struct Passed {
    serves: bool,
    last: u64,
    /// In order; none has started, as far as is known.
    waiting: VecDeque<(u64, Item)>,
    running: BTreeMap<u64, Running>,
}

/// An item that has started.
#[derive(Debug)]
struct Running {
    item: Item,
    since: Instant,
}

/// An item to send to the process.
pub(super) struct Next {
    pub(super) number: u64,
    pub(super) call: Call,
    pub(super) is_followed: bool,
}

impl LaneItems {
    pub(super) fn new(pulse: Arc<Pulse>, handlers_in_flight: usize) -> Arc<LaneItems> {
        Arc::new(LaneItems { pulse, passed: Mutex::default(), handlers_in_flight })
    }

    /// Passes items to the process from now on.
    pub(in crate::lane) fn serve(self: &Arc<Self>, inbox: &Inbox) {
        self.passed().serves = true;
        inbox.attach_remote(Arc::clone(self) as Arc<dyn RemoteItems>);
    }

    /// Passes no more items to the process; none that is queued there starts any more.
    pub(in crate::lane) fn pause(&self, inbox: &Inbox) {
        let served = std::mem::take(&mut self.passed().serves);
        if served {
            inbox.detach_remote();
        }
    }

    /// Whether the process takes another item.
    pub(super) fn has_room(&self) -> bool {
        let mut passed = self.passed();
        passed.note_begun(self.pulse.numbers().begun());
        let (ahead, running) = (passed.waiting.len(), passed.running.len());
        passed.serves && ahead < AHEAD_MAX && running < self.handlers_in_flight
    }

    /// Takes an item out of the queue for the process, while the queue is locked; returns it if the lane is paused.
    pub(super) fn hand(&self, item: Item) -> Result<Next, Item> {
        let mut passed = self.passed();
        if !passed.serves {
            return Err(item);
        }
        passed.last += 1;
        let number = passed.last;
        let next = Next { number, call: item.call.clone(), is_followed: item.observer.is_some() };
        passed.waiting.push_back((number, item));
        passed.publish_counts(&self.pulse);
        Ok(next)
    }

    /// A followed item starts; its call may have changed, or be known only later. `None` if the process was not given
    /// such an item.
    pub(super) fn begins(&self, number: u64) -> Option<Begin> {
        let (mut observer, call) = {
            let mut passed = self.passed();
            passed.note_begun(self.pulse.numbers().begun());
            let running = passed.running.get_mut(&number)?;
            (running.item.observer.take()?, running.item.call.clone())
        };
        let begin = observer.begin(call);
        if let Some(running) = self.passed().running.get_mut(&number) {
            running.item.observer = Some(observer);
        }
        Some(begin)
    }

    /// A handler has ended; `ended` is `None` if the cog has no handler for the call. Returns how long ago its item
    /// was started.
    pub(super) fn ended(&self, number: u64, ended: Option<Ended>) -> Option<Duration> {
        let Running { item, since } = {
            let mut passed = self.passed();
            passed.note_begun(self.pulse.numbers().begun());
            let running = passed.running.remove(&number)?;
            passed.publish_counts(&self.pulse);
            running
        };
        match (item.observer, ended) {
            (Some(observer), Some(ended)) => observer.end(ended),
            (Some(observer), None) => observer.decline(),
            (None, _) => {}
        }
        Some(since.elapsed())
    }

    /// The process is gone. Items that had not started go back to the queue. With `redeliver`, those that had started
    /// and have no observer start again, once. The others have failed, and their observers answer users who wait.
    /// Returns how many are lost.
    pub(super) fn crashed(&self, inbox: &Inbox, redeliver: bool) -> usize {
        self.pause(inbox);
        let running = {
            let mut passed = self.passed();
            let running = std::mem::take(&mut passed.running);
            passed.publish_counts(&self.pulse);
            running
        };
        let (mut lost, mut again) = (0, Vec::new());
        for item in running.into_values().map(|running| running.item) {
            match item {
                Item { call, observer: None, begins_again: false } if redeliver => {
                    again.push(Item { call, observer: None, begins_again: true });
                }
                Item { observer, .. } => {
                    lost += 1;
                    observer.into_iter().for_each(|observer| observer.end(Ended::Failed));
                }
            }
        }
        inbox.put_back(again);
        lost
    }

    fn passed(&self) -> MutexGuard<'_, Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RemoteItems for LaneItems {
    fn waiting(&self) -> usize {
        let begun = self.pulse.numbers().begun();
        let passed = self.passed();
        passed.waiting.len() - passed.waiting.partition_point(|(number, _)| *number <= begun)
    }

    fn take_back(&self) -> Vec<Item> {
        let mut passed = self.passed();
        let begun = self.pulse.numbers().take_back(passed.last);
        passed.note_begun(begun);
        let back = std::mem::take(&mut passed.waiting).into_iter().map(|(_, item)| item).collect();
        passed.publish_counts(&self.pulse);
        back
    }
}

impl Passed {
    /// Moves items that have started from `waiting` to `running`.
    fn note_begun(&mut self, begun: u64) {
        while let Some((number, item)) = self.waiting.pop_front_if(|(number, _)| *number <= begun) {
            self.running.insert(number, Running { item, since: Instant::now() });
        }
    }

    fn publish_counts(&self, pulse: &Pulse) {
        pulse.set_passed(self.waiting.len() + self.running.len());
    }
}
