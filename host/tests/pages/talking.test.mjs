// People talk: with the bot, with each other, with files.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { act, input, message, say, sees, switchTo, Stage } from "./stage.mjs";

let stage;
before(async () => { stage = await Stage.open(); });
afterEach(() => stage.clear());
after(() => stage.close());

test("a sent message is shown, and the bot's answer refers to it", async () => {
  const page = await stage.page();
  await say(page, "!ping hello");
  const answer = await sees(page, "pong hello");
  await answer.locator(".reply", { hasText: "!ping hello" }).waitFor();
  assert.equal(await input(page).inputValue(), "");
});

test("your last message is edited with the up arrow and deleted from its menu", async () => {
  const page = await stage.page();
  await say(page, "frist");
  await sees(page, "frist");
  await input(page).press("ArrowUp");
  const editor = page.getByRole("textbox", { name: "Edit message" });
  await editor.fill("first");
  await editor.press("Enter");
  const edited = await sees(page, "first");
  await edited.locator(".edited").waitFor();
  await act(page, edited, "More");
  await page.getByRole("menuitem", { name: "Delete message" }).click();
  await edited.waitFor({ state: "detached" });
});

test("a reply shows the original message, and a click jumps to it", async () => {
  const page = await stage.page();
  await say(page, "who is there?");
  await act(page, await sees(page, "who is there?"), "Reply");
  await page.getByText("Replying to").waitFor();
  await say(page, "it is me");
  const reply = await sees(page, "it is me");
  await reply.locator(".reply").getByRole("button", { name: "who is there?" }).click();
  await page.locator("li.message.flash", { hasText: "who is there?" }).waitFor();
});

test("a click adds or removes a reaction, and others see the count", async () => {
  const page = await stage.page({ as: "alice" });
  const other = await stage.page({ as: "bob" });
  await say(page, "react to this");
  await act(page, await sees(page, "react to this"), "Add reaction");
  await page.getByRole("textbox", { name: "Find an emoji" }).fill("tada");
  await page.keyboard.press("Enter");
  const mine = message(page, "react to this").locator(".reaction").first();
  assert.equal(await mine.getAttribute("aria-pressed"), "true");
  const theirs = (await sees(other, "react to this")).locator(".reaction").first();
  await theirs.click();
  await page.locator(".reaction[aria-pressed=true]", { hasText: "2" }).waitFor();
  await mine.click();
  await other.locator(".reaction[aria-pressed=true]", { hasText: "1" }).waitFor();
});

test("files are uploaded with a preview and downloaded unchanged", async () => {
  const page = await stage.page();
  const picture = readFileSync(new URL("pixel.png", import.meta.url));
  const text = Buffer.from("what was sent");
  await page.locator("input[type=file]").setInputFiles([
    { name: "pixel.png", mimeType: "image/png", buffer: picture },
    { name: "notes.txt", mimeType: "text/plain", buffer: text },
  ]);
  await page.locator(".previews li").nth(1).waitFor();
  await say(page, "two files");
  const sent = await sees(page, "two files");
  const shown = sent.locator("img.picture");
  await shown.waitFor();
  assert.ok(await shown.evaluate((image) => image.decode().then(() => image.naturalWidth)) > 0);
  const [download] = await Promise.all([page.waitForEvent("download"), sent.getByRole("link", { name: "notes.txt" }).click()]);
  assert.deepEqual(readFileSync(await download.path()), text);
});

test("a thread is started from a message, which shows its message count", async () => {
  const page = await stage.page();
  await say(page, "about the weather");
  const began = await sees(page, "about the weather");
  await act(page, began, "More");
  await page.getByRole("menuitem", { name: "Create thread" }).click();
  await page.getByRole("textbox", { name: "Name of the thread" }).fill("Weather");
  await page.keyboard.press("Enter");
  await page.locator(".channel[aria-current]", { hasText: "Weather" }).waitFor();
  await sees(page, "about the weather");
  await say(page, "it rains");
  await sees(page, "it rains");
  await page.locator("main .bar").getByRole("button", { name: "general" }).click();
  await message(page, "about the weather").locator(".thread-line", { hasText: "Weather" }).getByText("1 message").waitFor();
});

test("direct messages are opened from a profile card", async () => {
  const alice = await stage.page({ as: "alice" });
  const bob = await stage.page({ as: "bob" });
  await alice.locator(".member", { hasText: /bob/i }).click();
  await alice.getByRole("dialog", { name: /About bob/i }).getByRole("button", { name: "Message" }).click();
  await alice.getByRole("heading", { name: "Direct messages" }).waitFor();
  await say(alice, "between us");
  await bob.getByRole("button", { name: /Direct messages, 1 mentions/ }).click();
  await sees(bob, "between us");
});

test("two pages are two users: each sees the other's typing and messages, and what is unread", async () => {
  const alice = await stage.page({ as: "alice" });
  const bob = await stage.page({ as: "bob" });
  await input(alice).pressSequentially("is anybody");
  await bob.locator(".typing", { hasText: /alice is typing/i }).waitFor();
  await say(alice, "is anybody there?");
  await sees(bob, "is anybody there?");
  await bob.locator(".channel", { hasText: "random" }).click();
  await say(alice, "@bob are you?".replace("@bob", `<@${await idOf("bob")}>`));
  await bob.locator(".channel.unread", { hasText: "general" }).locator(".badge", { hasText: "1" }).waitFor();
  await bob.locator(".channel", { hasText: "general" }).first().click();
  await bob.locator("li.message.mentioned", { hasText: "are you?" }).waitFor();
  await bob.locator(".channel:not(.unread)", { hasText: "general" }).waitFor();
});

test("one page can switch between users and back", async () => {
  const page = await stage.page({ as: "alice" });
  await say(page, "alice was here");
  await sees(page, "alice was here");
  await switchTo(page, "bob");
  await say(page, "and bob");
  const said = await sees(page, "and bob");
  assert.match(await said.locator(".author").first().innerText(), /bob/i);
  await switchTo(page, "alice");
  await sees(page, "and bob");
});

test("a text that is too long is refused with a message, and the input is kept", async () => {
  const page = await stage.page();
  await say(page, "x".repeat(2001));
  await page.locator(".notice").waitFor();
  assert.equal((await input(page).inputValue()).length, 2001);
  await stage.clear([/400 \(Bad Request\)/]);
});

async function idOf(name) {
  const token = new URLSearchParams(new URL(stage.link).hash.slice(1)).get("token");
  const people = await (await fetch(`${stage.base}/control/people`, { headers: { Authorization: `Bearer ${token}` } })).json();
  return people.find((person) => person.user.username === name).user.id;
}
