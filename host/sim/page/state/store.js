// What one person knows of the world, kept current by gateway events. It makes no requests and draws nothing.

import { Signals } from "../signals.js";
import { applyMessage, MESSAGE_EVENTS } from "./messages.js";
import { MessageLog } from "./log.js";

/** How long a user is shown as typing after the last event, in milliseconds. */
export const TYPING_FOR = 10_000;

export const KIND = { text: 0, dm: 1, voice: 2, group: 3, category: 4, news: 5, stage: 13, forum: 15, media: 16 };
export const isThread = (channel) => channel.type >= 10 && channel.type <= 12;
const PLACES = new Set([KIND.text, KIND.dm, KIND.voice, KIND.group, KIND.news, KIND.stage]);
/** Whether the channel is one in which messages can be read. */
export const isPlace = (channel) => PLACES.has(channel.type) || isThread(channel);

/** Signals: `reset`, `guilds`, `channels`, `members`, `typing`, `unread`, `message`, `voice`, `commands`. */
export class Store extends Signals {
  me = null;
  users = new Map();
  guilds = new Map();
  channels = new Map();
  logs = new Map();
  typing = new Map();
  /** Channel id to `{ count, mentions }` of unread messages. */
  unread = new Map();
  /** The channel on screen, which stays read. */
  open = null;

  log(channelId) {
    if (!this.logs.has(channelId)) this.logs.set(channelId, new MessageLog());
    return this.logs.get(channelId);
  }

  member(guildId, userId) {
    return this.guilds.get(guildId)?.members.get(userId);
  }

  /** The display name of a user, in a guild or without one. */
  nameOf(user, guildId) {
    return this.member(guildId, user.id)?.nick || user.global_name || user.username;
  }

  directs() {
    return [...this.channels.values()].filter((channel) => channel.type === KIND.dm || channel.type === KIND.group);
  }

  channelsOf(guildId) {
    return [...this.channels.values()].filter((channel) => channel.guild_id === guildId);
  }

  /** Marks everything in a channel as read. */
  read(channelId) {
    this.open = channelId;
    if (this.unread.delete(channelId)) this.emit("unread", channelId);
  }

  apply(type, data) {
    if (MESSAGE_EVENTS.has(type)) applyMessage(this, type, data);
    else APPLY[type]?.(this, data);
  }

  keepUser(user) {
    this.users.set(user.id, { ...this.users.get(user.id), ...user });
  }

  keepChannel(channel, guildId = channel.guild_id) {
    for (const person of channel.recipients ?? []) this.keepUser(person);
    const kept = { ...this.channels.get(channel.id), ...channel };
    if (guildId) kept.guild_id = guildId;
    this.channels.set(channel.id, kept);
  }

  keepMember(guildId, member) {
    if (!member.user) return;
    this.keepUser(member.user);
    const members = this.guilds.get(guildId)?.members;
    members?.set(member.user.id, { ...members.get(member.user.id), ...member });
  }

  dropChannel(id) {
    this.channels.delete(id);
    this.logs.delete(id);
    this.unread.delete(id);
  }
}

