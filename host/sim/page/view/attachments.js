// The files of a message: images and videos are shown inline, others with name and size. Nothing is loaded from other
// servers.

import { h, icon } from "../dom.js";
import { spoiler } from "../text/render.js";
import { safe } from "../text/markdown.js";

/** The path of a URL on this server, or null: nothing else may be loaded. */
export function localPath(address) {
  try {
    const url = new URL(address, location.href);
    const isHere = url.port === location.port && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(url.hostname);
    return isHere && url.protocol === location.protocol ? url.pathname + url.search : null;
  } catch {
    return null;
  }
}

/** An image on this server, or a link to where it is. */
export function picture(path, address, description) {
  if (path) {
    const shown = h("img.picture", { src: path, alt: description ?? "", loading: "lazy" });
    return h("a.picture-link", { href: path, target: "_blank", rel: "noopener", "aria-label": description || "Open image" }, shown);
  }
  const href = safe(address);
  return h("a.elsewhere", { href, target: "_blank", rel: "noopener noreferrer", title: "Images from other servers are not loaded" },
    icon("link"), description || (href ? new URL(href).hostname : address));
}

export function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)));
  const value = bytes / 1024 ** step;
  return `${step && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[step]}`;
}

/** Name, size, and a link to download it. */
export function fileElement(file) {
  const path = localPath(file.url);
  return h("div.file", null, icon("file"),
    h("div", null,
      h("a", { href: path ?? safe(file.url), download: path ? file.filename : null, target: "_blank", rel: "noopener" }, file.title ?? file.filename),
      h("small", null, size(file.size))));
}

export function attachmentElements(message) {
  const shownInside = message.flags & (1 << 15);
  if (!message.attachments?.length || shownInside) return null;
  const kindOf = (file) => (localPath(file.url) ? (file.content_type ?? "").split("/")[0] : "");
  const pictures = message.attachments.filter((file) => kindOf(file) === "image");
  const others = message.attachments.filter((file) => kindOf(file) !== "image");
  return h("div.attachments", null,
    pictures.length > 0 && h(`div.gallery.of-${Math.min(pictures.length, 4)}`, null, pictures.map((file) =>
      covered(file, picture(localPath(file.url), file.url, file.description || file.filename)))),
    others.map((file) => covered(file, {
      audio: () => h("figure.sound", null, h("figcaption", null, file.filename, " ", h("small", null, size(file.size))),
        h("audio", { src: localPath(file.url), controls: true, preload: "metadata", "aria-label": file.filename })),
      video: () => h("video", { src: localPath(file.url), controls: true, preload: "metadata", "aria-label": file.filename }),
    }[kindOf(file)]?.() ?? fileElement(file))));
}

/** Discord marks a file as a spoiler by its name. */
function covered(file, shown) {
  return file.filename.startsWith("SPOILER_") ? spoiler(h("span.hidden", null, shown), "file") : shown;
}
