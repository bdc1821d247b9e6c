//! What a host that ends in order leaves to the next one, in this process or another: the gateway's sessions, to be
//! resumed; facts that Discord does not send again in a resumed session; and events that were queued for cogs. It opens
//! and closes nothing.
//!
//! A host that was killed leaves nothing, and what an old host left more than five minutes ago is not used.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Seek},
    time::Duration,
};

use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};

use crate::{
    clock::machine_unix_ms,
    config,
    control::BotClaim,
    duration::Shown,
    facts::{Facts, SavedFacts},
    gateway::ResumeData,
    lane::SavedCall,
    sessions::{Discord, Sessions, Store},
};

/// Version of the written format: hosts of other versions read it too.
const FORM: u32 = 1;
/// Discord does not document how long it keeps a session without a connection; after some minutes it is gone. After
/// this time no user expects an answer to an older message either.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The name under which the system shows the memory file that holds it.
pub(crate) const MEMORY_NAME: &str = "gearshift-handover";

/// What one host leaves to the next.
#[derive(Debug, Serialize, Deserialize)]
pub struct Handover {
    form: u32,
    ended_unix_ms: u64,
    gateway: ResumeData,
    /// `None`: they could not be serialized, so no session can be resumed.
    facts: Option<SavedFacts>,
    waiting: BTreeMap<String, Vec<SavedCall>>,
}

/// What the next host resumes from.
#[derive(Debug, Default)]
pub struct Resumed {
    /// Sessions to resume, which match this host's config.
    pub gateway: Option<ResumeData>,
    /// The queued events of each cog.
    pub waiting: BTreeMap<String, Vec<SavedCall>>,
}

impl Handover {
    /// From a host whose gateway is closed and whose cogs are retired.
    pub fn new(gateway: ResumeData, facts: &Facts, waiting: BTreeMap<String, Vec<SavedCall>>) -> Handover {
        let facts = facts.save().inspect_err(|error| {
            tracing::warn!(
                "the next start begins a new session: what is known of the guilds is not JSON: {error}"
            );
        });
        Handover { form: FORM, ended_unix_ms: machine_unix_ms(), gateway, facts: facts.ok(), waiting }
    }

    /// Writes it to the store for the next process.
    pub async fn keep(&self, store: &Store) {
        let written = match serde_json::to_vec(self) {
            Ok(bytes) => store.put_handover(bytes).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::error!(waiting = self.count(), "the next start begins a new session: {error}");
        }
    }

    /// Takes what the previous process has written out of the store.
    pub async fn take(store: &Store) -> Option<Handover> {
        let read = match store.take_handover().await {
            Ok(None) => return None,
            Ok(Some(bytes)) => Handover::read(&bytes),
            Err(error) => Err(format!("the last one cannot be read: {error}")),
        };
        read.inspect_err(|why| log_new_session(why)).ok()
    }

    fn read(bytes: &[u8]) -> Result<Handover, String> {
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        match serde_json::from_slice(bytes) {
            Ok(Form { form: FORM }) => {}
            Ok(Form { form }) => {
                return Err(format!(
                    "the last one was kept in format {form}, and this host reads format {FORM}"
                ));
            }
            Err(_) => return Err("what was kept of the last one is damaged".to_owned()),
        }
        serde_json::from_slice(bytes).map_err(|_| "what was kept of the last one is damaged".to_owned())
    }

    /// The parts that a host with this account and config can use. The facts are restored if the sessions are resumed.
    pub fn open(self, discord: &Discord, config: &config::Discord, facts: &Facts) -> Resumed {
        let count = self.count();
        let Handover { ended_unix_ms, gateway, facts: kept, waiting, .. } = self;
        let age = match age(ended_unix_ms, machine_unix_ms()) {
            Ok(age) => age,
            Err(why) => {
                log_new_session(&why);
                warn_dropped(count, "too old");
                return Resumed::default();
            }
        };
        if !gateway.is_of(discord) {
            log_new_session("the last one is of another bot");
            warn_dropped(count, "of another bot");
            return Resumed::default();
        }
        let fits = match (gateway.fits(discord, config), kept) {
            _ if gateway.is_empty() => Err("the last one was not connected"),
            (Ok(()), None) => Err("what is known of the guilds could not be kept"),
            (Ok(()), Some(kept)) => Ok(kept),
            (Err(why), _) => Err(why),
        };
        match fits {
            Ok(kept) => {
                tracing::info!(
                    "resuming {} session(s) of the host that ended {} ago",
                    gateway.len(),
                    Shown(age)
                );
                facts.restore(kept);
                Resumed { gateway: Some(gateway), waiting }
            }
            Err(why) => {
                log_new_session(why);
                Resumed { gateway: None, waiting }
            }
        }
    }

