// The list of suggestions above an input: arrow keys select, Enter and Tab accept, Escape closes. It does not know what
// they mean.

import { fill, h } from "../dom.js";

let number = 0;

export class Completion {
  items = [];
  #at = 0;
  #onPick = () => {};

  constructor() {
    number += 1;
    this.id = `suggestions-${number}`;
    this.title = h("p.suggestions-title");
    this.list = h("div.suggestion-list", { id: this.id, role: "listbox", "aria-label": "Suggestions" });
    this.element = h("div.suggestions", { hidden: true }, this.title, this.list);
    // Picking with the pointer must not take the focus from the input.
    this.element.addEventListener("pointerdown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Shows `items` of `{ label, detail, aside, picture }` for `input`; `onPick` receives the one that is accepted. */
  show(input, title, items, onPick) {
    if (!items.length) return this.hide();
    Object.assign(this, { input, items });
    this.#onPick = onPick;
    this.#at = 0;
    this.title.textContent = title;
    fill(this.list, items.map((item, at) => h("div.suggestion", {
      id: `${this.id}-${at}`, role: "option", "aria-selected": "false",
      onclick: () => this.#pick(at),
      onpointermove: () => this.#mark(at),
    }, item.picture, h("span.suggestion-text", null, h("strong", null, item.label), item.detail && h("small", null, item.detail)),
    item.aside && h("span.aside", null, item.aside))));
    this.element.hidden = false;
    input.setAttribute("aria-controls", this.id);
    if (input.getAttribute("role") === "combobox") input.setAttribute("aria-expanded", "true");
    this.#mark(0);
  }

  hide() {
    if (this.element.hidden) return;
    this.element.hidden = true;
    this.items = [];
    this.input?.removeAttribute("aria-activedescendant");
    this.input?.removeAttribute("aria-controls");
    if (this.input?.getAttribute("role") === "combobox") this.input.setAttribute("aria-expanded", "false");
  }

  /** Handles a key if it is for the list; returns whether it was. */
  key(event) {
    if (!this.isOpen || event.isComposing) return false;
    switch (event.key) {
      case "ArrowDown": this.#mark((this.#at + 1) % this.items.length); break;
      case "ArrowUp": this.#mark((this.#at - 1 + this.items.length) % this.items.length); break;
      case "Tab":
        if (event.shiftKey) return false;
        this.#pick(this.#at);
        break;
      case "Enter":
        if (event.shiftKey) return false;
        this.#pick(this.#at);
        break;
      case "Escape": this.hide(); break;
      default: return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #mark(at) {
    this.list.children[this.#at]?.setAttribute("aria-selected", "false");
    this.#at = at;
    const option = this.list.children[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    this.input?.setAttribute("aria-activedescendant", `${this.id}-${at}`);
  }

  #pick(at) {
    const item = this.items[at];
    this.hide();
    this.#onPick(item);
  }
}
