// The header of the conversation: the channel's name and topic, its pins, and buttons for what else can be shown.

import { fill, h, icon } from "../dom.js";
import { isThread } from "../state/store.js";
import { plain, parse } from "../text/markdown.js";
import { renderedLine } from "../text/render.js";
import { stamp } from "../text/time.js";
import { close, float } from "./menu.js";
import { channelIcon, channelName, channelSign, placeOf } from "./place.js";

/** `toggles` are the buttons on the right: `{ label, icon, target, pressed(), toggle() }`. */
export function channelHeader(app, { list, onMenu, toggles }) {
  const name = h("h2");
  const topic = h("p.topic");
  const sign = h("span.sign");
  const buttons = toggles.map((one) => {
    const button = h("button.quiet", { type: "button", "aria-label": one.label, title: one.label, "aria-controls": one.target, "aria-expanded": String(one.pressed()), onclick: one.toggle }, icon(one.icon));
    one.watch((pressed) => button.setAttribute("aria-expanded", String(pressed)));
    return button;
  });
  const pins = h("button.quiet", { type: "button", "aria-label": "Pinned messages", title: "Pinned messages", onclick: (event) => openPins(app, list, event.currentTarget) }, icon("pin"));
  const draw = () => {
    const { channel } = app;
    if (!channel) return;
    const parent = isThread(channel) && app.store.channels.get(channel.parent_id);
    fill(sign, icon(channelIcon(channel)));
    fill(name, parent && h("button.text", { type: "button", onclick: () => app.go(parent.id) }, parent.name), parent && " › ", channelName(app.store, channel));
    fill(topic, channel.topic ? renderedLine(channel.topic, placeOf(app, channel)) : "");
    topic.title = channel.topic ? plain(parse(channel.topic), placeOf(app, channel)) : "";
    document.title = `${channelSign(channel)}${channelName(app.store, channel)} · Gearshift`;
  };
  app.on("channel", draw);
  return h("header.bar", null,
    h("button.quiet.menu-button", { type: "button", "aria-label": "Servers and channels", "aria-controls": "channels", onclick: onMenu }, icon("menu")),
    sign, name, topic, h("div.bar-buttons", null, pins, buttons));
}

async function openPins(app, list, anchor) {
  const { channel, session, store } = app;
  const answer = await app.attempt(() => session.rest.get(`/channels/${channel.id}/messages/pins`));
  if (!answer) return;
  const messages = (answer.items ?? answer).map((item) => item.message ?? item);
  float(anchor, h("div.pins", null, h("h2", null, "Pinned messages"), messages.length
    ? h("ul", null, messages.map((message) => h("li", null, h("button", { type: "button", onclick: () => {
      close();
      list.jump(message.id);
    } }, h("strong", null, store.nameOf(message.author, channel.guild_id)), h("small", null, stamp(new Date(message.timestamp))),
    h("span", null, plain(parse(message.content), placeOf(app, channel)).slice(0, 160) || "Click to see it")))))
    : h("p.nothing", null, "No pinned messages yet.")), { label: "Pinned messages" });
}
