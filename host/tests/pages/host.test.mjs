// The host behind the page: its panel, a reload in the middle of a conversation, a restart, and access control.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { say, sees, slash, Stage } from "./stage.mjs";

let stage;
before(async () => { stage = await Stage.open(); });
afterEach(() => stage.clear());
after(() => stage.close());

const openPanel = (page) => page.getByRole("button", { name: "Host" }).click();

test("a cog is replaced during a conversation, which continues", async () => {
  const page = await stage.page();
  await say(page, "!count");
  await sees(page, "1 for you, 1 for everybody");
  await openPanel(page);
  await page.getByRole("button", { name: "Reload counter" }).click();
  await page.locator(".announcement", { hasText: /counter#1 → counter#2 in [\d.]+ ms \(paused [\d.]+ ms, 0 waiting\)/ }).waitFor();
  // It unfolds for the user who ordered the reload.
  const card = page.getByRole("region", { name: "Cog counter" });
  await card.getByText("#2").first().waitFor();
  for (const phase of ["prepare", "open", "setup", "pause", "save", "restore", "serve"]) await card.locator(".phase", { hasText: phase }).waitFor();
  await say(page, "!count");
  await sees(page, "2 for you, 2 for everybody");
  await page.locator(".channel", { hasText: "random" }).click();
  await page.locator(".channel", { hasText: "general" }).first().click();
  const between = page.locator("li.message:has-text('1 for you, 1 for everybody') + .announcement");
  await between.waitFor();
});

test("a poll from before a reload can be voted on afterwards", async () => {
  const page = await stage.page();
  await slash(page, "/poll");
  await page.keyboard.type("Still there?");
  await page.keyboard.press("Enter");
  const asked = await sees(page, "Still there?");
  await openPanel(page);
  await page.getByRole("button", { name: "Reload poll" }).click();
  await page.locator(".announcement", { hasText: "poll#2" }).waitFor();
  await asked.getByRole("button", { name: "Yes" }).click();
  await asked.getByText("1 vote").waitFor();
});

test("a cog is unloaded and loaded from the panel, and its log is live", async () => {
  const page = await stage.page();
  await openPanel(page);
  const card = page.getByRole("region", { name: "Cog ping" });
  await card.getByRole("button", { name: "Unload ping" }).click();
  await card.getByText("away").waitFor();
  await card.getByRole("button", { name: "Load ping" }).click();
  await card.getByText("serving").first().waitFor();
  await card.getByText("Log", { exact: false }).last().click();
  await page.getByRole("log", { name: "Log of ping" }).getByText("`ping#2` was loaded").first().waitFor();
  await say(page, "!ping again");
  await sees(page, "pong again");
  // The host's own log has the lines that do not belong to a single cog.
  await page.locator(".host > .log summary").click();
  await page.getByRole("log", { name: "Log of the host" }).getByText("ready; the control socket is").first().waitFor();
});

test("an open page reconnects by itself when the host is restarted", async () => {
  const page = await stage.page();
  await say(page, "before");
  await sees(page, "before");
  await stage.stop();
  await page.getByText("Connection lost").waitFor();
  await stage.start();
  await page.getByText("Connection lost").waitFor({ state: "hidden" });
  await say(page, "!ping after");
  await sees(page, "pong after");
  await stage.clear([/ERR_CONNECTION_REFUSED/, /WebSocket connection to/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /401/, /Failed to load resource/]);
});

test("the page restricts what it loads, and uploaded files cannot run scripts", async () => {
  const page = await fetch(`${stage.base}/`);
  const policy = page.headers.get("content-security-policy");
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(rule), policy);
  assert.ok(!policy.includes("unsafe"), policy);
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  assert.equal(page.headers.get("referrer-policy"), "no-referrer");
  const again = await fetch(`${stage.base}/page/main.js`, { headers: { "If-None-Match": (await fetch(`${stage.base}/page/main.js`)).headers.get("etag") } });
  assert.equal(again.status, 304);
});

test("without the link's token requests are rejected, and so are foreign origins and host names", async () => {
  for (const path of ["/control/people", "/panel/feed"]) assert.equal((await fetch(stage.base + path)).status, 401, path);
  assert.equal((await fetch(`${stage.base}/panel/do`, { method: "POST", body: "{}" })).status, 401);
  const status = (headers) => new Promise((told) => request(`${stage.base}/`, { headers }, (answer) => told(answer.resume().statusCode)).end());
  assert.equal(await status({}), 200);
  assert.equal(await status({ Origin: "http://evil.example" }), 403);
  assert.equal(await status({ Host: "evil.example" }), 403);
});

test("a page without a token says where to find the link", async () => {
  const context = await stage.browser.newContext();
  const page = await context.newPage();
  await page.goto(stage.base);
  await page.getByRole("heading", { name: "This page needs its full link" }).waitFor();
  await context.close();
});

const ATTACKS = [
  "<script>window.hurt = 1</script>",
  "<img src=x onerror='window.hurt = 1'>",
  "[click](javascript:window.hurt=1)",
  "<svg/onload=window.hurt=1>",
  "```html\n<script>window.hurt = 1</script>\n```",
  "||<iframe src='javascript:window.hurt=1'></iframe>||",
  "<a:<img src=x onerror=window.hurt=1>:1>",
];

test("the content of a message is only text, from users and bots, wherever it is shown", async () => {
  const page = await stage.page();
  const path = `/channels/${await stage.channelOf(page)}/messages`;
  for (const attack of ATTACKS) {
    await stage.asBot("POST", path, {
      content: attack,
      embeds: [{ title: attack, description: attack, author: { name: attack }, fields: [{ name: attack, value: attack }], footer: { text: attack } }],
      components: [{ type: 1, components: [{ type: 2, style: 2, label: attack.slice(0, 80), custom_id: attack.slice(0, 100) }] }],
    });
  }
  await say(page, "the end of it");
  await sees(page, "the end of it");
  assert.equal(await page.locator(".messages script, .messages iframe, .messages svg[onload], .messages img[onerror]").count(), 0);
  assert.equal(await page.locator("a[href^='javascript:' i]").count(), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  assert.ok(await page.getByText("<script>window.hurt = 1</script>").count() >= 4);
});

test("an uploaded page is shown without running", async () => {
  const page = await stage.page();
  const form = new FormData();
  form.append("payload_json", JSON.stringify({ content: "look" }));
  form.append("files[0]", new Blob(["<script>document.title = 'hurt'</script>"], { type: "text/html" }), "evil.html");
  const answer = await fetch(`${stage.base}/api/v10/channels/${await stage.channelOf(page)}/messages`, {
    method: "POST", body: form, headers: { Authorization: "Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.Gsimul.loopback-only-not-a-secret-0000000000000" },
  });
  const { attachments: [file] } = await answer.json();
  await page.goto(file.url).catch(() => {});
  assert.notEqual(await page.title(), "hurt");
  await stage.clear([/sandboxed/, /Content Security Policy/]);
});
