//! Cooldowns of one cog's commands: how often each was used recently. The host keeps them, so a reload does not reset
//! them. Neither does a restart: those longer than a minute are written to the store at once, the others when the host
//! ends in order.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use crate::{
    clock::HostClock,
    sessions::store::{Change, Entry, Expect, Store, StoreError},
};

/// Maximum number of active cooldowns of one cog. Beyond it, those that end first are dropped.
const WINDOWS_MAX: usize = 10_000;
/// Cooldowns longer than this are kept in the store.
const STORED_MIN: Duration = Duration::from_secs(60);

/// One use of a command, and the limit that it is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// What is counted together: a command and, if it is counted by user or place, the user or place.
    pub key: String,
    /// How many uses are allowed.
    pub uses: u32,
    /// Within this time, which begins with the first of them.
    pub time: Duration,
}

/// The cooldowns of one cog.
#[derive(Debug)]
pub struct Cooldowns {
    /// Their owner in the store. A cog's name has no slash, so no cog can read or change them.
    owner: String,
    store: Option<Arc<Store>>,
    clock: HostClock,
    windows: Mutex<HashMap<String, Window>>,
    /// Set once what an earlier run left has been read.
    loaded: OnceCell<()>,
    /// Held while the store is written, so that the last write holds the latest use.
    writing: tokio::sync::Mutex<()>,
}

/// The period that began with the first use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    began_unix_ms: u64,
    time_ms: u64,
    used: u32,
}

impl Window {
    /// As of `now`: if the machine's clock was set back since it began, it begins now. Otherwise it would last until
    /// the clock reaches the old time again.
    fn seen(self, now: u64) -> Window {
        Window { began_unix_ms: self.began_unix_ms.min(now), ..self }
    }

    /// Milliseconds until it ends.
    fn left(self, now: u64) -> u64 {
        self.time_ms.saturating_sub(now.saturating_sub(self.began_unix_ms))
    }

    fn is_kept(self) -> bool {
        Duration::from_millis(self.time_ms) > STORED_MIN
    }
}

impl Cooldowns {
    /// The cooldowns of `cog`, measured by `clock`.
    pub fn new(cog: &str, store: Option<Arc<Store>>, clock: HostClock) -> Arc<Cooldowns> {
        Arc::new(Cooldowns {
            owner: format!("{cog}/cooldowns"),
            store,
            clock,
            windows: Mutex::default(),
            loaded: OnceCell::new(),
            writing: tokio::sync::Mutex::default(),
        })
    }

    /// Uses all of them once, or none if one is used up. Returns the time until all of them can be used; zero if they
    /// were used. Uses that survive a restart are on disk when this returns. If the store fails, that is logged, and
    /// they are counted in memory.
    pub async fn take(&self, uses: Vec<Use>) -> Duration {
        self.loaded.get_or_init(|| self.load()).await;
        let kept = match self.count(&uses) {
            Ok(kept) => kept,
            Err(wait) => return wait,
        };
        if let Some(store) = &self.store
            && !kept.is_empty()
        {
            let _writing = self.writing.lock().await;
            let now = self.clock.unix_ms();
            let writes = kept.into_iter().map(|key| {
                let window = self.windows().get(&key).copied();
                self.write(store, key, window, now)
            });
            // Concurrently, so that they wait for the disk only once.
            join_all(writes).await.into_iter().for_each(|written| self.warn_failed(written.map(drop)));
        }
        Duration::ZERO
    }

    /// Writes the cooldowns to the store that are too short to be there already, for a host that ends in order: the
    /// next one may start before they are over.
    pub async fn keep(&self) {
        let Some(store) = &self.store else { return };
        let (_writing, now) = (self.writing.lock().await, self.clock.unix_ms());
        let short: Vec<(String, Window)> = self
            .windows()
            .iter()
            .filter(|(_, window)| !window.is_kept() && window.left(now) > 0)
            .map(|(key, window)| (key.clone(), *window))
            .collect();
        let writes = short.into_iter().map(|(key, window)| self.write(store, key, Some(window), now));
        join_all(writes).await.into_iter().for_each(|written| self.warn_failed(written.map(drop)));
    }

    async fn write(
        &self,
        store: &Store,
        key: String,
        window: Option<Window>,
        now: u64,
    ) -> Result<bool, StoreError> {
        let value = window.and_then(|window| serde_json::to_vec(&window).ok());
        let lasts = window.map(|window| Duration::from_millis(window.left(now)));
        store.change(&self.owner, Change { key, value, expect: Expect::Any, lasts }).await
    }

