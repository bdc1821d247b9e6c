// A minimal event emitter. It keeps no history: a listener only receives later signals.

export class Signals {
  #listeners = new Map();

  /** Calls `listener` for every signal of this name; call the returned function to stop. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(detail);
  }
}
