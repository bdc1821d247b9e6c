// Parses a message's text into a tree, by Discord's rules. It creates no elements, so text can never become markup.
//
// Nodes are `{ t, … }`: text, br, bold, italic, underline, strike, spoiler, code, pre, quote, header, small, list,
// link, user, role, channel, command, emoji, time, everyone. Nodes with children have them in `c`.

/** Deeper nesting is shown as typed. */
const MAX_DEPTH = 12;

const SHRUG = "¯\\_(ツ)_/¯";

/** A whole text: blocks and lines. */
export function parse(text) {
  return blocks(String(text), 0);
}

/** A single line without blocks, as in an embed's title. */
export function parseInline(text) {
  return inline(String(text), 0);
}

function blocks(text, depth) {
  const nodes = [];
  let rest = text;
  while (rest) {
    const block = depth < MAX_DEPTH && BLOCKS.map((rule) => rule(rest, depth)).find(Boolean);
    if (block) {
      nodes.push(block.node);
      rest = rest.slice(block.length);
      continue;
    }
    const length = paragraph(rest);
    nodes.push(...inline(rest.slice(0, length), depth));
    rest = rest.slice(length);
  }
  return nodes;
}

/** The length of the text up to a line that may start a block; code and spoilers may span lines. */
function paragraph(text) {
  let at = 0;
  while (at < text.length) {
    const fence = text.indexOf("```", at);
    const end = text.indexOf("\n", at);
    if (fence >= 0 && (end < 0 || fence < end)) {
      const close = text.indexOf("```", fence + 3);
      if (close >= 0) {
        at = close + 3;
        continue;
      }
    }
    if (end < 0) return text.length;
    at = end + 1;
    if (/^(?:>>> |> |#{1,3} |-# | *(?:[-*]|\d{1,9}\.) )/.test(text.slice(at, at + 16))) return at;
  }
  return text.length;
}

const BLOCKS = [
  function quote(text, depth) {
    const rest = /^>>> ([^]*)/.exec(text);
    if (rest) return { node: { t: "quote", c: blocks(rest[1], depth + 1) }, length: text.length };
    const lines = /^(?:> [^\n]*(?:\n|$))+/.exec(text);
    if (!lines) return null;
    const inner = lines[0].replace(/^> /gm, "").replace(/\n$/, "");
    return { node: { t: "quote", c: blocks(inner, depth + 1) }, length: lines[0].length };
  },
  function header(text, depth) {
    const found = /^(#{1,3}) +([^\n]+?)\s*(?:\n|$)/.exec(text);
    return found && { node: { t: "header", level: found[1].length, c: inline(found[2], depth + 1) }, length: found[0].length };
  },
  function small(text, depth) {
    const found = /^-# +([^\n]+?)\s*(?:\n|$)/.exec(text);
    return found && { node: { t: "small", c: inline(found[1], depth + 1) }, length: found[0].length };
  },
  function list(text, depth) {
    const found = /^(?: *(?:[-*]|\d{1,9}\.) +[^\n]+(?:\n|$)(?: {2,}(?! *(?:[-*]|\d{1,9}\.) )[^\n]+(?:\n|$))*)+/.exec(text);
    return found && { node: items(found[0].replace(/\n$/, "").split("\n"), depth + 1), length: found[0].length };
  },
];

/** More deeply indented lines belong to the item above. */
function items(lines, depth) {
  const first = /^( *)(?:([-*])|(\d+)\.) +/.exec(lines[0]);
  const list = { t: "list", ordered: Boolean(first[3]), start: Number(first[3] ?? 1), c: [] };
  let item = null;
  const close = () => {
    if (!item) return;
    const inner = item.deeper;
    const nested = inner.length && /^ *(?:[-*]|\d{1,9}\.) /.test(inner[0]) && depth < MAX_DEPTH;
    const tail = nested ? [items(inner, depth + 1)] : inner.flatMap((line) => [{ t: "br" }, ...inline(line.trim(), depth)]);
    list.c.push({ t: "item", c: [...inline(item.text, depth), ...tail] });
  };
  for (const line of lines) {
    const found = /^( *)(?:[-*]|\d+\.) +(.*)/.exec(line);
    if (found && found[1].length <= first[1].length + 1) {
      close();
      item = { text: found[2], deeper: [] };
    } else item.deeper.push(line);
  }
  close();
  return list;
}

function inline(text, depth, insideLink = false) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push({ t: "text", v: plain });
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const sign = text[at];
    const rules = depth < MAX_DEPTH ? RULES[sign] : undefined;
    const found = rules && firstOf(rules, text, at, depth, insideLink);
    if (found) {
      if (found.v !== undefined) plain += found.v;
      else {
        flush();
        nodes.push(found.node);
      }
      at += found.length;
    } else {
      plain += sign;
      at += 1;
    }
  }
  flush();
  return nodes;
}

function firstOf(rules, text, at, depth, insideLink) {
  for (const rule of rules) {
    const found = rule(text, at, depth, insideLink);
    if (found) return found;
  }
  return null;
}

/** A rule from a sticky pattern whose first group is the content. */
function spans(t, pattern) {
  return (text, at, depth, insideLink) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    return found && { node: { t, c: inline(found[1], depth + 1, insideLink) }, length: found[0].length };
  };
}

function makes(pattern, node) {
  return (text, at) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    const made = found && node(found, text[at - 1] ?? "");
    return made && { node: made, length: made.length ?? found[0].length };
  };
}

