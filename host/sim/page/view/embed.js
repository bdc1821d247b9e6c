// An embed, which bots add to a message as a card. Its text uses the same markdown.

import { h } from "../dom.js";
import { rendered, renderedLine } from "../text/render.js";
import { safe } from "../text/markdown.js";
import { stamp } from "../text/time.js";
import { localPath, picture } from "./attachments.js";
import { colour } from "./place.js";

export function embedElements(message, ctx) {
  const SUPPRESSED = 1 << 2;
  if (!message.embeds?.length || message.flags & SUPPRESSED) return null;
  return h("div.embeds", null, message.embeds.map((embed) => card(embed, message, ctx)));
}

function card(embed, message, { place }) {
  const image = (spec, name) => {
    const url = spec?.url;
    if (!url) return null;
    const file = message.attachments?.find((one) => url === `attachment://${one.filename}`);
    return h(`div.embed-${name}`, null, picture(localPath(file?.url ?? spec.proxy_url ?? url), url));
  };
  const linked = (text, url) => (safe(url ?? "") ? h("a", { href: safe(url), target: "_blank", rel: "noopener noreferrer" }, text) : text);
  const face = (url) => {
    const path = url && localPath(url);
    return path ? h("img.embed-face", { src: path, alt: "" }) : null;
  };
  const footer = [embed.footer?.text, embed.timestamp && stamp(new Date(embed.timestamp))].filter(Boolean);
  return h("article.embed", { style: embed.color != null ? { "--edge": colour(embed.color) } : {} },
    h("div.embed-text", null,
      embed.provider?.name && h("p.fine", null, embed.provider.name),
      embed.author?.name && h("p.embed-author", null, face(embed.author.icon_url), linked(embed.author.name, embed.author.url)),
      embed.title && h("h3", null, linked(renderedLine(embed.title, place), embed.url)),
      embed.description && rendered(embed.description, place),
      embed.fields?.length > 0 && h("dl.embed-fields", null, embed.fields.map((field) =>
        h(field.inline ? "div.inline" : "div", null,
          h("dt", null, renderedLine(field.name, place)), h("dd", null, rendered(field.value, place)))))),
    image(embed.thumbnail, "thumbnail"),
    image(embed.image, "image"),
    footer.length > 0 && h("p.embed-footer", null, face(embed.footer?.icon_url), footer.join(" · ")));
}
