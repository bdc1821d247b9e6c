//! `/my-cog me` reminds you; after `/my-cog here`, the cog says good morning there each day.
#![forbid(unsafe_code)]

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use gearshift_cog::prelude::*;
use serde::{Deserialize, Serialize};

/// The struct is the cog's state: a reload carries it over and, if the host has a store, a restart too.
#[derive(Default, Serialize, Deserialize)]
struct Reminders {
    /// The channel for the daily good morning.
    channel: Cell<Option<u64>>,
    /// Do not hold a borrow across an `await`: other handlers run meanwhile.
    reminders: RefCell<BTreeMap<u64, Reminder>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Reminder {
    due: SystemTime,
    channel: u64,
    user: u64,
    text: String,
}

// A name with a space makes a subcommand.
#[cog(state = 1, group("my-cog", "Reminders"))]
impl Reminders {
    /// Reminds you of something in this channel
    #[command("my-cog me", cooldown = "5 in 1m per user")]
    async fn me(
        &self,
        ctx: &Context,
        #[describe = "When, such as 90s, 10m or 1h30m"] after: Duration,
        #[describe = "Of what"]
        #[max_length = 1000]
        text: String,
    ) -> Result {
        let due = ctx.clock().now().checked_add(after);
        // `input`: a mistake of the user; only they see the text. Any other error is a fault of the cog.
        let due = due.ok_or_else(|| Error::input("that is too late"))?;
        let (id, channel, user) = (ctx.id()?, ctx.channel_id()?, ctx.user()?.id);
        let reminder = Reminder {
            due,
            channel,
            user,
            text,
        };
        self.reminders.borrow_mut().insert(id, reminder);
        ctx.reply("I will remind you.").await
    }

    // The host runs it, and keeps its schedule across reloads.
    #[every("10s")]
    async fn remind(&self, ctx: &Context) -> Result {
        let (now, all) = (ctx.clock().now(), self.reminders.borrow().clone());
        for (id, reminder) in all.into_iter().filter(|(_, it)| it.due <= now) {
            let text = format!("<@{}> {}", reminder.user, reminder.text);
            let message = NewMessage::new(text)
                // Any user can write the text, so it may notify only them.
                .allow_mentions(&[Mention::User(reminder.user)])
                // If the response is lost, Discord does not post a second attempt.
                .nonce(&id.to_string());
            ctx.discord().send(reminder.channel, message).await?;
            self.reminders.borrow_mut().remove(&id);
        }
        Ok(())
    }

    /// Says good morning in this channel each day
    #[command("my-cog here", permissions = "MANAGE_GUILD")]
    async fn here(&self, ctx: &Context) -> Result {
        self.channel.set(Some(ctx.channel_id()?));
        ctx.reply("I will.").await
    }

    // Also `#[cron("0 18 * * fri", tz = "UTC")]`.
    #[daily("09:00", tz = "Europe/Berlin")]
    async fn morning(&self, ctx: &Context) -> Result {
        match self.channel.get() {
            Some(channel) => ctx.discord().send(channel, "Good morning!").await.map(drop),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
