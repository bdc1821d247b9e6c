// The actions for a message: the bar that follows the pointer and the focus, and the full menu.

import { h, icon } from "../dom.js";
import { FLAG } from "../state/messages.js";
import { may } from "../state/permissions.js";
import { isSystem } from "./system.js";
import { openMenu } from "./menu.js";
import { appEntries, TARGET } from "./profile.js";
import { pickEmoji, toggle } from "./reactions.js";

/** A single bar for the whole list, moved to the current message. */
export class ActionBar {
  constructor(ctxOf) {
    this.ctxOf = ctxOf;
    this.element = h("div.actions", { role: "toolbar", "aria-label": "Message actions" });
  }

  /** Moves the bar to the list item of a message. */
  show(item, message) {
    if (this.item === item && this.message === message) return;
    Object.assign(this, { item, message });
    const ctx = this.ctxOf();
    const { store, channel } = ctx;
    const isEphemeral = message.flags & FLAG.ephemeral;
    const button = (label, name, onclick) => h("button", { type: "button", title: label, "aria-label": label, tabIndex: -1, onclick }, icon(name));
    const mine = message.author.id === store.me.id;
    this.element.replaceChildren(...[
      !isEphemeral && may(store, channel, "reactions") && button("Add reaction", "smile", (event) => pickEmoji(event.currentTarget, ctx, (emoji) => toggle(ctx, message, emoji, false))),
      mine && !isSystem(message) && button("Edit", "edit", () => ctx.edit(message.id)),
      !isEphemeral && !isSystem(message) && may(store, channel, "send") && button("Reply", "reply", () => ctx.reply(message.id)),
      button("More", "more", (event) => openActions(event.currentTarget, message, ctx)),
    ].filter(Boolean));
    item.append(this.element);
  }

  hide() {
    this.element.remove();
    this.item = null;
  }
}

/** The full menu, opened from the bar, by right-click or by keyboard. */
export function openActions(anchor, message, ctx) {
  const { app, session, store, channel } = ctx;
  const isEphemeral = Boolean(message.flags & FLAG.ephemeral);
  const mine = message.author.id === store.me.id;
  const path = `/channels/${channel.id}/messages`;
  const ask = (work) => () => app.attempt(work);
  const manages = may(store, channel, "manageMessages");
  const pins = may(store, channel, "pin");
  const entries = [
    !isEphemeral && may(store, channel, "reactions") && { label: "Add reaction", icon: "smile", run: () => pickEmoji(anchor, ctx, (emoji) => toggle(ctx, message, emoji, false)) },
    mine && !isSystem(message) && { label: "Edit message", icon: "edit", run: () => ctx.edit(message.id) },
    !isEphemeral && !isSystem(message) && may(store, channel, "send") && { label: "Reply", icon: "reply", run: () => ctx.reply(message.id) },
    !isEphemeral && pins && !isSystem(message) && (message.pinned
      ? { label: "Unpin message", icon: "pin", run: ask(() => session.rest.delete(`${path}/pins/${message.id}`)) }
      : { label: "Pin message", icon: "pin", run: ask(() => session.rest.put(`${path}/pins/${message.id}`)) }),
    !isEphemeral && channel.guild_id && !message.thread && !isSystem(message) && may(store, channel, "threads")
      && { label: "Create thread", icon: "thread", run: () => ctx.startThread(message) },
    !isEphemeral && { label: "Apps", icon: "right", run: async () => openMenu(anchor, await appEntries(app, TARGET.message, message.id), { label: "Apps for this message" }) },
    null,
    message.content && { label: "Copy text", icon: "copy", run: () => navigator.clipboard?.writeText(message.content) },
    { label: "Copy message ID", icon: "copy", run: () => navigator.clipboard?.writeText(message.id) },
    isEphemeral && { label: "Dismiss message", icon: "close", run: () => ctx.dismiss(message.id) },
    !isEphemeral && (mine || manages) && { label: "Delete message", icon: "trash", danger: true, run: ask(() => session.rest.delete(`${path}/${message.id}`)) },
  ];
  openMenu(anchor, entries.filter((entry) => entry !== false && entry !== undefined && entry !== ""), { label: "Message actions" });
}
