// The visible window of a long list: it grows while scrolling and is cut where it is out of view, so ten thousand
// messages cost as much as a hundred. It does not know how messages look, or where older ones come from.

import { fill, h, icon } from "../dom.js";

/** How many messages are drawn at once, and how many are added per step. */
const DRAWN = 140;
const STEP = 50;
/** The window moves on within this distance of an edge, in pixels. */
const NEAR = 900;
/** Within this distance of the end, in pixels, the list follows new messages. */
const AT_END = 60;

export class Window {
  #log = null;
  #render;
  #older;
  #beginning;
  #first = 0;
  #last = 0;
  #moving = false;
  atEnd = true;

  /** `render(at)` returns the items of a message; `beginning()` what is above the very first one; `older()` fetches a
   *  page and returns the number of messages in it. */
  constructor({ render, beginning, older }) {
    this.#render = render;
    this.#beginning = beginning;
    this.#older = older;
    this.list = h("ol.messages", { tabIndex: 0, "aria-label": "Messages" });
    this.scroller = h("div.scroller", null, this.list);
    this.toEnd = h("button.to-end", { type: "button", hidden: true, onclick: () => this.showEnd() }, "Jump to present", icon("down"));
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.keepEnd()).observe(this.scroller);
    // Pictures that load late push the end out of view for a user who is reading there.
    this.list.addEventListener("load", () => this.keepEnd(), true);
  }

  /** Shows another log, at its end. */
  show(log) {
    this.#log = log;
    this.#last = log.list.length;
    this.#first = Math.max(0, this.#last - STEP);
    this.#draw();
    this.showEnd();
  }

  itemOf(id) {
    return this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  /** Draws the newest message, which was just added to the log; with `follow`, scrolls to it from anywhere. */
  append(follow) {
    const at = this.#log.list.length - 1;
    if (this.#last !== at) return follow ? this.showEnd() : this.toEnd.toggleAttribute("hidden", false);
    const wasAtEnd = this.atEnd;
    this.list.append(...this.#render(at));
    this.#last = at + 1;
    if (!wasAtEnd && !follow) return this.toEnd.toggleAttribute("hidden", false);
    this.showEnd();
    return this.#cutTop();
  }

  /** Removes a message that is no longer in the log; returns the id of the one below, which may look different now. */
  remove(id) {
    const item = this.itemOf(id);
    if (!item) return null;
    const { previousElementSibling: above, nextElementSibling: below } = item;
    if (above?.classList.contains("day") && !below?.dataset.id) above.remove();
    item.remove();
    this.#last -= 1;
    return below?.dataset.id ?? null;
  }

  /** Shows a position in the log. */
  showAround(at) {
    this.#first = Math.max(0, at - STEP);
    this.#last = Math.min(this.#log.list.length, at + STEP);
    this.atEnd = false;
    this.#draw();
  }

  showEnd() {
    if (this.#log && this.#last < this.#log.list.length) {
      this.#last = this.#log.list.length;
      this.#first = Math.max(0, this.#last - STEP);
      this.#draw();
    }
    this.atEnd = true;
    this.toEnd.hidden = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  keepEnd() {
    if (this.atEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Redraws everything in the window. */
  #draw() {
    const items = [];
    for (let at = this.#first; at < this.#last; at += 1) items.push(...this.#render(at));
    fill(this.list, this.#first === 0 && this.#log.complete && this.#beginning(), items);
    this.toEnd.hidden = this.atEnd;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const below = scrollHeight - clientHeight - scrollTop;
    this.atEnd = below < AT_END && (!this.#log || this.#last >= this.#log.list.length);
    this.toEnd.hidden = this.atEnd;
    if (!this.#log || this.#moving) return;
    if (scrollTop < NEAR) this.#up();
    else if (below < NEAR && this.#last < this.#log.list.length) this.#down();
  }

  async #up() {
    const log = this.#log;
    if (this.#first === 0 && log.complete) return;
    this.#moving = true;
    try {
      if (this.#first === 0) {
        const brought = await this.#older();
        if (this.#log !== log) return;
        if (!brought) {
          if (log.complete) this.#anchored(() => this.#draw());
          return;
        }
        this.#first += brought;
        this.#last += brought;
      }
      this.#anchored(() => {
        const from = Math.max(0, this.#first - STEP);
        this.#extendUp(from);
        this.#first = from;
        const over = this.#last - this.#first - DRAWN;
        if (over > 0) this.#cut(over, false);
        this.#last -= Math.max(0, over);
      });
    } finally {
      this.#moving = false;
    }
  }

  #down() {
    this.#anchored(() => {
      const to = Math.min(this.#log.list.length, this.#last + STEP);
      for (let at = this.#last; at < to; at += 1) this.list.append(...this.#render(at));
      this.#last = to;
      this.#cutTop();
    });
  }

  #extendUp(from) {
    const items = [];
    for (let at = from; at < this.#first; at += 1) items.push(...this.#render(at));
    this.list.prepend(...items);
    if (from === 0 && this.#log.complete) this.list.prepend(this.#beginning());
    // The message that was first now has another one above it.
    const seam = this.#log.list[this.#first] && this.itemOf(this.#log.list[this.#first].id);
    if (!seam) return;
    if (seam.previousElementSibling?.classList.contains("day")) seam.previousElementSibling.remove();
    seam.replaceWith(...this.#render(this.#first));
  }

  #cutTop() {
    const over = this.#last - this.#first - DRAWN;
    if (over <= 0) return;
    this.#cut(over, true);
    this.#first += over;
  }

  /** Removes `count` messages at the top or the bottom, and the day headings between them. */
  #cut(count, top) {
    const edge = () => (top ? this.list.firstElementChild : this.list.lastElementChild);
    for (let left = count; left > 0 && edge();) {
      if (edge().dataset.id) left -= 1;
      edge().remove();
    }
    if (!top && edge()?.classList.contains("day")) edge().remove();
  }

  /** Changes the list without moving what the user is reading. */
  #anchored(change) {
    const top = this.scroller.getBoundingClientRect().top;
    const seen = [...this.list.children].find((item) => item.dataset.id && item.getBoundingClientRect().bottom > top);
    const [id, before] = [seen?.dataset.id, seen?.getBoundingClientRect().top];
    change();
    const after = id && this.itemOf(id);
    if (after) this.scroller.scrollTop += after.getBoundingClientRect().top - before;
  }
}