    /// How many events are queued.
    pub fn count(&self) -> usize {
        self.waiting.values().map(Vec::len).sum()
    }
}

/// What a host that has closed leaves to the next one in its process.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Kept, so that no other host takes over the bot in between.
    bot: Option<BotClaim>,
    handover: Option<Handover>,
}

impl Inherited {
    pub(crate) fn new(bot: Option<BotClaim>, handover: Option<Handover>) -> Inherited {
        Inherited { bot, handover }
    }

    /// What the previous program left in this process, as written by [`Inherited::to_memory`].
    pub(crate) fn read(bytes: &[u8]) -> Inherited {
        let handover = Handover::read(bytes).inspect_err(|why| log_new_session(why)).ok();
        Inherited::new(None, handover)
    }

    /// Writes it to memory (a memfd), for a program that is executed in this process and has no store to read it from;
    /// the kernel frees the memory with its last descriptor. `None` if there is nothing to resume from.
    ///
    /// # Errors
    /// If the system is out of memory or descriptors.
    pub(crate) fn to_memory(&self) -> io::Result<Option<File>> {
        let Some(handover) = &self.handover else { return Ok(None) };
        // Without CLOEXEC, so that it stays open across `execve`.
        let mut memory = File::from(memfd_create(MEMORY_NAME, MemfdFlags::empty())?);
        serde_json::to_writer(BufWriter::new(&memory), handover)?;
        memory.rewind()?;
        Ok(Some(memory))
    }

    /// The claim on the bot that it served.
    pub(crate) fn bot(&mut self) -> Option<BotClaim> {
        self.bot.take()
    }

    /// What the next host resumes from: what is in memory, or else what is in the store, which is removed from there.
    pub(crate) async fn take(
        &mut self,
        sessions: &Sessions,
        discord: &Discord,
        settings: &config::Discord,
        facts: &Facts,
    ) -> Resumed {
        let stored = match &sessions.store {
            Some(store) => Handover::take(store).await,
            None => None,
        };
        match self.handover.take().or(stored) {
            Some(handover) if settings.resume => handover.open(discord, settings, facts),
            Some(handover) => {
                log_new_session("`[discord] resume` is off now");
                warn_dropped(handover.count(), "of a session that is not resumed");
                Resumed::default()
            }
            None => Resumed::default(),
        }
    }
}

/// How long ago a host ended. The clock may have been set back since, by a little: then it ended a moment ago.
///
/// # Errors
/// Why that is too long ago, or why it is not known.
fn age(ended_unix_ms: u64, now_unix_ms: u64) -> Result<Duration, String> {
    let apart = Duration::from_millis(now_unix_ms.abs_diff(ended_unix_ms));
    match (apart <= LIFETIME, ended_unix_ms <= now_unix_ms) {
        (true, true) => Ok(apart),
        (true, false) => Ok(Duration::ZERO),
        (false, true) => Err(format!("the last one ended {} ago", Shown(apart))),
        (false, false) => Err("by the clock the last one ends in the future".to_owned()),
    }
}

fn log_new_session(why: &str) {
    tracing::info!("a new gateway session is started: {why}");
}

fn warn_dropped(count: usize, why: &str) {
    if count > 0 {
        tracing::warn!(
            count,
            "events that waited for cogs when the last host ended are dropped: they are {why}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_a_little_costs_no_session() {
        let (now, minute) = (1_700_000_000_000, 60_000);
        let ages = [
            (now - minute, Ok(Duration::from_secs(60))),
            (now + 1, Ok(Duration::ZERO)),
            (now + 4 * minute, Ok(Duration::ZERO)),
            (now - 6 * minute, Err("the last one ended 6 min ago".to_owned())),
            (now + 6 * minute, Err("by the clock the last one ends in the future".to_owned())),
        ];
        for (ended, expected) in ages {
            assert_eq!(age(ended, now), expected);
        }
    }
}
