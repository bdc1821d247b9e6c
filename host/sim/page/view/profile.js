// The profile card: name, roles, since when, and the apps' commands for this user.

import { avatar, h, hueOf, icon } from "../dom.js";
import { commandIndex, TYPE } from "../state/interactions.js";
import { day } from "../text/time.js";
import { close, float, openMenu } from "./menu.js";
import { colour } from "./place.js";

/** The targets of context menu commands, with Discord's numbers. */
export const TARGET = { user: 2, message: 3 };

export const STATUS = { online: "Online", idle: "Idle", dnd: "Do not disturb", offline: "Offline" };

export function statusOf(store, guildId, user) {
  if (user.id === store.me.id) return "online";
  // Without a guild, any guild that both are in.
  const guilds = guildId ? [store.guilds.get(guildId)] : [...store.guilds.values()];
  const presence = guilds.map((guild) => guild?.presences.get(user.id)).find(Boolean);
  return presence?.status ?? (user.bot ? "online" : "offline");
}

/** Shows the card next to `anchor`. */
export function openProfile(app, user, guildId, anchor) {
  const { store } = app;
  const guild = store.guilds.get(guildId);
  const member = guild?.members.get(user.id);
  const roles = (member?.roles ?? []).map((id) => guild.roles.get(id)).filter(Boolean).sort((a, b) => b.position - a.position);
  const presence = guild?.presences.get(user.id);
  const button = (label, name, run) => h("button.quiet", { type: "button", onclick: run }, icon(name), label);
  const isMe = user.id === store.me.id;
  const card = h("div.profile", null,
    h("div.profile-band", { style: { "--hue": String(hueOf(user.id)) } }),
    avatar(user, 72),
    h("h2", null, store.nameOf(user, guildId), user.bot && h("span.tag", null, "APP")),
    h("p.handle", null, user.username, presence && ` · ${STATUS[presence.status] ?? presence.status}`),
    presence?.activities?.[0] && h("p.activity", null, presence.activities[0].state || presence.activities[0].name),
    roles.length > 0 && h("ul.role-list", { "aria-label": "Roles" }, roles.map((role) =>
      h("li", { style: { "--role": role.color ? colour(role.color) : "currentColor" } }, role.name))),
    member?.joined_at && h("p.fine", null, `Member since ${day(new Date(member.joined_at))}`),
    h("div.profile-actions", null,
      !isMe && button("Message", "chat", () => {
        close();
        app.attempt(() => app.openDirect(user.id));
      }),
      app.channel?.guild_id && button("Mention", "at", () => {
        close();
        app.emit("insert", `<@${user.id}> `);
      }),
      button("Apps", "app", (event) => openUserApps(app, user, event.currentTarget))));
  float(anchor, card, { side: "right", label: `About ${store.nameOf(user, guildId)}` });
  card.querySelector("button")?.focus();
}

/** The context menu commands for a person. */
export async function openUserApps(app, user, anchor) {
  const entries = await appEntries(app, TARGET.user, user.id);
  openMenu(anchor, entries, { label: `Apps for ${user.username}`, side: "right" });
}

/** Menu entries for the commands of one kind of target. */
export async function appEntries(app, wanted, targetId) {
  const { session, channel } = app;
  const commands = (await app.attempt(() => commandIndex(session, channel))) ?? [];
  const entries = commands.filter((command) => command.type === wanted).map((command) => ({
    label: command.name,
    detail: command.application.name,
    icon: "app",
    run: () => session.interactions.begin(TYPE.command, {
      applicationId: command.application_id,
      channel,
      data: { id: command.id, name: command.name, type: wanted, version: command.version, target_id: targetId, options: [] },
    }, { line: command.name, application: command.application }),
  }));
  return entries.length ? entries : ["No app commands here"];
}
