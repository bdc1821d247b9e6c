// The rail at the left edge: direct messages, then the guilds, each with its unread count.

import { fill, guildIcon, h, icon } from "../dom.js";
import { byId } from "../state/log.js";

export function guildRail(app) {
  const element = h("nav.rail", { "aria-label": "Servers" });
  let off = [];
  const draw = () => {
    if (!app.session) return;
    const { store } = app;
    const sum = (channels) => channels.reduce((all, channel) => {
      const one = store.unread.get(channel.id);
      return { count: all.count + (one?.count ?? 0), mentions: all.mentions + (one?.mentions ?? 0) };
    }, { count: 0, mentions: 0 });
    const entry = (id, name, face, unread, onclick) => h("button.rail-item", {
      type: "button", title: name, onclick,
      "aria-current": (app.guildId ?? "@me") === id ? "true" : null,
      "aria-label": `${name}${unread.mentions ? `, ${unread.mentions} mentions` : unread.count ? ", unread" : ""}`,
      class: unread.count ? "unread" : "",
    }, face, unread.mentions > 0 && h("span.badge", { "aria-hidden": "true" }, String(Math.min(unread.mentions, 99))));
    const guilds = [...store.guilds.values()].sort((a, b) => byId(a.id, b.id));
    fill(element,
      entry("@me", "Direct messages", h("span.guild-icon.home", null, icon("chat")), sum(store.directs()), () => app.showDirects()),
      h("span.rail-line", { role: "presentation" }),
      guilds.map((guild) => entry(guild.id, guild.name, guildIcon(guild), sum(store.channelsOf(guild.id)), () => {
        const first = app.firstOf(guild.id);
        if (first) app.go(first.id);
      })));
  };
  app.on("person", () => {
    off.forEach((end) => end());
    off = ["guilds", "unread", "channels"].map((name) => app.store.on(name, draw));
    draw();
  });
  app.on("channel", draw);
  return element;
}
