// A host on the built-in Discord, pages that show it, and a bot that sends whatever a test needs. Every page is
// watched: an error in its console, a failed request or a violation of its policy fails the test that opened it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** Where scripts/pages has put what it built and found. */
const { GEARSHIFT, COGS, CHROMIUM } = process.env;
assert.ok(GEARSHIFT && COGS && CHROMIUM, "run these tests by scripts/pages");

/** The deadline for everything that a test waits for, in milliseconds; the machine may be busy. */
export const SOON = Number(process.env.SOON ?? 60_000);

const QUIET_CHROMIUM = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
/** The token of the bot that exists from the start; it opens nothing but a Discord on loopback. */
const BOT = "Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.Gsimul.loopback-only-not-a-secret-0000000000000";

export class Stage {
  #folder = mkdtempSync(join(tmpdir(), "gearshift-pages-"));
  #pages = [];

  /** `cogs`: a watched folder with these cogs; otherwise, all that were built except the `disabled` ones. `more` is added
   *  to the config. `command`: the command that starts the host. */
  static async open({ disabled = ["faulty", "pulse", "lookup", "welcome"], cogs = null, more = "", command = ["play"], prepare = () => {} } = {}) {
    const stage = new Stage();
    stage.command = command;
    prepare((name) => stage.path(name));
    if (cogs) {
      mkdirSync(stage.path("cogs"));
      for (const cog of cogs) copyFileSync(join(COGS, `lib${cog}.so`), stage.path(`cogs/lib${cog}.so`));
    }
    writeFileSync(stage.path("gearshift.toml"),
      `[cogs]\nfolder = '${cogs ? "cogs" : COGS}'\nwatch = ${Boolean(cogs)}\ndisabled = ${JSON.stringify(disabled)}\n[discord]\n[store]\npath = 'gearshift.db'\n${more}`);
    await stage.start();
    stage.browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET_CHROMIUM });
    return stage;
  }

  /** A path in its folder. */
  path(name) {
    return join(this.#folder, name);
  }

  /** Starts the host and waits for the page's link. */
  async start() {
    this.host = spawn(GEARSHIFT, [...this.command, "--config", "gearshift.toml"], {
      cwd: this.#folder, env: { ...process.env, XDG_RUNTIME_DIR: this.#folder, NO_COLOR: "1" }, stdio: ["pipe", "ignore", "pipe"],
    });
    this.log = "";
    this.link = await new Promise((found, failed) => {
      this.host.on("exit", (code) => failed(new Error(`the host ended with ${code}:\n${this.log}`)));
      this.host.stderr.on("data", (text) => {
        this.log += text;
        const link = /http:\/\/127\.0\.0\.1:\d+\/#token=\w+/.exec(this.log);
        if (link) found(link[0]);
      });
    });
    this.base = new URL(this.link).origin;
  }

  /** Stops the host gracefully. */
  async stop() {
    const ended = once(this.host, "exit");
    this.host.removeAllListeners("exit");
    const gone = once(this.host, "exit");
    this.host.kill("SIGTERM");
    await Promise.race([ended, gone]);
  }

  async close() {
    await this.browser?.close();
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A page of its own, ready. */
  async page({ as, colorScheme = "light", width = 1280, height = 800 } = {}) {
    const context = await this.browser.newContext({ colorScheme, viewport: { width, height }, acceptDownloads: true, reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(SOON);
    const complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.stack));
    page.on("request", (request) => new URL(request.url()).host === new URL(this.base).host || request.url().startsWith("blob:") || request.url().startsWith("data:") || complaints.push(`asked for ${request.url()}`));
    this.#pages.push({ context, complaints });
    await page.goto(this.link);
    await page.waitForSelector("html[data-ready]");
    if (as) await switchTo(page, as);
    return page;
  }

  /** Closes the pages of a test; fails if one of them reported anything but `allowed`. */
  async clear(allowed = []) {
    for (const { context, complaints } of this.#pages.splice(0)) {
      await context.close();
      assert.deepEqual(complaints.filter((text) => !allowed.some((pattern) => pattern.test(text))), []);
    }
  }

  /** A call of the control interface. */
  async control(method, path, body) {
    const answer = await fetch(`${this.base}/control${path}`, {
      method, body: body && JSON.stringify(body),
      headers: { Authorization: `Bearer ${new URL(this.link).hash.slice("#token=".length)}`, "Content-Type": "application/json" },
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
    return JSON.parse(text);
  }

  /** A second bot, connected by a browser's socket: `interaction()` returns the next one it gets, `answer(it, body)` answers it. */
  async bot(name) {
    const { token } = await this.control("POST", "/bots", { name });
    const context = await this.browser.newContext();
    const page = await context.newPage();
    await page.goto(this.base);
    await page.evaluate(({ url, token }) => new Promise((ready) => {
      const [heard, waiting] = [[], []];
      window.interaction = () => new Promise((next) => (heard.length ? next(heard.shift()) : waiting.push(next)));
      const socket = new WebSocket(url);
      socket.onmessage = ({ data }) => {
        const { op, t, d } = JSON.parse(data);
        if (op === 10) socket.send(JSON.stringify({ op: 2, d: { token, intents: 1, properties: {} } }));
        else if (t === "READY") ready();
        else if (t === "INTERACTION_CREATE") (waiting.shift() ?? ((one) => heard.push(one)))(d);
      };
    }), { url: `${this.base.replace("http", "ws")}/?v=10&encoding=json`, token });
    const ask = (method, path, body) => this.asBot(method, path, body, `Bot ${token}`);
    return {
      ask,
      interaction: () => page.evaluate(() => window.interaction()),
      answer: ({ id, token: key }, body) => ask("POST", `/interactions/${id}/${key}/callback`, body),
      close: () => context.close(),
    };
  }

  /** A REST call as the host's bot, or as the bot with `token`. */
  async asBot(method, path, body, token = BOT) {
    const answer = await fetch(`${this.base}/api/v10${path}`, {
      method, headers: { Authorization: token, "Content-Type": "application/json" }, body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} answered ${answer.status}: ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** The id of the channel that a page shows. */
  async channelOf(page) {
    return page.locator(".channel[aria-current]").getAttribute("data-id");
  }
}

export async function switchTo(page, name) {
  await page.locator(".speaker").click();
  await page.getByRole("menuitemradio", { name: new RegExp(name, "i") }).click();
  await page.locator(".speaker small", { hasText: new RegExp(`as ${name}$`) }).waitFor();
  await page.locator("main .messages .beginning, main .messages .message").first().waitFor();
}

export const input = (page) => page.locator(".box textarea");

/** Types into the composer and sends. */
export async function say(page, text) {
  await input(page).fill(text);
  // An open suggestion would consume the Enter.
  await page.evaluate(() => document.querySelector(".box textarea").dispatchEvent(new FocusEvent("blur")));
  await input(page).press("Enter");
}

/** The newest message with this text. */
export const message = (page, text) => page.locator("li.message", { hasText: text }).last();

/** Waits until the message is shown. */
export async function sees(page, text) {
  const found = message(page, text);
  await found.waitFor();
  return found;
}

/** Opens the bar of a message and presses one of its buttons. */
export async function act(page, found, name) {
  await found.hover();
  await found.locator(".actions").getByRole("button", { name }).click();
}

/** Begins a slash command as people do: its name, then Enter. */
export async function slash(page, line) {
  await input(page).click();
  await input(page).pressSequentially(line);
  await page.locator(".suggestion").first().waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".slash:not([hidden])").waitFor();
}
