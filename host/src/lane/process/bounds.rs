//! How much memory the host holds for a cog's process: one frame, unanswered requests, unread answers. Requests beyond
//! the limit wait in the cog's own memory until others are answered; a process that sends them nonetheless is ended.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;

use crate::{
    config::Limits,
    fault::{Fault, FaultKind},
    lane::State,
};

/// Limit of all unanswered requests, in bytes: several large uploads.
const UNANSWERED: usize = 64 << 20;
/// Room in a frame besides its largest part, in bytes.
const OVERHEAD: usize = 1 << 20;
/// Maximum number of unanswered requests of one cog, including those that wait. Far more than a cog needs.
const UNANSWERED_MAX: usize = 100_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The limits, in bytes. They are the same on both sides.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// The largest frame to the host.
    pub(super) frame: usize,
    unanswered: usize,
}

impl Bounds {
    /// The limits that follow from the configuration.
    pub fn of(limits: &Limits) -> Bounds {
        let largest = [limits.request_max_bytes, limits.state_max_bytes, limits.store_value_max_bytes];
        let frame = largest.into_iter().fold(0, usize::max).saturating_add(OVERHEAD);
        Bounds { frame, unanswered: frame.max(UNANSWERED) }
    }

    /// A state that a cog has saved, if it fits into a frame.
    pub(super) fn saved(self, saved: Result<Option<State>, Fault>) -> Result<Option<State>, Fault> {
        match saved {
            Ok(Some(state)) if state.bytes.len().saturating_add(OVERHEAD) > self.frame => {
                let bytes = state.bytes.len();
                let text = format!("its state has {bytes} bytes, more than `[limits] state_max_bytes`");
                Err(Fault { kind: FaultKind::State, text, place: None })
            }
            saved => saved,
        }
    }
}

type SendFrame = Box<dyn Fn(&[u8]) + Send + Sync>;

/// The requests of a cog, on the cog's side.
pub(super) struct Window {
    bounds: Bounds,
    send: SendFrame,
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    /// Requests that the host has, and their total size in bytes.
    sent: HashMap<u64, usize>,
    bytes: usize,
    /// Requests that wait to be sent.
    waiting: VecDeque<(u64, Vec<u8>)>,
}

impl Window {
    pub(super) fn new(bounds: Bounds, send: impl Fn(&[u8]) + Send + Sync + 'static) -> Window {
        Window { bounds, send: Box::new(send), requests: Mutex::default() }
    }

    /// Sends a request as soon as there is room for it; requests that are answered immediately need none. Returns
    /// `false` if it is larger than any frame may be.
    pub(super) fn ask(&self, number: u64, frame: Vec<u8>, is_sync: bool) -> bool {
        if frame.len() > self.bounds.frame {
            return false;
        }
        // Frames are sent under the lock, so that a request cannot be given up before it is sent.
        let mut requests = lock(&self.requests);
        if is_sync {
            (self.send)(&frame);
        } else if requests.bytes + frame.len() <= self.bounds.unanswered {
            self.sends(&mut requests, number, &frame);
        } else {
            requests.waiting.push_back((number, frame));
        }
        true
    }

    /// A request has been answered.
    pub(super) fn answered(&self, number: u64) {
        let mut requests = lock(&self.requests);
        self.ended(&mut requests, number);
    }

    /// Nothing waits for the answer any more; sends `frame`, which says so, if the host has the request.
    pub(super) fn cancel(&self, number: u64, frame: &[u8]) {
        let mut requests = lock(&self.requests);
        if requests.sent.contains_key(&number) {
            (self.send)(frame);
            self.ended(&mut requests, number);
        } else {
            requests.waiting.retain(|(waiting, _)| *waiting != number);
        }
    }

    fn sends(&self, requests: &mut Requests, number: u64, frame: &[u8]) {
        requests.bytes += frame.len();
        requests.sent.insert(number, frame.len());
        (self.send)(frame);
    }

    fn ended(&self, requests: &mut Requests, number: u64) {
        requests.bytes -= requests.sent.remove(&number).unwrap_or_default();
        while let Some((number, frame)) =
            requests.waiting.pop_front_if(|(_, frame)| requests.bytes + frame.len() <= self.bounds.unanswered)
        {
            self.sends(requests, number, &frame);
        }
    }
}

/// The unanswered requests of a cog, on the host's side.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    calls: HashMap<u64, Call>,
    bytes: usize,
}

#[derive(Debug)]
struct Call {
    bytes: usize,
    /// The task that can be aborted.
    task: Option<AbortHandle>,
}

impl Calls {
    /// Adds a request. Returns `false` if one with that number is still unanswered.
    pub(super) fn begin(&self, number: u64, bytes: usize) -> bool {
        let mut open = lock(&self.0);
        let Entry::Vacant(place) = open.calls.entry(number) else { return false };
        place.insert(Call { bytes, task: None });
        open.bytes += bytes;
        true
    }

