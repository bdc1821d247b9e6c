//! `!remind 10s tea` and `/remind when:10s what:tea` remind a user, each time exactly once, though the cog is replaced or the
//! host restarted in between. Shows tasks that are planned while the cog runs, the store, the site API, and how a message
//! is sent that must not be sent twice. It keeps nothing in memory that would be missed.
#![forbid(unsafe_code)]

mod kept;

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

use self::kept::{Kept, Reminder};

/// Most reminders at once, for all users together.
const MOST: usize = 1000;
/// A reminder that Discord did not take is tried again after this time, while Discord still knows its nonce.
const RETRY: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Keeps reminders at the site API (`[api]`) instead of in the store.
    at_site: bool,
}

struct Remind {
    kept: Kept,
    /// Ids of those that this generation has planned: `look` must not plan one again that is being sent.
    planned: RefCell<HashSet<String>>,
}

#[cog(settings = Settings)]
impl Remind {
    #[setup]
    async fn new(host: Host, settings: Settings) -> Result<Self> {
        let kept = if settings.at_site { Kept::AtSite } else { Kept::InStore };
        let remind = Self { kept, planned: RefCell::default() };
        // It can serve without: they are looked at every minute.
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
        #[describe = "In what time, such as 90s, 10m or 1h30m"] when: Duration,
        #[describe = "What to remind you of"]
        #[max_length = 1500]
        what: String,
    ) -> Result {
        if when.is_zero() || when > Clock::LONGEST {
            return Err(Error::input("`when` must be between a second and a year"));
        }
        if self.kept.all(ctx).await?.len() >= MOST {
            return Err(Error::input(format!("there are {MOST} reminders already")));
        }
        let due = (ctx.clock().now() + when).duration_since(UNIX_EPOCH)?;
        let due_ms = u64::try_from(due.as_millis())?;
        let (id, channel, user) = (ctx.id()?.to_string(), ctx.channel_id()?, ctx.user()?.id);
        let reminder = Reminder { id, due_ms, channel, user, text: what };
        // Kept first: nobody is promised what a crash would lose.
        self.kept.put(ctx, &reminder).await?;
        self.plan(ctx, &reminder)?;
        ctx.reply(format!("I will remind you <t:{}:R>.", due.as_secs())).await
    }

    /// Plans what has come to the site API by another way, and what was more than a year away.
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
        let Some(reminder) = self.kept.get(host, id).await? else { return Ok(()) };
        let message = NewMessage::new(format!("<@{}> {}", reminder.user, reminder.text))
            // The text is anybody's: it may mention nobody else.
            .allow_mentions(&[Mention::User(reminder.user)])
            // A second attempt within some minutes, by whichever generation, is answered with the first one's message.
            .nonce(id);
        match host.discord().send(reminder.channel, message).await {
            Ok(_) => {}
            Err(error) if is_final(&error) => {
                tracing::warn!(reminder.channel, "a reminder was given up: {error}")
            }
            Err(error) => return Err(error),
        }
        // Only now: a crash before this line sends it once more, and Discord does not post it.
        self.kept.delete(host, id).await
    }

    async fn plan_all(&self, host: &Host) -> Result {
        for reminder in self.kept.all(host).await? {
            if let Err(error) = self.plan(host, &reminder) {
                tracing::error!(reminder.id, "a reminder cannot be planned: {error}");
            }
        }
        Ok(())
    }

    /// Plans a reminder; one that is overdue is due now, and one that is more than a year away is left for later. Planning
    /// it again, as a reload does, only moves it to where it was.
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

/// Whether trying again is useless: the channel is gone, or closed to the bot.
fn is_final(error: &Error) -> bool {
    error
        .handle()
        .is_some_and(|error| error.kind == HandleErrorKind::Status && matches!(error.status, 400 | 403 | 404))
}

#[cfg(test)]
mod tests;
