// A person's interactions with bots: commands, components, forms, suggestions; and their outcomes. It draws nothing.

import { Signals } from "../signals.js";

export const TYPE = { command: 2, component: 3, autocomplete: 4, modal: 5 };

/** Longer than Discord's own three seconds: the server reports timeouts; this is only for when it stays silent. */
const TIMEOUT = 6000;

let lastNonce = 0n;

/** Unique, and in the format of an id created now. */
export function newNonce() {
  const now = BigInt(Date.now() - 1420070400000) << 22n;
  lastNonce = now > lastNonce ? now : lastNonce + 1n;
  return String(lastNonce);
}

/** Signals: `pending` and `settled` with the interaction, `modal` with a form that a bot opened. */
export class Interactions extends Signals {
  #session;
  #open = new Map();
  #choices = new Map();

  constructor(session) {
    super();
    this.#session = session;
  }

  /** Starts an interaction; `about` is what the page wants to store about it. */
  async begin(type, { applicationId, channel, message, data, files = [] }, about = {}) {
    const nonce = newNonce();
    const asked = { nonce, type, channelId: channel.id, messageId: message?.id, about, outcome: null };
    this.#open.set(nonce, asked);
    asked.timer = setTimeout(() => this.#settle(nonce, "failed"), TIMEOUT);
    this.emit("pending", asked);
    try {
      await this.#session.rest.post("/interactions", {
        type,
        application_id: applicationId,
        guild_id: channel.guild_id,
        channel_id: channel.id,
        session_id: this.#session.gateway.sessionId,
        nonce,
        message_id: message?.id,
        message_flags: message?.flags,
        data,
      }, files);
    } catch (error) {
      asked.error = error;
      this.#settle(nonce, "refused");
    }
    return asked;
  }

  /** Choices for the option being filled in; only the newest request is answered. */
  async suggest(command, channel, data) {
    const nonce = newNonce();
    const answered = new Promise((done) => {
      this.#choices.set(nonce, done);
      setTimeout(() => done(null), TIMEOUT);
    });
    await this.#session.rest.post("/interactions", {
      type: TYPE.autocomplete,
      application_id: command.application_id,
      guild_id: channel.guild_id,
      channel_id: channel.id,
      session_id: this.#session.gateway.sessionId,
      nonce,
      data,
    });
    const choices = await answered;
    this.#choices.delete(nonce);
    return choices;
  }

  /** An interaction with this message that has no response yet, if there is one. */
  pendingOn(messageId) {
    return [...this.#open.values()].find((asked) => asked.messageId === messageId && !asked.outcome);
  }

  handleEvent(type, data) {
    switch (type) {
      case "INTERACTION_CREATE": {
        const asked = this.#open.get(data.nonce);
        if (asked) asked.id = data.id;
        break;
      }
      case "INTERACTION_SUCCESS": return this.#settle(data.nonce, "answered");
      case "INTERACTION_FAILURE": return this.#settle(data.nonce, "failed");
      case "INTERACTION_MODAL_CREATE": {
        const asked = this.#open.get(data.nonce);
        this.#settle(data.nonce, "answered");
        return this.emit("modal", { ...data, message: asked?.messageId });
      }
      case "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE": return this.#choices.get(data.nonce)?.(data.choices ?? []);
    }
  }

  #settle(nonce, outcome) {
    const asked = this.#open.get(nonce);
    if (!asked) return;
    clearTimeout(asked.timer);
    this.#open.delete(nonce);
    asked.outcome = outcome;
    this.emit("settled", asked);
  }
}

/** The commands that a person may use here, requested each time, because a cog that was just replaced may have others.
 *  */
export async function commandIndex(session, channel) {
  const path = channel.guild_id ? `/guilds/${channel.guild_id}` : "/users/@me";
  const index = await session.rest.get(`${path}/application-command-index`);
  const applications = new Map(index.applications.map((application) => [application.id, application]));
  return index.application_commands.map((command) => ({
    ...command,
    application: applications.get(command.application_id) ?? { id: command.application_id, name: "app" },
  }));
}
