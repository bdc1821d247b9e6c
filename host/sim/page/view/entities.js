// People, roles and channels to choose from, by part of their name. It chooses none.

import { avatar, h, icon } from "../dom.js";
import { channelIcon, colour } from "./place.js";
import { isPlace, KIND } from "../state/store.js";
import { may } from "../state/permissions.js";

/** Offered at once; who wants another one types more of its name. */
const MAX_RESULTS = 25;

/** How well a name answers what was typed; lower is better, none if it does not. */
function fit(wanted, ...names) {
  if (!wanted) return 1;
  const found = names.filter(Boolean).map((name) => name.toLowerCase().indexOf(wanted)).filter((at) => at >= 0);
  return found.length ? Math.min(...found) : null;
}

function best(items, wanted, namesOf) {
  const fitting = items.map((item) => [fit(wanted, ...namesOf(item)), item]).filter(([rank]) => rank !== null);
  return fitting.sort((a, b) => a[0] - b[0]).slice(0, MAX_RESULTS).map(([, item]) => item);
}

/** `{ value, label, detail, picture, insert }` for each person. */
export function people(store, channel, part) {
  const guild = store.guilds.get(channel.guild_id);
  const users = guild
    ? [...guild.members.values()].map((member) => store.users.get(member.user.id))
    : [store.me, ...(channel.recipients ?? [])];
  const named = (user) => store.nameOf(user, channel.guild_id);
  return best(users, part.toLowerCase(), (user) => [named(user), user.username]).map((user) => ({
    value: user.id, label: named(user), detail: user.username, picture: avatar(user, 24), insert: `<@${user.id}>`, kind: "user",
  }));
}

export function roles(store, channel, part) {
  const guild = store.guilds.get(channel.guild_id);
  const all = [...(guild?.roles.values() ?? [])].sort((a, b) => b.position - a.position);
  return best(all, part.toLowerCase(), (role) => [role.name]).map((role) => ({
    value: role.id,
    label: role.id === guild.id ? "everyone" : role.name,
    detail: "role",
    picture: h("span.dot", { style: { "--role": role.color ? colour(role.color) : "var(--faint)" } }),
    insert: role.id === guild.id ? "@everyone" : `<@&${role.id}>`,
    kind: "role",
  }));
}

export function channels(store, channel, part, kinds = []) {
  const all = [...store.channels.values()].filter((one) =>
    one.guild_id && one.guild_id === channel.guild_id && may(store, one, "view")
    && (kinds.length ? kinds.includes(one.type) : isPlace(one) || one.type === KIND.category));
  return best(all, part.toLowerCase(), (one) => [one.name]).map((one) => ({
    value: one.id, label: one.name, picture: icon(channelIcon(one)), insert: `<#${one.id}>`, kind: "channel",
  }));
}

/** What a menu or option of a kind offers: `user`, `role`, `mentionable`, `channel`. */
export function entities(kind, store, channel, part, channelKinds) {
  switch (kind) {
    case "user": return people(store, channel, part);
    case "role": return roles(store, channel, part);
    case "channel": return channels(store, channel, part, channelKinds);
    default: return [...people(store, channel, part), ...roles(store, channel, part)].slice(0, MAX_RESULTS);
  }
}

/** What somebody chose, by its id. */
export function entityOf(store, channel, id) {
  const user = store.users.get(id);
  if (user) return people(store, channel, user.username).find((one) => one.value === id) ?? { value: id, label: user.username, kind: "user" };
  const role = store.guilds.get(channel.guild_id)?.roles.get(id);
  if (role) return { value: id, label: role.name, kind: "role" };
  const found = store.channels.get(id);
  return { value: id, label: found?.name ?? id, kind: "channel", picture: found && icon(channelIcon(found)) };
}
