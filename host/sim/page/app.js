// The active person, channel and session. It draws nothing; the views listen to it.

import { control } from "./wire/rest.js";
import { Session } from "./state/session.js";
import { Signals } from "./signals.js";
import { byId } from "./state/log.js";
import { isPlace, isThread, KIND } from "./state/store.js";
import { may } from "./state/permissions.js";

/** How many people's sessions stay connected; beyond that, the least recently used one is closed. */
const MAX_SESSIONS = 6;
/** How often to retry, in milliseconds: after a restart, the host may have new tokens for the same people. */
const RETRY_DELAY = 700;

/** Signals: `person`, `channel`, `connection`, `people`, `notice`, `modal`, and requests between views: `compose`,
 *  `insert`, `focus-composer`. */
export class App extends Signals {
  people = [];
  session = null;
  guildId = null;
  channel = null;
  #token;
  #sessions = new Map();
  #lastIn = new Map();

  constructor(token) {
    super();
    this.#token = token;
  }

  get store() {
    return this.session.store;
  }

  control(path, options) {
    return control(this.#token, path, options);
  }

  get controlToken() {
    return this.#token;
  }

  async loadPeople() {
    this.people = (await this.control("/control/people")).map((person) => ({ ...person, id: person.user.id }));
    this.emit("people");
  }

  /** Switches to another person. */
  async switchTo(id) {
    const person = this.people.find((one) => one.id === id) ?? this.people[0];
    if (!person) throw new Error("There is no user to act as: the world has no people.");
    const session = this.#open(person);
    this.session = session;
    remember("person", person.user.username);
    this.emit("connection", session.state);
    await session.ready();
    session.arrived = true;
    if (this.session === session) this.#arrive();
  }

  #open(person) {
    const known = this.#sessions.get(person.id);
    this.#sessions.delete(person.id);
    const session = known ?? this.#connect(person);
    this.#sessions.set(person.id, session);
    for (const [id, old] of this.#sessions) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      old.close();
      this.#sessions.delete(id);
    }
    return session;
  }

  #connect(person) {
    const session = new Session(person, `ws://${location.host}`);
    session.on("state", (state) => {
      if (state === "refused") this.#renew(session);
      if (session === this.session) this.emit("connection", state);
    });
    session.interactions.on("modal", (modal) => session === this.session && this.emit("modal", modal));
    session.store.on("reset", async () => {
      // The first reset is handled by `switchTo`; a later one is a restarted host, whose world is only what it sends now.
      if (!session.arrived) return;
      await session.ready();
      if (session === this.session) this.#arrive();
    });
    return session;
  }

  /** The token is no longer valid: the same person has a new one, or is gone. */
  async #renew(session) {
    session.close();
    this.#sessions.delete(session.person.id);
    if (session !== this.session) return;
    this.emit("connection", "waiting");
    try {
      await this.loadPeople();
    } catch {
      setTimeout(() => this.#renew(session), RETRY_DELAY);
      return;
    }
    const name = session.person.user.username;
    await this.switchTo(this.people.find((one) => one.user.username === name)?.id);
  }

  /** Shows the world as this person, in their previous channel, the one with the same name, or the first. */
  #arrive() {
    this.emit("person");
    const store = this.store;
    const wanted = store.channels.get(this.channel?.id) ?? store.channels.get(recall("channel"));
    const visible = wanted && (!wanted.guild_id || may(store, wanted, "view")) && isPlace(wanted);
    const next = visible ? wanted : this.firstOf([...store.guilds.keys()].sort(byId)[0]) ?? store.directs()[0];
    if (next) this.go(next.id, true);
    else this.emit("channel");
  }

  /** The channel that was last open in a guild, or its first. */
  firstOf(guildId) {
    const last = this.store.channels.get(this.#lastIn.get(guildId));
    if (last && last.guild_id === guildId) return last;
    const places = this.store.channelsOf(guildId).filter((channel) => channel.type === KIND.text && may(this.store, channel, "view"));
    return places.sort((a, b) => a.position - b.position || byId(a.id, b.id))[0];
  }

  showDirects() {
    const last = this.store.channels.get(this.#lastIn.get("@me")) ?? this.store.directs()[0];
    this.guildId = null;
    if (last) this.go(last.id);
    else {
      this.channel = null;
      this.emit("channel");
    }
  }

  go(channelId, force = false) {
    const channel = this.store.channels.get(channelId);
    if (!channel || (!force && channel.id === this.channel?.id)) return;
    this.channel = channel;
    this.guildId = channel.guild_id ?? null;
    if (!isThread(channel)) this.#lastIn.set(channel.guild_id ?? "@me", channel.id);
    remember("channel", channel.id);
    this.store.read(channel.id);
    this.emit("channel");
  }

  async openDirect(userId) {
    const channel = await this.session.openDirect(userId);
    this.go(channel.id);
  }

  /** Does something that the server may refuse, and shows the error. */
  async attempt(work) {
    try {
      return await work();
    } catch (error) {
      this.emit("notice", error.message || String(error));
      return undefined;
    }
  }

  /** A guild's channels as the views sort them: those without a category first, then categories with their channels. */
  sections(guildId) {
    const all = this.store.channelsOf(guildId);
    const order = (a, b) => (a.type === KIND.voice) - (b.type === KIND.voice) || a.position - b.position || byId(a.id, b.id);
    const seen = all.filter((one) => isPlace(one) && !isThread(one) && may(this.store, one, "view")).sort(order);
    const under = (id) => seen.filter((one) => (one.parent_id ?? null) === id);
    const known = new Set(all.filter((one) => one.type === KIND.category).map((one) => one.id));
    const loose = seen.filter((one) => !known.has(one.parent_id));
    const categories = all.filter((one) => one.type === KIND.category).sort((a, b) => a.position - b.position || byId(a.id, b.id));
    return [{ category: null, channels: loose }, ...categories.map((category) => ({ category, channels: under(category.id) }))]
      .filter((section) => section.channels.length);
  }

  threadsOf(channelId) {
    return [...this.store.channels.values()]
      .filter((one) => isThread(one) && one.parent_id === channelId && !one.thread_metadata?.archived)
      .sort((a, b) => byId(b.id, a.id));
  }
}

/** Small values that survive a reload of the page, only in this tab. */
export function remember(key, value) {
  try {
    sessionStorage.setItem(`gearshift.${key}`, value);
  } catch {
    // If the browser stores nothing, the page still works.
  }
}

export function recall(key) {
  try {
    return sessionStorage.getItem(`gearshift.${key}`);
  } catch {
    return null;
  }
}
