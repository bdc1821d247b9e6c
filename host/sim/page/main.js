// Startup: takes the token from the link, loads the people, and assembles the views.

import { App, recall, remember } from "./app.js";
import { h, icon } from "./dom.js";
import { keepTimesTrue } from "./text/render.js";
import { channelColumn } from "./view/channels.js";
import { askName } from "./view/dialog.js";
import { Composer } from "./view/composer.js";
import { editor } from "./view/editor.js";
import { guildRail } from "./view/guilds.js";
import { channelHeader } from "./view/header.js";
import { memberColumn } from "./view/members.js";
import { MessageList } from "./view/messages.js";
import { openModal } from "./view/modal.js";
import { panelColumn } from "./view/panel.js";
import { installKeys } from "./view/switcher.js";

const root = document.documentElement;
const page = document.querySelector("#page");

/** The fragment is not sent to any server; it is also removed from the address bar, where it could be copied by
 *  mistake. */
function tokenOfLink() {
  const said = new URLSearchParams(location.hash.slice(1)).get("token");
  if (said) {
    remember("token", said);
    history.replaceState(null, "", location.pathname);
  }
  return said ?? recall("token");
}

function theme() {
  const chosen = localStorage.getItem("gearshift.theme");
  if (chosen) root.dataset.theme = chosen;
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const sign = () => (dark() ? "sun" : "moon");
  return {
    themeIcon: sign,
    onTheme: () => {
      root.dataset.theme = dark() ? "light" : "dark";
      localStorage.setItem("gearshift.theme", root.dataset.theme);
      return sign();
    },
  };
}

/** A column that can be shown or hidden; on narrow screens it covers the rest. */
function drawer(name, shownAtFirst) {
  const watchers = [];
  const pressed = () => root.classList.contains(`show-${name}`);
  const set = (on) => {
    root.classList.toggle(`show-${name}`, on);
    watchers.forEach((watch) => watch(on));
  };
  root.classList.toggle(`show-${name}`, shownAtFirst);
  return { pressed, set, toggle: () => set(!pressed()), watch: (watcher) => watchers.push(watcher) };
}

function notices(app) {
  const element = h("div.notices", { role: "status", "aria-live": "polite" });
  app.on("notice", (text) => {
    const line = h("p.notice", null, text, h("button.quiet", { type: "button", "aria-label": "Dismiss", onclick: () => line.remove() }, icon("close")));
    element.append(line);
    setTimeout(() => line.remove(), 8000);
  });
  return element;
}

function banner(app) {
  const element = h("p.banner", { role: "status", hidden: true });
  app.on("connection", (state) => {
    element.hidden = state !== "waiting";
    element.textContent = state === "waiting" ? "Connection lost. Reconnecting …" : "";
  });
  return element;
}

function build(app) {
  const roomy = matchMedia("(min-width: 1000px)").matches;
  const drawers = { nav: drawer("nav", false), members: drawer("members", roomy), panel: drawer("panel", false) };
  const hooks = {
    reply: (message) => composer.reply(message),
    editor: (message, done) => editor(app, message, done),
    startThread: async (message) => {
      const name = await askName("Create thread", "Name of the thread", message.content.slice(0, 40));
      if (!name) return;
      const thread = await app.attempt(() => app.session.rest.post(`/channels/${message.channel_id}/messages/${message.id}/threads`, { name }));
      if (thread) {
        app.store.keepChannel(thread);
        app.go(thread.id);
      }
    },
  };
  const list = new MessageList(app, hooks);
  const composer = new Composer(app, list);
  const panel = panelColumn(app, (text, more) => list.announce(text, more));
  const header = channelHeader(app, {
    list,
    onMenu: () => drawers.nav.toggle(),
    toggles: [
      { label: "Members", icon: "people", target: "members", ...drawers.members },
      ...(panel ? [{ label: "Host", icon: "gear", target: "panel", ...drawers.panel }] : []),
    ],
  });
  const shade = h("div.shade", { onclick: () => Object.values(drawers).forEach((one) => one.set(false)) });
  page.replaceChildren(
    h("div.navigation", null, guildRail(app), channelColumn(app, theme())),
    h("main", { id: "main" }, banner(app), header, list.element, composer.element),
    memberColumn(app), ...(panel ? [panel] : []), shade, notices(app));
  app.on("channel", () => drawers.nav.set(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    if (matchMedia("(max-width: 999px)").matches) Object.values(drawers).forEach((one) => one.set(false));
  });
  app.on("modal", (modal) => openModal(app, modal));
}

function explain(title, text) {
  page.replaceChildren(h("main.gate", { id: "main" }, h("h1", null, title), h("p", null, text)));
}

async function begin() {
  const token = tokenOfLink();
  if (!token) return explain("This page needs its full link", "Open the link that was printed when the built-in Discord started. It ends with #token=… and is valid until the next start.");
  const app = new App(token);
  try {
    // The embedding program may have provided a panel; without one, `mount` is null.
    const [{ mount }] = await Promise.all([import("/panel/panel.js"), app.loadPeople()]);
    app.panel = mount;
    build(app);
    keepTimesTrue();
    installKeys(app);
    const last = app.people.find((person) => person.user.username === recall("person"));
    await app.switchTo(last?.id);
    root.dataset.ready = "true";
    performance.mark("ready");
  } catch (error) {
    if (error.status === 401) explain("This link is no longer valid", "The built-in Discord was restarted. Open the link that it printed last.");
    else explain("The built-in Discord does not answer", error.message);
  }
}

begin();
