// The part of a long list that is drawn: it grows where somebody scrolls and is cut where nobody looks, so ten thousand
// messages cost as much as a hundred. It does not know what a message looks like, nor where older ones come from.

import { fill, h, icon } from "../dom.js";

/** Messages that are drawn at once, and how many come with each step. */
const DRAWN = 140;
const STEP = 50;
/** Closer than this to an edge, in pixels, the window moves on. */
const NEAR = 900;
/** Closer than this to the end, somebody is reading along. */
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

  /** `render(at)` answers the items of a message; `beginning()` what stands above the first of all; `older()` fetches
   *  a page and answers how many messages it brought. */
  constructor({ render, beginning, older }) {
    this.#render = render;
    this.#beginning = beginning;
    this.#older = older;
    this.list = h("ol.messages", { tabIndex: 0, "aria-label": "Messages" });
    this.scroller = h("div.scroller", null, this.list);
    this.toEnd = h("button.to-end", { type: "button", hidden: true, onclick: () => this.showEnd() }, "Jump to the newest", icon("down"));
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.keepEnd()).observe(this.scroller);
    // Pictures that arrive late push the end away from somebody who reads along.
    this.list.addEventListener("load", () => this.keepEnd(), true);
  }

  /** Begins with another log, at its end. */
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

  /** Draws the newest message, which was just put into the log; `follow` goes there wherever somebody reads. */
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

  /** Takes a message away that is no longer in the log; the id of the one below it, which may look different now. */
  remove(id) {
    const item = this.itemOf(id);
    if (!item) return null;
    const { previousElementSibling: above, nextElementSibling: below } = item;
    if (above?.classList.contains("day") && !below?.dataset.id) above.remove();
    item.remove();
    this.#last -= 1;
    return below?.dataset.id ?? null;
  }

  /** Goes to a place in the log. */
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

  /** Everything in the window, anew. */
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
    // The one that was first before has somebody above it now.
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

  /** Removes `count` messages from the top or the bottom, and the days between them. */
  #cut(count, top) {
    const edge = () => (top ? this.list.firstElementChild : this.list.lastElementChild);
    for (let left = count; left > 0 && edge();) {
      if (edge().dataset.id) left -= 1;
      edge().remove();
    }
    if (!top && edge()?.classList.contains("day")) edge().remove();
  }

  /** Changes the list without moving what is being read. */
  #anchored(change) {
    const top = this.scroller.getBoundingClientRect().top;
    const seen = [...this.list.children].find((item) => item.dataset.id && item.getBoundingClientRect().bottom > top);
    const [id, before] = [seen?.dataset.id, seen?.getBoundingClientRect().top];
    change();
    const after = id && this.itemOf(id);
    if (after) this.scroller.scrollTop += after.getBoundingClientRect().top - before;
  }
}
