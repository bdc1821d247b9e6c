//! What a lane's thread is doing, written by the thread and read by the watchdog without blocking it. It records no
//! times: the watchdog compares two readings.

use std::{
    fs, io,
    os::fd::{BorrowedFd, OwnedFd},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{
    followed::Followed,
    page::{Numbers, Page},
};
use crate::step::Step;

/// The cog code that a lane's thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is in none, and waits for work.
    Idle,
    /// A step of the cog's life.
    Step(Step),
    /// `event`
    Event,
    /// `command`
    Command,
    /// `task`
    Task,
    /// A future that a handler has spawned.
    Spawned,
}

impl Activity {
    const HANDLERS: [Activity; 5] =
        [Activity::Idle, Activity::Event, Activity::Command, Activity::Task, Activity::Spawned];

    /// The name of the cog's function or of the step, as the cog's author knows it.
    pub fn name(self) -> &'static str {
        match self {
            Activity::Idle => "idle",
            Activity::Step(step) => step.name(),
            Activity::Event => "event",
            Activity::Command => "command",
            Activity::Task => "task",
            Activity::Spawned => "spawned",
        }
    }

    fn to_byte(self) -> u8 {
        let among_handlers = Activity::HANDLERS.iter().position(|other| *other == self);
        let index = among_handlers.unwrap_or_else(|| {
            let step = Step::ALL.iter().position(|step| Activity::Step(*step) == self);
            Activity::HANDLERS.len() + step.unwrap_or_default()
        });
        u8::try_from(index).unwrap_or_default()
    }

    fn from_byte(byte: u8) -> Activity {
        let index = usize::from(byte);
        match index.checked_sub(Activity::HANDLERS.len()) {
            None => Activity::HANDLERS[index],
            // Another process may have written any value.
            Some(step) => Step::ALL.get(step).map_or(Activity::Idle, |step| Activity::Step(*step)),
        }
    }
}

/// A counter that changes whenever the thread enters or leaves cog code, and what it is in.
#[derive(Debug)]
pub struct Pulse {
    page: Page,
    /// The handler that was last polled, such as `command !ping`; its text is on the page.
    handler: Mutex<Option<Arc<str>>>,
    followed: Followed,
    /// How many items another process has been given and has not finished.
    passed: AtomicUsize,
    /// The number of an order that another process has not answered; 0 if there is none.
    unanswered: AtomicU64,
    orders: AtomicUsize,
    ended: AtomicBool,
    /// Why the lane's process has ended.
    why: Mutex<Option<String>>,
    /// The id of the process it is in; 0 if that is the host's.
    process: AtomicU32,
}

impl Default for Pulse {
    fn default() -> Pulse {
        Pulse::on(Page::own())
    }
}

impl Pulse {
    fn on(page: Page) -> Pulse {
        Pulse {
            page,
            handler: Mutex::default(),
            followed: Followed::default(),
            passed: AtomicUsize::new(0),
            unanswered: AtomicU64::new(0),
            orders: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            why: Mutex::default(),
            process: AtomicU32::new(0),
        }
    }

    /// A pulse that another process can write to.
    ///
    /// # Errors
    /// Errors of the system.
    pub(super) fn shared() -> io::Result<Pulse> {
        Page::shared().map(Pulse::on)
    }

    /// The same pulse in that process, from its [`file`](Self::file).
    ///
    /// # Errors
    /// Errors of the system.
    pub(super) fn mapped(file: OwnedFd) -> io::Result<Pulse> {
        Page::mapped(file).map(Pulse::on)
    }

