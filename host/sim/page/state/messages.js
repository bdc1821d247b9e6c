// How gateway events change messages: posted, edited, deleted, reacted to, pinned, voted on. It fetches none.

export const FLAG = { ephemeral: 1 << 6, loading: 1 << 7, thread: 1 << 5, silent: 1 << 12, v2: 1 << 15 };

/** The type of the message at the top of a thread. */
export const STARTER = 21;

export const MESSAGE_EVENTS = new Set([
  "MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK",
  "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI",
]);

/** Applies one event; the store then emits `message` with `{ channelId, id, change }`. */
export function applyMessage(store, type, data) {
  const log = store.log(data.channel_id);
  switch (type) {
    case "MESSAGE_CREATE": return posted(store, log, data);
    case "MESSAGE_UPDATE": return edited(store, log, data);
    case "MESSAGE_DELETE": return gone(store, log, data.channel_id, [data.id]);
    case "MESSAGE_DELETE_BULK": return gone(store, log, data.channel_id, data.ids);
    default: return reacted(store, log, type, data);
  }
}

/** Whether a message mentions this person: directly, by role, or with @everyone. */
export function mentions(store, message) {
  if (message.author.id === store.me.id) return false;
  const roles = store.member(message.guild_id, store.me.id)?.roles ?? [];
  return message.mention_everyone
    || (message.mentions ?? []).some((user) => user.id === store.me.id)
    || (message.mention_roles ?? []).some((role) => roles.includes(role));
}

function posted(store, log, message) {
  store.keepUser(message.author);
  if (message.member) store.keepMember(message.guild_id, { ...message.member, user: message.author });
  const channel = store.channels.get(message.channel_id);
  if (channel && !(message.flags & FLAG.ephemeral)) countIn(store, channel, message);
  if (log.state !== "empty") log.put(message);
  if (store.typing.get(message.channel_id)?.delete(message.author.id)) store.emit("typing", message.channel_id);
  store.emit("message", { channelId: message.channel_id, id: message.id, change: "posted", message });
  if (message.author.id !== store.me.id && message.channel_id !== store.open) {
    const unread = store.unread.get(message.channel_id) ?? { count: 0, mentions: 0 };
    unread.count += 1;
    if (mentions(store, message) || !message.guild_id) unread.mentions += 1;
    store.unread.set(message.channel_id, unread);
    store.emit("unread", message.channel_id);
  }
}

/** The message that a thread was started from shows the thread's message count; no event has it, and the starter
 *  message does not count. */
function countIn(store, channel, message) {
  channel.last_message_id = message.id;
  if (channel.message_count === undefined || message.type === STARTER) return;
  channel.message_count += 1;
  store.emit("message", { channelId: channel.parent_id, id: channel.id, change: "edited" });
}

function edited(store, log, message) {
  const before = log.get(message.id);
  if (!before) return;
  // Events are the same for everyone, so whether a reaction is the person's own is only known from before.
  const reactions = (message.reactions ?? (("reactions" in message) ? [] : before.reactions) ?? []).map((reaction) => ({
    ...reaction,
    me: Boolean(before.reactions?.find((one) => sameEmoji(one.emoji, reaction.emoji))?.me),
  }));
  log.put({ ...before, ...message, reactions: "reactions" in message ? reactions : before.reactions });
  store.emit("message", { channelId: message.channel_id, id: message.id, change: "edited" });
}

function gone(store, log, channelId, ids) {
  for (const id of ids) {
    if (log.remove(id)) store.emit("message", { channelId, id, change: "gone" });
  }
}

export const sameEmoji = (one, other) => (one.id ?? null) === (other.id ?? null) && (one.id || one.name === other.name);

function reacted(store, log, type, { channel_id, message_id, user_id, emoji }) {
  const message = log.get(message_id);
  if (!message) return;
  let reactions = [...(message.reactions ?? [])];
  const at = emoji ? reactions.findIndex((one) => sameEmoji(one.emoji, emoji)) : -1;
  const mine = user_id === store.me.id;
  if (type === "MESSAGE_REACTION_ADD") {
    if (at < 0) reactions.push({ emoji, count: 1, me: mine });
    // A page of history may already contain a reaction whose event is yet to arrive.
    else if (!(mine && reactions[at].me)) {
      reactions[at] = { ...reactions[at], count: reactions[at].count + 1, me: reactions[at].me || mine };
    }
  } else if (type === "MESSAGE_REACTION_REMOVE" && at >= 0) {
    const count = reactions[at].count - 1;
    if (count > 0) reactions[at] = { ...reactions[at], count, me: reactions[at].me && !mine };
    else reactions.splice(at, 1);
  } else if (type === "MESSAGE_REACTION_REMOVE_EMOJI") reactions = reactions.filter((_, index) => index !== at);
  else if (type === "MESSAGE_REACTION_REMOVE_ALL") reactions = [];
  log.put({ ...message, reactions });
  store.emit("message", { channelId: channel_id, id: message_id, change: "edited" });
}
