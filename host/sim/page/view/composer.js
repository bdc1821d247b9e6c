// The composer: text, files, replies, and the way into slash commands. It posts through REST.

import { avatar, fill, h, icon } from "../dom.js";
import { commandIndex, newNonce } from "../state/interactions.js";
import { may } from "../state/permissions.js";
import { matching, withEmoji } from "../text/emoji.js";
import { size } from "./attachments.js";
import { Completion } from "./completion.js";
import { channels, people, roles } from "./entities.js";
import { channelName, channelSign, emojiElement } from "./place.js";
import { pickEmoji } from "./reactions.js";
import { lines, SlashForm } from "./slash.js";

const MAX_CHARACTERS = 2000;
const MAX_FILES = 10;
/** How often "is typing" is sent at most, in milliseconds; Discord shows it for ten seconds. */
const TYPING_INTERVAL = 8000;
/** How long commands are cached, in milliseconds: a cog may be replaced at any time. */
const CACHE_MS = 1000;

export class Composer {
  #app;
  #list;
  #files = [];
  #reply = null;
  #typed = 0;
  #drafts = new Map();
  #key = null;
  /** Maps what completion inserted, as people read it, to its form on the wire. */
  #meanings = new Map();
  #turn = 0;
  #off;
  /** The commands from the last request, and the request in progress. */
  #known = { channel: null, at: 0, lines: [] };
  #lookup = null;
  /** The prefix that was last searched for. */
  #sought = "";

