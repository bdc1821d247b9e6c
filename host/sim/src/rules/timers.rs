//! What happens by itself at its time: inactive threads are archived, invites expire, polls end.

use super::{interactions, invites, polls, threads};
use crate::clock::{Due, OnDue};
use crate::state::{Shared, State};

/// Schedules everything that exists at the start.
pub(crate) fn set_all(state: &State) {
    for channel in state.world.channels.values() {
        threads::watch(state, channel.id);
        for message in channel.messages.iter().filter(|message| message.poll.is_some()) {
            polls::watch(state, channel.id, message.id);
        }
    }
    state.world.invites.keys().for_each(|code| invites::watch(state, code));
}

impl OnDue for Shared {
    fn fall_due(&self, due: Due) {
        let mut state = self.state();
        match due {
            Due::ThreadIdle(id) => threads::archive_idle(&mut state, id),
            Due::InviteExpires(code) => invites::end(&mut state, &code),
            Due::PollEnds { channel, message } => polls::end(&mut state, channel, message),
            Due::InteractionTimesOut(id) => interactions::time_out(&mut state, id),
        }
    }
}
