//! Cogs that are replaced together, because each declares a command that another of them gives up: all of them, or
//! none. They wait for each other at three points; a step that fails in one cog undoes the replacement of all.

use std::{collections::BTreeMap, sync::Arc};

use gearshift_cog::manifest::Manifest;
use tokio::sync::{OwnedMutexGuard, watch};

/// The manifests of the cogs in a group, by name.
pub(super) type Group = BTreeMap<String, Arc<Manifest>>;

/// The right to replace a group. There is one: two groups that share cogs, whose owners take them up in different
/// orders, would wait for each other forever.
pub(super) type Turn = OwnedMutexGuard<()>;

/// The points at which all wait for each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Point {
    /// Every new generation is set up; none of the old ones has been paused.
    SetUp,
    /// Every old one is paused, every new one has its state: nothing can fail any more.
    Restored,
    /// Every new one is published; none has taken anything from its queue.
    Published,
}

/// One cog's part in a group. Dropping it means that the cog does not go on.
#[derive(Debug)]
pub(super) struct Member {
    group: Arc<Group>,
    progress: Arc<watch::Sender<GroupProgress>>,
    /// Kept until the last member is dropped.
    _turn: Arc<Turn>,
}

#[derive(Debug, Default)]
struct GroupProgress {
    /// How many members have reached each point.
    reached: [usize; 3],
    has_ended: bool,
}

impl Member {
    /// One part for each cog of the group.
    pub(super) fn all_of(group: Group, turn: Turn) -> Vec<Member> {
        let (group, progress, turn) = (Arc::new(group), Arc::new(watch::Sender::default()), Arc::new(turn));
        let member = |_| Member {
            group: Arc::clone(&group),
            progress: Arc::clone(&progress),
            _turn: Arc::clone(&turn),
        };
        (0..group.len()).map(member).collect()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    /// Whether a file still holds what it held when the group was formed.
    pub(super) fn expects(&self, manifest: &Manifest) -> bool {
        self.group.get(&manifest.name).is_some_and(|then| **then == *manifest)
    }

    /// Waits until all members are at this point; `false` if one of them does not go on.
    pub(super) async fn reach(&self, point: Point) -> bool {
        let point = point as usize;
        self.progress.send_modify(|progress| progress.reached[point] += 1);
        let are_all_there = |progress: &GroupProgress| progress.reached[point] == self.group.len();
        let mut progress = self.progress.subscribe();
        let waited = progress.wait_for(|progress| progress.has_ended || are_all_there(progress)).await;
        waited.is_ok_and(|progress| are_all_there(&progress))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.progress.send_modify(|progress| progress.has_ended = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_go_on_together_and_nobody_waits_for_one_that_does_not() {
        let group = || ["music", "tunes"].map(|name| (name.to_owned(), Arc::default()));
        let turn = Arc::<tokio::sync::Mutex<()>>::default().lock_owned().await;
        let [music, tunes] = Member::all_of(Group::from(group()), turn).try_into().expect("one for each");
        assert_eq!(tokio::join!(music.reach(Point::SetUp), tunes.reach(Point::SetUp)), (true, true));
        drop(tunes);
        assert!(!music.reach(Point::Restored).await);
    }
}
