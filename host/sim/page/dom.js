// Creates elements in JavaScript. Text becomes text nodes, so nothing here can turn a message into markup.

/** `h("button.quiet", { onclick, "aria-label": "Close" }, child, …)`; children may be nodes, texts, lists, or nothing.
 *  */
export function h(tag, props, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (key === "style") for (const [rule, said] of Object.entries(value)) element.style.setProperty(rule, said);
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    parent.append(child);
  }
}

/** Replaces all children. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon from the table below, hidden from screen readers: its button has the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Drawn as strokes with round ends, in the text colour. */
const ICONS = {
  hash: "M10 4 8 20M16 4l-2 16M4.5 9h16M3.5 15h16",
  voice: "M5 10v4h3l4 4V6L8 10zM16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11",
  thread: "M6 4v9a3 3 0 0 0 3 3h9M15 12l4 4-4 4M12 6h7M12 10h7",
  at: "M12 15.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M15.5 8.5v5a2.5 2.5 0 0 0 5 0V12a8.5 8.5 0 1 0-3.5 6.9",
  close: "M6 6l12 12M18 6 6 18",
  plus: "M12 5v14M5 12h14",
  reply: "M9 7 4 12l5 5M4 12h9a7 7 0 0 1 7 7",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5",
  pin: "M9 4h6l-1 6 3 3v2H7v-2l3-3zM12 15v6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5h.01M15 9.5h.01",
  people: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M2.5 20a6.5 6.5 0 0 1 13 0M16 4.5a3.5 3.5 0 0 1 0 6.5M18 14a6.5 6.5 0 0 1 3.5 6",
  menu: "M4 7h16M4 12h16M4 17h16",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  down: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4 7 7 0 0 0 20 14.5",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6M12 2.5l1 3 2 .8 2.8-1.5 2.2 2.2-1.5 2.8.8 2 3 1v2.400l-3 1-.8 2 1.500 2.800-2.200 2.200-2.800-1.500-2 .8-1 3h-2l-1-3-2-.8-2.800 1.500-2.200-2.200 1.500-2.800-.8-2-3-1v-2.400l3-1 .8-2L4 7l2.200-2.200L9 6.300l2-.8 1-3z",
  send: "M4 12 20 4l-5 16-3.500-6.500z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  app: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  play: "M8 5v14l11-7z",
  stop: "M6 6h12v12H6z",
  reload: "M20 11a8 8 0 1 0-2 6.300M20 4v7h-7",
  lock: "M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  home: "M4 11 12 4l8 7v9h-5v-6H9v6H4z",
  alert: "M12 3 2 20h20zM12 10v4M12 17h.01",
  check: "M5 12.500 10 17.500 19 7",
  chat: "M4 5h16v12H10l-5 4v-4H4z",
};

/** A person's avatar: their picture if they have one, otherwise their initial on their own colour. */
export function avatar(user, size = 40) {
  const shown = (user.global_name || user.username || "?").trim();
  const face = h("span.avatar", {
    style: { "--hue": String(hueOf(user.id)), "--size": `${size}px` },
    "aria-hidden": "true",
  }, [...shown][0]?.toUpperCase());
  return user.avatar ? pictured(face, `/avatars/${user.id}/${user.avatar}.png?size=${size > 64 ? 256 : 128}`) : face;
}

/** A guild's icon, or the initials of its name. */
export function guildIcon(guild, size = 48) {
  const initials = guild.name.split(/\s+/).map((word) => [...word][0] ?? "").join("").slice(0, 3);
  const face = h("span.guild-icon", {
    style: { "--hue": String(hueOf(guild.id)), "--size": `${size}px` },
    "aria-hidden": "true",
  }, initials);
  return guild.icon ? pictured(face, `/icons/${guild.id}/${guild.icon}.png?size=128`) : face;
}

function pictured(face, src) {
  const image = h("img", { src, alt: "", loading: "lazy", draggable: false });
  // If the picture cannot be loaded, what is below it shows again.
  image.addEventListener("error", () => image.remove());
  face.append(image);
  return face;
}

/** Consecutive ids must not look alike, so the bits are mixed well. */
export function hueOf(id) {
  let sum = 0;
  for (const sign of String(id)) sum = Math.imul(sum ^ sign.charCodeAt(0), 0x9e3779b1) ^ (sum >>> 13);
  return (sum >>> 0) % 360;
}
