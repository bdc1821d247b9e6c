// One person's session: their store, REST client, and the interactions they started. It draws nothing.

import { Gateway } from "../wire/gateway.js";
import { Rest } from "../wire/rest.js";
import { Signals } from "../signals.js";
import { Interactions } from "./interactions.js";
import { Store } from "./store.js";

/** How many messages a request for history returns; Discord's usual page. */
const PAGE = 50;

/** Signals: `state` when the connection is established or lost. */
export class Session extends Signals {
  state = "connecting";
  /** Whether the session has been shown yet. */
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
        this.interactions.handleEvent(type, data);
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

  /** Resolves once the first guilds have arrived. */
  async ready() {
    const here = () => this.store.me && !this.store.awaited?.size;
    if (here()) return;
    await new Promise((done) => {
      const off = ["reset", "guilds"].map((name) => this.store.on(name, () => {
        if (here()) done(off.forEach((end) => end()));
      }));
    });
  }

  /** Loads the newest messages of a channel, once. */
  load(channelId) {
    return this.#once(channelId, async () => {
      const log = this.store.log(channelId);
      if (log.state === "here") return;
      // Messages posted before the response arrives are appended, not lost.
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

  /** Loads an older page; returns the number of messages in it. */
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

  /** Requests all members of a large guild over the gateway, as any client does. */
  requestMembers(guildId) {
    this.gateway.send(8, { guild_id: guildId, query: "", limit: 0, presences: true });
  }

  /** Requests members of a large guild by name prefix, unless all are known; the store emits `members` when they
   *  arrive. */
  findMembers(guildId, query) {
    const guild = this.store.guilds.get(guildId);
    if (!guild || !query || guild.members.size >= guild.member_count) return false;
    this.gateway.send(8, { guild_id: guildId, query, limit: 20 });
    return true;
  }

  /** Opens the direct messages with a user. */
  async openDirect(userId) {
    const channel = await this.rest.post("/users/@me/channels", { recipient_id: userId });
    this.store.keepChannel(channel);
    this.store.emit("channels");
    return channel;
  }
}
