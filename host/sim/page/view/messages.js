// The messages of the open channel: a window over its log that grows where somebody scrolls and is cut where nobody
// looks, so ten thousand messages cost as much as a hundred. It fetches pages through the session.

import { fill, h, icon } from "../dom.js";
import { FLAG } from "../state/messages.js";
import { day, sameDay } from "../text/time.js";
import { parse, plain } from "../text/markdown.js";
import { ActionBar, openActions } from "./actions.js";
import { channelIcon, channelName, placeOf } from "./place.js";
import { messageElement } from "./message.js";

/** Messages that are drawn at once, and how many come with each step. */
const WINDOW = 140;
const STEP = 50;
/** Closer than this to an edge, in pixels, the window moves on. */
const NEAR = 900;
/** Closer than this to the end, somebody is reading along. */
const AT_END = 60;

export class MessageList {
  #app;
  #hooks;
  #first = 0;
  #last = 0;
  #moving = false;
  #ctx = null;
  #off = [];

  /** `hooks` are what a message can ask for: `reply(message)`, `editor(message)`. */
  constructor(app, hooks) {
    this.#app = app;
    this.#hooks = hooks;
    this.list = h("ol.messages", { tabIndex: 0, "aria-label": "Messages" });
    this.scroller = h("div.scroller", null, this.list);
    this.live = h("div.hidden-visually", { "aria-live": "polite", "aria-atomic": "false" });
    this.toEnd = h("button.to-end", { type: "button", hidden: true, onclick: () => this.showEnd() }, "Jump to the newest", icon("down"));
    this.element = h("section.conversation", { "aria-label": "Conversation" }, this.scroller, this.toEnd, this.live);
    this.bar = new ActionBar(() => this.#ctx);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.list.addEventListener("pointerover", (event) => this.#point(event.target));
    this.list.addEventListener("pointerleave", () => this.bar.hide());
    this.list.addEventListener("focusin", (event) => this.#point(event.target));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("contextmenu", (event) => this.#menu(event));
    new ResizeObserver(() => this.#keepEnd()).observe(this.scroller);
    // Pictures that arrive late push the end away from somebody who reads along.
    this.list.addEventListener("load", () => this.#keepEnd(), true);
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
    const { store } = session;
    this.#ctx = {
      app: this.#app, session, store, channel,
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
    const ctx = this.#ctx;
    this.list.setAttribute("aria-label", `Messages in ${channelName(store, channel)}`);
    this.#off = [
      store.on("message", (event) => event.channelId === channel.id && this.#changed(event)),
      session.interactions.on("pending", (asked) => this.#redraw(asked.messageId)),
      session.interactions.on("settled", (asked) => this.#settled(asked)),
    ];
    this.#atEnd = true;
    fill(this.list);
    this.#first = this.#last = 0;
    if (this.#log.loaded) this.#showTail();
    await this.#app.attempt(() => session.load(channel.id));
    if (this.#ctx === ctx) this.#showTail();
  }

  #showTail() {
    this.#last = this.#log.list.length;
    this.#first = Math.max(0, this.#last - STEP);
    this.#draw();
    this.showEnd();
  }

  /** Everything in the window, anew. */
  #draw() {
    const { list } = this.#log;
    this.bar.hide();
    const items = [];
    for (let at = this.#first; at < this.#last; at += 1) items.push(...this.#itemsAt(at, list));
    fill(this.list, this.#first === 0 && this.#log.complete && this.#beginning(), items);
    this.toEnd.hidden = this.#atEnd;
  }

  #itemsAt(at, list) {
    const message = list[at];
    const above = list[at - 1];
    const date = new Date(message.timestamp);
    const newDay = !above || !sameDay(date, new Date(above.timestamp));
    const divider = newDay && h("li.day", null, h("span", null, day(date)));
    return [divider, messageElement(message, newDay ? null : above, this.#ctx)].filter(Boolean);
  }

  #beginning() {
    const { store, channel } = this.#ctx;
    const name = channelName(store, channel);
    const direct = !channel.guild_id;
    return h("li.beginning", null, h("span.beginning-icon", null, icon(channelIcon(channel))),
      h("h2", null, direct ? name : `Welcome to #${name}`),
      h("p", null, direct ? `This is where your messages with ${name} begin.` : `This is the start of the #${name} channel.`, channel.topic ? ` ${channel.topic}` : ""));
  }

  #itemOf(id) {
    return this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  #changed({ id, change, message }) {
    const log = this.#log;
    const wasAtEnd = this.#atEnd;
    const at = log.at(id);
    if (change === "posted") {
      this.#announce(message);
      const mine = message.author.id === this.#ctx.store.me.id;
      const follows = at === log.list.length - 1 && this.#last === at;
      if (!follows) return mine ? this.showEnd() : this.toEnd.toggleAttribute("hidden", false);
      this.list.append(...this.#itemsAt(at, log.list));
      this.#last = log.list.length;
      if (wasAtEnd || mine) this.showEnd();
      else this.toEnd.hidden = false;
      if (this.#last - this.#first > WINDOW && this.#atEnd) this.#cutTop();
    } else if (change === "gone") {
      const item = this.#itemOf(id);
      if (!item) return;
      const nextId = item.nextElementSibling?.dataset.id;
      if (item.previousElementSibling?.classList.contains("day") && !item.nextElementSibling?.dataset.id) item.previousElementSibling.remove();
      item.remove();
      this.#last -= 1;
      if (nextId) this.#redraw(nextId);
    } else this.#redraw(id);
    if (wasAtEnd) this.#keepEnd();
  }

  /** One message anew, where it stands, keeping focus on it. */
  #redraw(id) {
    const item = id && this.#itemOf(id);
    const message = item && this.#log.get(id);
    if (!message) return;
    const held = item.contains(document.activeElement) ? document.activeElement : null;
    const control = held === item ? item.dataset.held : held?.dataset.control ?? held?.getAttribute("aria-label");
    const list = this.#log.list;
    const above = item.previousElementSibling?.classList.contains("day") ? null : list[this.#log.at(id) - 1];
    const fresh = messageElement(message, above, this.#ctx);
    if (this.bar.item === item) this.bar.hide();
    item.replaceWith(fresh);
    if (!held) return;
    const twin = control && [...fresh.querySelectorAll("button, textarea")].find((one) => one.dataset.control === control || one.getAttribute("aria-label") === control);
    // While a bot is asked its button cannot hold the focus; it gets it back.
    if (control) fresh.dataset.held = control;
    (twin && !twin.disabled ? twin : fresh).focus({ preventScroll: true });
  }

  #settled(asked) {
    if (asked.channelId !== this.#ctx.channel.id) return;
    if (asked.messageId) {
      if (asked.outcome !== "answered") {
        this.#ctx.failures.set(asked.messageId, asked.error?.message ?? "This interaction failed");
      }
      this.#redraw(asked.messageId);
      if (this.#atEnd) this.#keepEnd();
    } else if (asked.outcome !== "answered") this.#note(asked);
  }

  /** A command that nobody answered: only this page knows, until it is dismissed. */
  #note(asked) {
    const said = asked.error?.message ?? "The application did not respond";
    const name = asked.about.application?.name ?? "The application";
    const item = h("li.message.first.whisper.note", { tabIndex: -1 },
      h("span.system-icon.bad", null, icon("close")),
      h("div.body", null, h("p.head", null, h("strong", null, name), h("code", null, asked.about.line ?? "")),
        h("p.failed", { role: "alert" }, said),
        h("p.fine.only-you", null, icon("eye"), "Only you can see this · ",
          h("button.text", { type: "button", onclick: () => item.remove() }, "Dismiss message"))));
    this.list.append(item);
    this.showEnd();
  }

  #dismiss(id) {
    const { store, channel } = this.#ctx;
    if (store.log(channel.id).remove(id)) store.emit("message", { channelId: channel.id, id, change: "gone" });
  }

  #announce(message) {
    if (message.author.id === this.#ctx.store.me.id) return;
    const said = plain(parse(message.content)) || (message.flags & FLAG.loading ? "is thinking" : "sent something");
    const line = h("p", null, `${this.#ctx.store.nameOf(message.author, this.#ctx.channel.guild_id)}: ${said}`);
    this.live.append(line);
    if (this.live.childElementCount > 5) this.live.firstElementChild.remove();
  }

  /** A line between the messages that no message is: a cog was replaced. */
  announce(text) {
    if (!this.#ctx) return;
    const wasAtEnd = this.#atEnd;
    this.list.append(h("li.announcement", null, h("span", { role: "status" }, icon("reload"), text)));
    if (wasAtEnd) this.showEnd();
  }

  #atEnd = true;

  showEnd() {
    if (this.#ctx && this.#last < this.#log.list.length) {
      this.#last = this.#log.list.length;
      this.#first = Math.max(0, this.#last - STEP);
      this.#draw();
    }
    this.#atEnd = true;
    this.toEnd.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #keepEnd() {
    if (this.#atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const below = scrollHeight - clientHeight - scrollTop;
    this.#atEnd = below < AT_END && (!this.#ctx || this.#last >= this.#log.list.length);
    this.toEnd.hidden = this.#atEnd;
    if (!this.#ctx || this.#moving) return;
    if (scrollTop < NEAR) this.#up();
    else if (below < NEAR && this.#last < this.#log.list.length) this.#down();
  }

  async #up() {
    const ctx = this.#ctx;
    if (this.#first === 0 && this.#log.complete) return;
    this.#moving = true;
    try {
      if (this.#first === 0) {
        const brought = await ctx.app.attempt(() => ctx.session.loadOlder(ctx.channel.id));
        if (this.#ctx !== ctx || !brought) {
          if (this.#ctx === ctx && this.#log.complete) this.#anchored(() => this.#draw());
          return;
        }
        this.#first += brought;
        this.#last += brought;
      }
      this.#anchored(() => {
        const from = Math.max(0, this.#first - STEP);
        this.#extend(from, this.#first, true);
        this.#first = from;
        if (this.#last - this.#first > WINDOW) {
          this.#cut(this.#last - this.#first - WINDOW, false);
          this.#last = this.#first + WINDOW;
        }
      });
    } finally {
      this.#moving = false;
    }
  }

  #down() {
    this.#anchored(() => {
      const to = Math.min(this.#log.list.length, this.#last + STEP);
      this.#extend(this.#last, to, false);
      this.#last = to;
      this.#cutTop();
    });
  }

  #cutTop() {
    const over = this.#last - this.#first - WINDOW;
    if (over <= 0) return;
    this.#cut(over, true);
    this.#first += over;
  }

  /** Adds the messages `from..to` above or below what is drawn. */
  #extend(from, to, above) {
    const { list } = this.#log;
    const items = [];
    for (let at = from; at < to; at += 1) items.push(...this.#itemsAt(at, list));
    if (!above) return this.list.append(...items);
    this.list.prepend(...items);
    if (from === 0 && this.#log.complete) this.list.prepend(this.#beginning());
    // The one that was first before has somebody above it now.
    const seam = list[to] && this.#itemOf(list[to].id);
    if (!seam) return;
    if (seam.previousElementSibling?.classList.contains("day")) seam.previousElementSibling.remove();
    seam.replaceWith(...this.#itemsAt(to, list));
  }

  /** Removes `count` messages from the top or the bottom, and the days between them. */
  #cut(count, top) {
    let left = count;
    while (left > 0) {
      const item = top ? this.list.firstElementChild : this.list.lastElementChild;
      if (!item) return;
      if (item.dataset.id) left -= 1;
      item.remove();
    }
    const edge = top ? this.list.firstElementChild : this.list.lastElementChild;
    if (edge?.classList.contains("day") && !top) edge.remove();
  }

  /** Changes the list without moving what is being read. */
  #anchored(change) {
    const top = this.scroller.getBoundingClientRect().top;
    const seen = [...this.list.children].find((item) => item.dataset.id && item.getBoundingClientRect().bottom > top);
    const [id, before] = [seen?.dataset.id, seen?.getBoundingClientRect().top];
    change();
    const after = id && this.#itemOf(id);
    if (after) this.scroller.scrollTop += after.getBoundingClientRect().top - before;
  }

  /** Goes to a message, fetching what lies between. */
  async jump(id) {
    const ctx = this.#ctx;
    while (!this.#log.get(id) && !this.#log.complete) {
      if (!(await ctx.app.attempt(() => ctx.session.loadOlder(ctx.channel.id)))) return;
      if (this.#ctx !== ctx) return;
    }
    const log = this.#log;
    if (!log.get(id)) return;
    const at = log.at(id);
    this.#first = Math.max(0, at - STEP);
    this.#last = Math.min(log.list.length, at + STEP);
    this.#atEnd = false;
    this.#draw();
    const item = this.#itemOf(id);
    item.scrollIntoView({ block: "center" });
    item.classList.add("flash");
    item.focus({ preventScroll: true });
  }

  /** Opens the editor in a message, or closes it. */
  edit(id) {
    const before = this.#ctx.editing;
    this.#ctx.editing = id;
    if (before) this.#redraw(before);
    if (!id) return;
    this.#redraw(id);
    this.#itemOf(id)?.scrollIntoView({ block: "nearest" });
    this.#itemOf(id)?.querySelector("textarea")?.focus();
  }

  /** Puts the focus on the newest message; whether there is one. */
  focusNewest() {
    const newest = [...this.list.querySelectorAll("li.message")].at(-1);
    newest?.focus();
    return Boolean(newest);
  }

  /** The last message of one's own that can be edited. */
  editLast() {
    const { store } = this.#ctx;
    const own = this.#log.list.findLast((one) => one.author.id === store.me.id && (one.type === 0 || one.type === 19));
    if (own) this.edit(own.id);
    return Boolean(own);
  }

  /** Marks the message that is being answered. */
  mark(id) {
    const before = this.#ctx?.replyingTo;
    if (!this.#ctx) return;
    this.#ctx.replyingTo = id;
    for (const one of [before, id]) if (one) this.#itemOf(one)?.classList.toggle("replying", one === id);
  }

  #point(target) {
    const item = target.closest?.("li.message");
    const message = item?.dataset.id && this.#log.get(item.dataset.id);
    if (message && message.id !== this.#ctx.editing) this.bar.show(item, message);
  }

  #menu(event) {
    const item = event.target.closest("li.message");
    const message = item?.dataset.id && this.#log.get(item.dataset.id);
    if (!message || event.target.closest("a, textarea") || !getSelection().isCollapsed) return;
    event.preventDefault();
    openActions({ x: event.clientX, y: event.clientY }, message, this.#ctx);
  }

  /** Arrows walk through the messages; letters do what their buttons do. */
  #key(event) {
    if (event.target.closest("textarea, input, .float") || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = [...this.list.querySelectorAll("li.message")];
    // Tab passes by all messages but the one that is looked at.
    if (event.key === "Tab" && event.shiftKey && event.target.matches("li")) return this.list.focus({ preventScroll: true });
    if (event.key === "Tab" && event.target === this.list) return items.at(-1)?.focus();
    const here = event.target.closest("li.message");
    const at = items.indexOf(here);
    const to = { ArrowUp: at < 0 ? items.length - 1 : at - 1, ArrowDown: at + 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined && event.target.matches("ol, li")) {
      event.preventDefault();
      if (event.key === "ArrowDown" && to >= items.length) return this.#app.emit("focus-composer");
      items[Math.max(0, to)]?.focus();
      return;
    }
    const message = here?.dataset.id && this.#log.get(here.dataset.id);
    if (!message || event.target !== here) return;
    const keys = {
      Enter: () => openActions(here.querySelector(".body") ?? here, message, this.#ctx),
      r: () => this.#ctx.reply(message.id),
      e: () => message.author.id === this.#ctx.store.me.id && this.edit(message.id),
      "+": () => this.bar.element.querySelector("[aria-label='Add reaction']")?.click(),
      Escape: () => this.#app.emit("focus-composer"),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}
