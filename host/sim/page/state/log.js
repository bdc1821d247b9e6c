// The messages of one channel in their order. It does not know where they come from, nor how they look.

/** Ids are too long for numbers; of two, the longer or else the greater text is the later one. */
export const byId = (one, other) => one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);

export class MessageLog {
  list = [];
  #known = new Map();
  /** Whether the oldest message of the channel is here. */
  complete = false;
  /** `empty`, `loading` or `here`: whether the newest are. From `loading` on, what is posted is kept. */
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

  /** Puts a message in its place, over an older version of itself. */
  put(message) {
    const at = this.at(message.id);
    this.list.splice(at, this.#known.has(message.id) ? 1 : 0, message);
    this.#known.set(message.id, message);
    return at;
  }

  /** Older ones, however they are ordered. */
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
