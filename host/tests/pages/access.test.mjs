// The page for everybody: with the keyboard alone, on a narrow screen, in light and dark, and with a screen reader.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, test } from "node:test";
import { act, input, message, say, sees, slash, Stage } from "./stage.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let stage;
before(async () => { stage = await Stage.open(); });
afterEach(() => stage.clear());
after(() => stage.close());

/** Checks what is shown now with all rules of axe. */
async function isAccessible(page, what) {
  // Through the debugger, as the page's policy allows no injected scripts.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = violations.map((one) => `${one.id}: ${one.help}\n${one.nodes.slice(0, 4).map((node) => `  ${node.html.slice(0, 160)}\n  ${node.failureSummary.replaceAll("\n", " ")}`).join("\n")}`);
  assert.equal(told.join("\n"), "", what);
}

/** A conversation with one of everything. */
async function furnish(page) {
  const path = `/channels/${await stage.channelOf(page)}/messages`;
  await stage.asBot("POST", path, {
    content: "# Header\n**bold** `code` ||hidden|| <t:1700000000:R> https://example.com\n> quote\n```\nblock\n```\n- a list",
    embeds: [{ title: "Embed", description: "text", url: "https://example.com/", fields: [{ name: "Name", value: "Value", inline: true }], footer: { text: "Foot" }, color: 0xffee00 }],
    components: [
      { type: 1, components: [1, 2, 3, 4].map((style) => ({ type: 2, style, label: `Style ${style}`, custom_id: `s${style}` })) },
      { type: 1, components: [{ type: 3, custom_id: "m", placeholder: "Choose", options: [{ label: "A", value: "a" }, { label: "B", value: "b" }] }] },
    ],
  });
  await say(page, "!ping for the list");
  await sees(page, "pong for the list");
  await act(page, message(page, "Style 1"), "Add reaction");
  await page.keyboard.type("tada");
  await page.keyboard.press("Enter");
  await page.locator(".reaction").first().waitFor();
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing in ${colorScheme}: the conversation, the panel, suggestions, commands, menus, cards, forms`, async () => {
    const page = await stage.page({ colorScheme, width: 1500 });
    await furnish(page);
    await isAccessible(page, "conversation");
    await page.getByRole("button", { name: "Host" }).click();
    await page.getByRole("region", { name: "Cog ping" }).waitFor();
    await isAccessible(page, "panel");
    await page.getByRole("button", { name: "Host" }).click();
    await slash(page, "/poll");
    await page.getByRole("option").first().waitFor();
    await isAccessible(page, "suggestions");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.getByText("Opening").waitFor({ state: "detached" });
    await input(page).fill("");
    await slash(page, "/count");
    await isAccessible(page, "a command without options");
    await page.keyboard.press("Escape");
    await input(page).fill("");
    await page.locator(".member").first().click();
    await isAccessible(page, "card");
    await page.keyboard.press("Escape");
    await act(page, message(page, "pong for the list"), "More");
    await isAccessible(page, "menu");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Quick switcher" }).waitFor();
    await isAccessible(page, "switcher");
  });
}

test("everything works without a pointer: messages, commands, buttons, forms, reactions, replies, edits, switching channel and user", async () => {
  const page = await stage.page();
  const { keyboard } = page;
  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.tagName);
  await input(page).waitFor();
  await keyboard.type("by hand");
  await keyboard.press("Enter");
  await sees(page, "by hand");
  await keyboard.press("ArrowUp");
  await page.getByRole("textbox", { name: "Edit message" }).waitFor();
  await keyboard.type(" and keyboard");
  // However long the change takes, text typed next goes into the next message.
  const changes = "**/channels/*/messages/*";
  let go;
  const gone = new Promise((done) => (go = done));
  await page.route(changes, (route) => gone.then(() => route.continue()));
  await keyboard.press("Enter");
  assert.ok(await input(page).evaluate((field) => field === document.activeElement));
  go();
  await sees(page, "by hand and keyboard");
  await page.unroute(changes);
  await keyboard.type("/poll");
  await page.locator(".suggestion").first().waitFor();
  await keyboard.press("Enter");
  await keyboard.type("Keys?");
  await keyboard.press("Enter");
  const asked = await sees(page, "Keys?");
  // Into the list, to its newest message, into its buttons.
  await input(page).focus();
  await keyboard.press("Shift+Tab");
  assert.match(await focused(), /bot.*embed, components/);
  for (let tries = 0; (await page.evaluate(() => document.activeElement.textContent)) !== "Yes" && tries < 8; tries += 1) await keyboard.press("Tab");
  await keyboard.press("Enter");
  await asked.getByText("1 vote").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Yes", "the focus stays on the button");
  await keyboard.press("Tab");
  await keyboard.press("Tab");
  await keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Another answer" }).waitFor();
  await keyboard.type("perhaps");
  await keyboard.press("Enter");
  await asked.getByRole("button", { name: "perhaps" }).waitFor();
  // The list again: react and reply with a letter key.
  await input(page).focus();
  await keyboard.press("Shift+Tab");
  await keyboard.press("+");
  await page.getByRole("textbox", { name: "Find an emoji" }).waitFor();
  await keyboard.type("tada");
  await keyboard.press("Enter");
  await asked.locator(".reaction[aria-pressed=true]").waitFor();
  await input(page).focus();
  await keyboard.press("Shift+Tab");
  await keyboard.press("r");
  await page.getByText("Replying to").waitFor();
  await keyboard.type("agreed");
  await keyboard.press("Enter");
  await (await sees(page, "agreed")).locator(".reply").waitFor();
  // To another channel and back.
  await keyboard.press("Alt+ArrowDown");
  await page.locator(".channel[aria-current]:not([aria-label^='general'])").waitFor();
  await keyboard.press("Control+k");
  await keyboard.type("general");
  await keyboard.press("Enter");
  await page.locator(".channel[aria-current]", { hasText: "general" }).waitFor();
  await page.locator(".speaker").focus();
  await keyboard.press("Enter");
  await page.getByRole("menuitemradio", { name: /bob/i }).waitFor();
  await keyboard.press("ArrowDown");
  await keyboard.press("Enter");
  await page.locator(".speaker small:not(:has-text('as alice'))").waitFor();
});

test("new messages are announced to screen readers", async () => {
  const page = await stage.page();
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, { content: "to be **heard**" });
  await page.locator("[aria-live=polite]", { hasText: "bot: to be heard" }).waitFor({ state: "attached" });
});

test("on a screen of 320 pixels nothing is cut off and everything can be reached", async () => {
  const page = await stage.page({ width: 320, height: 600 });
  await furnish(page);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(overflow, 0);
  await page.getByRole("button", { name: "Servers and channels" }).click();
  await page.locator(".channel", { hasText: "random" }).click();
  await page.getByRole("heading", { name: /random/ }).first().waitFor();
  await page.getByRole("button", { name: "Members" }).click();
  await page.locator(".member").first().waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Host" }).click();
  await page.getByRole("region", { name: "Cog ping" }).waitFor();
  await isAccessible(page, "narrow");
});
