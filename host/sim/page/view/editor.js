// The field for editing one's own message, in place of its text. It does not draw the message.

import { h } from "../dom.js";

/** The field in place of a message's text while it is edited. */
export function editor(app, message, done) {
  // Anything typed next is a new message, however long the edit takes.
  const close = () => {
    done();
    app.emit("focus-composer");
  };
  const save = async () => {
    const content = input.value.trim();
    close();
    if (content === message.content) return;
    const path = `/channels/${message.channel_id}/messages/${message.id}`;
    await app.attempt(() => (content || message.attachments?.length ? app.session.rest.patch(path, { content }) : app.session.rest.delete(path)));
  };
  const fit = () => {
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
  };
  const input = h("textarea", {
    "aria-label": "Edit message", rows: 1, oninput: fit,
    onkeydown: (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  input.value = message.content;
  requestAnimationFrame(() => {
    fit();
    input.setSelectionRange(input.value.length, input.value.length);
  });
  return h("div.editor", null, input, h("p.fine", null, "Escape to ", h("button.text", { type: "button", onclick: close }, "cancel"),
    " · Enter to ", h("button.text", { type: "button", onclick: save }, "save")));
}
