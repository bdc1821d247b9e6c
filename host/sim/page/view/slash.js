// A slash command being filled in: one field per option, with choices and autocomplete. It sends the command.

import { fill, h, icon } from "../dom.js";
import { TYPE } from "../state/interactions.js";
import { entities } from "./entities.js";

const OPTION = { sub: 1, group: 2, string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, file: 11 };
const ENTITY = { 6: "user", 7: "channel", 8: "role", 9: "mentionable" };
/** How long typing must pause before a bot is asked for suggestions, in milliseconds. */
const DEBOUNCE = 150;
const BOOLEANS = [{ label: "True", value: true }, { label: "False", value: false }];

/** All commands and subcommands, one line each: `{ command, path, name, description, options }`. */
export function lines(commands) {
  return commands.filter((command) => command.type === 1).flatMap((command) => below(command, [], command));
}

function below(command, path, node) {
  const subs = (node.options ?? []).filter((one) => one.type === OPTION.sub || one.type === OPTION.group);
  if (subs.length) return subs.flatMap((sub) => below(command, [...path, sub], sub));
  const name = [command.name, ...path.map((one) => one.name)].join(" ");
  return [{ command, path, name, description: node.description, options: node.options ?? [] }];
}

export class SlashForm {
  #app;
  #line;
  #fields = new Map();
  #timer;
  #asked = 0;