    /// Sets the task of a request, unless it is already done.
    pub(super) fn set_task(&self, number: u64, task: AbortHandle) {
        if let Some(call) = lock(&self.0).calls.get_mut(&number) {
            call.task = Some(task);
        }
    }

    /// Removes a request. Returns whether it was still there.
    pub(super) fn end(&self, number: u64) -> bool {
        self.take(number).is_some()
    }

    /// Nothing waits for the answer any more. A request that cannot be aborted goes on, and counts until then.
    pub(super) fn cancel(&self, number: u64) {
        let Open { calls, bytes } = &mut *lock(&self.0);
        if let Entry::Occupied(call) = calls.entry(number)
            && let Some(task) = &call.get().task
        {
            task.abort();
            *bytes -= call.remove().bytes;
        }
    }

    /// Nothing waits for any answer any more.
    pub(super) fn cancel_all(&self) {
        let open = std::mem::take(&mut *lock(&self.0));
        open.calls.into_values().filter_map(|call| call.task).for_each(|task| task.abort());
    }

    /// # Errors
    /// When the host holds more than it may.
    pub(super) fn check(&self, bounds: Bounds) -> Result<(), String> {
        let open = lock(&self.0);
        if open.calls.len() > UNANSWERED_MAX {
            return Err(format!("more than {UNANSWERED_MAX} requests of it are not answered"));
        }
        if open.bytes > bounds.unanswered {
            let (bytes, most) = (open.bytes, bounds.unanswered);
            return Err(format!("its requests that are not answered have {bytes} bytes, {most} are allowed"));
        }
        Ok(())
    }

    fn take(&self, number: u64) -> Option<Call> {
        let mut open = lock(&self.0);
        let call = open.calls.remove(&number)?;
        open.bytes -= call.bytes;
        Some(call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds { frame: 8, unanswered: 10 }
    }

    /// Each frame consists of one repeated digit.
    fn window() -> (Window, Arc<Mutex<String>>) {
        let sent = Arc::<Mutex<String>>::default();
        let of_window = Arc::clone(&sent);
        let send = move |frame: &[u8]| lock(&of_window).push(frame[0].into());
        (Window::new(bounds(), send), sent)
    }

    #[test]
    fn requests_wait_in_the_cog_until_there_is_room_for_them() {
        let (window, sent) = window();
        let ask = |number, digit, length| window.ask(number, vec![digit; length], false);
        assert!(ask(1, b'1', 8) && ask(2, b'2', 8) && ask(3, b'3', 5) && ask(4, b'4', 2));
        assert_eq!(*lock(&sent), "14", "what fits is not kept behind what does not");
        assert!(window.ask(5, vec![b'5'; 8], true), "what is answered at once takes no room");
        assert!(!ask(6, b'x', 9), "it would never fit");
        window.cancel(2, b"-");
        window.answered(4);
        assert_eq!(*lock(&sent), "145", "the host does not know what it was never sent");
        window.cancel(1, b"-");
        assert_eq!(*lock(&sent), "145-3");
        window.answered(3);
        assert!(lock(&window.requests).sent.is_empty() && lock(&window.requests).bytes == 0);
    }

    #[test]
    fn a_process_that_sends_more_than_it_may_is_found() {
        let calls = Calls::default();
        assert!(calls.begin(1, 6) && calls.begin(2, 4));
        assert_eq!(calls.check(bounds()), Ok(()));
        assert!(calls.begin(3, 1));
        let why = calls.check(bounds()).expect_err("that is too much");
        assert!(why.contains("11 bytes, 10 are allowed"), "{why}");
        assert!(!calls.begin(3, 0), "its work would be counted no more");
        assert!(calls.end(2) && !calls.end(2));
        assert_eq!(calls.check(bounds()), Ok(()));
        // It cannot be aborted, and so still counts.
        calls.cancel(3);
        assert!(calls.begin(4, 4));
        assert!(calls.check(bounds()).is_err());
    }

    #[test]
    fn a_frame_has_room_for_the_largest_that_is_allowed() {
        let limits = Limits { request_max_bytes: 100, state_max_bytes: 300 << 20, ..Limits::default() };
        let bounds = Bounds::of(&limits);
        assert!(bounds.frame > limits.state_max_bytes && bounds.unanswered >= bounds.frame);
        let state = |length| Ok(Some(State { version: 1, bytes: vec![0; length] }));
        assert!(bounds.saved(state(limits.state_max_bytes)).is_ok());
        let refused = bounds.saved(state(bounds.frame)).expect_err("it cannot be sent");
        assert!(refused.text.contains("`[limits] state_max_bytes`"), "{refused}");
    }
}
