// A form opened by a bot, as a dialog. It submits what was filled in, and closes when the bot accepts it.

import { h, icon } from "../dom.js";
import { TYPE } from "../state/interactions.js";
import { rendered } from "../text/render.js";
import { placeOf } from "./place.js";
import { selectElement } from "./select.js";

/** Shows the form of an INTERACTION_MODAL_CREATE. */
export function openModal(app, modal) {
  const { session } = app;
  const channel = session.store.channels.get(modal.channel_id) ?? app.channel;
  const ctx = { app, session, store: session.store, channel, place: placeOf(app, channel) };
  const parts = modal.components.map((spec) => part(spec, ctx));
  const failed = h("p.failed", { role: "alert" });
  const submit = h("button.button.primary", { type: "submit" }, "Submit");
  const form = h("form", { method: "dialog", onsubmit: send },
    h("header", null, h("h2", { id: "modal-title" }, modal.title),
      h("button.quiet", { type: "button", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"))),
    h("p.fine", null, `This form will be submitted to ${modal.application?.name ?? "the app"}.`),
    h("div.form", null, parts.map((one) => one.element)), failed,
    h("footer", null, h("button.button.secondary", { type: "button", onclick: () => dialog.close() }, "Cancel"), submit));
  const dialog = h("dialog.modal", { "aria-labelledby": "modal-title" }, form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    app.emit("focus-composer");
  });
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector(".form input, .form textarea, .form button")?.focus();

  async function send(event) {
    event.preventDefault();
    const wrong = parts.map((one) => one.check?.()).find(Boolean);
    failed.textContent = wrong ?? "";
    if (wrong) return;
    submit.disabled = true;
    const files = parts.flatMap((one) => one.files?.() ?? []);
    const data = { id: modal.id, custom_id: modal.custom_id, components: parts.map((one) => one.answer()).filter(Boolean) };
    if (files.length) data.attachments = files.map((file, at) => ({ id: String(at), filename: file.name }));
    const message = modal.message ? { id: modal.message } : undefined;
    const asked = await session.interactions.begin(TYPE.modal, { applicationId: modal.application?.id ?? modal.application_id, channel, message, data, files });
    const settled = (one) => {
      if (one.nonce !== asked.nonce) return;
      off();
      submit.disabled = false;
      if (one.outcome === "answered") dialog.close();
      else failed.textContent = one.error?.message ?? "Something went wrong. Try again.";
    };
    const off = session.interactions.on("settled", settled);
    if (asked.outcome) settled(asked);
  }
}

/** `{ element, answer(), check(), files() }` for each component of a form. */
function part(spec, ctx) {
  switch (spec.type) {
    case 1: {
      const inner = spec.components.map((one) => field(one, one.label, null, ctx));
      return { element: inner.map((one) => one.element), check: () => inner.map((one) => one.check()).find(Boolean), answer: () => ({ type: 1, id: spec.id, components: inner.map((one) => one.answer()) }) };
    }
    case 18: {
      const inner = field(spec.component, spec.label, spec.description, ctx);
      return { ...inner, answer: () => ({ type: 18, id: spec.id, component: inner.answer() }) };
    }
    case 10: return { element: rendered(spec.content ?? "", ctx.place), answer: () => ({ type: 10, id: spec.id }) };
    default: return { element: null, answer: () => null };
  }
}

let number = 0;

function field(spec, label, description, ctx) {
  number += 1;
  const id = `field-${number}`;
  const required = spec.required !== false;
  const base = { type: spec.type, id: spec.id, custom_id: spec.custom_id };
  const around = (control) => h("div.form-field", null,
    h("label", { for: id }, label, required && h("span.needed", { "aria-hidden": "true" }, " *")),
    description && h("p.fine", { id: `${id}-help` }, description), control);
  const missing = (is) => (required && is ? `${label}: this is required.` : null);
  if (spec.type === 4) {
    const input = h(spec.style === 2 ? "textarea" : "input", {
      id, type: spec.style === 2 ? null : "text", required, placeholder: spec.placeholder, rows: spec.style === 2 ? "4" : null,
      minlength: spec.min_length ? String(spec.min_length) : null, maxlength: String(spec.max_length ?? 4000),
      "aria-describedby": description ? `${id}-help` : null, data: { control: spec.custom_id },
    });
    input.value = spec.value ?? "";
    return { element: around(input), check: () => missing(!input.value.trim()), answer: () => ({ ...base, value: input.value }) };
  }
  if ([3, 5, 6, 7, 8].includes(spec.type)) {
    let values = null;
    const select = selectElement(spec, ctx, (chosen) => (values = chosen));
    select.element.id = id;
    const chosen = () => values ?? select.values();
    return { element: around(select.element), check: () => missing(chosen().length < Math.max(1, select.least)), answer: () => ({ ...base, values: chosen() }) };
  }
  if (spec.type === 19) {
    const input = h("input", { id, type: "file", multiple: (spec.max_values ?? 1) > 1 });
    return { element: around(input), check: () => missing(!input.files.length), files: () => [...input.files], answer: () => ({ ...base, values: [...input.files].map((_, at) => String(at)) }) };
  }
  if (spec.type === 21 || spec.type === 22) return choices(spec, id, label, description, base, missing);
  if (spec.type === 23) {
    const input = h("input", { id, type: "checkbox", checked: Boolean(spec.default) });
    return { element: around(input), check: () => null, answer: () => ({ ...base, value: input.checked }) };
  }
  return { element: h("p.failed", null, `${label}: components of type ${spec.type} are not supported here.`), check: () => null, answer: () => base };
}

/** A group of radio buttons (21) or of checkboxes (22). */
function choices(spec, id, label, description, base, missing) {
  const kind = spec.type === 21 ? "radio" : "checkbox";
  const inputs = (spec.options ?? []).map((option) => h("input", { type: kind, name: id, value: option.value, checked: Boolean(option.default) }));
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const element = h("fieldset.form-field", null, h("legend", null, label), description && h("p.fine", null, description),
    inputs.map((input, at) => h("label.choice", null, input, h("span", null, spec.options[at].label, spec.options[at].description && h("small", null, spec.options[at].description)))));
  return { element, check: () => missing(!chosen().length), answer: () => ({ ...base, ...(kind === "radio" ? { value: chosen()[0] ?? null } : { values: chosen() }) }) };
}
