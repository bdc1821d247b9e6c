// One person at the gateway: their store, their REST, and the interactions they have begun. It draws nothing.

import { Gateway } from "../wire/gateway.js";
import { Rest } from "../wire/rest.js";
import { Signals } from "../signals.js";
import { Interactions } from "./interactions.js";
import { Store } from "./store.js";

/** Messages that one look at the history brings; Discord's usual page. */
const PAGE = 50;

/** Signals: `state` when the connection comes or goes. */
export class Session extends Signals {
  state = "connecting";
  /** Whether somebody has spoken through it yet. */
  arrived = false;
  #fetching = new Map();

  constructor(person, gatewayUrl) {
    super();
    this.person = person;
    this.rest = new Rest(person.token);
    this.store = new Store();
    this.interactions = new Interactions(this);
    this.gateway = new Gateway({
      url: gatewayUrl,
      token: person.token,
      onDispatch: (type, data) => {
        this.store.apply(type, data);
        this.interactions.hear(type, data);
      },
      onState: (state) => {
        this.state = state;
        this.emit("state", state);
      },
    });
  }

  close() {
    this.gateway.close();
  }

  /** Once the first guilds are here. */
  async ready() {
    const here = () => this.store.me && !this.store.awaited?.size;
    if (here()) return;
    await new Promise((done) => {
      const off = ["reset", "guilds"].map((name) => this.store.on(name, () => {
        if (here()) done(off.forEach((end) => end()));
      }));
    });
  }

  /** The newest messages of a channel, once. */
  load(channelId) {
    return this.#once(channelId, async () => {
      const log = this.store.log(channelId);
      if (log.state === "here") return;
      // What is posted while the answer is on its way is appended, not lost.
      log.state = "loading";
      try {
        this.#keep(log, await this.rest.get(`/channels/${channelId}/messages?limit=${PAGE}`));
        log.state = "here";
      } catch (error) {
        log.state = "empty";
        throw error;
      }
    });
  }

  /** An older page; how many messages it brought. */
  loadOlder(channelId) {
    return this.#once(channelId, async () => {
      const log = this.store.log(channelId);
      const oldest = log.list[0]?.id;
      if (log.complete || !oldest) return 0;
      return this.#keep(log, await this.rest.get(`/channels/${channelId}/messages?limit=${PAGE}&before=${oldest}`));
    });
  }

  #keep(log, messages) {
    if (messages.length < PAGE) log.complete = true;
    for (const message of messages) if (!this.store.users.has(message.author.id)) this.store.keepUser(message.author);
    return log.prepend(messages);
  }

  #once(channelId, work) {
    if (!this.#fetching.has(channelId)) {
      this.#fetching.set(channelId, work().finally(() => this.#fetching.delete(channelId)));
    }
    return this.#fetching.get(channelId);
  }

  /** All members of a large guild, asked for over the gateway as any client does. */
  requestMembers(guildId) {
    this.gateway.send(8, { guild_id: guildId, query: "", limit: 0, presences: true });
  }

  /** Members of a large guild whose names begin so, if not all are known; the store tells `members` when they are here. */
  findMembers(guildId, query) {
    const guild = this.store.guilds.get(guildId);
    if (!guild || !query || guild.members.size >= guild.member_count) return false;
    this.gateway.send(8, { guild_id: guildId, query, limit: 20 });
    return true;
  }

  /** The direct messages with somebody. */
  async openDirect(userId) {
    const channel = await this.rest.post("/users/@me/channels", { recipient_id: userId });
    this.store.keepChannel(channel);
    this.store.emit("channels");
    return channel;
  }
}
