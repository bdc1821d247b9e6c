// Problems of the host are visible in the conversation, and the panel gives an overview.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { message, say, sees, Stage } from "./stage.mjs";

/** Cargo sees at once that the dependency does not exist. */
const MANIFEST = `[package]
name = "broken"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
gearshift-cog = { path = "there/is/no/such/folder/and/its/name/is/much/longer/than/a/phone/is/wide" }
`;

let stage;
before(async () => { stage = await Stage.open({ cogs: ["ping", "counter"] }); });
afterEach(() => stage.clear());
after(() => stage.close());

const openPanel = (page) => page.getByRole("button", { name: "Host" }).click();

test("an empty channel shows hints until the first message", async () => {
  const page = await stage.page();
  const hint = page.getByText("No messages yet");
  await hint.waitFor();
  await say(page, "hello there");
  await sees(page, "hello there");
  await hint.waitFor({ state: "hidden" });
});

test("a failed build is announced in the conversation with its error, also on a phone", async () => {
  const prepare = (at) => {
    mkdirSync(at("broken/src"), { recursive: true });
    writeFileSync(at("broken/Cargo.toml"), MANIFEST);
    writeFileSync(at("broken/src/lib.rs"), "");
  };
  const developing = await Stage.open({ cogs: [], command: ["dev", "broken"], prepare });
  try {
    const page = await developing.page({ width: 390, height: 780 });
    // The first build may have failed before the page was open.
    writeFileSync(developing.path("broken/src/lib.rs"), "fn main() {");
    const announced = page.locator(".announcement.bad", { hasText: "failed to build" }).first();
    await announced.waitFor();
    await announced.getByText("Details").click();
    await announced.getByText("much/longer/than/a/phone").first().waitFor();
    assert.equal(await page.locator(".scroller").evaluate((one) => one.scrollWidth - one.clientWidth), 0);
  } finally {
    await developing.close();
  }
});

test("a refused cog is announced in the conversation, and history is not", async () => {
  const page = await stage.page();
  writeFileSync(stage.path("cogs/libbroken.so"), "this is no library");
  await page.locator(".announcement.bad", { hasText: "libbroken.so" }).first().waitFor();
  const later = await stage.page();
  await say(later, "!ping later");
  await sees(later, "pong later");
  assert.equal(await later.locator(".announcement").count(), 0);
});

test("the panel lists refused files with their reasons", async () => {
  const page = await stage.page();
  // As in the host's feed.
  await page.route("**/panel/feed", (route) => route.fulfill({ contentType: "application/x-ndjson", body: `${JSON.stringify({ status: {
    cogs: [], held: [], unmapped: 0, routed: 3, unreadable: 0, sessions: ["http"], shards: ["ready"],
    refused: [{ file: "/srv/cogs/libbroken.so", reason: "it is not a library of this system" }],
  } })}\n` }));
  await page.reload();
  await page.waitForSelector("html[data-ready]");
  await openPanel(page);
  const refused = page.getByRole("region", { name: "Refused files" });
  await refused.getByText("libbroken.so").waitFor();
  await refused.getByText("it is not a library of this system").waitFor();
});

test("the panel starts folded, with serving cogs first and the host's log visible", async () => {
  const page = await stage.page();
  await openPanel(page);
  const cards = page.locator(".cog");
  const names = () => cards.locator(".cog-name").allTextContents();
  await cards.nth(1).waitFor();
  assert.deepEqual((await names()).map((name) => name.split("#")[0]), ["counter", "ping"]);
  assert.equal(await cards.locator(".cog-body:visible").count(), 0);
  const fold = page.getByRole("region", { name: "Cog ping" }).getByRole("button", { name: /^ping/ });
  await fold.click();
  await page.getByRole("region", { name: "Cog ping" }).getByText("handled").waitFor();
  await fold.press("Enter");
  assert.equal(await cards.locator(".cog-body:visible").count(), 0);
  await page.getByRole("button", { name: "Unload counter" }).click();
  await page.getByRole("region", { name: "Cog counter" }).getByText("away").waitFor();
  assert.deepEqual((await names()).map((name) => name.split("#")[0]), ["ping", "counter"]);
  await page.getByRole("button", { name: "Load counter" }).click();
  await page.getByRole("region", { name: "Cog counter" }).getByText("serving").waitFor();
  assert.ok(await page.locator(".host > .log summary").isVisible());
});

test("new members are announced, and a reply quotes a message that is only a mention", async () => {
  const page = await stage.page({ as: "alice" });
  const people = await stage.control("GET", "/people");
  const erin = people.find((one) => one.user.username === "erin").user.id;
  await stage.control("POST", "/people/erin/act", { line: ":leave Harbour" });
  await stage.control("POST", "/people/erin/act", { line: ":join Harbour" });
  await page.locator("li.message.system", { hasText: /erin joined the server/i }).waitFor();
  const path = `/channels/${await stage.channelOf(page)}/messages`;
  const asked = await stage.asBot("POST", path, { content: `<@${erin}>` });
  await stage.asBot("POST", path, { content: "an answer", message_reference: { message_id: asked.id } });
  await message(page, "an answer").locator(".reply", { hasText: "@Erin" }).waitFor();
});
