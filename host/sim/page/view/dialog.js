// One question in a dialog.

import { h } from "../dom.js";

/** Asks for a name; null if the dialog is cancelled. */
export function askName(title, label, proposal) {
  return new Promise((done) => {
    const input = h("input", { type: "text", maxlength: "100", required: true, "aria-label": label });
    input.value = proposal;
    const dialog = h("dialog.modal", { "aria-label": title }, h("form", { method: "dialog", onsubmit: () => { dialog.returnValue = "yes"; } },
      h("header", null, h("h2", null, title)), h("div.form", null, h("div.form-field", null, h("span", { "aria-hidden": "true" }, label), input)),
      h("footer", null, h("button.button.secondary", { type: "button", onclick: () => dialog.close() }, "Cancel"), h("button.button.primary", { type: "submit", value: "yes" }, "Create"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue === "yes" ? input.value.trim() : null);
    });
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  });
}
