// Reactions to a message, and the picker for more. A click sends a request; the count follows the event.

import { fill, h, icon } from "../dom.js";
import { EMOJI, nameOf } from "../text/emoji.js";
import { emojiElement } from "./place.js";
import { close, float } from "./menu.js";

/** The emoji as in Discord's paths: the characters, or `name:id`. */
const keyOf = (emoji) => encodeURIComponent(emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);

export function toggle(ctx, message, emoji, mine) {
  const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${keyOf(emoji)}/@me`;
  return ctx.app.attempt(() => ctx.session.rest.call(mine ? "DELETE" : "PUT", path));
}

export function reactionElements(message, ctx) {
  if (!message.reactions?.length) return null;
  return h("div.reactions", { role: "group", "aria-label": "Reactions" },
    message.reactions.map((reaction) => h("button.reaction", {
      type: "button",
      "aria-pressed": String(Boolean(reaction.me)),
      "aria-label": `${nameOf(reaction.emoji.name)}, ${reaction.count}`,
      onclick: () => toggle(ctx, message, reaction.emoji, reaction.me),
    }, emojiElement(reaction.emoji), h("span", null, String(reaction.count)))),
    h("button.reaction.add", { type: "button", "aria-label": "Add reaction", onclick: (event) => pickEmoji(event.currentTarget, ctx, (emoji) => toggle(ctx, message, emoji, false)) }, icon("smile")));
}

/** Lets the user pick an emoji; the guild's own come first. */
export function pickEmoji(anchor, { store, channel }, onPick) {
  const custom = store.guilds.get(channel.guild_id)?.emojis ?? [];
  const grid = h("div.emoji-grid", { role: "group", "aria-label": "Emoji" });
  const search = h("input", { type: "text", placeholder: "Find an emoji", "aria-label": "Find an emoji", autocomplete: "off", oninput: show });
  const pick = (emoji) => {
    close();
    onPick(emoji);
  };

  function show() {
    const wanted = search.value.toLowerCase().replaceAll(" ", "_");
    const own = custom.filter((one) => one.name.toLowerCase().includes(wanted)).map((one) => [one.name, one]);
    const common = EMOJI.filter(([name]) => name.includes(wanted)).map(([name, characters]) => [name, { id: null, name: characters }]);
    const seen = new Set();
    const all = [...own, ...common].filter(([, one]) => !seen.has(one.id ?? one.name) && seen.add(one.id ?? one.name));
    fill(grid, all.map(([name, emoji]) => h("button", {
      type: "button", title: `:${name}:`, "aria-label": name.replaceAll("_", " "), onclick: () => pick(emoji),
    }, emoji.id ? emojiElement(emoji) : emoji.name)), all.length === 0 && h("p.nothing", null, "No emoji found"));
  }

  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") grid.querySelector("button")?.click();
  });
  grid.addEventListener("keydown", (event) => walk(event, grid));
  show();
  float(anchor, h("div.emoji-picker", null, search, grid), { side: "above", label: "Choose an emoji" });
  search.focus();
}

function walk(event, grid) {
  const buttons = [...grid.querySelectorAll("button")];
  const columns = Math.max(1, Math.floor(grid.clientWidth / (buttons[0]?.offsetWidth || 36)));
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (!step) return;
  event.preventDefault();
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
}
