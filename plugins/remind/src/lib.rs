//! `!remind 10s tea` and `/remind when:10s what:tea` remind a user exactly once, even if the cog is replaced or the
//! host restarted in between. Shows tasks that are planned at run time, the store, the site API, and how to send a
//! message that must not be sent twice. It keeps nothing in memory that would be missed.
#![forbid(unsafe_code)]

mod storage;

use std::{
    cell::RefCell,
    collections::HashSet,
    time::{Duration, UNIX_EPOCH},
};

use gearshift_cog::{
    handles::{Clock, HandleErrorKind},
    prelude::*,
};
use serde::Deserialize;

use self::storage::{Reminder, Storage};

/// Maximum number of reminders, for all users together.
const MOST: usize = 1000;
/// A reminder that Discord did not accept is retried after this time, while Discord still remembers its nonce.
const RETRY: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Keeps reminders at the site API (`[api]`) instead of in the store.
    at_site: bool,
}

struct Remind {
    storage: Storage,
    /// Ids of the reminders that this generation has planned, so that `look` does not plan one again while it is being
    /// sent.
    planned: RefCell<HashSet<String>>,
}

#[cog(settings = Settings)]
impl Remind {
    #[setup]
    async fn new(host: Host, settings: Settings) -> Result<Self> {
        let storage = if settings.at_site { Storage::AtSite } else { Storage::InStore };
        let remind = Self { storage, planned: RefCell::default() };
        // It can serve without them: they are read again every minute.
        if let Err(error) = remind.plan_all(&host).await {
            tracing::error!("the reminders cannot be read: {error}");
        }
        Ok(remind)
    }

    /// Reminds you of something in this channel
    #[command]
    async fn remind(
        &self,
        ctx: &Context,
        #[describe = "When, such as 90s, 10m or 1h30m"] when: Duration,
        #[describe = "What to remind you of"]
        #[max_length = 1500]
        what: String,
    ) -> Result {
        if when.is_zero() || when > Clock::LONGEST {
            return Err(Error::input("`when` must be between a second and a year"));
        }
        if self.storage.all(ctx).await?.len() >= MOST {
            return Err(Error::input(format!("there are already {MOST} reminders")));
        }
        let due = (ctx.clock().now() + when).duration_since(UNIX_EPOCH)?;
        let due_ms = u64::try_from(due.as_millis())?;
        let (id, channel, user) = (ctx.id()?.to_string(), ctx.channel_id()?, ctx.user()?.id);
        let reminder = Reminder { id, due_ms, channel, user, text: what };
        // Saved first: a user must not be promised a reminder that a crash would lose.
        self.storage.put(ctx, &reminder).await?;
        self.plan(ctx, &reminder)?;
        ctx.reply(format!("I will remind you <t:{}:R>.", due.as_secs())).await
    }

    /// Plans reminders that were added to the site API by others, and those that were more than a year away.
    #[every("1m")]
    async fn look(&self, ctx: &Context) -> Result {
        self.plan_all(ctx).await
    }

    #[task("remind:{id}")]
    async fn due(&self, ctx: &Context, id: String) -> Result {
        match self.send(ctx, &id).await {
            Ok(()) => drop(self.planned.borrow_mut().remove(&id)),
            Err(error) => {
                ctx.clock().once(&task(&id), RETRY)?;
                return Err(error);
            }
        }
        Ok(())
    }

    async fn send(&self, host: &Host, id: &str) -> Result {
        let Some(reminder) = self.storage.get(host, id).await? else { return Ok(()) };
        let message = NewMessage::new(format!("<@{}> {}", reminder.user, reminder.text))
            // Any user can write the text, so it may only mention the user who is reminded.
            .allow_mentions(&[Mention::User(reminder.user)])
            // If it is sent again within a few minutes, by any generation, Discord returns the first message instead.
            .nonce(id);
        match host.discord().send(reminder.channel, message).await {
            Ok(_) => {}
            Err(error) if is_final(&error) => {
                tracing::warn!(reminder.channel, "a reminder was given up: {error}")
            }
            Err(error) => return Err(error),
        }
        // Deleted only now: after a crash before this line it is sent once more, but Discord does not post it again.
        self.storage.delete(host, id).await
    }

    async fn plan_all(&self, host: &Host) -> Result {
        for reminder in self.storage.all(host).await? {
            if let Err(error) = self.plan(host, &reminder) {
                tracing::error!(reminder.id, "a reminder cannot be planned: {error}");
            }
        }
        Ok(())
    }

    /// Plans a reminder: an overdue one runs at once, and one that is more than a year away is left for later. Planning
    /// it again, as a reload does, does not change when it is due.
    fn plan(&self, host: &Host, reminder: &Reminder) -> Result {
        let now = host.clock().now();
        let due = UNIX_EPOCH.checked_add(Duration::from_millis(reminder.due_ms));
        let delay = due.map(|due| due.duration_since(now).unwrap_or_default());
        if let Some(delay) = delay.filter(|delay| *delay <= Clock::LONGEST)
            && self.planned.borrow_mut().insert(reminder.id.clone())
        {
            host.clock().once(&task(&reminder.id), delay)?;
        }
        Ok(())
    }
}

fn task(id: &str) -> String {
    format!("remind:{id}")
}

/// Whether retrying is useless: the channel was deleted, or the bot has no access to it.
fn is_final(error: &Error) -> bool {
    error
        .handle()
        .is_some_and(|error| error.kind == HandleErrorKind::Status && matches!(error.status, 400 | 403 | 404))
}

#[cfg(test)]
mod tests;
