//! Threads: started, changed, removed, joined, left.
//! It does not check permissions; see `changes`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Action, By, Draft};
use crate::ids::Snowflake;
use crate::sessions::{Audience, Payload, intents};
use crate::state::State;
use crate::transcript::What;
use crate::world::wire::{channel_json, thread_json_for, thread_member, thread_member_with};
use crate::world::{Channel, MessageKind, Origin, User, flags};

/// Members of a thread.
const MAX_THREAD_MEMBERS: usize = 1000;

impl State {
    /// Opens a thread with its creator in it. `source`: the message it grows from, which has the same id.
    pub(crate) fn create_thread(&mut self, by: &By, thread: Channel, source: bool) -> Value {
        let (id, guild, parent) = (thread.id, thread.guild_id, thread.parent_id);
        let silent = source
            || self.world.channels.get(&parent.unwrap_or_default()).is_some_and(|home| home.kind.is_forum());
        self.world.channels.insert(id, thread);
        let Some(guild) = guild else { return Value::Null };
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            home.belongings.threads.push(id);
        }
        self.watch_thread(id);
        let Some(thread) = self.world.channel(id) else { return Value::Null };
        let json = thread_json_for(thread, by.user);
        let mut data = channel_json(thread);
        data["newly_created"] = json!(true);
        self.record_change(guild, by, Action::ThreadCreate, id, &Value::Null, &data["thread_metadata"]);
        self.tell_channel(id, intents::CHANNELS, Payload::new("THREAD_CREATE", &data));
        self.tell_thread_members(id, &[by.user], &[]);
        match parent {
            Some(parent) if source => self.grow_from_message(guild, parent, id),
            Some(parent) if !silent => self.announce_thread(by, guild, parent, id),
            _ => {}
        }
        json
    }

    /// The message says that it has a thread, and the thread begins by pointing to it.
    fn grow_from_message(&mut self, guild: Snowflake, parent: Snowflake, id: Snowflake) {
        let Some(message) = self.world.channels.get_mut(&parent).and_then(|home| home.message_mut(id)) else {
            return;
        };
        message.flags |= flags::HAS_THREAD;
        let author = message.author.clone();
        self.edited(parent, id, false);
        let mut notice = Draft::text(id, author, String::new());
        notice.kind = MessageKind::ThreadStarter;
        notice.origin = Some(Origin { kind: 0, guild: Some(guild), channel: parent, message: Some(id) });
        self.post(notice);
    }

    /// A thread without a message is announced in its channel, a private one is not.
    fn announce_thread(&mut self, by: &By, guild: Snowflake, parent: Snowflake, id: Snowflake) {
        let Some(thread) =
            self.world.channel(id).filter(|one| one.kind != crate::world::ChannelKind::PrivateThread)
        else {
            return;
        };
        let name = thread.name.to_string();
        let Some(author) = self.world.user(by.user).cloned() else { return };
        let mut notice = Draft::text(parent, author, name);
        notice.kind = MessageKind::ThreadCreated;
        notice.origin = Some(Origin { kind: 0, guild: Some(guild), channel: id, message: None });
        self.post(notice);
    }

    /// Changes a thread and tells so if it looks different then.
    pub(crate) fn change_thread(
        &mut self,
        by: &By,
        id: Snowflake,
        change: impl FnOnce(&mut Channel),
    ) -> Option<Value> {
        let now = self.world.clock.now();
        let thread = self.world.channels.get_mut(&id)?;
        let before = channel_json(thread);
        let was_archived = thread.thread.as_ref()?.archived;
        change(thread);
        let inner = thread.thread.as_mut()?;
        let archived = inner.archived;
        if archived != was_archived {
            inner.archive_timestamp = now;
        }
        let after = channel_json(thread);
        let guild = thread.guild_id?;
        if before == after {
            return Some(after);
        }
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            let active = &mut home.belongings.threads;
            match archived {
                true => active.retain(|one| *one != id),
                false if !active.contains(&id) => active.push(id),
                false => {}
            }
        }
        if was_archived && !archived {
            self.watch_thread(id);
        }
        self.record_change(guild, by, Action::ThreadUpdate, id, &before, &after);
        self.tell_channel(id, intents::CHANNELS, Payload::new("THREAD_UPDATE", &after));
        Some(after)
    }

    /// Removes a thread with all that was said in it.
    pub(crate) fn delete_thread(&mut self, by: &By, id: Snowflake) -> Option<Value> {
        let thread = self.world.channel(id)?;
        let json = channel_json(thread);
        let (guild, parent) = (thread.guild_id?, thread.parent_id);
        let data = json!({ "id": id, "guild_id": guild, "parent_id": parent, "type": thread.kind as u8 });
        self.record_change(guild, by, Action::ThreadDelete, id, &json["thread_metadata"], &Value::Null);
        // Told first: who may hear of it depends on the thread being there.
        self.tell_channel(id, intents::CHANNELS, Payload::new("THREAD_DELETE", &data));
        self.world.channels.remove(&id);
        if let Some(home) = self.world.guilds.get_mut(&guild) {
            home.belongings.threads.retain(|one| *one != id);
        }
        Some(json)
    }

    /// Adds somebody to a thread; false if there was no room or nothing to do.
    pub(crate) fn join_thread(&mut self, id: Snowflake, user: &Arc<User>) -> bool {
        let now = self.world.clock.now();
        let Some(channel) = self.world.channels.get_mut(&id) else { return false };
        let Some(thread) = channel.thread.as_mut() else { return false };
        if thread.has(user.id) || thread.members.len() >= MAX_THREAD_MEMBERS {
            return false;
        }
        thread.members.push((user.id, now));
        let guild = channel.guild_id.unwrap_or_default();
        self.tell_thread_members(id, &[user.id], &[]);
        // One who joins hears of the thread as if it were new: a private one was not known before.
        self.tell_account(user.id, Some(guild), |state| {
            let thread = state.world.channel(id)?;
            Some(Payload::new("THREAD_CREATE", &thread_json_for(thread, user.id)))
        });
        true
    }

    /// Takes somebody out of a thread; false if not in it.
    pub(crate) fn leave_thread(&mut self, id: Snowflake, user: Snowflake) -> bool {
        let channel = self.world.channels.get_mut(&id);
        let Some(thread) = channel.and_then(|channel| channel.thread.as_mut()) else { return false };
        if !thread.has(user) {
            return false;
        }
        thread.members.retain(|(one, _)| *one != user);
        self.tell_thread_members(id, &[], &[user]);
        true
    }

    /// The author and those mentioned in a thread join it.
    pub(super) fn gather(&mut self, id: Snowflake, author: &Arc<User>, mentioned: &[Arc<User>]) {
        for user in std::iter::once(author).chain(mentioned) {
            let is_member = self
                .world
                .channel(id)
                .and_then(|thread| thread.guild_id)
                .and_then(|guild| self.world.guild(guild))
                .is_some_and(|guild| guild.members.contains_key(&user.id));
            if is_member {
                self.join_thread(id, user);
            }
        }
    }

    fn tell_thread_members(&mut self, id: Snowflake, added: &[Snowflake], removed: &[Snowflake]) {
        let Self { world, sessions, transcript, .. } = self;
        let Some(channel) = world.channels.get(&id) else { return };
        let Some(guild) = channel.guild_id.and_then(|guild| world.guilds.get(&guild)) else { return };
        let Some(thread) = &channel.thread else { return };
        let new = added.iter().filter_map(|user| {
            let (_, since) = thread.members.iter().find(|(member, _)| member == user)?;
            Some(thread_member_with(guild, id, world.users.get(user)?, *since))
        });
        let data = json!({
            "id": id, "guild_id": guild.id, "member_count": thread.members.len().min(50),
            "added_members": new.collect::<Vec<_>>(), "removed_member_ids": removed,
        });
        let users = [added, removed].concat();
        let payload = Arc::new(Payload::new("THREAD_MEMBERS_UPDATE", &data));
        let audience = Audience::ThreadMembers { thread: channel, guild, users: &users };
        let sessions = sessions.publish(world, audience, &payload);
        transcript.write(What::Dispatched { name: payload.name, sessions });
    }

    /// Somebody's membership as Discord writes it.
    pub(crate) fn thread_member(&self, id: Snowflake, user: Snowflake, with_member: bool) -> Option<Value> {
        let channel = self.world.channel(id)?;
        let (_, since) = channel.thread.as_ref()?.members.iter().find(|(member, _)| *member == user)?;
        if !with_member {
            return Some(thread_member(id, user, *since));
        }
        let guild = self.world.guild(channel.guild_id?)?;
        Some(thread_member_with(guild, id, self.world.user(user)?, *since))
    }
}
