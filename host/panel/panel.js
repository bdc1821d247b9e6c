// The host's panel: an overview of the cogs, each unfolded to its numbers, the last swap phase by phase and its log; below,
// the host's own log. It reads the feed, and sends the same requests as `gearshift cogs`.

import { fill, h, icon } from "/page/dom.js";

/** How many lines of each log are shown; the host keeps as many. */
const MAX_LINES = 300;
/** How long after it ended the feed is opened again, in milliseconds. */
const RETRY_DELAY = 700;

/** The order in which cogs are listed. */
const STAGES = ["serving", "loading", "leaving", "away"];

/** Fills `element`; `announce(text, { bad, detail })` shows every swap and every error in the conversation. */
export function mount(element, { controlToken, announce }) {
  document.head.append(h("link", { rel: "stylesheet", href: "/panel/panel.css" }));
  const panel = new HostPanel(controlToken, announce);
  element.append(panel.element);
  panel.follow();
}

const ms = (micros) => `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 1)} ms`;
const total = (report) => report.phases.reduce((sum, phase) => sum + phase.micros, 0);

function span(seconds) {
  const [unit, size] = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]].find(([, one]) => seconds >= one * 2) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}

/** "counter#1 → counter#2 in 8.4 ms (paused 0.5 ms, 0 waiting)". */
export function summary(report) {
  const { cog, from, to, outcome } = report;
  const what = outcome === "unloaded" ? `${cog}#${from} was unloaded`
    : outcome === "went_back" ? `${cog}#${from} went back to ${cog}#${to}`
      : from ? `${cog}#${from} → ${cog}#${to}` : `${cog}#${to} was loaded`;
  const pause = report.pause_micros == null ? "" : ` (paused ${ms(report.pause_micros)}, ${report.buffered} waiting)`;
  return `${what} in ${ms(total(report))}${pause}`;
}

class HostPanel {
  #token;
  #announce;
  #cards = new Map();
  #reports = null;
  /** When the feed was opened: lines of the log from before are history. */
  #since = 0;

  constructor(token, announce) {
    this.#token = token;
    this.#announce = announce;
    this.state = h("ul.host-state", { "aria-label": "Sessions" });
    this.cogs = h("div.cogs");
    this.refused = h("section.refused", { hidden: true, "aria-label": "Refused files" });
    this.held = h("section.held", { hidden: true });
    this.answer = h("div.host-answer", { role: "status", hidden: true });
    this.log = new Log("Log of the host");
    this.element = h("div.host", null,
      h("header.bar", null, h("h2", null, "Host"), this.counts = h("p.fine")),
      h("div.host-body", null, this.state, this.answer, this.refused, this.cogs, this.held), this.log.element);
  }

  /** Reads the feed for as long as the page is open. */
  async follow() {
    for (;;) {
      try {
        const answer = await fetch("/panel/feed", { headers: { Authorization: `Bearer ${this.#token}` } });
        if (answer.ok) await this.#read(answer.body);
      } catch {
        // The host is restarting; the next attempt follows.
      }
      this.#lost();
      await new Promise((done) => setTimeout(done, RETRY_DELAY));
    }
  }

