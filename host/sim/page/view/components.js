// The components of a message, of both generations: rows of buttons and menus, sections, galleries, containers. The bot
// decides what a press does; this only sends it.

import { h, icon } from "../dom.js";
import { rendered, spoiler } from "../text/render.js";
import { safe } from "../text/markdown.js";
import { TYPE } from "../state/interactions.js";
import { fileElement, localPath, picture } from "./attachments.js";
import { colour, emojiElement } from "./place.js";
import { selectElement } from "./select.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary" };

/** All components of a message. */
export function componentElements(message, ctx) {
  if (!message.components?.length) return null;
  const pending = ctx.session.interactions.pendingOn(message.id);
  const failed = ctx.failures?.get(message.id);
  return h("div.components", { "aria-busy": String(Boolean(pending)) },
    message.components.map((one) => component(one, message, ctx, pending)),
    failed && h("p.failed", { role: "alert" }, failed));
}

function component(spec, message, ctx, pending) {
  return MAKERS[spec.type]?.(spec, message, ctx, pending) ?? null;
}

const inner = (list, message, ctx, pending) => (list ?? []).map((one) => component(one, message, ctx, pending));

function press(spec, message, ctx, values) {
  const { app, session, channel } = ctx;
  ctx.failures?.delete(message.id);
  app.attempt(() => session.interactions.begin(TYPE.component, {
    applicationId: message.application_id ?? message.author.id,
    channel,
    message,
    data: { component_type: spec.type, custom_id: spec.custom_id, ...(values ? { values } : {}) },
  }, { control: spec.custom_id }));
}

function button(spec, message, ctx, pending) {
  const face = [spec.emoji && emojiElement(spec.emoji), spec.label && h("span", null, spec.label)];
  const name = spec.label ? null : spec.emoji?.name ?? "Button";
  if (spec.style === 5) {
    const href = safe(spec.url ?? "");
    return h("a.button.link", { href, target: "_blank", rel: "noopener noreferrer", "aria-label": name }, face, icon("link"));
  }
  const busy = pending?.about.control === spec.custom_id;
  return h(`button.button.${STYLES[spec.style] ?? "secondary"}`, {
    type: "button",
    disabled: Boolean(spec.disabled || pending),
    "aria-label": name,
    data: { control: spec.custom_id ?? "" },
    class: busy ? "busy" : "",
    onclick: () => press(spec, message, ctx),
  }, face);
}

function select(spec, message, ctx, pending) {
  const shown = { ...spec, disabled: spec.disabled || Boolean(pending) };
  const { element } = selectElement(shown, ctx, (values) => press(spec, message, ctx, values));
  element.dataset.control = spec.custom_id;
  return element;
}

/** An image or video in a component; `attachment://name` is one of the message's own files. */
function media(spec, message) {
  const url = spec.media?.url ?? "";
  const file = message.attachments?.find((one) => url === `attachment://${one.filename}` || one.url === url);
  const path = localPath(file?.url ?? spec.media?.proxy_url ?? url);
  const isFilm = (file?.content_type ?? spec.media?.content_type ?? "").startsWith("video/");
  const shown = isFilm && path ? h("video", { src: path, controls: true, preload: "metadata" }) : picture(path, url, spec.description);
  return spec.spoiler ? spoiler(h("span.hidden", null, shown), "picture") : shown;
}

const MAKERS = {
  1: (spec, message, ctx, pending) => h("div.row", null, inner(spec.components, message, ctx, pending)),
  2: button,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: (spec, message, ctx, pending) => h("div.section", null,
    h("div", null, inner(spec.components, message, ctx, pending)),
    spec.accessory && component(spec.accessory, message, ctx, pending)),
  10: (spec, message, ctx) => rendered(spec.content ?? "", ctx.place),
  11: (spec, message) => h("div.thumbnail", null, media(spec, message)),
  12: (spec, message) => h(`div.gallery.of-${Math.min(spec.items?.length ?? 0, 4)}`, null, (spec.items ?? []).map((item) => media(item, message))),
  13: (spec, message) => {
    const name = (spec.file?.url ?? "").replace("attachment://", "");
    const file = message.attachments?.find((one) => one.filename === name || one.url === spec.file?.url);
    return file ? fileElement(file) : h("p.fine", null, spec.name ?? name);
  },
  14: (spec) => h(`div.separator.spacing-${spec.spacing ?? 1}`, { role: "separator" }, spec.divider !== false && h("hr")),
  17: (spec, message, ctx, pending) => {
    const box = h("div.container", { style: spec.accent_color != null ? { "--edge": colour(spec.accent_color) } : {} },
      inner(spec.components, message, ctx, pending));
    return spec.spoiler ? spoiler(h("div.hidden", null, box), "content") : box;
  },
};
