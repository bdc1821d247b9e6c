// One person's gateway session: identifies, sends heartbeats, resumes, and retries until it is closed. It does not know
// what events mean.

/** Delays between attempts, in milliseconds: this is loopback, and a host that restarts is back soon. */
const FIRST_DELAY = 100;
const MAX_DELAY = 2000;
const ALL_INTENTS = 0x0331ffff;
/** Close codes after which the session cannot continue with this token. */
const REFUSALS = new Set([4004, 4013, 4014]);

export class Gateway {
  #socket;
  #beat;
  #acknowledged = true;
  #seq = null;
  #resume = null;
  #wait = FIRST_DELAY;
  #retry;
  #closed = false;

  /** `onDispatch(type, data)` for each event; `onState("ready" | "waiting" | "refused")` when the state changes. */
  constructor({ url, token, onDispatch, onState }) {
    Object.assign(this, { url, token, onDispatch, onState });
    this.#connect();
  }

  get sessionId() {
    return this.#resume?.session;
  }

  send(op, d) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ op, d }));
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#beat);
    this.#socket?.close(1000);
  }

  #connect() {
    const socket = new WebSocket(`${this.url}/?v=10&encoding=json`);
    this.#socket = socket;
    socket.onmessage = (message) => this.#receive(JSON.parse(message.data));
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  #lost(code) {
    clearInterval(this.#beat);
    if (this.#closed) return;
    if (REFUSALS.has(code)) {
      this.#resume = null;
      this.onState("refused");
      return;
    }
    this.onState("waiting");
    this.#retry = setTimeout(() => this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 1.5, MAX_DELAY);
  }

  #receive({ op, d, s, t }) {
    if (s) this.#seq = s;
    switch (op) {
      case 0: return this.#dispatch(t, d);
      case 1: return this.send(1, this.#seq);
      case 7: return this.#socket.close(4000);
      case 9: return this.#invalid(d);
      case 10: return this.#hello(d.heartbeat_interval);
      case 11: this.#acknowledged = true;
    }
  }

  #dispatch(type, data) {
    if (type === "READY") this.#resume = { session: data.session_id };
    this.onDispatch(type, data);
    if (type === "READY" || type === "RESUMED") {
      this.#wait = FIRST_DELAY;
      this.onState("ready");
    }
  }

  #hello(interval) {
    this.#acknowledged = true;
    clearInterval(this.#beat);
    this.#beat = setInterval(() => {
      if (!this.#acknowledged) return this.#socket.close(4000);
      this.#acknowledged = false;
      this.send(1, this.#seq);
    }, interval);
    if (this.#resume) this.send(6, { token: this.token, session_id: this.#resume.session, seq: this.#seq ?? 0 });
    else this.#identify();
  }

  #invalid(resumable) {
    if (resumable) return this.#socket.close(4000);
    this.#resume = null;
    this.#seq = null;
    this.#identify();
  }

  #identify() {
    this.send(2, {
      token: this.token,
      intents: ALL_INTENTS,
      large_threshold: 250,
      properties: { os: "browser", browser: "gearshift-page", device: "gearshift-page" },
    });
  }
}
