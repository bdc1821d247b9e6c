//! Keeps the due times of a cog's repeated tasks in the store. Nothing waits for a write: while one is under way, only
//! the newest state is kept, to be written next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::runtime;
use tokio_util::task::TaskTracker;

use crate::sessions::store::{SavedTask, Store};

/// The due times of repeated tasks, by name.
pub(super) type Marks = HashMap<Arc<str>, Mark>;

/// When a repeated task is due, and by which rhythm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The [key](super::Rhythm::key) of its rhythm.
    pub(super) rhythm: String,
    pub(super) due_ms: u64,
}

/// The store for the tasks of one cog. Clones share pending writes.
#[derive(Clone, Debug)]
pub struct TaskStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cog: Arc<str>,
    store: Arc<Store>,
    /// Runs the writes, and counts them: the host waits for them before it closes the store.
    runtime: runtime::Handle,
    work: TaskTracker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    has_recalled: bool,
    /// What the store holds, or is being written.
    known: Marks,
    /// What is to be written next.
    wanted: Option<Marks>,
    is_writing: bool,
    has_failed: bool,
}

impl TaskStore {
    /// For the tasks of `cog`. Writes run on `runtime` and are tracked by `work`.
    pub fn new(cog: &Arc<str>, store: Arc<Store>, runtime: runtime::Handle, work: TaskTracker) -> TaskStore {
        TaskStore(Arc::new(Inner { cog: Arc::clone(cog), store, runtime, work, state: Mutex::default() }))
    }

    /// What the store holds. `None` if it was read before.
    pub(super) async fn recall(&self) -> Option<Marks> {
        if std::mem::replace(&mut self.state().has_recalled, true) {
            return None;
        }
        match self.0.store.load_tasks(&self.0.cog).await {
            Ok(tasks) => {
                let mark = |task: SavedTask| {
                    (Arc::from(task.name), Mark { rhythm: task.rhythm, due_ms: task.due_ms })
                };
                let marks: Marks = tasks.into_iter().map(mark).collect();
                self.state().known.clone_from(&marks);
                Some(marks)
            }
            Err(error) => {
                tracing::warn!(cog = &*self.0.cog, "the schedule of its tasks starts again: {error}");
                None
            }
        }
    }

    /// Writes `marks` in the background.
    pub(super) fn keep(&self, marks: &Marks) {
        let mut state = self.state();
        if !state.is_writing && state.known == *marks && !state.has_failed {
            return;
        }
        state.wanted = Some(marks.clone());
        if !std::mem::replace(&mut state.is_writing, true) {
            self.0.work.spawn_on(self.clone().write(), &self.0.runtime);
        }
    }

    async fn write(self) {
        loop {
            let rows = {
                let mut state = self.state();
                let Some(marks) = state.wanted.take() else { return state.is_writing = false };
                let row = |(name, mark): (&Arc<str>, &Mark)| SavedTask {
                    name: name.to_string(),
                    rhythm: mark.rhythm.clone(),
                    due_ms: mark.due_ms,
                };
                let rows = marks.iter().map(row).collect();
                state.known = marks;
                rows
            };
            let outcome = self.0.store.save_tasks(&self.0.cog, rows).await;
            let had_failed = std::mem::replace(&mut self.state().has_failed, outcome.is_err());
            if let Err(error) = outcome
                && !had_failed
            {
                tracing::warn!(
                    cog = &*self.0.cog,
                    "the schedule of its tasks is not kept across a restart: {error}"
                );
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