    /// Counts a use of each. Returns the keys to write to the store, or the time until all of them can be used.
    fn count(&self, uses: &[Use]) -> Result<Vec<String>, Duration> {
        let now = self.clock.unix_ms();
        let mut windows = self.windows();
        for asked in uses {
            if let Some(window) = windows.get_mut(&asked.key) {
                *window = window.seen(now);
            }
        }
        let current = |windows: &HashMap<String, Window>, asked: &Use| {
            let time_ms = u64::try_from(asked.time.as_millis()).unwrap_or(u64::MAX);
            let window = windows.get(&asked.key).map(|window| Window { time_ms, ..*window });
            let fresh = Window { began_unix_ms: now, time_ms, used: 0 };
            window.filter(|window| window.left(now) > 0).unwrap_or(fresh)
        };
        let wait = uses.iter().map(|asked| (asked, current(&windows, asked)));
        let wait =
            wait.filter(|(asked, window)| window.used >= asked.uses).map(|(_, window)| window.left(now));
        if let Some(wait) = wait.max() {
            return Err(Duration::from_millis(wait));
        }
        let mut kept = forget_some(&mut windows, now);
        for asked in uses {
            let window = current(&windows, asked);
            let window = Window { used: window.used + 1, ..window };
            windows.insert(asked.key.clone(), window);
            if window.is_kept() {
                kept.push(asked.key.clone());
            }
        }
        Ok(kept)
    }

    /// Reads the cooldowns that are still active.
    async fn load(&self) {
        let Some(store) = &self.store else { return };
        let (mut after, now) = (None::<String>, self.clock.unix_ms());
        loop {
            let page = match store.list(&self.owner, "", after.as_deref(), usize::MAX).await {
                Ok(page) => page,
                Err(error) => return self.warn_failed(Err(error)),
            };
            let Some(last) = page.last() else { return };
            after = Some(last.key.clone());
            let read = |entry: Entry| Some((entry.key, serde_json::from_slice::<Window>(&entry.value).ok()?));
            let read = page.into_iter().filter_map(read).map(|(key, window)| (key, window.seen(now)));
            self.windows().extend(read.filter(|(_, window)| window.left(now) > 0));
        }
    }

