// The right column: who is here, grouped by hoisted roles, with their status.

import { avatar, fill, h } from "../dom.js";
import { bitsIn } from "../state/permissions.js";
import { nameColour } from "./place.js";
import { openProfile, openUserApps, STATUS, statusOf } from "./profile.js";

/** How many members are drawn at once; of a large guild, the first of each group are shown, with the number of the
 *  others. */
const MAX_SHOWN = 300;
/** A guild with more members than this sends only this many at first. */
const FIRST_MEMBERS = 1000;
const VIEW = 1n << 10n;

export function memberColumn(app) {
  const list = h("div.member-list");
  const element = h("aside.members", { "aria-label": "Members", id: "members" }, list);
  let off = [];
  let due = false;

  const draw = () => {
    due = false;
    const { store, channel, guildId } = app;
    if (!channel) return fill(list);
    if (!guildId) {
      const people = [store.me, ...(channel.recipients ?? []).filter((user) => user.id !== store.me.id)];
      return fill(list, group("In this conversation", people, null));
    }
    const guild = store.guilds.get(guildId);
    if (!guild) return fill(list);
    // Of a very large guild, only the first thousand that it sends are shown; others are found by name.
    if (guild.members.size < Math.min(guild.member_count, FIRST_MEMBERS) && !guild.asked) {
      guild.asked = true;
      app.session.requestMembers(guildId);
    }
    const people = [...guild.members.keys()].filter((id) => bitsIn(store, channel, id) & VIEW).map((id) => store.users.get(id)).filter(Boolean);
    const hoisted = [...guild.roles.values()].filter((role) => role.hoist).sort((a, b) => b.position - a.position);
    const groups = new Map([...hoisted.map((role) => [role.name, []]), ["Online", []], ["Offline", []]]);
    for (const user of people) {
      const roles = guild.members.get(user.id).roles ?? [];
      const apart = hoisted.find((role) => roles.includes(role.id));
      const status = statusOf(store, guildId, user);
      groups.get(status === "offline" ? "Offline" : apart?.name ?? "Online").push(user);
    }
    let room = MAX_SHOWN;
    fill(list, [...groups].filter(([, users]) => users.length).map(([name, users]) => {
      const sorted = users.sort((a, b) => store.nameOf(a, guildId).localeCompare(store.nameOf(b, guildId)));
      const drawn = sorted.slice(0, Math.max(0, room));
      room -= drawn.length;
      return group(`${name} — ${users.length}`, drawn, guildId, users.length - drawn.length);
    }));
  };

  const group = (title, users, guildId, more = 0) => h("section", { "aria-label": title }, h("h2", null, title),
    h("ul", null, users.map((user) => person(user, guildId))), more > 0 && h("p.fine", null, `and ${more} more`));

  const person = (user, guildId) => {
    const { store } = app;
    const status = statusOf(store, guildId, user);
    const tint = nameColour(store, guildId, user.id);
    const activity = store.guilds.get(guildId)?.presences.get(user.id)?.activities?.[0];
    return h("li", null, h("button.member", {
      type: "button", class: status === "offline" ? "away" : "",
      onclick: (event) => openProfile(app, user, guildId, event.currentTarget),
      oncontextmenu: (event) => {
        event.preventDefault();
        openUserApps(app, user, event.currentTarget);
      },
    }, h("span.with-status", null, avatar(user, 32), h("span.status", { class: status, role: "img", "aria-label": STATUS[status] ?? status })),
    h("span.who", null, h("span.name", { style: tint ? { "--role": tint } : {} }, store.nameOf(user, guildId), user.bot && h("span.tag", null, "APP")),
      activity && h("small", null, activity.state || activity.name))));
  };

  /** Several events are drawn at once. */
  const soon = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(draw);
  };

  app.on("person", () => {
    off.forEach((end) => end());
    off = ["members", "guilds"].map((name) => app.store.on(name, soon));
  });
  app.on("channel", soon);
  return element;
}
