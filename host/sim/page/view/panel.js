// The place for a second panel, which whoever runs this Discord may fill. It does not know what is in it.

import { h } from "../dom.js";

/** The column, or none if nobody brought a panel. `announce(text, { bad, detail })` puts a line between the messages. */
export function panelColumn(app, announce) {
  if (!app.panel) return null;
  const element = h("aside.panel", { "aria-label": "Host", id: "panel" });
  // At once and not when it is opened: swaps announce themselves in the conversation all the same.
  app.panel(element, { controlToken: app.controlToken, announce });
  return element;
}
