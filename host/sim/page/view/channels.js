// The second column: a guild's channels by category, or the direct messages; at the bottom, the active person.

import { avatar, fill, h, icon } from "../dom.js";
import { KIND } from "../state/store.js";
import { byId } from "../state/log.js";
import { recall, remember } from "../app.js";
import { openMenu } from "./menu.js";
import { channelIcon, channelName } from "./place.js";

export function channelColumn(app, { onTheme, themeIcon }) {
  const title = h("h1");
  const list = h("div.channel-list");
  const folded = new Set((recall("folded") ?? "").split(",").filter(Boolean));
  let off = [];

  const row = (channel, nested = false) => {
    const { store } = app;
    const unread = store.unread.get(channel.id);
    const name = channelName(store, channel);
    const isDirect = !channel.guild_id;
    const isPrivate = channel.permission_overwrites?.some((one) => one.id === channel.guild_id && BigInt(one.deny) & (1n << 10n));
    const other = isDirect && (channel.recipients ?? []).find((user) => user.id !== store.me.id);
    return h("li", null, h("button.channel", {
      type: "button", data: { id: channel.id }, onclick: () => app.go(channel.id),
      class: [unread && "unread", nested && "nested"].filter(Boolean).join(" "),
      "aria-current": app.channel?.id === channel.id ? "page" : null,
      "aria-label": `${name}${channel.type === KIND.voice ? " (voice)" : ""}${unread?.mentions ? `, ${unread.mentions} mentions` : unread ? ", unread" : ""}`,
    }, other ? avatar(other, 28) : icon(channelIcon(channel)), h("span.channel-name", null, name),
    isPrivate && icon("lock"), unread?.mentions > 0 && h("span.badge", { "aria-hidden": "true" }, String(Math.min(unread.mentions, 99)))),
    channel.type === KIND.voice && voices(channel),
    ...app.threadsOf(channel.id).map((thread) => h("ul.threads", null, row(thread, true))));
  };

  const voices = (channel) => {
    const states = [...(app.store.guilds.get(channel.guild_id)?.voice.values() ?? [])].filter((one) => one.channel_id === channel.id);
    return states.length > 0 && h("ul.voices", { "aria-label": `In ${channel.name}` }, states.map((one) => {
      const user = app.store.users.get(one.user_id);
      return user && h("li", null, avatar(user, 20), app.store.nameOf(user, channel.guild_id));
    }));
  };

  const section = ({ category, channels }) => {
    if (!category) return h("ul", null, channels.map((channel) => row(channel)));
    const isFolded = folded.has(category.id);
    const shown = isFolded ? channels.filter((one) => app.store.unread.has(one.id) || one.id === app.channel?.id) : channels;
    return h("section", { "aria-label": category.name },
      h("h2", null, h("button.category", {
        type: "button", "aria-expanded": String(!isFolded),
        onclick: () => {
          if (!folded.delete(category.id)) folded.add(category.id);
          remember("folded", [...folded].join(","));
          draw();
          list.querySelector(`section[aria-label="${CSS.escape(category.name)}"] .category`)?.focus();
        },
      }, icon("down"), category.name)), h("ul", null, shown.map((channel) => row(channel))));
  };

  const draw = () => {
    if (!app.session) return;
    const { store, guildId } = app;
    title.textContent = guildId ? store.guilds.get(guildId)?.name ?? "" : "Direct messages";
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.id;
    if (guildId) fill(list, app.sections(guildId).map(section));
    else {
      const directs = store.directs().sort((a, b) => byId(b.last_message_id ?? b.id, a.last_message_id ?? a.id));
      fill(list, directs.length ? h("ul", null, directs.map((one) => row(one))) : h("p.nothing", null, "Click on a name and choose “Message” to start a conversation."));
    }
    if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus();
  };

  const speaker = h("button.speaker", { type: "button", "aria-haspopup": "menu", onclick: (event) => openPeople(app, event.currentTarget) });
  const drawSpeaker = () => {
    const me = app.store.me;
    fill(speaker, h("span.with-status", null, avatar(me, 32), h("span.status.online")), h("span.who", null, h("strong", null, me.global_name || me.username), h("small", null, "Acting as ", me.username)), icon("down"));
    speaker.title = "Switch to another user";
  };
  const theme = h("button.quiet", { type: "button", "aria-label": "Switch between light and dark", title: "Light or dark", onclick: () => fill(theme, icon(onTheme())) }, icon(themeIcon()));

  app.on("person", () => {
    off.forEach((end) => end());
    off = ["guilds", "channels", "unread"].map((name) => app.store.on(name, draw));
    draw();
    drawSpeaker();
  });
  app.on("channel", draw);
  return h("nav.column", { "aria-label": "Channels", id: "channels" }, h("header.bar", null, title), list, h("footer.me", null, speaker, theme));
}

/** The people to switch between. */
export function openPeople(app, anchor) {
  openMenu(anchor, ["Act as", ...app.people.map((person) => ({
    label: person.user.global_name || person.user.username,
    detail: person.user.username,
    picture: avatar(person.user, 28),
    checked: person.id === app.session?.person.id,
    run: () => app.attempt(() => app.switchTo(person.id)),
  }))], { side: "above", label: "Act as" });
}

