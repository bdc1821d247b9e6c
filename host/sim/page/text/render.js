// Renders the tree of a text as elements, using only `textContent` and checked URLs.

import { h } from "../dom.js";
import { isJumbo, parse, parseInline } from "./markdown.js";
import { full, relative, written } from "./time.js";

/** A message's text. `place` resolves the mentions in it; see view/place.js. */
export function rendered(text, place) {
  return h(`div.markdown${isJumbo(text) ? ".jumbo" : ""}`, null, parse(text).map((node) => element(node, place)));
}

/** A single line, as in a title. */
export function renderedLine(text, place) {
  return parseInline(text).map((node) => element(node, place));
}

const children = (node, place) => node.c.map((child) => element(child, place));

function element(node, place) {
  return MAKERS[node.t](node, place);
}

const wrap = (tag) => (node, place) => h(tag, null, children(node, place));

const MAKERS = {
  text: (node) => document.createTextNode(node.v),
  br: () => h("br"),
  bold: wrap("strong"),
  italic: wrap("em"),
  underline: wrap("u"),
  strike: wrap("s"),
  quote: wrap("blockquote"),
  small: wrap("small.subtext"),
  item: wrap("li"),
  code: (node) => h("code", null, node.v),
  pre: (node) => h("pre", { tabIndex: 0, "aria-label": "Code" }, h("code", { data: { language: node.language ?? "" } }, node.v)),
  header: (node, place) => h(`div.header.level-${node.level}`, { role: "heading", "aria-level": String(node.level + 2) }, children(node, place)),
  list: (node, place) => h(node.ordered ? "ol" : "ul", node.ordered ? { start: node.start } : null, children(node, place)),
  spoiler: (node, place) => spoiler(h("span.hidden", null, children(node, place))),
  link: (node, place) => h("a", { href: node.href, target: "_blank", rel: "noopener noreferrer", title: node.title ?? node.href }, children(node, place)),
  time: (node) => h("time", {
    datetime: dateOf(node.unix),
    title: dateOf(node.unix) && full(new Date(node.unix * 1000)),
    data: node.style === "R" ? { relative: String(node.unix) } : {},
  }, written(node.unix, node.style)),
  everyone: (node) => h("span.mention", null, `@${node.v}`),
  user: (node, place) => place.user(node.id),
  role: (node, place) => place.role(node.id),
  channel: (node, place) => place.channel(node.id),
  command: (node, place) => place.command(node.name),
  emoji: (node, place) => place.emoji(node),
};

function dateOf(unix) {
  const date = new Date(unix * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** Hidden until revealed with the pointer or keyboard. */
export function spoiler(inner, kind = "text") {
  const cover = h("span.spoiler", { role: "button", tabIndex: 0, "aria-label": `Show hidden ${kind}`, "aria-expanded": "false" }, inner);
  const show = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    if (cover.classList.contains("open")) return;
    event.preventDefault();
    cover.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label", "aria-expanded"]) cover.removeAttribute(name);
  };
  inner.toggleAttribute("inert", true);
  cover.addEventListener("click", (event) => {
    show(event);
    inner.toggleAttribute("inert", false);
  });
  cover.addEventListener("keydown", (event) => {
    show(event);
    if (cover.classList.contains("open")) inner.toggleAttribute("inert", false);
  });
  return cover;
}

/** Keeps relative times such as "in 5 minutes" current while the page is open. */
export function keepTimesTrue() {
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-relative]")) {
      const said = relative(Number(time.dataset.relative));
      if (time.textContent !== said) time.textContent = said;
    }
  }, 1000);
}
