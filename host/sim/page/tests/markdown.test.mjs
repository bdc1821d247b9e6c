// What people and bots type, and how it must be parsed. Run with `node --test`; needs no browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isJumbo, parse, parseInline, plain, safe } from "../text/markdown.js";
import { withEmoji } from "../text/emoji.js";
import { relative, stamp, written } from "../text/time.js";

/** The tree as a short text: `b(bold)`. */
const NAMES = { bold: "b", italic: "i", underline: "u", strike: "s", spoiler: "sp" };
const show = (nodes) => nodes.map((node) => {
  if (node.t === "text") return node.v;
  if (node.t === "br") return "⏎";
  if (node.v !== undefined) return `${node.t}${node.language ? `:${node.language}` : ""}(${node.v})`;
  if (node.t === "link") return `link(${node.href} ${show(node.c)})`;
  if (node.t === "time") return `time(${node.unix} ${node.style})`;
  if (node.t === "header") return `h${node.level}(${show(node.c)})`;
  if (node.t === "list") return `${node.ordered ? `ol${node.start}` : "ul"}(${node.c.map((item) => show(item.c)).join("|")})`;
  if (!node.c) return `${node.t}(${node.name ?? node.id})`;
  return `${NAMES[node.t] ?? node.t}(${show(node.c)})`;
}).join("");

const is = (text, wanted) => assert.equal(show(parse(text)), wanted, text);

test("styles nest as they do on Discord", () => {
  is("**bold** *it* _it_ __under__ ~~gone~~", "b(bold) i(it) i(it) u(under) s(gone)");
  is("***both***", "b(i(both))");
  is("__**a** b__", "u(b(a) b)");
  is("||a **b**||", "sp(a b(b))");
  is("**a*b**", "b(a*b)");
});

test("what only looks like a style stays text", () => {
  is("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4");
  is("** a", "** a");
  is("\\*no\\* \\_no\\_", "*no* _no_");
  is("¯\\_(ツ)_/¯", "¯\\_(ツ)_/¯");
  is("a||b", "a||b");
});

test("code is shown as typed", () => {
  is("`**no**`", "code(**no**)");
  is("``a ` b``", "code(a ` b)");
  is("```js\nlet a = '**';\n```", "pre:js(let a = '**';)");
  is("```plain```", "pre(plain)");
  is("```\n> no quote\n# no header\n```", "pre(> no quote\n# no header)");
  is("a\n```\nb\n```", "a⏎pre(b)");
});

test("blocks begin at the start of a line", () => {
  is("> a\n> b\nc", "quote(a⏎b)c");
  is(">>> a\nb\n\nc", "quote(a⏎b⏎⏎c)");
  is("a > b", "a > b");
  is("# One\n## Two\n### Three\ntext", "h1(One)h2(Two)h3(Three)text");
  is("#no", "#no");
  is("-# fine print", "small(fine print)");
  is("- a\n- b\n  - c\n- d", "ul(a|bul(c)|d)");
  is("3. a\n4. b", "ol3(a|b)");
  is("one\ntwo", "one⏎two");
});

test("mentions, emoji, times and commands are recognised", () => {
  is("<@12> <@!12> <@&3> <#4>", "user(12) user(12) role(3) channel(4)");
  is("<:a:1> <a:b:2>", "emoji(a) emoji(b)");
  is("<t:1700000000> <t:1700000000:R>", "time(1700000000 f) time(1700000000 R)");
  is("</remind add:5>", "command(remind add)");
  is("@everyone @here", "everyone(everyone) everyone(here)");
  is("<@x> <t:a>", "<@x> <t:a>");
});

test("only http and https become links", () => {
  is("https://a.example/x.", "link(https://a.example/x https://a.example/x).");
  is("(https://a.example/b_(c))", "(link(https://a.example/b_(c) https://a.example/b_(c)))");
  is("[text](https://a.example)", "link(https://a.example/ text)");
  is("<https://a.example>", "link(https://a.example/ https://a.example)");
  for (const bad of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", " java\nscript:x"]) {
    assert.equal(safe(bad), null, bad);
    assert.ok(!show(parse(`[x](${bad})`)).includes("link("), bad);
  }
});

test("markup in a text stays text", () => {
  const text = "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt;";
  assert.deepEqual(parse(text), [{ t: "text", v: text }]);
});

test("a hostile text is parsed in bounded time", () => {
  for (const text of ["*".repeat(4000), "_*".repeat(2000), "[".repeat(4000), "> ".repeat(2000), "||".repeat(2000), "`".repeat(4000), "- ".repeat(2000), "**a ".repeat(1000), "<".repeat(4000), "\n- a\n  ".repeat(500)]) {
    const since = performance.now();
    parse(text);
    assert.ok(performance.now() - since < 500, `${text.slice(0, 8)}… took ${performance.now() - since} ms`);
  }
});

test("a preview is one line without marks", () => {
  assert.equal(plain(parse("**a** `b`\n||c|| <:d:1>")), "a b ▒▒▒ :d:");
  const named = (sign) => (id) => ({ textContent: `${sign}${id}` });
  const place = { user: named("@"), role: named("@&"), channel: named("#") };
  assert.equal(plain(parse("<@1>"), place), "@1");
  assert.equal(plain(parse("**<@!1>** <@&2> in <#3>"), place), "@1 @&2 in #3");
  assert.notEqual(plain(parse("<t:1700000000>"), place), "");
  assert.equal(show(parseInline("# **a**")), "# b(a)");
});

test("a few emoji alone are large", () => {
  assert.ok(isJumbo("🎉 👍🏽") && isJumbo("<:a:1>") && isJumbo("👨‍👩‍👧"));
  assert.ok(!isJumbo("🎉 a") && !isJumbo("") && !isJumbo("12"));
});

test("emoji names are replaced only as emoji", () => {
  assert.equal(withEmoji("hi :tada: :nope: 12:30:45"), "hi 🎉 :nope: 12:30:45");
  assert.equal(withEmoji("`:tada:` <:tada:1>"), "`:tada:` <:tada:1>");
  assert.equal(withEmoji(":own:", new Map([["own", "<:own:7>"]])), "<:own:7>");
});

test("relative times are readable", () => {
  assert.equal(relative(1300, 1000), "in 5 minutes");
  assert.equal(relative(1000 - 172_800, 1000), "2 days ago");
  assert.equal(written(1e15, "F"), "<t:1000000000000000:F>");
  const now = new Date(2026, 5, 15, 12);
  assert.match(stamp(new Date(2026, 5, 15, 9, 5), now), /^Today at /);
  assert.match(stamp(new Date(2026, 5, 14, 9, 5), now), /^Yesterday at /);
});
