// The messages of one channel in order. It does not know where they come from, or how they look.

/** Ids are too long for numbers; the later of two is the longer one, or the greater text if they have the same length.
 *  */
export const byId = (one, other) => one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);

export class MessageLog {
  list = [];
  #known = new Map();
  /** Whether the oldest message of the channel is loaded. */
  complete = false;
  /** `empty`, `loading` or `here`: whether the newest messages are loaded. From `loading` on, new messages are kept. */
  state = "empty";

  get(id) {
    return this.#known.get(id);
  }

  at(id) {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byId(this.list[middle].id, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Inserts a message in order, replacing an older version of it. */
  put(message) {
    const at = this.at(message.id);
    this.list.splice(at, this.#known.has(message.id) ? 1 : 0, message);
    this.#known.set(message.id, message);
    return at;
  }

  /** Adds older messages, in any order. */
  prepend(messages) {
    const fresh = messages.filter((message) => !this.#known.has(message.id)).sort((a, b) => byId(a.id, b.id));
    for (const message of fresh) this.#known.set(message.id, message);
    const isBefore = !this.list.length || !fresh.length || byId(fresh.at(-1).id, this.list[0].id) < 0;
    this.list = isBefore ? fresh.concat(this.list) : fresh.concat(this.list).sort((a, b) => byId(a.id, b.id));
    return fresh.length;
  }

  remove(id) {
    if (!this.#known.delete(id)) return false;
    this.list.splice(this.at(id), 1);
    return true;
  }
}