    /// The file that the other process maps.
    pub(super) fn file(&self) -> Option<BorrowedFd<'_>> {
        self.page.file()
    }

    pub(super) fn numbers(&self) -> &Numbers {
        self.page.numbers()
    }

    /// Runs cog code as `activity`, with an odd counter. The activity is stored before the counter is released, so a
    /// reader that acquires the new count also sees this activity, or a later one.
    pub(crate) fn during<T>(&self, activity: Activity, body: impl FnOnce() -> T) -> T {
        let numbers = self.numbers();
        numbers.activity.store(activity.to_byte(), Ordering::Relaxed);
        numbers.turns.fetch_add(1, Ordering::Release);
        let result = body();
        numbers.activity.store(Activity::Idle.to_byte(), Ordering::Relaxed);
        numbers.turns.fetch_add(1, Ordering::Release);
        result
    }

    /// Runs a handler's code as `activity`, under the name `what`.
    pub(super) fn during_handler<T>(
        &self,
        activity: Activity,
        what: &Arc<str>,
        body: impl FnOnce() -> T,
    ) -> T {
        {
            let mut handler = self.handler();
            // It is usually the same name as before, and then no reference count is changed.
            if !handler.as_ref().is_some_and(|other| Arc::ptr_eq(other, what)) {
                self.numbers().set_name(what);
                *handler = Some(Arc::clone(what));
            }
        }
        self.during(activity, body)
    }

    /// The observers of its handlers.
    pub(crate) fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Sets how many handlers are running.
    pub(super) fn set_handlers(&self, handlers: usize) {
        self.numbers().handlers.store(handlers, Ordering::Relaxed);
    }

    /// Sets how many spawned futures there are.
    pub(super) fn set_spawned(&self, spawned: usize) {
        self.numbers().spawned.store(spawned, Ordering::Relaxed);
    }

    /// Counts a finished handler.
    pub(super) fn count_handled(&self) {
        self.numbers().handled.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an order that is on its way to the thread; handlers that are woken wait until it has been carried out.
    pub(super) fn add_order(&self) {
        self.orders.fetch_add(1, Ordering::Release);
    }

    /// The thread has received an order.
    pub(super) fn take_order(&self) {
        self.orders.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn has_orders(&self) -> bool {
        self.orders.load(Ordering::Acquire) > 0
    }

    /// Called once, on the lane's thread.
    pub(super) fn begin(&self) {
        // `PID/task/TID`: https://man7.org/linux/man-pages/man5/proc_thread-self.5.html
        let link = fs::read_link("/proc/thread-self").unwrap_or_default();
        let id = link.file_name().and_then(|id| id.to_str()).and_then(|id| id.parse().ok());
        self.numbers().thread.store(id.unwrap_or_default(), Ordering::Release);
    }

    /// The thread's id in the kernel, if the system has one.
    pub fn thread(&self) -> Option<i32> {
        Some(self.numbers().thread.load(Ordering::Acquire)).filter(|id| *id > 0)
    }

    /// Sets the id of the process that it is in.
    pub(super) fn set_process(&self, id: u32) {
        self.process.store(id, Ordering::Relaxed);
    }

    /// The id of the process that it is in, if that is not the host's.
    pub fn process(&self) -> Option<u32> {
        Some(self.process.load(Ordering::Relaxed)).filter(|id| *id > 0)
    }

    /// Sets how many items another process has to handle.
    pub(super) fn set_passed(&self, passed: usize) {
        self.passed.store(passed, Ordering::Relaxed);
    }

    /// Sets the order that another process has not answered. A running process answers such orders at once.
    pub(super) fn set_unanswered(&self, order: Option<u64>) {
        self.unanswered.store(order.unwrap_or(0), Ordering::Relaxed);
    }

    /// The number of the first order of that kind.
    pub fn unanswered(&self) -> Option<u64> {
        Some(self.unanswered.load(Ordering::Relaxed)).filter(|order| *order > 0)
    }

    /// Called in another process: the cog has closed its socket to the host.
    pub(super) fn lose_socket(&self) {
        self.numbers().has_no_socket.store(true, Ordering::Release);
    }

    /// Whether another process has ended because of that.
    pub(super) fn has_no_socket(&self) -> bool {
        self.numbers().has_no_socket.load(Ordering::Acquire)
    }

    /// It has ended, for the reason `why`.
    pub(super) fn end_because(&self, why: String) {
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        self.end();
    }

    /// Why it has ended, as far as that is known.
    pub fn why_ended(&self) -> String {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.unwrap_or_else(|| "its thread has ended".to_owned())
    }

    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether the thread has left its loop.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// How many handlers are running.
    pub fn handlers(&self) -> usize {
        self.numbers().handlers.load(Ordering::Relaxed)
    }

    /// The last item that was started, if another process has more items and could start one: fewer than `handlers_max`
    /// handlers are in flight.
    pub fn overdue_item(&self, handlers_max: usize) -> Option<u64> {
        let handlers = self.handlers();
        let could = handlers < handlers_max && self.passed.load(Ordering::Relaxed) > handlers;
        (could && self.process().is_some()).then(|| self.numbers().begun())
    }

    /// Whether it has nothing to do: no handler runs, and no item is in another process.
    pub fn is_idle(&self) -> bool {
        self.handlers() == 0
            && self.passed.load(Ordering::Relaxed) == 0
            && self.snapshot().1 == Activity::Idle
    }

    /// How many futures that handlers have spawned are not done.
    pub fn spawned(&self) -> usize {
        self.numbers().spawned.load(Ordering::Relaxed)
    }

    /// How many handlers of this generation are done.
    pub fn handled(&self) -> u64 {
        self.numbers().handled.load(Ordering::Relaxed)
    }

    /// The counter, which is odd inside cog code, and the activity.
    pub fn snapshot(&self) -> (u64, Activity) {
        let turns = self.numbers().turns.load(Ordering::Acquire);
        (turns, Activity::from_byte(self.numbers().activity.load(Ordering::Relaxed)))
    }

    /// The number of the call into cog code that the thread is in; `None` outside of such code. A thread that has
    /// ended stays in its last one.
    pub fn call(&self) -> Option<u64> {
        let (turns, _) = self.snapshot();
        (turns % 2 == 1 || self.has_ended()).then_some(turns)
    }

    /// What the thread is in, as precisely as it is known, such as `command !ping` or `setup`.
    pub fn describe(&self) -> String {
        let activity = self.snapshot().1;
        let is_handler =
            matches!(activity, Activity::Event | Activity::Command | Activity::Task | Activity::Spawned);
        let handler = self.numbers().name().filter(|_| is_handler);
        handler.unwrap_or_else(|| activity.name().to_owned())
    }

    fn handler(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.handler.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_activity_survives_its_byte() {
        let all = Activity::HANDLERS.into_iter().chain(Step::ALL.map(Activity::Step));
        for activity in all {
            assert_eq!(Activity::from_byte(activity.to_byte()), activity);
        }
    }
}
