// Ctrl+K: finds any channel or person by a few letters. Also the global keyboard shortcuts.

import { avatar, h, icon } from "../dom.js";
import { isPlace } from "../state/store.js";
import { may } from "../state/permissions.js";
import { Completion } from "./completion.js";
import { channelIcon, channelName } from "./place.js";

export function openSwitcher(app) {
  if (document.querySelector("dialog[open]")) return;
  const completion = new Completion();
  const input = h("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", autocomplete: "off",
    placeholder: "Where to?", "aria-label": "Go to a channel or direct message",
    oninput: () => suggest(),
    onkeydown: (event) => {
      if (event.key !== "Escape") completion.key(event);
    },
  });
  const dialog = h("dialog.switcher", { "aria-label": "Quick switcher" }, input, completion.element, h("p.fine", null, "↑ ↓ to select · Enter to open · Escape to close"));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  suggest();

  function suggest() {
    const { store } = app;
    const part = input.value.toLowerCase().replace(/^[#@]/, "");
    const fits = (text) => text.toLowerCase().includes(part);
    const places = [...store.channels.values()].filter((one) => isPlace(one) && may(store, one, "view") && fits(channelName(store, one))).map((one) => ({
      label: channelName(store, one), aside: store.guilds.get(one.guild_id)?.name ?? "Direct message", picture: icon(channelIcon(one)),
      unread: store.unread.has(one.id), go: () => app.go(one.id),
    }));
    const guilds = [...store.guilds.values()].filter((one) => fits(one.name)).map((one) => ({ label: one.name, aside: "Server", picture: icon("home"), go: () => app.go(app.firstOf(one.id)?.id) }));
    const people = part ? [...store.users.values()].filter((user) => user.id !== store.me.id && (fits(user.username) || fits(store.nameOf(user)))).map((user) => ({
      label: store.nameOf(user), detail: user.username, aside: "Message", picture: avatar(user, 24), go: () => app.attempt(() => app.openDirect(user.id)),
    })) : [];
    const all = [...places.sort((a, b) => b.unread - a.unread), ...guilds, ...people].slice(0, 12);
    completion.show(input, part ? "Found" : "Channels", all, (item) => {
      dialog.close();
      item.go();
    });
  }
}

/** Alt+Up and Alt+Down, Ctrl+K, and letters that nothing else handles, which go to the composer. */
export function installKeys(app) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || !app.session) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return openSwitcher(app);
    }
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      return step(app, event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
    }
    const isBare = !event.ctrlKey && !event.metaKey && !event.altKey && event.key.length === 1;
    const isFree = event.target === document.body || event.target.matches?.("ol.messages, button.channel");
    if (isBare && isFree && event.key !== " ") app.emit("focus-composer");
  });
}

/** The next or previous channel in the list; with Shift, only unread ones. */
function step(app, by, unreadOnly) {
  const all = app.guildId
    ? app.sections(app.guildId).flatMap((section) => section.channels.flatMap((one) => [one, ...app.threadsOf(one.id)]))
    : app.store.directs();
  const at = all.findIndex((one) => one.id === app.channel?.id);
  for (let away = 1; away <= all.length; away += 1) {
    const next = all[(at + by * away + all.length * away) % all.length];
    if (!unreadOnly || app.store.unread.has(next.id)) return app.go(next.id);
  }
}
