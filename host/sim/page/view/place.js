// What mentions mean in a channel: names, colours, and what a click does.

import { h, icon } from "../dom.js";
import { nameOf } from "../text/emoji.js";
import { isThread, KIND } from "../state/store.js";
import { openProfile } from "./profile.js";

/** The resolvers for `text/render.js`, for one channel. */
export function placeOf(app, channel) {
  const { store } = app;
  const guildId = channel?.guild_id;
  return {
    user(id) {
      const user = store.users.get(id);
      if (!user) return h("span.mention", null, "@unknown-user");
      const open = (event) => openProfile(app, user, guildId, event.currentTarget);
      return h("button.mention", { type: "button", onclick: open }, `@${store.nameOf(user, guildId)}`);
    },
    role(id) {
      const role = store.guilds.get(guildId)?.roles.get(id);
      return h("span.mention.role", { style: role?.color ? { "--role": colour(role.color) } : {} }, role ? `@${role.name}` : "@unknown-role");
    },
    channel(id) {
      const target = store.channels.get(id);
      if (!target) return h("span.mention", null, "#unknown");
      return h("button.mention", { type: "button", onclick: () => app.go(id) }, icon(channelIcon(target)), target.name);
    },
    command: (name) => h("button.mention", { type: "button", onclick: () => app.emit("compose", `/${name}`) }, `/${name}`),
    emoji: (node) => emojiElement(node),
  };
}

/** An emoji: the system's characters, or the image of a custom one. */
export function emojiElement({ id, name, animated }) {
  if (!id) return h("span.emoji", { role: "img", "aria-label": nameOf(name), title: `:${nameOf(name).replaceAll(" ", "_")}:` }, name);
  const image = h("img.emoji", { src: `/emojis/${id}.${animated ? "gif" : "png"}`, alt: `:${name}:`, title: `:${name}:`, loading: "lazy", draggable: false });
  image.addEventListener("error", () => image.replaceWith(h("span.emoji-name", null, `:${name}:`)));
  return image;
}

export const colour = (number) => `#${Number(number).toString(16).padStart(6, "0")}`;

export function channelIcon(channel) {
  if (isThread(channel)) return "thread";
  return { [KIND.voice]: "voice", [KIND.stage]: "voice", [KIND.dm]: "at", [KIND.group]: "people" }[channel.type] ?? "hash";
}

/** The prefix of the name. */
export function channelSign(channel) {
  return isThread(channel) ? "" : channel.guild_id ? "#" : "@";
}

/** A channel's name for display. */
export function channelName(store, channel) {
  if (channel.type === KIND.dm || channel.type === KIND.group) {
    const others = (channel.recipients ?? []).filter((user) => user.id !== store.me.id);
    return others.map((user) => store.nameOf(user)).join(", ") || channel.name || "Direct message";
  }
  return channel.name;
}

/** The colour of a member's highest coloured role. */
export function nameColour(store, guildId, userId) {
  const guild = store.guilds.get(guildId);
  const member = guild?.members.get(userId);
  if (!member) return null;
  const roles = member.roles.map((id) => guild.roles.get(id)).filter((role) => role?.color);
  const top = roles.sort((a, b) => b.position - a.position)[0];
  return top ? colour(top.color) : null;
}