    fn warn_failed(&self, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            let of = &self.owner;
            tracing::warn!(of, "a cooldown cannot be kept across a restart: {error}");
        }
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<String, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// If the table is full, drops the cooldowns that are over, or else the tenth that ends first. Returns the dropped keys
/// that are in the store.
fn forget_some(windows: &mut HashMap<String, Window>, now: u64) -> Vec<String> {
    if windows.len() < WINDOWS_MAX {
        return Vec::new();
    }
    let mut ends: Vec<u64> = windows.values().map(|window| window.left(now)).collect();
    ends.sort_unstable();
    let until = ends[ends.len() / 10];
    let gone = windows.extract_if(|_, window| window.left(now) <= until);
    gone.filter(|(_, window)| window.is_kept()).map(|(key, _)| key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Config, sessions::Sessions};

    const SECOND: Duration = Duration::from_secs(1);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn once(key: &str, time: Duration) -> Use {
        Use { key: key.to_owned(), uses: 1, time }
    }

    fn frozen() -> HostClock {
        let clock = HostClock::movable();
        clock.freeze();
        clock
    }

    #[tokio::test]
    async fn so_many_uses_in_so_much_time_and_then_again() {
        let clock = frozen();
        let cooldowns = Cooldowns::new("music", None, clock.clone());
        let twice = || vec![Use { uses: 2, ..once("play", 3 * SECOND) }];
        assert_eq!(cooldowns.take(twice()).await, Duration::ZERO);
        clock.advance(SECOND);
        assert_eq!(cooldowns.take(twice()).await, Duration::ZERO);
        assert_eq!(cooldowns.take(twice()).await, 2 * SECOND);
        assert_eq!(cooldowns.take(vec![once("stop", SECOND)]).await, Duration::ZERO);
        clock.advance(2 * SECOND);
        assert_eq!(cooldowns.take(twice()).await, Duration::ZERO);
    }

    #[tokio::test]
    async fn a_refused_call_costs_no_use_of_any_of_its_cooldowns() {
        let clock = frozen();
        let cooldowns = Cooldowns::new("music", None, clock.clone());
        let (group, command) = (Use { uses: 2, ..once("music", HOUR) }, once("music play", SECOND));
        let both = || vec![group.clone(), command.clone()];
        assert_eq!(cooldowns.take(both()).await, Duration::ZERO);
        for _ in 0..3 {
            assert_eq!(cooldowns.take(both()).await, SECOND);
        }
        clock.advance(SECOND);
        assert_eq!(cooldowns.take(both()).await, Duration::ZERO, "the group has its second use");
        clock.advance(SECOND);
        assert_eq!(cooldowns.take(both()).await, HOUR - 2 * SECOND, "and no third");
    }

    #[tokio::test]
    async fn a_cooldown_that_was_made_shorter_ends_earlier() {
        let cooldowns = Cooldowns::new("music", None, frozen());
        assert_eq!(cooldowns.take(vec![once("play", HOUR)]).await, Duration::ZERO);
        assert_eq!(cooldowns.take(vec![once("play", SECOND)]).await, SECOND);
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_makes_no_cooldown_longer_than_it_is() {
        let clock = HostClock::at("2026-11-29T12:00:00Z");
        clock.freeze();
        let cooldowns = Cooldowns::new("music", None, clock.clone());
        assert_eq!(cooldowns.take(vec![once("play", 3 * SECOND)]).await, Duration::ZERO);
        clock.set_wall_clock("2025-11-29T12:00:00Z");
        assert_eq!(cooldowns.take(vec![once("play", 3 * SECOND)]).await, 3 * SECOND);
        clock.advance(3 * SECOND);
        assert_eq!(cooldowns.take(vec![once("play", 3 * SECOND)]).await, Duration::ZERO);
    }

    #[tokio::test]
    async fn what_is_longer_than_a_minute_survives_a_crash() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"store.db\"\n";
        let config = Config::parse(text, &folder.path().join("gearshift.toml")).expect("a configuration");
        let clock = frozen();
        let sessions = Sessions::open_with_clock(&config, clock.clone()).await.expect("a store");
        let cooldowns = Cooldowns::new("music", sessions.store.clone(), clock.clone());
        let (long, short) = (|| vec![once("daily", HOUR)], || vec![once("play", 60 * SECOND)]);
        assert_eq!(cooldowns.take(long()).await, Duration::ZERO);
        assert_eq!(cooldowns.take(short()).await, Duration::ZERO);
        sessions.close().await;
        let sessions = Sessions::open_with_clock(&config, clock.clone()).await.expect("a store");
        let cooldowns = Cooldowns::new("music", sessions.store.clone(), clock.clone());
        clock.advance(SECOND);
        assert_eq!(cooldowns.take(long()).await, HOUR - SECOND);
        assert_eq!(cooldowns.take(short()).await, Duration::ZERO);
        let other = Cooldowns::new("games", sessions.store.clone(), clock.clone());
        assert_eq!(other.take(long()).await, Duration::ZERO);
        clock.advance(HOUR);
        let store = sessions.store.as_ref().expect("it is open");
        let left = store.list("music/cooldowns", "", None, 10).await.expect("it is open");
        assert_eq!(left, [], "what is over is gone by itself");
        sessions.close().await;
    }

    #[tokio::test]
    async fn short_ones_survive_an_end_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "[cogs]\nfolder = \"cogs\"\n[store]\npath = \"store.db\"\n";
        let config = Config::parse(text, &folder.path().join("gearshift.toml")).expect("a configuration");
        let clock = frozen();
        let open = async || Sessions::open_with_clock(&config, clock.clone()).await.expect("a store");
        let sessions = open().await;
        let cooldowns = Cooldowns::new("music", sessions.store.clone(), clock.clone());
        assert_eq!(
            cooldowns.take(vec![once("play", 30 * SECOND), once("stop", SECOND)]).await,
            Duration::ZERO
        );
        clock.advance(2 * SECOND);
        cooldowns.keep().await;
        sessions.close().await;
        let sessions = open().await;
        let cooldowns = Cooldowns::new("music", sessions.store.clone(), clock.clone());
        clock.advance(SECOND);
        assert_eq!(cooldowns.take(vec![once("play", 30 * SECOND)]).await, 27 * SECOND);
        assert_eq!(cooldowns.take(vec![once("stop", SECOND)]).await, Duration::ZERO);
        sessions.close().await;
    }

    #[tokio::test]
    async fn they_are_bounded() {
        let cooldowns = Cooldowns::new("music", None, frozen());
        assert_eq!(cooldowns.take(vec![once("long", HOUR)]).await, Duration::ZERO);
        for user in 0..3 * WINDOWS_MAX {
            let key = format!("play user {user}");
            assert_eq!(cooldowns.take(vec![once(&key, SECOND)]).await, Duration::ZERO);
            assert!(cooldowns.windows().len() <= WINDOWS_MAX + 1);
        }
        assert_eq!(cooldowns.take(vec![once("long", HOUR)]).await, HOUR);
    }
}
