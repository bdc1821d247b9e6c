// A bot's select menu in a message or form: one choice or several, with search. It sends nothing.

import { fill, h, icon } from "../dom.js";
import { emojiElement } from "./place.js";
import { entities, entityOf } from "./entities.js";
import { close, float } from "./menu.js";

const KINDS = { 5: "user", 6: "role", 7: "mentionable", 8: "channel" };
/** Up to this many choices there is no search. */
const SEARCH_FROM = 8;

/** The closed menu. `onChange(values)` is called for each complete choice. */
export function selectElement(spec, ctx, onChange) {
  const { store, channel } = ctx;
  const kind = KINDS[spec.type];
  const [least, most] = [spec.min_values ?? 1, spec.max_values ?? 1];
  const first = kind ? (spec.default_values ?? []).map((one) => one.id) : (spec.options ?? []).filter((one) => one.default).map((one) => one.value);
  let chosen = first;
  const label = h("span.select-label");
  const button = h("button.select", {
    type: "button", "aria-haspopup": "listbox", "aria-expanded": "false", disabled: Boolean(spec.disabled), onclick: open,
  }, label, icon("down"));
  show();

  function optionOf(value) {
    return kind ? entityOf(store, channel, value) : spec.options.find((one) => one.value === value);
  }

  function show() {
    const shown = chosen.map(optionOf).filter(Boolean);
    label.classList.toggle("placeholder", shown.length === 0);
    const texts = shown.map((one) => h("span.chosen", null, one.emoji && emojiElement(one.emoji), one.label));
    fill(label, shown.length ? texts : spec.placeholder ?? "Make a selection");
    button.setAttribute("aria-label", `${spec.placeholder ?? "Make a selection"}${shown.length ? `: ${shown.map((one) => one.label).join(", ")}` : ""}`);
  }

  function offered(part) {
    if (kind) return entities(kind, store, channel, part, spec.channel_types ?? []);
    const wanted = part.toLowerCase();
    return (spec.options ?? []).filter((one) => one.label.toLowerCase().includes(wanted))
      .map((one) => ({ ...one, detail: one.description, picture: one.emoji && emojiElement(one.emoji) }));
  }

  function open() {
    const before = chosen;
    const list = h("div.options", { role: "listbox", "aria-label": spec.placeholder ?? "Choices", "aria-multiselectable": String(most > 1) });
    const search = h("input", { type: "text", placeholder: "Search", "aria-label": "Search choices", autocomplete: "off", oninput: fillList });
    const needsSearch = kind || (spec.options?.length ?? 0) >= SEARCH_FROM;
    const done = most > 1 && h("button.primary", { type: "button", onclick: () => close() }, "Done");
    const box = float(button, h("div.select-box", null, needsSearch && search, list, done), { label: spec.placeholder ?? "Choices" });
    box.style.minWidth = `${button.getBoundingClientRect().width}px`;
    button.setAttribute("aria-expanded", "true");
    box.addEventListener("toggle", (event) => {
      if (event.newState !== "closed") return;
      button.setAttribute("aria-expanded", "false");
      const changed = chosen.length !== before.length || chosen.some((value) => !before.includes(value));
      if (most > 1 && changed && chosen.length >= least) onChange(chosen);
      else if (most > 1 && chosen.length < least) chosen = before;
      show();
    });
    box.addEventListener("keydown", (event) => walk(event, list));
    fillList();
    (needsSearch ? search : list.querySelector("[aria-selected=true]") ?? list.firstElementChild)?.focus();

    function fillList() {
      const found = offered(search.value);
      fill(list, found.length ? found.map((option) => h("div.option", {
        role: "option", tabIndex: -1, "aria-selected": String(chosen.includes(option.value)),
        onclick: () => pick(option.value),
        onkeydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          pick(option.value);
        },
      }, option.picture, h("span.option-text", null, h("span", null, option.label), option.detail && h("small", null, option.detail)),
      chosen.includes(option.value) && icon("check"))) : h("p.nothing", null, "Nothing found"));
    }

    function pick(value) {
      if (most === 1) {
        chosen = [value];
        close();
        onChange(chosen);
        return;
      }
      chosen = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value].slice(-most);
      const at = [...list.children].indexOf(document.activeElement);
      fillList();
      list.children[at]?.focus();
    }
  }
  return { element: button, values: () => chosen, least };
}

function walk(event, list) {
  const options = [...list.querySelectorAll(".option")];
  const at = options.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (to === undefined || !options.length) return;
  event.preventDefault();
  options[(to + options.length) % options.length].focus();
}