/** Code between two runs of the same number of backticks. A run without a counterpart is plain text. */
function code(text, at) {
  const run = /`+/y;
  const next = /`+/g;
  run.lastIndex = at;
  const ticks = run.exec(text)[0].length;
  next.lastIndex = at + ticks;
  for (let found = next.exec(text); found; found = next.exec(text)) {
    if (found[0].length !== ticks) continue;
    const v = text.slice(at + ticks, found.index).replace(/^ (?=`)|(?<=`) $/g, "");
    return { node: { t: "code", v }, length: next.lastIndex - at };
  }
  return { v: text.slice(at, at + ticks), length: ticks };
}

const isWord = (sign) => /[\p{L}\p{N}_]/u.test(sign);

function link(text, at, depth, insideLink) {
  if (insideLink) return null;
  const pattern = /\[((?:\[[^\]]*\]|[^[\]\\]|\\.)+)\]\(\s*<?(https?:\/\/[^\s<>)]*(?:\([^\s<>)]*\)[^\s<>)]*)*)>?(?:\s+"([^"\n]*)")?\s*\)/y;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  const href = found && safe(found[2]);
  return href && { node: { t: "link", href, title: found[3], c: inline(found[1], depth + 1, true) }, length: found[0].length };
}

/** Only http and https URLs become links. */
export function safe(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

function address(text, at, depth, insideLink) {
  if (insideLink || isWord(text[at - 1] ?? "")) return null;
  const pattern = /https?:\/\/[^\s<]+[^<.,:;"'\]\s]/y;
  pattern.lastIndex = at;
  let found = pattern.exec(text)?.[0];
  if (!found) return null;
  // A closing bracket belongs to the sentence unless it was opened in the URL.
  while (found.endsWith(")") && found.split(")").length > found.split("(").length) found = found.slice(0, -1);
  const href = safe(found);
  return href && { node: { t: "link", href, c: [{ t: "text", v: found }] }, length: found.length };
}

const RULES = {
  "\\": [(text, at) => (/[^\p{L}\p{N}\s]/u.test(text[at + 1] ?? "") ? { v: text[at + 1], length: 2 } : null)],
  "¯": [(text, at) => (text.startsWith(SHRUG, at) ? { v: SHRUG, length: SHRUG.length } : null)],
  "`": [
    makes(/```(?:([A-Za-z0-9_+\-.#]+)\n)?\n*([^]*?)\n*```/y, ([, language, v]) => (v ? { t: "pre", language, v } : null)),
    code,
  ],
  "*": [
    spans("bold", /\*\*((?:\\[^]|[^\\])+?)\*\*(?!\*)/y),
    spans("italic", /\*(?=\S)((?:\*\*|\\[^]|\s+(?:\\[^]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y),
  ],
  _: [
    spans("underline", /__((?:\\[^]|[^\\])+?)__(?!_)/y),
    (text, at, depth, insideLink) => {
      if (isWord(text[at - 1] ?? "")) return null;
      return spans("italic", /_((?:__|\\[^]|[^\\_])+?)_(?![\p{L}\p{N}_])/uy)(text, at, depth, insideLink);
    },
  ],
  "~": [spans("strike", /~~((?:\\[^]|[^\\])+?)~~(?!_)/y)],
  "|": [spans("spoiler", /\|\|((?:\\[^]|[^\\])+?)\|\|/y)],
  "[": [link],
  h: [address],
  "@": [makes(/@(everyone|here)/y, ([, v]) => ({ t: "everyone", v }))],
  "<": [
    makes(/<@!?(\d{1,20})>/y, ([, id]) => ({ t: "user", id })),
    makes(/<@&(\d{1,20})>/y, ([, id]) => ({ t: "role", id })),
    makes(/<#(\d{1,20})>/y, ([, id]) => ({ t: "channel", id })),
    makes(/<(a?):(\w{1,32}):(\d{1,20})>/y, ([, a, name, id]) => ({ t: "emoji", animated: a === "a", name, id })),
    makes(/<t:(-?\d{1,13})(?::([tTdDfFRsS]))?>/y, ([, unix, style]) => ({ t: "time", unix: Number(unix), style: style ?? "f" })),
    makes(/<\/([-_\p{L}\p{N}' ]{1,100}):(\d{1,20})>/uy, ([, name, id]) => ({ t: "command", name, id })),
    makes(/<(https?:\/\/[^\s<>]+)>/y, ([, said]) => {
      const href = safe(said);
      return href && { t: "link", href, c: [{ t: "text", v: said }] };
    }),
  ],
  "\n": [() => ({ node: { t: "br" }, length: 1 })],
};

/** The text without formatting, for one-line previews. `place` resolves mentions, as for `rendered`. */
export function plain(nodes, place) {
  return nodes.map((node) => {
    if (node.t === "user" || node.t === "role" || node.t === "channel") return place[node.t](node.id).textContent;
    if (node.t === "time") return new Date(node.unix * 1000).toLocaleString();
    if (node.t === "br") return " ";
    if (node.t === "emoji") return `:${node.name}:`;
    if (node.t === "everyone") return `@${node.v}`;
    if (node.t === "spoiler") return "▒▒▒";
    if (node.t === "command") return `/${node.name}`;
    return node.v ?? (node.c ? plain(node.c, place) : "");
  }).join("");
}

/** Whether a text consists of only a few emoji, which are then shown large. */
export function isJumbo(text) {
  const bare = text.replace(/<a?:\w+:\d+>/g, "😀").replace(/\s/g, "");
  if (!bare || bare.length > 120 || !/^(?:\p{RI}\p{RI}|\p{Emoji_Presentation}|\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f)+$/u.test(bare)) return false;
  return [...new Intl.Segmenter().segment(bare)].length <= 27;
}
