// One message in the list: author, time, content, and everything below it. It knows no other message but the previous
// one, whose author it may share.

import { avatar, h, icon } from "../dom.js";
import { FLAG, mentions, STARTER } from "../state/messages.js";
import { parse, plain } from "../text/markdown.js";
import { rendered } from "../text/render.js";
import { clock, full, sameDay, stamp } from "../text/time.js";
import { attachmentElements } from "./attachments.js";
import { componentElements } from "./components.js";
import { embedElements } from "./embed.js";
import { nameColour } from "./place.js";
import { pollElement } from "./poll.js";
import { openProfile } from "./profile.js";
import { reactionElements } from "./reactions.js";
import { isSystem, systemText } from "./system.js";

/** Messages by one author that are closer than this share a header, in milliseconds. */
const TOGETHER = 7 * 60_000;

/** Whether a message continues the previous one, without a header of its own. */
export function continues(message, above) {
  return above && !isSystem(message) && !isSystem(above)
    && above.author.id === message.author.id && above.author.username === message.author.username
    && !message.message_reference && !interactionOf(message)
    && (above.flags & FLAG.ephemeral) === (message.flags & FLAG.ephemeral)
    && new Date(message.timestamp) - new Date(above.timestamp) < TOGETHER
    && sameDay(new Date(message.timestamp), new Date(above.timestamp));
}

const interactionOf = (message) => message.interaction ?? (message.interaction_metadata?.name ? message.interaction_metadata : null);

/** The top of a thread: the message it was started from if that is known, otherwise a link to it. */
function starterOf(message, { store, channel }) {
  const { id, message_reference: at, referenced_message: sent } = message;
  const known = sent ?? store.log(at?.channel_id ?? channel.parent_id).get(at?.message_id ?? channel.id);
  const content = `The message that started this thread is in <#${channel.parent_id}>.`;
  return { ...(known ?? { ...message, content }), id, type: 0, message_reference: null, referenced_message: null, thread: null };
}

/** The list item of a message. */
export function messageElement(said, above, ctx) {
  const { store } = ctx;
  const message = said.type === STARTER ? starterOf(said, ctx) : said;
  const date = new Date(message.timestamp);
  const goesOn = continues(message, above);
  const isEphemeral = Boolean(message.flags & FLAG.ephemeral);
  const classes = [
    goesOn ? "compact" : "first",
    mentions(store, { ...message, guild_id: ctx.channel.guild_id }) && "mentioned",
    isEphemeral && "ephemeral",
    isSystem(message) && "system",
    ctx.replyingTo === message.id && "replying",
  ].filter(Boolean).join(" ");
  const item = h("li.message", {
    id: `m-${message.id}`, class: classes, tabIndex: -1, data: { id: message.id },
    "aria-label": `${store.nameOf(message.author, ctx.channel.guild_id)}, ${stamp(date)}: ${plain(parse(message.content), ctx.place) || describe(message)}`,
  });
  if (isSystem(message)) item.append(...system(message, date, ctx));
  else {
    const top = goesOn ? [] : [replyLine(message, ctx), interactionLine(message, ctx)];
    item.append(...top.filter(Boolean), gutter(message, goesOn, date, ctx), body(message, goesOn, date, ctx));
  }
  return item;
}

function describe(message) {
  if (message.flags & FLAG.loading) return "is thinking";
  const parts = [[message.embeds, "embed"], [message.attachments, "file"], [message.components, "components"]];
  return parts.filter(([list]) => list?.length).map(([, name]) => name).join(", ");
}

function gutter(message, goesOn, date, ctx) {
  if (goesOn) return h("time.gutter", { datetime: message.timestamp, title: full(date) }, clock(date));
  return h("button.face", { type: "button", tabIndex: -1, "aria-hidden": "true", onclick: (event) => profile(message, ctx, event) }, avatar(message.author));
}

function profile(message, ctx, event) {
  openProfile(ctx.app, ctx.store.users.get(message.author.id) ?? message.author, ctx.channel.guild_id, event.currentTarget);
}

