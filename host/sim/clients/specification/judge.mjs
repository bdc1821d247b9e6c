// Compares what the built-in Discord accepted, refused and answered with Discord's own specification:
//   node judge.mjs [--part] RECORD ROUTES DIFFERENCES
//
// RECORD was written by `SimOptions::record`, ROUTES is the table in PARITY.md, DIFFERENCES the list of intended
// differences, each with its reason. Exit status: 0 if all match the list, 1 for a difference that is not listed, for a
// listed one that is not found any more, or for a route without an answer in RECORD; with --part, RECORD is incomplete,
// and only the first is an error.

import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { differences } from "./compare.mjs";
import { Routes, operations } from "./operations.mjs";

/** Discord's error code for an invalid body. */
const INVALID_FORM = 50035;
/** And for what only users' own clients may call. */
const USERS_ONLY = 20001;
/** For objects that cannot be created here, like stickers, sounds and widgets, there is no other answer. */
const NEVER_THERE = [10029, 10060, 10069, 10097, 50004];

const isPart = process.argv[2] === "--part";
const [record, table, list] = process.argv.slice(isPart ? 3 : 2);
const specified = operations();
const own = ownRoutes(readFileSync(table, "utf8"));
/** Routes without a successful answer so far: their answers were not compared. */
const unseen = new Set(own.all().map(({ method, template }) => `${method} ${template}`));
/** Each difference with the first exchange that shows it. */
const found = new Map();
const note = (difference, exchange) => found.has(difference) || found.set(difference, exchange);

let exchanges = 0;
for await (const line of createInterface({ input: createReadStream(record) })) {
  judge(JSON.parse(line));
  exchanges += 1;
}
report();

/** The routes in PARITY.md; one that Discord does not specify is a difference. */
function ownRoutes(text) {
  const routes = new Routes();
  for (const [, method, template] of text.matchAll(/^\| ([A-Z]+) \| `([^`]+)`/gm)) routes.add(method, template);
  return routes;
}

function judge(exchange) {
  const { method, path } = exchange;
  const route = own.find(method, path);
  // Unknown routes were refused with 404, and counted.
  if (!route) return;
  const operation = specified.find(method, path);
  // A route that Discord has closed to bots, and no longer specifies, has no other answer.
  const isClosed = !operation && exchange.status === 403 && JSON.parse(exchange.answer).code === USERS_ONLY;
  const isNever = exchange.status >= 400 && NEVER_THERE.includes(JSON.parse(exchange.answer).code);
  if (exchange.status < 300 || isClosed || isNever) unseen.delete(`${method} ${route.template}`);
  if (!operation) {
    note(`${method} ${route.template} is not specified`, exchange);
    return;
  }
  const name = `${method} ${operation.template}`;
  judgeAnswer(name, operation.value, exchange);
  if (exchange.request !== "") judgeRequest(name, operation.value, exchange);
}

function judgeAnswer(name, { answers }, exchange) {
  const { status } = exchange;
  const group = `${Math.floor(status / 100)}XX`;
  const key = [String(status), group].find((key) => answers.has(key));
  if (!key) {
    note(`${name} answers ${status}, which is not specified`, exchange);
    return;
  }
  const schema = answers.get(key);
  if (!schema) return;
  for (const { difference } of differences(schema, JSON.parse(exchange.answer), `${name} ${status}`)) {
    note(`answer: ${difference}`, exchange);
  }
}

function judgeRequest(name, { request }, exchange) {
  const body = parsed(exchange.request);
  if (body === undefined) return;
  const wrong = request ? differences(request, body, name) : [{ difference: `${name} has no body` }];
  if (exchange.status < 300) {
    // The simulator counts fields that it does not know, and accepts the rest.
    const reported = ({ what, path }) => what === "is unknown" && exchange.unknown.includes(path);
    wrong.filter((one) => !reported(one)).forEach(({ difference }) => note(`taken: ${difference}`, exchange));
  } else if (wrong.length === 0) {
    const { code, errors } = JSON.parse(exchange.answer);
    if (code === INVALID_FORM) mistakes(errors).forEach((mistake) => note(`refused: ${name} ${mistake}`, exchange));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The leaves of an error's tree, with `[]` for each number: `embeds[].title BASE_TYPE_MAX_LENGTH`. */
function mistakes(tree, at = "") {
  return Object.entries(tree).flatMap(([key, value]) => {
    if (key === "_errors") return value.map(({ code }) => `${at.slice(1)} ${code}`);
    return mistakes(value, /^\d+$/.test(key) ? `${at}[]` : `${at}.${key}`);
  });
}

function report() {
  const listed = JSON.parse(readFileSync(list, "utf8"));
  const meant = new Set(listed.flatMap(({ differences }) => differences));
  const unlisted = [...found].filter(([difference]) => !meant.has(difference)).sort();
  const gone = isPart ? [] : [...meant].filter((difference) => !found.has(difference));
  for (const [difference, { method, path, status, request }] of unlisted) {
    console.log(`DIFFERS  ${difference}\n         first in ${method} ${path} ${status} ${request.slice(0, 200)}`);
  }
  if (isPart) unseen.clear();
  unseen.forEach((route) => console.log(`UNSEEN   ${route}\n         no test and no client got an answer from it`));
  gone.forEach((difference) => console.log(`GONE     ${difference}\n         it is listed in ${list} and was not found`));
  console.log(`${exchanges} exchanges, ${found.size} differences from Discord's specification, ${unlisted.length} of them not listed`);
  process.exitCode = unlisted.length + gone.length + unseen.size > 0 ? 1 : 0;
}
