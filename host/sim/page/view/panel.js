// The place for a second panel, which whoever runs this Discord may fill. It does not know what is in it.

import { h } from "../dom.js";

/** The column, or none if nobody brought a panel. `announce(text)` puts a line between the messages. */
export function panelColumn(app, drawer, announce) {
  if (!app.hasPanel) return null;
  const element = h("aside.panel", { "aria-label": "Host", id: "panel" });
  let mounted = false;
  const mount = async () => {
    if (mounted) return;
    mounted = true;
    const { mount: fillIn } = await import("/panel/panel.js");
    fillIn(element, { controlToken: app.controlToken, announce });
  };
  // At once and not when it is opened: swaps announce themselves in the conversation all the same.
  mount().catch((error) => app.emit("notice", `The panel cannot be shown: ${error.message}`));
  return element;
}