/** What each event changes. Message events are in `messages.js`. */
const APPLY = {
  READY(store, ready) {
    store.guilds.clear();
    store.channels.clear();
    store.logs.clear();
    store.typing.clear();
    store.unread.clear();
    store.me = ready.user;
    store.keepUser(ready.user);
    for (const channel of ready.private_channels ?? []) store.keepChannel(channel);
    store.awaited = new Set((ready.guilds ?? []).map((guild) => guild.id));
    store.emit("reset");
  },
  GUILD_CREATE(store, guild) {
    const members = new Map();
    store.guilds.set(guild.id, {
      ...guild,
      roles: new Map(guild.roles.map((role) => [role.id, role])),
      members,
      presences: new Map((guild.presences ?? []).map((presence) => [presence.user.id, presence])),
      voice: new Map((guild.voice_states ?? []).map((state) => [state.user_id, state])),
    });
    for (const member of guild.members ?? []) store.keepMember(guild.id, member);
    for (const channel of [...(guild.channels ?? []), ...(guild.threads ?? [])]) store.keepChannel(channel, guild.id);
    store.awaited?.delete(guild.id);
    store.emit("guilds");
  },
  GUILD_UPDATE(store, guild) {
    const kept = store.guilds.get(guild.id);
    if (!kept) return;
    const roles = new Map((guild.roles ?? []).map((role) => [role.id, role]));
    Object.assign(kept, guild, { roles: roles.size ? roles : kept.roles });
    store.emit("guilds");
  },
  GUILD_DELETE(store, guild) {
    store.guilds.delete(guild.id);
    for (const channel of store.channelsOf(guild.id)) store.dropChannel(channel.id);
    store.emit("guilds");
  },
  GUILD_ROLE_CREATE: (store, { guild_id, role }) => changeRole(store, guild_id, role),
  GUILD_ROLE_UPDATE: (store, { guild_id, role }) => changeRole(store, guild_id, role),
  GUILD_ROLE_DELETE(store, { guild_id, role_id }) {
    store.guilds.get(guild_id)?.roles.delete(role_id);
    store.emit("members", guild_id);
  },
  GUILD_EMOJIS_UPDATE(store, { guild_id, emojis }) {
    const guild = store.guilds.get(guild_id);
    if (guild) guild.emojis = emojis;
  },
  CHANNEL_CREATE: changeChannel,
  CHANNEL_UPDATE: changeChannel,
  THREAD_CREATE: changeChannel,
  THREAD_UPDATE: changeChannel,
  THREAD_LIST_SYNC(store, { guild_id, threads }) {
    for (const thread of threads) store.keepChannel(thread, guild_id);
    store.emit("channels", guild_id);
  },
  CHANNEL_DELETE: dropChannel,
  THREAD_DELETE: dropChannel,
  GUILD_MEMBER_ADD(store, member) {
    const guild = store.guilds.get(member.guild_id);
    if (guild) guild.member_count += 1;
    changeMember(store, member);
  },
  GUILD_MEMBER_UPDATE: changeMember,
  GUILD_MEMBER_REMOVE(store, { guild_id, user }) {
    const guild = store.guilds.get(guild_id);
    if (guild?.members.delete(user.id)) guild.member_count -= 1;
    store.emit("members", guild_id);
  },
  GUILD_MEMBERS_CHUNK(store, { guild_id, members, presences }) {
    for (const member of members) store.keepMember(guild_id, member);
    for (const presence of presences ?? []) keepPresence(store, guild_id, presence);
    store.emit("members", guild_id);
  },
  PRESENCE_UPDATE(store, presence) {
    keepPresence(store, presence.guild_id, presence);
    store.emit("members", presence.guild_id);
  },
  USER_UPDATE(store, user) {
    store.keepUser(user);
    if (user.id === store.me?.id) store.me = { ...store.me, ...user };
    store.emit("members");
  },
  VOICE_STATE_UPDATE(store, state) {
    const voice = store.guilds.get(state.guild_id)?.voice;
    if (state.channel_id) voice?.set(state.user_id, state);
    else voice?.delete(state.user_id);
    store.emit("channels", state.guild_id);
  },
  TYPING_START(store, { channel_id, user_id, guild_id, member }) {
    if (user_id === store.me?.id) return;
    if (member) store.keepMember(guild_id, member);
    if (!store.typing.has(channel_id)) store.typing.set(channel_id, new Map());
    store.typing.get(channel_id).set(user_id, Date.now() + TYPING_FOR);
    store.emit("typing", channel_id);
  },
};

function changeChannel(store, channel) {
  store.keepChannel(channel);
  store.emit("channels", channel.guild_id);
  // The message that a thread was started from shows it.
  if (isThread(channel)) store.emit("message", { channelId: channel.parent_id, id: channel.id, change: "edited" });
}

function dropChannel(store, channel) {
  store.dropChannel(channel.id);
  store.emit("channels", channel.guild_id);
}

function changeMember(store, member) {
  store.keepMember(member.guild_id, member);
  store.emit("members", member.guild_id);
}

function changeRole(store, guildId, role) {
  store.guilds.get(guildId)?.roles.set(role.id, role);
  store.emit("members", guildId);
}

function keepPresence(store, guildId, presence) {
  store.guilds.get(guildId)?.presences.set(presence.user.id, presence);
}
