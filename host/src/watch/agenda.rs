//! Which file is due when. It reads neither files nor the clock: every time is passed in.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::FileEvent;
use crate::library::Stamp;

/// The pause after the first look at an incomplete file is the settle time, but at least this long; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// The longest pause between two looks at an incomplete file.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long a file may be incomplete without a report: most copies are finished by then.
const REPORT_AFTER: Duration = Duration::from_secs(1);
/// How long an incomplete file is checked again. After that its copy was probably aborted; it waits for a change.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Files that are due now or later.
#[derive(Debug)]
pub(super) struct Agenda {
    /// How long a file must be left alone before it is due.
    settle: Duration,
    due: HashMap<PathBuf, Due>,
    incomplete: HashMap<PathBuf, Incomplete>,
}

/// When a file is due.
#[derive(Debug)]
struct Due {
    at: Instant,
    /// The stamp that it should still have; `None` if further writes cause an event.
    stamp: Option<Stamp>,
}

/// A file whose writer has not finished, or has given up.
#[derive(Debug)]
struct Incomplete {
    since: Instant,
    pause: Duration,
    is_reported: bool,
}

impl Agenda {
    pub(super) fn new(settle: Duration) -> Agenda {
        Agenda { settle, due: HashMap::new(), incomplete: HashMap::new() }
    }

    /// An event arrived for a file.
    pub(super) fn happened(&mut self, file: PathBuf, happened: FileEvent, now: Instant) {
        self.incomplete.remove(&file);
        let settled = Due { at: now + self.settle, stamp: None };
        match happened {
            FileEvent::Completed => _ = self.due.insert(file, Due { at: now, stamp: None }),
            FileEvent::Written => _ = self.due.insert(file, settled),
            FileEvent::Touched => _ = self.due.entry(file).or_insert(settled),
        }
    }

    /// A file differs from its last known state, without an event: only its stamp shows whether writing goes on.
    pub(super) fn differs(&mut self, file: PathBuf, stamp: Option<Stamp>, now: Instant) {
        self.incomplete.remove(&file);
        let at = now + self.settle;
        self.due.entry(file).or_insert(Due { at, stamp });
    }

    /// A file was found incomplete; returns whether to report that. It is due again after growing pauses, until
    /// [`PATIENCE`] ends.
    pub(super) fn incomplete(&mut self, file: &Path, now: Instant) -> bool {
        // It has changed since, and is already due for that reason.
        if self.due.contains_key(file) {
            return false;
        }
        let pause = self.settle.max(PAUSE_MIN);
        let fresh = Incomplete { since: now, pause, is_reported: false };
        let state = self.incomplete.entry(file.to_owned()).or_insert(fresh);
        let waited = now.saturating_duration_since(state.since);
        let report = !state.is_reported && waited >= REPORT_AFTER;
        state.is_reported |= report;
        if waited >= PATIENCE {
            self.incomplete.remove(file);
            return report;
        }
        let pause = state.pause;
        state.pause = (pause * 2).min(PAUSE_MAX);
        // So that it is reported as soon as [`REPORT_AFTER`] is over.
        let pause = if state.is_reported { pause } else { pause.min(REPORT_AFTER - waited) };
        self.due.insert(file.to_owned(), Due { at: now + pause, stamp: None });
        report
    }

    /// A file has been removed.
    pub(super) fn gone(&mut self, file: &Path) {
        self.incomplete.remove(file);
    }

    /// When the next file is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due.values().map(|due| due.at).min()
    }

    /// Takes the file that has been due longest, the first by name if there are several, and the stamp it should have.
    pub(super) fn take(&mut self, now: Instant) -> Option<(PathBuf, Option<Stamp>)> {
        let due = self.due.iter().filter(|(_, due)| due.at <= now);
        let (file, _) = due.min_by_key(|(file, due)| (due.at, *file))?;
        let file = file.clone();
        let due = self.due.remove(&file)?;
        Some((file, due.stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(25);

    fn agenda() -> (Agenda, PathBuf, Instant) {
        (Agenda::new(SETTLE), PathBuf::from("libping.so"), Instant::now())
    }

    #[test]
    fn a_file_that_is_written_to_is_due_when_it_has_settled_and_one_that_is_complete_at_once() {
        let (mut agenda, file, now) = agenda();
        agenda.happened(file.clone(), FileEvent::Written, now);
        agenda.happened(file.clone(), FileEvent::Written, now + SETTLE / 2);
        assert_eq!(agenda.take(now + SETTLE), None);
        agenda.happened(file.clone(), FileEvent::Completed, now + SETTLE);
        agenda.happened(file.clone(), FileEvent::Touched, now + SETTLE);
        assert_eq!(agenda.take(now + SETTLE), Some((file, None)));
        assert_eq!(agenda.next(), None);
    }

    #[test]
    fn of_files_that_are_due_at_once_the_first_by_name_comes_first() {
        let (mut agenda, _, now) = agenda();
        for name in ["c", "a", "b"] {
            agenda.differs(name.into(), None, now);
        }
        let mut next = || agenda.take(now + SETTLE).map(|(file, _)| file);
        assert_eq!([next(), next(), next()], ["a", "b", "c"].map(|name| Some(PathBuf::from(name))));
    }

    /// The checks of a file that never becomes complete: the time of each since the first, and whether it was reported.
    fn looks(agenda: &mut Agenda, file: &Path, start: Instant) -> Vec<(Duration, bool)> {
        let mut looks = vec![(Duration::ZERO, agenda.incomplete(file, start))];
        while let Some(at) = agenda.next() {
            assert!(agenda.take(at).is_some());
            looks.push((at - start, agenda.incomplete(file, at)));
        }
        looks
    }

    #[test]
    fn an_incomplete_file_is_looked_at_ever_less_often_reported_once_and_dropped_after_a_minute() {
        for settle in [Duration::ZERO, SETTLE, Duration::from_secs(3)] {
            let (mut agenda, file, now) = (Agenda::new(settle), PathBuf::from("libping.so"), Instant::now());
            let looks = looks(&mut agenda, &file, now);
            assert!(looks.len() < 32, "{looks:?}");
            let reported: Vec<_> = looks.iter().filter(|(_, reported)| *reported).collect();
            assert_eq!(reported, [&(REPORT_AFTER, true)], "{looks:?}");
            let last = looks.last().unwrap().0;
            assert!((PATIENCE..PATIENCE + PAUSE_MAX).contains(&last), "{looks:?}");
        }
    }

    #[test]
    fn an_incomplete_file_that_changes_is_looked_at_and_reported_as_at_first() {
        let (mut agenda, file, now) = agenda();
        let first = looks(&mut agenda, &file, now);
        let later = now + 2 * PATIENCE;
        agenda.happened(file.clone(), FileEvent::Completed, later);
        assert_eq!(agenda.take(later), Some((file.clone(), None)));
        assert_eq!(looks(&mut agenda, &file, later), first);
        // A report that arrives after the change is about the old file.
        agenda.happened(file.clone(), FileEvent::Written, later);
        assert!(!agenda.incomplete(&file, later));
        assert_eq!(agenda.next(), Some(later + SETTLE));
    }
}
