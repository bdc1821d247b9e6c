// Who wants to hear of what. It keeps no history: a listener hears what happens from now on.

export class Signals {
  #listeners = new Map();

  /** Calls `listener` for every signal of this name; the answer ends it. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(detail);
  }
}
