//! Sends the bot's pulse to statsd: messages received, guilds joined, and how late its own task runs. `!pulse` answers
//! with these numbers. It never waits for statsd, and works without one.
#![forbid(unsafe_code)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::{Duration, UNIX_EPOCH},
};

use gearshift_cog::{Json, prelude::*};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct Pulse {
    messages: Cell<u64>,
    /// Includes guilds that are unavailable at the moment, as the bot is still a member.
    guilds: RefCell<BTreeSet<u64>>,
}

/// The field of a guild that matters here. serenity's `Guild` has many more, which would be parsed in vain.
#[derive(Deserialize)]
struct Joined {
    id: GuildId,
}

#[cog(state = 1)]
impl Pulse {
    /// Says what the bot has received so far
    #[command]
    async fn pulse(&self, ctx: &Context) -> Result {
        let (messages, guilds) = (self.messages.get(), self.guilds.borrow().len());
        ctx.reply(format!("{messages} messages received, {guilds} guilds")).await
    }

    #[listen("MESSAGE_CREATE")]
    async fn said(&self, ctx: &Context) -> Result {
        self.messages.update(|messages| messages + 1);
        ctx.stats().incr("messages", 1);
        Ok(())
    }

    #[listen("GUILD_CREATE")]
    async fn joined(&self, ctx: &Context, guild: Json<Joined>) -> Result {
        self.guilds.borrow_mut().insert(guild.id.get());
        self.gauge(ctx);
        Ok(())
    }

    #[listen]
    async fn left(&self, ctx: &Context, event: GuildDeleteEvent) -> Result {
        if !event.guild.unavailable {
            self.guilds.borrow_mut().remove(&event.guild.id.get());
        }
        self.gauge(ctx);
        Ok(())
    }

    /// Often enough that no statsd server forgets the gauge.
    #[every("10s")]
    async fn beat(&self, ctx: &Context, run: TaskRun) -> Result {
        self.gauge(ctx);
        let due = UNIX_EPOCH + Duration::from_millis(run.due_unix_ms);
        // If the clock was set back, the task is not late.
        ctx.stats().timing("task_lateness", ctx.clock().now().duration_since(due).unwrap_or_default());
        Ok(())
    }

    fn gauge(&self, host: &Host) {
        host.stats().gauge("guilds", self.guilds.borrow().len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use gearshift_cog::testing::Bot;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_guild_counts_until_the_bot_has_left_it() {
        let bot = Bot::new::<Pulse>();
        let shows = |expected: &str| {
            let shown = bot.user("alice").slash("pulse", ()).content();
            assert_eq!(shown.split(", ").nth(1), Some(expected), "{}", bot.transcript());
        };
        shows("1 guilds");
        bot.event("GUILD_DELETE", json!({ "id": "100", "unavailable": true }));
        shows("1 guilds");
        bot.reload::<Pulse>();
        bot.event("GUILD_DELETE", json!({ "id": "100" }));
        shows("0 guilds");
        assert!(bot.faults().is_empty(), "{:?}", bot.faults());
    }

    #[test]
    fn received_events_are_sent_to_statsd() {
        let bot = Bot::new::<Pulse>();
        bot.user("alice").say("hello");
        bot.user("alice").say("!pulse").assert_content("2 messages received, 1 guilds");
        bot.advance(Duration::from_secs(10));
        let names: BTreeSet<String> = bot.metrics().into_iter().map(|it| it.name).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["guilds", "messages", "task_lateness"]);
    }
}
