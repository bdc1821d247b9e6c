//! Sends the bot's pulse to statsd: messages heard, guilds joined, and how late its own task runs. `!pulse` tells it in
//! words. It never waits for statsd, and runs as well without one.
#![forbid(unsafe_code)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// Gauges are sent this often: statsd servers forget them after a while.
const PERIOD: Duration = Duration::from_secs(10);
const TASK: &str = "beat";
const GUILD_DELETE: &str = "GUILD_DELETE";
const VERSION: u32 = 1;

struct Pulse {
    host: Host,
    messages: Cell<u64>,
    guilds: RefCell<BTreeSet<u64>>,
}

/// The state, version 1.
#[derive(Serialize, Deserialize)]
struct Beat {
    messages: u64,
    guilds: BTreeSet<u64>,
}

/// The part of a guild event that counts.
#[derive(Deserialize)]
struct Guild<'a> {
    id: &'a str,
    /// Set when Discord cannot reach the guild at the moment: the bot is still in it.
    #[serde(default)]
    unavailable: bool,
}

impl Cog for Pulse {
    const EVENTS: &'static [&'static str] = &[events::MESSAGE_CREATE, events::GUILD_CREATE, GUILD_DELETE];
    const COMMANDS: &'static [Command] = &[Command::new("pulse", "Tells what the bot has heard so far")];

    async fn setup(host: Host) -> Result<Self> {
        host.clock().every(TASK, PERIOD)?;
        Ok(Self { host, messages: Cell::default(), guilds: RefCell::default() })
    }

    fn restore(&mut self, state: State) -> Result<()> {
        if state.version != VERSION {
            return Err(Error::new(format!("it reads state of version {VERSION}, not {}", state.version)));
        }
        let Beat { messages, guilds } = state.parse()?;
        self.messages.set(messages);
        // Guilds may have been heard of between `setup` and now.
        self.guilds.borrow_mut().extend(guilds);
        Ok(())
    }

    async fn event(&self, _ctx: &Context, event: Event) -> Result<()> {
        match event {
            Event::MessageCreate(_) => {
                self.messages.set(self.messages.get() + 1);
                self.host.stats().incr("messages", 1);
            }
            Event::Other(event) => {
                let joined = event.name == events::GUILD_CREATE;
                moved(&mut self.guilds.borrow_mut(), joined, event.json.as_str())?;
                self.gauge();
            }
            _ => {}
        }
        Ok(())
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let (messages, guilds) = (self.messages.get(), self.guilds.borrow().len());
        ctx.reply(format!("{messages} messages heard, {guilds} guilds")).await?;
        Ok(())
    }

    async fn task(&self, _ctx: &Context, run: TaskRun) -> Result<()> {
        self.gauge();
        self.host.stats().timing("task_lateness", lateness(run.due_unix_ms, now()));
        Ok(())
    }

    fn save(&self) -> Result<Option<State>> {
        let beat = Beat { messages: self.messages.get(), guilds: self.guilds.borrow().clone() };
        State::json(VERSION, &beat).map(Some)
    }
}

impl Pulse {
    fn gauge(&self) {
        self.host.stats().gauge("guilds", self.guilds.borrow().len() as f64);
    }
}

/// Notes that the bot joined or left a guild.
fn moved(guilds: &mut BTreeSet<u64>, joined: bool, json: &str) -> Result<()> {
    let guild: Guild<'_> = serde_json::from_str(json)?;
    let id = guild.id.parse()?;
    if joined {
        guilds.insert(id);
    } else if !guild.unavailable {
        guilds.remove(&id);
    }
    Ok(())
}

/// How late a task runs.
fn lateness(due_unix_ms: u64, now: Duration) -> Duration {
    now.saturating_sub(Duration::from_millis(due_unix_ms))
}

/// Time since the Unix epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

gearshift_cog::export!(Pulse);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guild_counts_until_the_bot_has_left_it() {
        let mut guilds = BTreeSet::new();
        moved(&mut guilds, true, r#"{"id":"1","name":"one"}"#).expect("it is valid");
        moved(&mut guilds, true, r#"{"id":"1"}"#).expect("it is valid");
        moved(&mut guilds, true, r#"{"id":"2"}"#).expect("it is valid");
        assert_eq!(guilds.len(), 2);
        moved(&mut guilds, false, r#"{"id":"1","unavailable":true}"#).expect("it is valid");
        assert_eq!(guilds.len(), 2);
        moved(&mut guilds, false, r#"{"id":"1"}"#).expect("it is valid");
        assert_eq!(guilds, BTreeSet::from([2]));
        assert!(moved(&mut guilds, true, r#"{"id":"two"}"#).is_err());
    }

    #[test]
    fn a_clock_that_went_back_is_not_late() {
        assert_eq!(lateness(1_000, Duration::from_millis(1_250)), Duration::from_millis(250));
        assert_eq!(lateness(2_000, Duration::from_millis(1_250)), Duration::ZERO);
    }
}