  /** `done(sent)` is called when the command is sent or cancelled. */
  constructor(app, completion, done) {
    this.#app = app;
    this.completion = completion;
    this.done = done;
    this.error = h("p.failed", { role: "alert" });
    this.element = h("div.slash", { role: "group", hidden: true, onkeydown: (event) => this.#pressed(event) });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Starts with an item of `lines()`; `typed` may already contain `name:value` pairs. */
  open(line, typed = "") {
    this.#line = line;
    this.#fields.clear();
    this.error.textContent = "";
    this.element.hidden = false;
    this.element.setAttribute("aria-label", `Command ${line.name}`);
    this.fields = h("div.fields");
    this.more = h("div.more-options");
    // Holds the focus if no option needs to be filled in, so that Enter sends the command.
    this.send = h("button.send", {
      type: "submit", "aria-label": `Send /${line.name}`, title: "Send", onfocus: () => (this.hint.textContent = line.description),
    }, icon("send"));
    fill(this.element,
      h("div.slash-line", null,
        h("span.slash-name", { title: line.command.application.name }, `/${line.name}`), this.fields, this.more,
        h("div.slash-actions", null,
          h("button.quiet", { type: "button", "aria-label": "Cancel the command", title: "Cancel", onclick: () => this.close() }, icon("close")), this.send)),
      h("p.slash-hint", null, this.hint = h("span", null, line.description)), this.error);
    for (const option of line.options) if (option.required) this.#add(option);
    const given = pairs(typed, line.options);
    for (const [name, value] of given) {
      const option = line.options.find((one) => one.name === name);
      const field = this.#fields.get(name) ?? this.#add(option);
      field.input.value = value;
    }
    this.#showMore();
    this.focus();
  }

  /** Focuses the first option that is still empty, otherwise the last one, otherwise the button that sends the command.
   *  */
  focus() {
    const fields = [...this.#fields.values()];
    const field = fields.find((one) => !this.#isFilled(one)) ?? fields.at(-1);
    (field?.input ?? this.send).focus();
  }

  close(sent = false) {
    clearTimeout(this.#timer);
    this.completion.hide();
    this.element.hidden = true;
    fill(this.element);
    this.done(sent);
  }

  #showMore() {
    const rest = this.#line.options.filter((option) => !this.#fields.has(option.name));
    fill(this.more, rest.map((option) => h("button.option-chip", {
      type: "button", title: option.description,
      onclick: () => {
        this.#add(option).input.focus();
        this.#showMore();
      },
    }, icon("plus"), option.name)));
  }

  #add(option) {
    const isFile = option.type === OPTION.file;
    const input = h("input", {
      type: isFile ? "file" : "text", autocomplete: "off", spellcheck: option.type === OPTION.string,
      role: isFile ? null : "combobox", "aria-expanded": isFile ? null : "false", "aria-autocomplete": isFile ? null : "list",
      "aria-required": String(Boolean(option.required)), "aria-label": `${option.name}: ${option.description}`,
      maxlength: option.max_length ? String(option.max_length) : null,
      inputmode: option.type === OPTION.integer ? "numeric" : option.type === OPTION.number ? "decimal" : null,
    });
    const field = { option, input, chosen: null };
    input.addEventListener("input", () => {
      field.chosen = null;
      input.removeAttribute("aria-invalid");
      grow(input);
      this.#suggest(field);
    });
    input.addEventListener("focus", () => {
      this.hint.textContent = `${option.name} — ${option.description}`;
      if (!field.chosen) this.#suggest(field);
    });
    input.addEventListener("blur", () => this.completion.input === input && this.completion.hide());
    input.addEventListener("keydown", (event) => this.#key(event, field));
    if (!isFile) grow(input);
    field.element = h("label.field", null, h("span", null, option.name), input);
    this.fields.append(field.element);
    this.#fields.set(option.name, field);
    return field;
  }

  /** Keys that work everywhere in the form. */
  #pressed(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && event.target === this.send) {
      event.preventDefault();
      const last = [...this.#fields.values()].at(-1);
      if (last) last.input.focus();
      else this.close();
    } else if (event.key === "Enter" && event.repeat) {
      // The Enter that selected the command may still be down: it must not press the button that now has the focus.
      event.preventDefault();
    }
  }

  #key(event, field) {
    if (this.completion.key(event)) return;
    if (event.key === "Enter" && !event.isComposing && !event.repeat) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Backspace" && !field.input.value && field.option.type !== OPTION.file) {
      event.preventDefault();
      const all = [...this.#fields.values()];
      const before = all[all.indexOf(field) - 1];
      if (field.option.required) return before ? before.input.focus() : this.close();
      this.#fields.delete(field.option.name);
      field.element.remove();
      this.#showMore();
      (before?.input ?? this.send).focus();
    }
  }

  #take(field, item) {
    field.chosen = { value: item.value };
    field.input.value = item.label;
    grow(field.input);
    const all = [...this.#fields.values()];
    all[all.indexOf(field) + 1]?.input.focus();
  }

  #suggest(field) {
    const { option, input } = field;
    clearTimeout(this.#timer);
    if (option.autocomplete) {
      this.#timer = setTimeout(() => this.#ask(field), DEBOUNCE);
      return;
    }
    const part = input.value.trim();
    const has = (one) => one.label.toLowerCase().includes(part.toLowerCase());
    let items = [];
    if (option.choices) items = option.choices.map(({ name, value }) => ({ label: name, value })).filter(has);
    else if (option.type === OPTION.boolean) items = BOOLEANS.filter(has);
    else if (ENTITY[option.type]) items = entities(ENTITY[option.type], this.#app.store, this.#app.channel, part.replace(/^[@#]/, ""), option.channel_types);
    this.completion.show(input, option.description, items, (item) => this.#take(field, item));
  }

  /** Asks the bot, and shows its answer unless there has been a newer request. */
  async #ask(field) {
    const turn = (this.#asked += 1);
    try {
      const choices = await this.#app.session.interactions.suggest(this.#line.command, this.#app.channel, this.#data(field));
      if (turn !== this.#asked || document.activeElement !== field.input || field.chosen) return;
      const items = (choices ?? []).map(({ name, value }) => ({ label: name, value }));
      this.completion.show(field.input, choices ? field.option.description : "Loading options failed", items, (item) => this.#take(field, item));
      if (!choices) this.error.textContent = "Loading options failed";
    } catch (error) {
      if (turn === this.#asked) this.error.textContent = error.message;
    }
  }

  /** The command in Discord's format; `focused` is the field that needs suggestions. */
  #data(focused) {
    const { command, path } = this.#line;
    const values = [...this.#fields.values()].filter((field) => field === focused || this.#isFilled(field)).map((field) => ({
      type: field.option.type,
      name: field.option.name,
      value: focused ? this.#partial(field) : field.value,
      ...(field === focused ? { focused: true } : {}),
    }));
    const options = [...path].reverse().reduce((inner, node) => [{ type: node.type, name: node.name, options: inner }], values);
    return { id: command.id, name: command.name, type: 1, version: command.version, options };
  }

  #isFilled(field) {
    return field.option.type === OPTION.file ? field.input.files.length > 0 : field.input.value.trim() !== "";
  }

  #partial(field) {
    return field.chosen ? field.chosen.value : field.input.value;
  }

  /** Sets `field.value`, or reports what is wrong with it. */
  #check(field, files) {
    const { option, input, chosen } = field;
    const text = input.value.trim();
    if (!this.#isFilled(field)) return option.required ? "This option is required." : null;
    if (option.type === OPTION.file) {
      field.value = String(files.length);
      files.push(input.files[0]);
      return null;
    }
    if (chosen) {
      field.value = chosen.value;
      return null;
    }
    const same = (one) => one.label.toLowerCase() === text.toLowerCase().replace(/^[@#]/, "");
    if (option.choices) {
      const choice = option.choices.find((one) => one.name.toLowerCase() === text.toLowerCase());
      field.value = choice?.value;
      return choice ? null : "Select an option from the list.";
    }
    if (option.type === OPTION.boolean) {
      field.value = BOOLEANS.find(same)?.value;
      return field.value === undefined ? "Must be true or false." : null;
    }
    if (ENTITY[option.type]) {
      const id = /^<[@#&!]*(\d+)>$|^(\d{5,20})$/.exec(text);
      const found = entities(ENTITY[option.type], this.#app.store, this.#app.channel, text.replace(/^[@#]/, ""), option.channel_types).find((one) => same(one) || one.detail === text.replace(/^@/, ""));
      field.value = id?.[1] ?? id?.[2] ?? found?.value;
      return field.value ? null : "Select an option from the list.";
    }
    if (option.type === OPTION.integer || option.type === OPTION.number) {
      field.value = Number(text);
      if (Number.isNaN(field.value) || (option.type === OPTION.integer && !Number.isInteger(field.value))) return option.type === OPTION.integer ? "Must be a whole number." : "Must be a number.";
      if (option.min_value != null && field.value < option.min_value) return `Must be ${option.min_value} or more.`;
      if (option.max_value != null && field.value > option.max_value) return `Must be ${option.max_value} or less.`;
      return null;
    }
    field.value = input.value;
    if (option.min_length && text.length < option.min_length) return `Must have ${option.min_length} characters or more.`;
    return null;
  }

  submit() {
    const files = [];
    for (const field of this.#fields.values()) {
      const wrong = this.#check(field, files);
      if (!wrong) continue;
      field.input.setAttribute("aria-invalid", "true");
      this.error.textContent = `${field.option.name}: ${wrong}`;
      field.input.focus();
      return;
    }
    const line = this.#line;
    const data = this.#data();
    if (files.length) data.attachments = files.map((file, at) => ({ id: String(at), filename: file.name }));
    const told = [...this.#fields.values()].filter((field) => this.#isFilled(field)).map((field) => ` ${field.option.name}:${field.input.value}`).join("");
    this.#app.session.interactions.begin(TYPE.command, {
      applicationId: line.command.application_id, channel: this.#app.channel, data, files,
    }, { line: `/${line.name}${told}`, application: line.command.application });
    this.close(true);
  }
}

function grow(input) {
  input.style.width = `${Math.min(40, Math.max(6, input.value.length + 2))}ch`;
}

/** `a:one two b:3` for options `a` and `b`; text without a name is for the first option. */
export function pairs(typed, options) {
  const names = options.map((option) => option.name).sort((a, b) => b.length - a.length);
  const marks = [];
  for (const name of names) {
    const at = (` ${typed}`).indexOf(` ${name}:`);
    if (at >= 0 && !marks.some((mark) => mark.at === at)) marks.push({ at, name });
  }
  marks.sort((a, b) => a.at - b.at);
  if (!marks.length) return typed.trim() && options[0] ? [[options[0].name, typed.trim()]] : [];
  return marks.map(({ at, name }, place) => [name, typed.slice(at + name.length + 1, marks[place + 1]?.at ?? typed.length).trim()]);
}
