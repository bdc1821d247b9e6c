//! What happens by itself when its time has come: threads that nobody writes in are archived, invites and polls end.
//! It holds no rule of its own; each timer looks whether it still applies.

use std::sync::Arc;
use std::time::Duration;

use super::By;
use crate::clock::Timestamp;
use crate::shared::{Shared, State};
use crate::snowflake::Snowflake;

impl State {
    /// Looks after everything that was there at the start.
    pub(crate) fn set_timers(&self) {
        for channel in self.world.channels.values() {
            self.watch_thread(channel.id);
            for message in channel.messages.iter().filter(|message| message.poll.is_some()) {
                self.watch_poll(channel.id, message.id);
            }
        }
        self.world.invites.keys().for_each(|code| self.watch_invite(code));
    }

    /// Ends an invite when its time has come.
    pub(crate) fn watch_invite(&self, code: &str) {
        let Some(ends) = self.world.invites.get(code).and_then(|invite| invite.expires_at()) else { return };
        let code = code.to_owned();
        self.world.clock.at(ends, move |shared| shared.state().end_invite(&code));
    }

    /// Looks after a thread that was opened: archives it once nobody has written for its time.
    pub(crate) fn watch_thread(&self, id: Snowflake) {
        let Some(when) = self.archive_time(id) else { return };
        self.world.clock.at(when, move |shared| look_after(shared, id));
    }

    /// When a thread is to be archived; none if it is not open.
    fn archive_time(&self, id: Snowflake) -> Option<Timestamp> {
        let channel = self.world.channel(id)?;
        let thread = channel.thread.as_deref().filter(|thread| !thread.archived)?;
        let written = channel.last_message_id.map_or(Timestamp(0), |id| Timestamp(id.unix_ms()));
        let last = written.max(thread.archive_timestamp);
        Some(last + Duration::from_secs(u64::from(thread.auto_archive_minutes) * 60))
    }
}

fn look_after(shared: &Arc<Shared>, id: Snowflake) {
    let mut state = shared.state();
    match state.archive_time(id) {
        Some(when) if when <= state.world.clock.now() => {
            let Some(owner) =
                state.world.channel(id).and_then(|one| one.thread.as_ref()).map(|one| one.owner_id)
            else {
                return;
            };
            let by = By { user: owner, reason: None };
            state.change_thread(&by, id, |channel| {
                if let Some(thread) = &mut channel.thread {
                    thread.archived = true;
                }
            });
        }
        // Somebody wrote meanwhile.
        Some(_) => state.watch_thread(id),
        None => {}
    }
}
