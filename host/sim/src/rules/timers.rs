//! What happens by itself when its time has come: threads that nobody writes in are archived, invites and polls end.
//! It holds no rule of its own; each timer looks whether it still applies.

use std::time::Duration;

use super::By;
use crate::clock::{Due, OnDue};
use crate::ids::{Snowflake, Timestamp};
use crate::state::{Shared, State};

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
        self.world.clock.at(ends, Due::InviteExpires(code.to_owned()));
    }

    /// Looks after a thread that was opened: archives it once nobody has written for its time.
    pub(crate) fn watch_thread(&self, id: Snowflake) {
        let Some(when) = self.archive_time(id) else { return };
        self.world.clock.at(when, Due::ThreadIdle(id));
    }

    /// When a thread is to be archived; none if it is not open.
    fn archive_time(&self, id: Snowflake) -> Option<Timestamp> {
        let channel = self.world.channel(id)?;
        let thread = channel.thread.as_deref().filter(|thread| !thread.archived)?;
        let written = channel.last_message_id.map_or(Timestamp(0), |id| Timestamp(id.unix_ms()));
        let last = written.max(thread.archive_timestamp);
        Some(last + Duration::from_secs(u64::from(thread.auto_archive_minutes) * 60))
    }

    /// Archives a thread if nobody has written in it for its time.
    fn archive_idle(&mut self, id: Snowflake) {
        match self.archive_time(id) {
            Some(when) if when <= self.world.clock.now() => {
                let thread = self.world.channel(id).and_then(|channel| channel.thread.as_ref());
                let Some(owner) = thread.map(|thread| thread.owner_id) else { return };
                self.change_thread(&By { user: owner, reason: None }, id, |channel| {
                    if let Some(thread) = &mut channel.thread {
                        thread.archived = true;
                    }
                });
            }
            // Somebody wrote meanwhile.
            Some(_) => self.watch_thread(id),
            None => {}
        }
    }
}

impl OnDue for Shared {
    fn fall_due(&self, due: Due) {
        let mut state = self.state();
        match due {
            Due::ThreadIdle(id) => state.archive_idle(id),
            Due::InviteExpires(code) => state.end_invite(&code),
            Due::PollEnds { channel, message } => state.end_poll(channel, message),
            Due::InteractionTimesOut(id) => state.time_out(id),
        }
    }
}
