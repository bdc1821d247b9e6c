//! `!remind 10s tea` and `/remind when:10s what:tea` remind a person, also when the bot was restarted in between.
//! Shows tasks that are planned in `setup` from what is stored: the store is open before any cog exists, so there is
//! nothing to wait for. It keeps nothing in memory that would be missed.
#![forbid(unsafe_code)]

mod delay;

use std::{
    cell::RefCell,
    collections::HashSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gearshift_cog::{
    handles::{Clock, HandleError, HandleErrorKind},
    prelude::*,
};
use serde::{Deserialize, Serialize};

/// Stored reminders are under this prefix, in the order in which they are due.
const PREFIX: &str = "reminder/";
/// Most reminders at once, for all people together.
const MOST: u32 = 1000;
/// Most characters of a text; Discord takes 2000 in a message, mention included.
const LONGEST_TEXT: usize = 1500;
/// A reminder that Discord did not take is tried again after this time.
const RETRY: Duration = Duration::from_secs(60);

struct Reminder {
    host: Host,
    /// Keys of reminders that are due later than can be planned: their next run only plans them again.
    far: RefCell<HashSet<String>>,
}

/// A reminder as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    channel: u64,
    user: u64,
    text: String,
}

impl Cog for Reminder {
    const COMMANDS: &'static [Command] =
        &[Command::new("remind", "Reminds you of something in this channel").options(&[
            Opt::string("when", "In what time, such as 90s, 10m or 1h30m").required(),
            Opt::string("what", "What to remind you of").required(),
        ])];

    async fn setup(host: Host) -> Result<Self> {
        let reminder = Self { host, far: RefCell::default() };
        // All of them: calls that came at the same moment may have stored some more than `MOST`.
        let mut stored = reminder.host.store().scan::<Stored>(PREFIX);
        while let Some((key, _)) = stored.next_bytes().await? {
            // One that cannot be planned must not keep the others from being sent. It stays where it is.
            if let Err(error) = reminder.plan(&key) {
                tracing::error!(key, "a stored reminder cannot be planned: {error}");
            }
        }
        Ok(reminder)
    }

    async fn command(&self, ctx: &Context) -> Result<()> {
        let answer = match self.remember(ctx).await {
            Ok(when) => format!("I will remind you in {when}."),
            Err(why) => format!("I cannot do that: {why}."),
        };
        ctx.reply(answer).await?;
        Ok(())
    }

    /// The host calls this when a reminder is due; its task has the name of its key.
    async fn task(&self, _ctx: &Context, run: TaskRun) -> Result<()> {
        let key = run.name.as_str();
        if self.far.borrow_mut().remove(key) {
            return self.plan(key);
        }
        let Some(stored) = self.host.store().get::<Stored>(key).await? else { return Ok(()) };
        match self.remind(&stored).await {
            Ok(()) => {}
            Err(error) if is_final(&error) => {
                tracing::warn!(channel = stored.channel, "a reminder was given up: {error}");
            }
            Err(error) => {
                self.host.clock().once(key, RETRY)?;
                return Err(error);
            }
        }
        // Only now: a crash before this line reminds twice, and never not at all.
        self.host.store().delete(key).await?;
        Ok(())
    }
}

impl Reminder {
    /// Stores and plans what the caller asks for; the delay as text, or why not.
    async fn remember(&self, ctx: &Context) -> Result<String> {
        let (Some(when), Some(what)) = (ctx.option("when"), ctx.option("what")) else {
            return Err(Error::new("tell me when and what, such as `10m tea`"));
        };
        let delay = delay::parse(when).map_err(Error::new)?;
        if what.chars().count() > LONGEST_TEXT {
            return Err(Error::new(format!("that is longer than {LONGEST_TEXT} characters")));
        }
        let store = self.host.store();
        let (mut all, mut count) = (store.scan::<Stored>(PREFIX), 0);
        while all.next_bytes().await?.is_some() {
            count += 1;
        }
        if count >= MOST {
            return Err(Error::new(format!("there are {MOST} reminders already")));
        }
        let key = key(now() + delay, call_id(ctx));
        let stored = Stored { channel: ctx.channel_id()?, user: ctx.user()?.id, text: what.to_owned() };
        // Planned first: what the host refuses to plan is not stored, and nobody is promised what is not stored.
        self.host.clock().once(&key, delay)?;
        if let Err(error) = store.set(&key, &stored).await {
            let _ = self.host.clock().cancel(&key);
            return Err(error);
        }
        Ok(delay::text(delay))
    }

    /// Plans what is stored under a key. Overdue reminders are due now. Planning a key again, as a reload does, only moves
    /// it to where it was.
    fn plan(&self, key: &str) -> Result<()> {
        let due = due(key).ok_or_else(|| Error::new("its key does not say when it is due"))?;
        let delay = due.saturating_sub(now());
        if delay > Clock::LONGEST {
            self.far.borrow_mut().insert(key.to_owned());
        }
        Ok(self.host.clock().once(key, delay.min(Clock::LONGEST))?)
    }

    async fn remind(&self, stored: &Stored) -> Result<()> {
        let message = NewMessage::new(format!("<@{}> {}", stored.user, stored.text))
            // The text is anybody's: it may mention nobody else.
            .allow_mentions(&[Mention::User(stored.user)]);
        self.host.discord().send(stored.channel, message).await.map(drop)
    }
}

/// Whether trying again is useless: the channel is gone, or closed to the bot.
fn is_final(error: &Error) -> bool {
    let is_refused = |error: &HandleError| error.kind == HandleErrorKind::Status;
    error.handle().is_some_and(|error| is_refused(error) && matches!(error.status, 400 | 403 | 404))
}

/// The snowflake of the message or interaction: unique, so two reminders never share a key.
fn call_id(ctx: &Context) -> u64 {
    ctx.message().map(|message| message.id).or(ctx.interaction().map(|it| it.id)).unwrap_or_default()
}

/// `reminder/<due, milliseconds since the Unix epoch>/<id>`: sorts by time up to the year 5138.
fn key(due: Duration, id: u64) -> String {
    format!("{PREFIX}{:014}/{id}", due.as_millis())
}

/// When the reminder of a key is due, since the Unix epoch.
fn due(key: &str) -> Option<Duration> {
    let (due, _) = key.strip_prefix(PREFIX)?.split_once('/')?;
    due.parse().ok().map(Duration::from_millis)
}

/// Time since the Unix epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

gearshift_cog::export!(Reminder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_time_and_tell_it() {
        let (early, late) =
            (key(Duration::from_millis(999), 9), key(Duration::from_millis(1_700_000_000_000), 1));
        assert!(early < late);
        assert_eq!(due(&late), Some(Duration::from_millis(1_700_000_000_000)));
        assert_eq!(due("reminder/soon/1"), None);
    }
}
