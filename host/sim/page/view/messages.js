// The conversation: the messages of the open channel as they are posted, edited and deleted, and keyboard navigation
// among them. The window decides how many of them are drawn.

import { fill, h, icon } from "../dom.js";
import { FLAG } from "../state/messages.js";
import { may } from "../state/permissions.js";
import { isThread } from "../state/store.js";
import { parse, plain } from "../text/markdown.js";
import { day, sameDay } from "../text/time.js";
import { ActionBar, openActions } from "./actions.js";
import { messageElement } from "./message.js";
import { channelIcon, channelName, placeOf } from "./place.js";
import { Window } from "./window.js";

/** How many lines are kept for screen readers. */
const SPOKEN = 5;
/** How many announcements are shown again when the user returns to a channel. */
const ANNOUNCED = 50;

export class MessageList {
  #app;
  #hooks;
  #ctx = null;
  #off = [];
  /** Recent announcements, each with its time, to be put between the messages when they are redrawn. */
  #announced = [];
  #window = new Window({
    render: (at) => this.#itemsAt(at),
    beginning: () => this.#beginning(),
    older: () => this.#app.attempt(() => this.#ctx.session.loadOlder(this.#ctx.channel.id)),
  });

  /** `hooks` are the actions of a message: `reply(message)`, `editor(message, done)`, `startThread(message)`. */
  constructor(app, hooks) {
    this.#app = app;
    this.#hooks = hooks;
    const { list, scroller, toEnd } = this.#window;
    this.list = list;
    this.live = h("div.hidden-visually", { "aria-live": "polite", "aria-atomic": "false" });
    this.element = h("section.conversation", { "aria-label": "Conversation" }, scroller, toEnd, this.live);
    this.bar = new ActionBar(() => this.#ctx);
    list.addEventListener("pointerover", (event) => this.#point(event.target));
    list.addEventListener("pointerleave", () => this.bar.hide());
    list.addEventListener("focusin", (event) => this.#point(event.target));
    list.addEventListener("keydown", (event) => this.#key(event));
    list.addEventListener("contextmenu", (event) => this.#menu(event));
    app.on("channel", () => this.#open());
  }

  get #log() {
    return this.#ctx.store.log(this.#ctx.channel.id);
  }

  async #open() {
    this.#off.forEach((end) => end());
    this.bar.hide();
    const { session, channel } = this.#app;
    if (!channel) return fill(this.list, h("li.empty", null, "Nothing here yet."));
    const ctx = this.#context(session, channel);
    this.#ctx = ctx;
    this.list.setAttribute("aria-label", `Messages in ${channelName(ctx.store, channel)}`);
    this.#off = [
      ctx.store.on("message", (event) => event.channelId === channel.id && this.#changed(event)),
      session.interactions.on("pending", (asked) => this.#redraw(asked.messageId)),
      session.interactions.on("settled", (asked) => this.#settled(asked)),
    ];
    const isHere = this.#log.state === "here";
    this.#window.show(this.#log);
    await this.#app.attempt(() => session.load(channel.id));
    if (this.#ctx === ctx && !isHere) this.#window.show(this.#log);
  }

  /** The context of a message, and its actions. */
  #context(session, channel) {
    return {
      app: this.#app, session, store: session.store, channel,
      place: placeOf(this.#app, channel),
      failures: new Map(),
      editing: null,
      replyingTo: null,
      reply: (id) => this.#hooks.reply(this.#log.get(id)),
      edit: (id) => this.edit(id),
      editor: (message) => this.#hooks.editor(message, () => this.edit(null)),
      dismiss: (id) => this.#dismiss(id),
      jump: (id) => this.jump(id),
      startThread: (message) => this.#hooks.startThread(message),
    };
  }

  #itemsAt(at) {
    const [above, message, below] = [at - 1, at, at + 1].map((place) => this.#log.list[place]);
    const date = new Date(message.timestamp);
    const newDay = !above || !sameDay(date, new Date(above.timestamp));
    return [
      ...(newDay ? [h("li.day", null, h("span", null, day(date)))] : []),
      messageElement(message, newDay ? null : above, this.#ctx),
      ...this.#announced.filter((one) => one.at >= date && !(below && one.at >= new Date(below.timestamp))).map((one) => one.element),
    ];
  }

  #beginning() {
    const { store, channel } = this.#ctx;
    const name = channelName(store, channel);
    const [title, text] = isThread(channel) ? [name, "This is where the thread begins."]
      : channel.guild_id ? [`Welcome to #${name}`, `This is the start of the #${name} channel.`]
        : [name, `This is where your messages with ${name} begin.`];
    return h("li.beginning", null, h("span.beginning-icon", null, icon(channelIcon(channel))), h("h2", null, title), h("p", null, text, channel.topic ? ` ${channel.topic}` : ""),
      may(store, channel, "send") && h("p.hint", null, "No messages yet. Type ", h("code", null, "/"), " to see what the bots here can do, or a command such as ", h("code", null, "!ping"), "."));
  }

  #changed({ id, change, message }) {
    if (change === "posted") {
      const mine = message.author.id === this.#ctx.store.me.id;
      if (!mine) this.#speak(message);
      if (this.#log.list.at(-1)?.id === id) this.#window.append(mine);
    } else if (change === "gone") this.#redraw(this.#window.remove(id));
    else this.#redraw(id);
    this.#window.keepEnd();
  }

  /** Redraws a message in place, keeping the focus in it. */
  #redraw(id) {
    const item = id && this.#window.itemOf(id);
    const message = item && this.#log.get(id);
    if (!message) return;
    const held = item.contains(document.activeElement) ? document.activeElement : null;
    const control = held === item ? item.dataset.held : held?.dataset.control ?? held?.getAttribute("aria-label");
    const above = item.previousElementSibling?.classList.contains("day") ? null : this.#log.list[this.#log.at(id) - 1];
    const fresh = messageElement(message, above, this.#ctx);
    if (this.bar.item === item) this.bar.hide();
    item.replaceWith(fresh);
    if (!held) return;
    const twin = control && [...fresh.querySelectorAll("button, textarea")].find((one) => one.dataset.control === control || one.getAttribute("aria-label") === control);
    // While the bot is asked, its button cannot have the focus; it gets it back afterwards.
    if (control) fresh.dataset.held = control;
    (twin && !twin.disabled ? twin : fresh).focus({ preventScroll: true });
  }

  #settled(asked) {
    if (asked.channelId !== this.#ctx.channel.id) return;
    const failed = asked.outcome !== "answered";
    if (asked.messageId) {
      if (failed) this.#ctx.failures.set(asked.messageId, asked.error?.message ?? "This interaction failed");
      this.#redraw(asked.messageId);
      this.#window.keepEnd();
    } else if (failed) this.#note(asked);
  }

  /** A command without a response: only this page shows it, until it is dismissed. */
  #note(asked) {
    const item = h("li.message.first.ephemeral.note", { tabIndex: -1 },
      h("span.system-icon.bad", null, icon("close")),
      h("div.body", null, h("p.head", null, h("strong", null, asked.about.application?.name ?? "The application"), h("code", null, asked.about.line ?? "")),
        h("p.failed", { role: "alert" }, asked.error?.message ?? "The application did not respond"),
        h("p.fine.only-you", null, icon("eye"), "Only you can see this · ",
          h("button.text", { type: "button", onclick: () => item.remove() }, "Dismiss message"))));
    this.list.append(item);
    this.#window.showEnd();
  }

  #dismiss(id) {
    const { store, channel } = this.#ctx;
    if (store.log(channel.id).remove(id)) store.emit("message", { channelId: channel.id, id, change: "gone" });
  }

  #speak(message) {
    const said = plain(parse(message.content), this.#ctx.place) || (message.flags & FLAG.loading ? "is thinking" : "sent something");
    this.live.append(h("p", null, `${this.#ctx.store.nameOf(message.author, this.#ctx.channel.guild_id)}: ${said}`));
    if (this.live.childElementCount > SPOKEN) this.live.firstElementChild.remove();
  }

  /** A line between messages that is not a message: a cog was or could not be replaced; `detail` can be unfolded. */
  announce(text, { bad = false, detail = "" } = {}) {
    const element = h("li.announcement", { class: bad ? "bad" : "" },
      h("span", { role: bad ? "alert" : "status" }, icon(bad ? "alert" : "reload"), text),
      detail && h("details", null, h("summary", null, "Details"), h("pre", null, detail)));
    this.#announced = [...this.#announced, { at: new Date(), element }].slice(-ANNOUNCED);
    this.list.append(element);
    this.#window.keepEnd();
    element.querySelector("details")?.addEventListener("toggle", () => this.#window.keepEnd());
  }

  /** Goes to a message, fetching older ones until it is loaded. */
  async jump(id) {
    const ctx = this.#ctx;
    while (!this.#log.get(id) && !this.#log.complete) {
      const brought = await ctx.app.attempt(() => ctx.session.loadOlder(ctx.channel.id));
      if (!brought || this.#ctx !== ctx) return;
    }
    if (!this.#log.get(id)) return;
    this.#window.showAround(this.#log.at(id));
    const item = this.#window.itemOf(id);
    item.scrollIntoView({ block: "center" });
    item.classList.add("flash");
    item.focus({ preventScroll: true });
  }

  /** Opens the editor in a message, or closes it. */
  edit(id) {
    const before = this.#ctx.editing;
    this.#ctx.editing = id;
    this.#redraw(before);
    this.#redraw(id);
    const item = id && this.#window.itemOf(id);
    item?.scrollIntoView({ block: "nearest" });
    item?.querySelector("textarea")?.focus();
  }

  /** Opens the editor in the user's last message; returns whether there is one. */
  editLast() {
    const { store } = this.#ctx;
    const own = this.#log.list.findLast((one) => one.author.id === store.me.id && (one.type === 0 || one.type === 19));
    if (own) this.edit(own.id);
    return Boolean(own);
  }

  /** Focuses the newest message; returns whether there is one. */
  focusNewest() {
    const newest = [...this.list.querySelectorAll("li.message")].at(-1);
    newest?.focus();
    return Boolean(newest);
  }

  /** Marks the message that the user is replying to. */
  mark(id) {
    if (!this.#ctx) return;
    const before = this.#ctx.replyingTo;
    this.#ctx.replyingTo = id;
    for (const one of [before, id]) if (one) this.#window.itemOf(one)?.classList.toggle("replying", one === id);
  }

  #messageAt(target) {
    const item = target.closest?.("li.message");
    return { item, message: item?.dataset.id && this.#log.get(item.dataset.id) };
  }

  #point(target) {
    const { item, message } = this.#messageAt(target);
    if (message && message.id !== this.#ctx.editing) this.bar.show(item, message);
  }

  #menu(event) {
    const { message } = this.#messageAt(event.target);
    if (!message || event.target.closest("a, textarea") || !getSelection().isCollapsed) return;
    event.preventDefault();
    openActions({ x: event.clientX, y: event.clientY }, message, this.#ctx);
  }

  /** Arrow keys move between messages; letters trigger their actions. */
  #key(event) {
    if (event.target.closest("textarea, input, .float") || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = [...this.list.querySelectorAll("li.message")];
    // Tab skips all messages but the current one.
    if (event.key === "Tab" && event.shiftKey && event.target.matches("li")) return this.list.focus({ preventScroll: true });
    if (event.key === "Tab" && !event.shiftKey && event.target === this.list) return items.at(-1)?.focus();
    const { item: here, message } = this.#messageAt(event.target);
    const at = items.indexOf(here);
    const to = { ArrowUp: at < 0 ? items.length - 1 : at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined && event.target.matches("ol, li")) {
      event.preventDefault();
      if (event.key === "ArrowDown" && to >= items.length) return this.#app.emit("focus-composer");
      return items[Math.max(0, to)]?.focus();
    }
    const keys = message && event.target === here && {
      Enter: () => openActions(here.querySelector(".body") ?? here, message, this.#ctx),
      r: () => this.#ctx.reply(message.id),
      e: () => message.author.id === this.#ctx.store.me.id && this.edit(message.id),
      "+": () => this.bar.element.querySelector("[aria-label='Add reaction']")?.click(),
      Escape: () => this.#app.emit("focus-composer"),
    };
    if (!keys?.[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}