  async #read(body) {
    this.element.classList.remove("away");
    this.log.clear();
    this.#cards.forEach((card) => card.log.clear());
    this.#reports = null;
    this.#since = Date.now();
    let rest = "";
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      for (const line of lines) this.#receive(JSON.parse(line));
    }
  }

  #lost() {
    this.element.classList.add("away");
    fill(this.counts, "not connected");
  }

  #receive({ status, log }) {
    if (status) this.#show(status);
    for (const line of log ?? []) {
      (this.#cardOf(line.cog)?.log ?? this.log).add(line);
      if (line.level === "error" && !line.cog && line.at >= this.#since) this.#announceError(line.text);
    }
  }

  /** A failed build, a refused cog: shown in the conversation, so that nobody waits for it in vain. */
  #announceError(text) {
    const [first, ...rest] = text.split("\n");
    this.#announce(first, { bad: true, detail: rest.join("\n").trim() });
  }

  #cardOf(generation) {
    return generation && this.#cards.get(generation.split("#")[0]);
  }

  #show(status) {
    const serving = status.cogs.filter((cog) => cog.stage === "serving").length;
    fill(this.counts, `${serving} of ${status.cogs.length} cogs serve · ${status.routed} events`);
    fill(this.state, status.shards.map((state, at) => chip(`shard ${at}`, state, state === "ready")),
      status.sessions.map((name) => chip(name, "open", true)));
    const refused = status.refused ?? [];
    this.refused.hidden = !refused.length;
    fill(this.refused, h("h3", null, "Refused"), h("ul", null, refused.map(({ file, reason }) => h("li", null,
      h("strong", { title: file }, file.split("/").at(-1)), h("span.reason", null, reason)))));
    this.#showCogs(status.cogs);
    this.held.hidden = !status.held.length;
    fill(this.held, h("h3", null, "Held in memory"), h("ul", null, status.held.map((one) => h("li", null, h("strong", null, one.generation), ` ${one.reason}`))));
    this.#announceSwaps(status);
  }

  #showCogs(cogs) {
    const rank = (cog) => STAGES.indexOf(cog.stage);
    const sorted = [...cogs].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
    for (const [name, card] of this.#cards) {
      if (cogs.some((cog) => cog.name === name)) continue;
      card.element.remove();
      this.#cards.delete(name);
    }
    sorted.forEach((cog, at) => {
      const card = this.#cards.get(cog.name) ?? new CogCard(cog.name, (request) => this.#ask(request));
      this.#cards.set(cog.name, card);
      // Only cards that are elsewhere are moved: a move would take the focus away.
      if (this.cogs.children[at] !== card.element) this.cogs.insertBefore(card.element, this.cogs.children[at] ?? null);
      card.show(cog);
    });
    const phases = cogs.flatMap((cog) => cog.last_report?.phases ?? []);
    this.cogs.style.setProperty("--most", String(Math.max(1, ...phases.map((phase) => length(phase.micros)))));
  }

  /** A report that was not in the previous status is announced; those in the first one are history. */
  #announceSwaps(status) {
    const reports = new Map(status.cogs.filter((cog) => cog.last_report).map((cog) => [cog.name, cog.last_report]));
    const key = (report) => report && JSON.stringify(report);
    if (this.#reports) {
      for (const [name, report] of reports) {
        if (key(report) !== key(this.#reports.get(name))) this.#announce(summary(report));
      }
    }
    this.#reports = reports;
  }

  async #ask(request) {
    const said = await fetch("/panel/do", {
      method: "POST",
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json" },
      body: JSON.stringify(request),
    }).then((answer) => answer.json()).catch((error) => ({ ok: false, text: `The host did not answer: ${error.message}` }));
    this.answer.hidden = false;
    this.answer.classList.toggle("bad", !said.ok);
    fill(this.answer, h("p", null, said.text), said.help && h("p.fine", null, said.help),
      h("button.quiet", { type: "button", "aria-label": "Dismiss", onclick: () => { this.answer.hidden = true; } }, icon("close")));
  }
}

/** The length of a bar, on one scale for all cogs: the square root of the time, so that short phases are visible. */
const length = (micros) => Math.sqrt(micros);

function chip(name, state, good) {
  return h("li", { class: good ? "good" : "bad" }, h("span.lamp"), h("strong", null, name), ` ${state}`);
}

