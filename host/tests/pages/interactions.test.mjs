// People use what bots offer: commands, buttons, menus, forms, and what only they can see.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { act, input, sees, slash, Stage } from "./stage.mjs";

let stage;
before(async () => { stage = await Stage.open(); });
afterEach(() => stage.clear());
after(() => stage.close());

/** A poll, asked by the command. */
async function poll(page, question, answers) {
  await slash(page, "/poll");
  await page.keyboard.type(question);
  await page.getByRole("button", { name: "answers" }).click();
  await page.keyboard.type(answers);
  await page.keyboard.press("Enter");
  return sees(page, question);
}

test("a command is selected, the bot autocompletes its option, and the answer is shown", async () => {
  const page = await stage.page();
  await slash(page, "/poll");
  await page.keyboard.type("ship");
  const suggestion = page.getByRole("option", { name: "Ship it?" });
  await suggestion.waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await page.getByRole("combobox", { name: /^question/ }).inputValue(), "Ship it?");
  await page.keyboard.press("Enter");
  const answer = await sees(page, "Ship it?");
  await answer.locator(".reply", { hasText: /used \/poll/ }).waitFor();
});

test("a missing option is requested before anything is sent", async () => {
  const page = await stage.page();
  await slash(page, "/remind");
  await page.getByRole("combobox", { name: /^what/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("when: This option is required.").waitFor();
  await page.keyboard.press("Escape");
  await input(page).waitFor();
});

test("a command without options is sent by Enter and cancelled by Escape", async () => {
  const page = await stage.page();
  await slash(page, "/count");
  await page.keyboard.press("Escape");
  await input(page).waitFor();
  assert.equal(await page.locator(".slash").isVisible(), false);
  await slash(page, "");
  await page.keyboard.press("Enter");
  await (await sees(page, "for everybody")).locator(".reply", { hasText: "used /count" }).waitFor();
  await input(page).waitFor();
  assert.equal(await input(page).inputValue(), "");
});

test("a command with only optional options is sent by Enter", async () => {
  const page = await stage.page();
  await slash(page, "/ping");
  await page.getByRole("button", { name: "text" }).waitFor();
  await page.keyboard.press("Enter");
  await (await sees(page, "pong")).locator(".reply", { hasText: "used /ping" }).waitFor();
});

test("after an option was added and removed, a command can still be sent and cancelled", async () => {
  const page = await stage.page();
  await slash(page, "/ping");
  await page.getByRole("button", { name: "text" }).click();
  await page.keyboard.press("Backspace");
  await page.getByRole("button", { name: "text" }).focus();
  await page.keyboard.press("Escape");
  await input(page).waitFor();
  await slash(page, "");
  await page.keyboard.press("Backspace");
  await input(page).waitFor();
});

test("holding down the Enter that selected a command does not send it", async () => {
  const page = await stage.page();
  await input(page).pressSequentially("/count");
  await page.locator(".suggestion").first().waitFor();
  await page.keyboard.down("Enter");
  await page.locator(".slash:not([hidden])").waitFor();
  await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await page.locator(".slash:not([hidden])").waitFor();
});

test("on a phone, a command is sent and cancelled with its buttons", async () => {
  const page = await stage.page({ width: 390, height: 780 });
  await slash(page, "/count");
  await page.getByRole("button", { name: "Cancel the command" }).click();
  await input(page).waitFor();
  await slash(page, "");
  await page.getByRole("button", { name: "Send /count" }).click();
  await (await sees(page, "for everybody")).locator(".reply", { hasText: "used /count" }).waitFor();
  await slash(page, "/ping");
  await page.getByRole("button", { name: "text" }).click();
  await page.keyboard.type("by phone");
  await page.getByRole("button", { name: "Send /ping" }).click();
  await sees(page, "pong by phone");
});

test("a command typed as one line fills the options", async () => {
  const page = await stage.page();
  await input(page).fill("/ping text:one two three");
  await page.locator(".suggestion").first().waitFor();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await sees(page, "pong one two three");
});

test("a button changes its message for everyone", async () => {
  const page = await stage.page({ as: "alice" });
  const other = await stage.page({ as: "bob" });
  const asked = await poll(page, "Button?", "red, blue");
  await asked.getByRole("button", { name: "red" }).click();
  await asked.getByText("1 vote").waitFor();
  const theirs = await sees(other, "Button?");
  await theirs.getByRole("button", { name: "blue" }).click();
  await asked.getByText("2 votes").waitFor();
});

test("a menu is used with the keyboard", async () => {
  const page = await stage.page();
  const asked = await poll(page, "Menu?", "yes, no");
  await asked.locator(".select").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("option", { name: "Show numbers" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await asked.locator(".embed li", { hasText: "yes: 0" }).waitFor();
});

test("a form is opened and submitted, and the bot uses its text", async () => {
  const page = await stage.page();
  const asked = await poll(page, "Form?", "yes, no");
  await asked.getByRole("button", { name: "Another answer" }).click();
  const form = page.getByRole("dialog", { name: "Another answer" });
  await form.getByRole("textbox", { name: "Answer" }).fill("perhaps");
  await page.keyboard.press("Enter");
  await form.waitFor({ state: "detached" });
  await asked.getByRole("button", { name: "perhaps" }).waitFor();
});

test("several values of a menu in a form reach the bot under its custom id", async () => {
  const bot = await stage.bot("chooser");
  const { id } = await bot.ask("GET", "/applications/@me");
  await bot.ask("POST", `/applications/${id}/commands`, { name: "choose", description: "Opens a form" });
  const page = await stage.page();
  await slash(page, "/choose");
  await page.keyboard.press("Enter");
  const option = (value) => ({ label: value.toUpperCase(), value });
  await bot.answer(await bot.interaction(), { type: 9, data: { title: "Choose", custom_id: "form", components: [
    { type: 18, label: "Fruit", component: { type: 3, custom_id: "fruit", max_values: 2, options: ["apple", "pear", "fig"].map(option) } },
    { type: 18, label: "Who", component: { type: 5, custom_id: "who", max_values: 2, required: false } },
  ] } });
  const form = page.getByRole("dialog", { name: "Choose" });
  await form.locator(".select").first().click();
  await page.getByRole("option", { name: "APPLE" }).click();
  await page.getByRole("option", { name: "FIG" }).click();
  await page.getByRole("button", { name: "Done" }).click();
  await form.getByRole("button", { name: "Submit" }).click();
  const sent = await bot.interaction();
  const given = Object.fromEntries(sent.data.components.map(({ component }) => [component.custom_id, component.values]));
  assert.deepEqual(given, { fruit: ["apple", "fig"], who: [] });
  await bot.answer(sent, { type: 4, data: { content: "well chosen" } });
  await sees(page, "well chosen");
  await bot.close();
});

test("an ephemeral answer is shown to one user only and can be dismissed", async () => {
  const page = await stage.page({ as: "alice" });
  const other = await stage.page({ as: "bob" });
  await slash(page, "/poll");
  await page.keyboard.type("Twice?");
  await page.getByRole("button", { name: "answers" }).click();
  await page.keyboard.type("same, same");
  await page.keyboard.press("Enter");
  const whisper = await sees(page, "is already there");
  await whisper.getByText("Only you can see this").waitFor();
  assert.equal(await other.getByText("is already there").count(), 0);
  await whisper.getByRole("button", { name: "Dismiss message" }).click();
  await whisper.waitFor({ state: "detached" });
});

test("a press that the bot does not answer fails after Discord's 3 s", async () => {
  const page = await stage.page();
  const bot = await stage.bot("silent");
  await bot.ask("POST", `/channels/${await stage.channelOf(page)}/messages`, {
    content: "nobody answers", components: [{ type: 1, components: [{ type: 2, style: 1, label: "Press", custom_id: "silence" }] }],
  });
  const offered = await sees(page, "nobody answers");
  await offered.getByRole("button", { name: "Press" }).click();
  await bot.interaction();
  await offered.locator(".button.busy").waitFor();
  await offered.getByText("This interaction failed").waitFor();
  await bot.close();
});

test("a press that no cog handles gets an ephemeral answer from the host", async () => {
  const page = await stage.page();
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, {
    content: "nobody listens", components: [{ type: 1, components: [{ type: 2, style: 1, label: "Press", custom_id: "nobody" }] }],
  });
  const offered = await sees(page, "nobody listens");
  await offered.getByRole("button", { name: "Press" }).click();
  const answer = await sees(page, "This button is no longer in use.");
  await answer.getByText("Only you can see this").waitFor();
});

test("components of the second generation are laid out: containers, sections, texts, separators", async () => {
  const page = await stage.page();
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, {
    flags: 1 << 15,
    components: [{ type: 17, accent_color: 0x3366ff, components: [
      { type: 10, content: "# Laid out" },
      { type: 14, divider: true, spacing: 2 },
      { type: 9, components: [{ type: 10, content: "a section **with** a button" }], accessory: { type: 2, style: 3, label: "Go", custom_id: "go" } },
      { type: 1, components: [{ type: 5, custom_id: "who", placeholder: "Whom?" }] },
    ] }],
  });
  const shown = await sees(page, "Laid out");
  await shown.getByRole("heading", { name: "Laid out" }).waitFor();
  await shown.locator(".section strong", { hasText: "with" }).waitFor();
  await shown.getByRole("button", { name: "Go" }).waitFor();
  await shown.locator(".select").click();
  await page.getByRole("option", { name: "bob" }).waitFor();
});

test("an embed shows all its parts", async () => {
  const page = await stage.page();
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, {
    embeds: [{
      title: "The title", url: "https://example.com/", description: "with **markdown**", color: 0xff8800, author: { name: "The author" },
      fields: [{ name: "One", value: "1", inline: true }, { name: "Two", value: "2", inline: true }], footer: { text: "The footer" },
      image: { url: "https://elsewhere.example/a.png" },
    }],
  });
  const embed = (await sees(page, "The title")).locator(".embed");
  assert.equal(await embed.getByRole("link", { name: "The title" }).getAttribute("href"), "https://example.com/");
  for (const text of ["The author", "with markdown", "One", "The footer", "elsewhere.example"]) await embed.getByText(text).first().waitFor();
});

test("a click on a name opens its card, and pinned messages are listed", async () => {
  const page = await stage.page();
  await page.locator(".member", { hasText: "bot" }).click();
  await page.getByRole("dialog", { name: /About bot/ }).getByRole("button", { name: "Message" }).waitFor();
  await page.keyboard.press("Escape");
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, { content: "to be kept" });
  await act(page, await sees(page, "to be kept"), "More");
  await page.getByRole("menuitem", { name: "Pin message" }).click();
  await page.locator("li.message.system", { hasText: "pinned a message" }).waitFor();
  await page.getByRole("button", { name: "Pinned messages" }).click();
  await page.getByRole("dialog", { name: "Pinned messages" }).getByText("to be kept").waitFor();
});

test("context menu commands are offered for a message and reach their bot", async () => {
  const page = await stage.page();
  const { id } = await stage.asBot("GET", "/applications/@me");
  const { id: command } = await stage.asBot("POST", `/applications/${id}/commands`, { name: "Report it", type: 3 });
  await stage.asBot("POST", `/channels/${await stage.channelOf(page)}/messages`, { content: "something bad" });
  await act(page, await sees(page, "something bad"), "More");
  await page.getByRole("menuitem", { name: "Apps" }).click();
  await page.getByRole("menuitem", { name: /Report it/ }).click();
  // The bot gets it, and answers that none of its cogs has this command.
  await (await sees(page, "is not available at the moment")).getByText("Only you can see this").waitFor();
  await stage.asBot("DELETE", `/applications/${id}/commands/${command}`);
});