function body(message, goesOn, date, ctx) {
  return h("div.body", null,
    !goesOn && head(message, date, ctx),
    text(message, ctx),
    pollElement(message),
    attachmentElements(message),
    embedElements(message, ctx),
    componentElements(message, ctx),
    reactionElements(message, ctx),
    threadLine(message, ctx),
    Boolean(message.flags & FLAG.ephemeral) && h("p.fine.only-you", null, icon("eye"), "Only you can see this · ",
      h("button.text", { type: "button", onclick: () => ctx.dismiss(message.id) }, "Dismiss message")));
}

function head(message, date, ctx) {
  const { store, channel } = ctx;
  const tint = nameColour(store, channel.guild_id, message.author.id);
  const isHook = message.webhook_id && !message.application_id;
  return h("p.head", null,
    h("button.author", { type: "button", style: tint ? { "--role": tint } : {}, onclick: (event) => profile(message, ctx, event) },
      store.nameOf(message.author, channel.guild_id)),
    (message.author.bot || isHook) && h("span.tag", null, "APP"),
    h("time", { datetime: message.timestamp, title: full(date) }, stamp(date)));
}

function text(message, ctx) {
  if (message.flags & FLAG.loading) {
    return h("p.thinking", { role: "status" }, h("span.dots", { "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      `${ctx.store.nameOf(message.author, ctx.channel.guild_id)} is thinking …`);
  }
  const edited = message.edited_timestamp
    && h("time.edited", { datetime: message.edited_timestamp, title: full(new Date(message.edited_timestamp)) }, "(edited)");
  if (ctx.editing === message.id) return ctx.editor(message);
  if (!message.content) return edited && !message.components?.length ? h("p.fine", null, edited) : null;
  const shown = rendered(message.content, ctx.place);
  if (edited) shown.append(" ", edited);
  return shown;
}

/** The line above a reply: which message it replies to, and how that begins. */
function replyLine(message, ctx) {
  if (message.type !== 19 && !message.referenced_message) return null;
  const target = ctx.store.log(ctx.channel.id).get(message.message_reference?.message_id) ?? message.referenced_message;
  if (!target) return h("p.reply", null, h("em", null, "The original message was deleted"));
  const preview = plain(parse(target.content), ctx.place).slice(0, 200) || (target.embeds?.length || target.attachments?.length ? "Click to see attachment" : "Click to see message");
  const tint = nameColour(ctx.store, ctx.channel.guild_id, target.author.id);
  return h("p.reply", null,
    avatar(target.author, 16),
    h("span.author", { style: tint ? { "--role": tint } : {} }, ctx.store.nameOf(target.author, ctx.channel.guild_id)),
    h("button.text", { type: "button", onclick: () => ctx.jump(target.id) }, preview));
}

/** "alice used /ping". */
function interactionLine(message, ctx) {
  const note = interactionOf(message);
  if (!note?.name || !note.user) return null;
  const tint = nameColour(ctx.store, ctx.channel.guild_id, note.user.id);
  return h("p.reply", null, avatar(note.user, 16),
    h("span.author", { style: tint ? { "--role": tint } : {} }, ctx.store.nameOf(note.user, ctx.channel.guild_id)),
    " used ", h("span.mention", null, note.type === 2 && message.type === 23 ? note.name : `/${note.name}`));
}

/** A thread has the same id as the message it was started from. */
function threadLine(message, ctx) {
  const thread = ctx.store.channels.get(message.id) ?? message.thread;
  if (!thread || thread.id === ctx.channel.id) return null;
  const count = thread.message_count ?? 0;
  return h("button.thread-line", { type: "button", onclick: () => ctx.app.go(thread.id) },
    icon("thread"), h("strong", null, thread.name), h("span", null, `${count} ${count === 1 ? "message" : "messages"} ›`));
}

function system(message, date, ctx) {
  const { icon: sign, words } = systemText(message);
  const name = h("button.author", { type: "button", onclick: (event) => profile(message, ctx, event) }, ctx.store.nameOf(message.author, ctx.channel.guild_id));
  return [h("span.system-icon", null, icon(sign)), h("p.body", null, name, " ", words, " ",
    h("time", { datetime: message.timestamp, title: full(date) }, stamp(date)))];
}