  constructor(app, list) {
    this.#app = app;
    this.#list = list;
    this.completion = new Completion();
    this.slash = new SlashForm(app, this.completion, (sent) => {
      this.box.hidden = false;
      if (sent) this.#set("");
      this.input.focus();
    });
    this.input = h("textarea", {
      rows: 1, "aria-autocomplete": "list", "aria-haspopup": "listbox", autocomplete: "off",
      oninput: () => this.#changed(),
      onkeydown: (event) => this.#pressed(event),
      onpaste: (event) => this.#pasted(event),
      onclick: () => this.#complete(),
      onblur: () => this.completion.hide(),
    });
    this.picker = h("input", { type: "file", multiple: true, hidden: true, onchange: () => this.#attach([...this.picker.files]) });
    this.counter = h("span.counter", { role: "status" });
    this.replying = h("div.replying-to", { hidden: true });
    this.previews = h("ul.previews", { hidden: true, "aria-label": "Files to send" });
    this.typing = h("p.typing", { "aria-live": "off" });
    this.box = h("div.box", null,
      h("button.quiet", { type: "button", "aria-label": "Attach files", title: "Attach files", onclick: () => this.picker.click() }, icon("plus")),
      this.input, this.counter,
      h("button.quiet", { type: "button", "aria-label": "Choose an emoji", title: "Choose an emoji", onclick: (event) => this.#pickEmoji(event.currentTarget) }, icon("smile")),
      h("button.send", { type: "submit", "aria-label": "Send" }, icon("send")));
    this.element = h("form.composer", { "aria-label": "Write a message", onsubmit: (event) => this.#submit(event) },
      this.completion.element, this.replying, this.previews, this.box, this.slash.element, this.picker, this.typing);
    app.on("channel", () => this.#arrive());
    app.on("insert", (text) => this.insert(text));
    app.on("compose", (text) => this.#write(text));
    app.on("focus-composer", () => this.focus());
    this.#acceptDrops();
    setInterval(() => this.#showTyping(), 1000);
  }

  focus() {
    (this.slash.isOpen ? this.slash : this.input).focus();
  }

  #arrive() {
    const { session, channel } = this.#app;
    if (this.#key) this.#drafts.set(this.#key, this.input.value);
    this.#key = channel && `${session.person.id}/${channel.id}`;
    if (this.slash.isOpen) this.slash.close();
    this.reply(null);
    this.#attach([], true);
    this.#set(this.#drafts.get(this.#key) ?? "");
    const allowed = channel && may(session.store, channel, "send");
    this.input.disabled = !allowed;
    this.box.classList.toggle("locked", !allowed);
    const name = channel && channelName(session.store, channel);
    this.input.placeholder = !channel ? "" : allowed ? `Message ${channelSign(channel)}${name}` : "You do not have permission to send messages in this channel";
    this.input.setAttribute("aria-label", this.input.placeholder);
    this.#off?.();
    this.#off = session.store.on("typing", () => this.#showTyping());
    this.#showTyping();
    if (matchMedia("(hover: hover)").matches) this.input.focus({ preventScroll: true });
  }

  #set(text) {
    this.input.value = text;
    this.#fit();
  }

  /** Grows with its lines, up to the limit in the style sheet. */
  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    const left = MAX_CHARACTERS - this.#meant().length;
    this.counter.textContent = left < 200 ? String(left) : "";
    this.counter.classList.toggle("over", left < 0);
  }

  #write(text) {
    this.#set(text);
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
    this.#changed();
  }

  insert(text) {
    this.input.focus();
    this.input.setRangeText(text, this.input.selectionStart, this.input.selectionEnd, "end");
    this.#changed();
  }

  #pickEmoji(anchor) {
    const { store, channel } = this.#app;
    pickEmoji(anchor, { store, channel }, (emoji) => this.insert(emoji.id ? `${custom(emoji)} ` : emoji.name));
  }

  #changed() {
    this.#fit();
    this.#complete();
    const { session, channel } = this.#app;
    if (!this.input.value || this.input.value.startsWith("/") || Date.now() - this.#typed < TYPING_INTERVAL) return;
    this.#typed = Date.now();
    session.rest.post(`/channels/${channel.id}/typing`).catch(() => {});
  }

  /** The text before the caret determines what is suggested. */
  async #complete() {
    const turn = (this.#turn += 1);
    const { store, channel } = this.#app;
    const caret = this.input.selectionStart;
    const before = this.input.value.slice(0, caret);
    if (/^\/[^\n]*$/.test(before) && caret === this.input.value.length) return this.#commands(before.slice(1), turn);
    const found = /(^|\s)([@#:])([^\s@#:]*)$/.exec(before);
    if (!found) return this.completion.hide();
    const [, , sign, part] = found;
    const replace = (item) => {
      const label = sign === ":" ? item.insert : `${sign}${item.label}`;
      if (label !== item.insert) this.#meanings.set(label, item.insert);
      this.input.setRangeText(`${label} `, caret - part.length - 1, this.input.selectionStart, "end");
      this.#changed();
    };
    if (sign === "@") {
      if (this.#sought !== part && this.#app.session.findMembers(channel.guild_id, part)) {
        const off = store.on("members", () => {
          off();
          if (turn === this.#turn) this.#complete();
        });
      }
      this.#sought = part;
      const all = { label: "everyone", detail: "Notify everyone in this channel", insert: "@everyone", picture: icon("people") };
      const offered = [...people(store, channel, part), ...(channel.guild_id ? roles(store, channel, part).filter((role) => role.insert !== "@everyone") : [])];
      const everyone = "everyone".startsWith(part.toLowerCase()) && part && may(store, channel, "everyone") ? [all] : [];
      this.completion.show(this.input, "Members", [...offered, ...everyone].slice(0, 10), replace);
    } else if (sign === "#" && channel.guild_id) {
      this.completion.show(this.input, "Channels", channels(store, channel, part).filter((one) => one.label).slice(0, 10), replace);
    } else if (sign === ":" && part.length >= 2) {
      const own = (store.guilds.get(channel.guild_id)?.emojis ?? []).filter((one) => one.name.toLowerCase().includes(part.toLowerCase()))
        .map((one) => ({ label: `:${one.name}:`, picture: emojiElement(one), insert: custom(one) }));
      const common = matching(part).map(([name, characters]) => ({ label: `:${name}:`, picture: h("span.emoji", null, characters), insert: characters }));
      this.completion.show(this.input, "Emoji", [...own, ...common].slice(0, 10), replace);
    } else this.completion.hide();
  }

  /** Suggests commands: first those that are known, then updated ones. */
  async #commands(typed, turn) {
    const { session, channel } = this.#app;
    const isKnown = this.#known.channel === channel;
    if (isKnown) this.#offer(typed, this.#known.lines);
    else this.completion.hide();
    if (isKnown && Date.now() - this.#known.at < CACHE_MS) return;
    this.#lookup = this.#app.attempt(() => commandIndex(session, channel));
    const index = await this.#lookup;
    if (!index || this.#app.channel !== channel) return;
    this.#known = { channel, at: Date.now(), lines: lines(index) };
    if (turn === this.#turn) this.#offer(typed, this.#known.lines);
  }

  #offer(typed, all) {
    const wanted = typed.toLowerCase();
    const words = wanted.trimEnd();
    const exact = all.find((line) => wanted === `${line.name} `);
    if (exact) return this.#begin(exact, "");
    const offered = all.filter((line) => line.name.includes(words) || wanted.startsWith(`${line.name} `))
      .sort((a, b) => b.name.startsWith(words) - a.name.startsWith(words) || a.name.localeCompare(b.name)).slice(0, 20);
    this.completion.show(this.input, "Commands", offered.map((line) => ({
      label: `/${line.name}`,
      detail: line.description,
      aside: line.command.application.name,
      picture: avatar(line.command.application.bot ?? { id: line.command.application_id, username: line.command.application.name }, 24),
      line,
    })), ({ line }) => this.#begin(line, wanted.startsWith(`${line.name} `) ? typed.slice(line.name.length + 1) : ""));
  }

  #begin(line, typed) {
    // Cancels lookups for the text that are still in progress.
    this.#turn += 1;
    this.completion.hide();
    this.box.hidden = true;
    this.slash.open(line, typed);
  }

  #pressed(event) {
    if (this.completion.key(event) || event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#enter(event);
    } else if (event.key === "Tab" && event.shiftKey) {
      if (this.#list.focusNewest()) event.preventDefault();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      if (this.#list.editLast()) event.preventDefault();
    } else if (event.key === "Escape" && this.#reply) {
      event.preventDefault();
      this.reply(null);
    }
  }

  /** If a command is typed faster than it is looked up, it is still treated as a command. */
  async #enter(event) {
    if (this.input.value.startsWith("/")) {
      await this.#lookup;
      if (this.completion.isOpen) return this.completion.key(event);
      if (this.slash.isOpen) return;
    }
    this.#submit(event);
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.#attach(files);
  }

  #acceptDrops() {
    const zone = document.body;
    const has = (event) => event.dataTransfer?.types.includes("Files");
    zone.addEventListener("dragover", (event) => {
      if (!has(event)) return;
      event.preventDefault();
      zone.classList.add("dropping");
    });
    zone.addEventListener("dragleave", (event) => event.relatedTarget ?? zone.classList.remove("dropping"));
    zone.addEventListener("drop", (event) => {
      zone.classList.remove("dropping");
      if (!has(event)) return;
      event.preventDefault();
      this.#attach([...event.dataTransfer.files]);
    });
  }

  #attach(files, replace = false) {
    if (replace) this.#files = [];
    if (this.#files.length + files.length > MAX_FILES) this.#app.emit("notice", `A message can have at most ${MAX_FILES} files.`);
    this.#files = [...this.#files, ...files].slice(0, MAX_FILES);
    this.picker.value = "";
    for (const url of this.previews.querySelectorAll("img")) URL.revokeObjectURL(url.src);
    this.previews.hidden = !this.#files.length;
    fill(this.previews, this.#files.map((file) => h("li", null,
      file.type.startsWith("image/") ? h("img", { src: URL.createObjectURL(file), alt: "" }) : icon("file"),
      h("span", null, file.name, h("small", null, size(file.size))),
      h("button.quiet", { type: "button", "aria-label": `Remove ${file.name}`, onclick: () => {
        this.#files = this.#files.filter((one) => one !== file);
        this.#attach([]);
      } }, icon("close")))));
    if (files.length) this.input.focus();
  }

  /** Starts a reply to a message, or cancels it if there is none. */
  reply(message) {
    this.#reply = message;
    this.#list.mark(message?.id ?? null);
    this.replying.hidden = !message;
    if (!message) return fill(this.replying);
    const { store, channel } = this.#app;
    this.mention = h("button.text", {
      type: "button", "aria-pressed": "true", title: "Whether the author is notified",
      onclick: () => {
        const on = this.mention.getAttribute("aria-pressed") !== "true";
        this.mention.setAttribute("aria-pressed", String(on));
        this.mention.textContent = on ? "@ on" : "@ off";
        this.input.focus();
      },
    }, "@ on");
    fill(this.replying, h("span", null, "Replying to ", h("strong", null, store.nameOf(message.author, channel.guild_id))), this.mention,
      h("button.quiet", { type: "button", "aria-label": "Cancel the reply", onclick: () => this.reply(null) }, icon("close")));
    this.input.focus();
  }

  /** The text in its form on the wire. */
  #meant() {
    const { store, channel } = this.#app;
    const own = new Map((store.guilds.get(channel?.guild_id)?.emojis ?? []).map((one) => [one.name, custom(one)]));
    let text = this.input.value;
    for (const label of [...this.#meanings.keys()].sort((a, b) => b.length - a.length)) text = text.replaceAll(label, this.#meanings.get(label));
    return withEmoji(text, own).trim();
  }

  async #submit(event) {
    event.preventDefault();
    if (this.slash.isOpen) return this.slash.submit();
    const { session, channel } = this.#app;
    const content = this.#meant();
    const files = this.#files;
    if ((!content && !files.length) || !channel) return;
    const body = { content, nonce: newNonce() };
    if (this.#reply) {
      body.message_reference = { message_id: this.#reply.id };
      if (this.mention.getAttribute("aria-pressed") !== "true") body.allowed_mentions = { parse: ["users", "roles", "everyone"], replied_user: false };
    }
    const typed = this.input.value;
    const reply = this.#reply;
    this.#set("");
    this.completion.hide();
    this.#turn += 1;
    this.#typed = 0;
    this.#attach([], true);
    this.reply(null);
    try {
      await session.rest.post(`/channels/${channel.id}/messages`, body, files);
      this.#meanings.clear();
    } catch (error) {
      // Text is not lost when the server refuses it.
      this.#set(typed);
      this.#attach(files, true);
      if (reply) this.reply(reply);
      this.#app.emit("notice", error.message || "The message could not be sent.");
    }
  }

  #showTyping() {
    const { session, channel } = this.#app;
    if (!session || !channel) return;
    const all = session.store.typing.get(channel.id) ?? new Map();
    const names = [...all].filter(([, until]) => until > Date.now())
      .map(([id]) => session.store.users.get(id)).filter(Boolean).map((user) => session.store.nameOf(user, channel.guild_id));
    const said = names.length > 3 ? "Several people are typing …"
      : names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are typing …`
        : names.length ? `${names[0]} is typing …` : "";
    if (this.typing.dataset.said === said) return;
    this.typing.dataset.said = said;
    fill(this.typing, said && [h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i")), said]);
  }
}

/** A guild's custom emoji, as in messages. */
const custom = ({ animated, name, id }) => `<${animated ? "a" : ""}:${name}:${id}>`;