class CogCard {
  constructor(name, ask) {
    this.name = name;
    const button = (verb, sign, label) => h("button.quiet", {
      type: "button", title: label, "aria-label": `${label} ${name}`,
      onclick: async (event) => {
        const pressed = event.currentTarget;
        pressed.disabled = true;
        // The user who asked for it wants to see the result.
        this.#unfold(true);
        await ask({ do: verb, cog: name });
        pressed.disabled = false;
      },
    }, icon(sign));
    this.reload = button("reload", "reload", "Reload");
    this.load = button("load", "play", "Load");
    this.unload = button("unload", "stop", "Unload");
    this.title = h("strong.cog-name");
    this.stage = h("span.stage");
    this.fold = h("button.cog-fold", { type: "button", onclick: () => this.#unfold(this.body.hidden) }, icon("right"), h("span", null, this.title, this.stage));
    this.numbers = h("dl.numbers");
    this.commands = h("p.fine.cog-commands");
    this.fault = h("p.failed");
    this.report = h("div.report");
    this.log = new Log(`Log of ${name}`);
    this.body = h("div.cog-body", null, this.numbers, this.commands, this.report, this.log.element);
    this.element = h("section.cog", { "aria-label": `Cog ${name}` },
      h("header", null, this.fold, h("div.cog-buttons", null, this.reload, this.load, this.unload)), this.fault, this.body);
    this.#unfold(false);
  }

  #unfold(on) {
    this.body.hidden = !on;
    this.fold.setAttribute("aria-expanded", String(on));
  }

  show(cog) {
    const serves = cog.stage === "serving";
    const state = serves && cog.activity !== "idle" ? `serving · ${cog.activity}` : cog.stage;
    fill(this.title, cog.name, cog.generation && h("span.generation", null, `#${cog.generation}`));
    fill(this.stage, h("span.lamp", { class: serves ? "good" : cog.stage === "loading" ? "wait" : "" }), state,
      cog.version && ` · ${cog.version}`, cog.process && ` · process ${cog.process.id}, ${Math.round(cog.process.memory_bytes / 2 ** 20)} MiB`, cog.uptime_secs != null && ` · up ${span(cog.uptime_secs)}`,
      cog.queued > 0 && ` · ${cog.queued} waiting`, cog.faults > 0 && h("span.bad-count", null, ` · ${cog.faults} ${cog.faults === 1 ? "fault" : "faults"}`));
    const number = (name, value, bad) => h("div", { class: bad ? "bad" : "" }, h("dt", null, name), h("dd", null, String(value)));
    // Over all generations, like the number of handled events.
    const faults = Object.values(cog.totals.faults).reduce((sum, count) => sum + count, 0);
    fill(this.numbers, number("handled", cog.handled), number("waiting", cog.queued), number("in flight", cog.in_flight),
      number("tasks", cog.tasks), number("faults", faults, cog.faults > 0), cog.dropped > 0 && number("dropped", cog.dropped, true));
    fill(this.commands, cog.commands.map((command) => `/${command}`).join("  "));
    const why = cog.reason ?? cog.last_fault;
    fill(this.fault, why && why.split("\n")[0]);
    this.fault.title = why ?? "";
    this.load.hidden = cog.stage !== "away";
    this.reload.hidden = this.unload.hidden = cog.stage === "away";
    const said = cog.last_report && JSON.stringify(cog.last_report);
    if (said !== this.said) fill(this.report, cog.last_report && reportElement(cog.last_report));
    this.said = said;
  }
}

/** The phases of an operation as bars, each as long as it took. */
function reportElement(report) {
  const rows = report.phases.map((phase) => h("li", null, h("span.phase", null, phase.name),
    h("span.track", { "aria-hidden": "true" }, h("span.took", { style: { "--took": String(length(phase.micros)) } })),
    h("span.micros", null, ms(phase.micros))));
  const old = report.retirement?.held ? `held: ${report.retirement.held.reason}` : report.retirement?.unmapped ? "old library unmapped" : report.retirement?.ended ? "old process ended" : null;
  const notes = [report.process && `process ${report.process}`, report.state_bytes != null && `${report.state_bytes} B of state`, report.cancelled > 0 && `${report.cancelled} handlers cancelled`, old, ...report.notes].filter(Boolean);
  return h("details.report-box", { open: true }, h("summary", null, summary(report)), h("ul.phases", { "aria-label": "Phases" }, rows), notes.length > 0 && h("p.fine", null, notes.join(" · ")));
}

/** A live log, folded until it is opened. */
class Log {
  constructor(label) {
    this.lines = h("ol.log-lines", { tabIndex: 0, role: "log", "aria-label": label });
    this.count = h("span.fine", null, "0");
    this.errors = h("span.bad-count");
    this.element = h("details.log", null, h("summary", null, "Log ", this.count, this.errors), this.lines);
    this.element.addEventListener("toggle", () => { this.lines.scrollTop = this.lines.scrollHeight; });
  }

  clear() {
    fill(this.lines);
    this.#countAll();
  }

  #countAll() {
    this.count.textContent = String(this.lines.childElementCount);
    const errors = this.lines.querySelectorAll(".error").length;
    this.errors.textContent = errors ? ` · ${errors} ${errors === 1 ? "error" : "errors"}` : "";
  }

  add({ at, level, cog, text }) {
    const atEnd = this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < 30;
    const time = new Date(at).toTimeString().slice(0, 8);
    this.lines.append(h("li", { class: level }, h("time", null, time), h("span.level", null, level), cog && h("span.generation", null, cog.replace(/^[^#]*/, "")), h("span.said", null, text)));
    if (this.lines.childElementCount > MAX_LINES) this.lines.firstElementChild.remove();
    this.#countAll();
    if (atEnd) this.lines.scrollTop = this.lines.scrollHeight;
  }
}
