// Floating menus and small cards, next to what opened them. They do not know what their entries do.

import { fill, h, icon } from "../dom.js";

let layer;

/** Shows `content` next to `anchor` (an element, or `{ x, y }`) until a click elsewhere or Escape. */
export function float(anchor, content, { side = "below", label } = {}) {
  close();
  const back = document.activeElement;
  layer = h("div.float", { popover: "auto", role: label ? "dialog" : null, "aria-label": label }, content);
  // Inside the open dialog, if there is one, because nothing outside it can be reached.
  const dialog = anchor instanceof Element ? anchor.closest("dialog") : null;
  (dialog ?? document.querySelector("main")).append(layer);
  const mine = layer;
  mine.addEventListener("toggle", (event) => {
    if (event.newState !== "closed") return;
    const inside = mine.contains(document.activeElement) || document.activeElement === document.body;
    mine.remove();
    if (layer === mine) layer = undefined;
    if (inside && back?.isConnected) back.focus({ preventScroll: true });
  });
  mine.showPopover();
  place(mine, anchor, side);
  return mine;
}

export function close() {
  if (layer?.isConnected) layer.hidePopover();
}

function place(box, anchor, side) {
  const gap = 6;
  const at = anchor instanceof Element ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const { width, height } = box.getBoundingClientRect();
  let x = side === "left" ? at.left - width - gap : side === "right" ? at.right + gap : at.left;
  let y = side === "below" ? at.bottom + gap : side === "above" ? at.top - height - gap : at.top;
  if (side === "below" && y + height > innerHeight - gap) y = at.top - height - gap;
  if (side === "left" && x < gap) x = at.right + gap;
  if (side === "right" && x + width > innerWidth - gap) x = at.left - width - gap;
  x = Math.max(gap, Math.min(x, innerWidth - width - gap));
  y = Math.max(gap, Math.min(y, innerHeight - height - gap));
  box.style.left = `${x}px`;
  box.style.top = `${y}px`;
}

/** A menu of `{ label, icon, danger, checked, run, more }`; a string is a heading, null is a separator. */
export function openMenu(anchor, entries, options = {}) {
  const list = h("div.menu", { role: "menu", "aria-label": options.label ?? "Actions" });
  fill(list, entries.map((entry) => row(entry, anchor, options)));
  list.addEventListener("keydown", (event) => walk(event, list));
  const box = float(anchor, list, options);
  box.removeAttribute("role");
  (list.querySelector("[aria-checked=true]") ?? list.querySelector("button"))?.focus();
  return box;
}

function row(entry, anchor, options) {
  if (entry === null) return h("div.line", { role: "separator" });
  if (typeof entry === "string") return h("div.menu-title", { role: "presentation" }, entry);
  const isChoice = entry.checked !== undefined;
  return h("button.menu-item", {
    type: "button",
    role: isChoice ? "menuitemradio" : "menuitem",
    "aria-checked": isChoice ? String(entry.checked) : null,
    "aria-haspopup": entry.more ? "menu" : null,
    tabIndex: -1,
    class: entry.danger ? "danger" : "",
    onclick: () => {
      if (entry.more) return openMenu(anchor, entry.more, options);
      close();
      entry.run();
    },
  }, entry.picture, h("span.menu-label", null, entry.label, entry.detail && h("small", null, entry.detail)),
  entry.checked ? icon("check") : entry.more ? icon("right") : entry.icon && icon(entry.icon));
}

/** Arrow keys, Home and End for the buttons of a menu. */
function walk(event, list) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (event.key === "Tab") close();
  if (to === undefined) return;
  event.preventDefault();
  buttons[(to + buttons.length) % buttons.length]?.focus();
}
