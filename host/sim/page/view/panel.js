// The place for a second panel, which the embedding program may provide. It does not know what is in the panel.

import { h } from "../dom.js";

/** The column, or null without a panel. `announce(text, { bad, detail })` adds a line between the messages. */
export function panelColumn(app, announce) {
  if (!app.panel) return null;
  const element = h("aside.panel", { "aria-label": "Host", id: "panel" });
  // Mounted now and not when opened, because swaps are announced in the conversation in any case.
  app.panel(element, { controlToken: app.controlToken, announce });
  return element;
}
