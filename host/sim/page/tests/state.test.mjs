// How gateway events change a person's store, and how typed commands are parsed. Run with `node --test`.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { byId } from "../state/log.js";
import { may } from "../state/permissions.js";
import { Store } from "../state/store.js";

const ME = { id: "1", username: "me" };
const YOU = { id: "2", username: "you" };
let store;

beforeEach(() => {
  store = new Store();
  store.apply("READY", { user: ME, guilds: [{ id: "9" }], private_channels: [] });
  store.apply("GUILD_CREATE", {
    id: "9", name: "Guild", owner_id: "2", member_count: 2,
    roles: [{ id: "9", permissions: String(1 << 10), position: 0 }, { id: "8", name: "writer", permissions: String(1 << 11), position: 1 }],
    channels: [{ id: "5", type: 0, name: "general", permission_overwrites: [] }, { id: "6", type: 0, name: "hidden", permission_overwrites: [{ id: "9", type: 0, allow: "0", deny: String(1 << 10) }] }],
    members: [{ user: ME, roles: ["8"] }, { user: YOU, roles: [] }],
  });
  store.log("5").state = "here";
});

let next = 100;
function post(author, more = {}) {
  const message = { id: String(next += 1), channel_id: "5", guild_id: "9", author, content: "", type: 0, flags: 0, ...more };
  store.apply("MESSAGE_CREATE", message);
  return message.id;
}

test("ids are compared as numbers however long they are", () => {
  assert.deepEqual(["10", "9", "100"].sort(byId), ["9", "10", "100"]);
});

test("messages are in order and unique whenever they arrive", () => {
  const log = store.log("5");
  for (const id of ["30", "10", "20", "20"]) log.put({ id });
  log.prepend([{ id: "5" }, { id: "10" }]);
  assert.deepEqual(log.list.map((one) => one.id), ["5", "10", "20", "30"]);
  log.remove("10");
  assert.deepEqual(log.list.map((one) => one.id), ["5", "20", "30"]);
});

test("messages in other channels are unread until opened, and mentions are counted separately", () => {
  post(ME);
  post(YOU);
  post(YOU, { mentions: [ME] });
  post(YOU, { mention_roles: ["8"] });
  assert.deepEqual(store.unread.get("5"), { count: 3, mentions: 2 });
  store.read("5");
  post(YOU);
  assert.equal(store.unread.size, 0);
});

test("your own reactions are known although events do not contain it", () => {
  const id = post(YOU);
  const emoji = { id: null, name: "👍" };
  const about = { channel_id: "5", message_id: id, emoji };
  store.apply("MESSAGE_REACTION_ADD", { ...about, user_id: "2" });
  store.apply("MESSAGE_REACTION_ADD", { ...about, user_id: "1" });
  assert.deepEqual(store.log("5").get(id).reactions, [{ emoji, count: 2, me: true }]);
  store.apply("MESSAGE_UPDATE", { id, channel_id: "5", content: "edited", reactions: [{ emoji, count: 2, me: false }] });
  assert.equal(store.log("5").get(id).reactions[0].me, true);
  store.apply("MESSAGE_REACTION_REMOVE", { ...about, user_id: "1" });
  assert.deepEqual(store.log("5").get(id).reactions, [{ emoji, count: 1, me: false }]);
});

test("an edit that leaves fields out keeps them", () => {
  const id = post(YOU, { content: "text", embeds: [{ title: "kept" }] });
  store.apply("MESSAGE_UPDATE", { id, channel_id: "5", content: "other" });
  const { content, embeds } = store.log("5").get(id);
  assert.deepEqual([content, embeds], ["other", [{ title: "kept" }]]);
});

test("permissions follow roles, overwrites and ownership", () => {
  const [general, hidden] = [store.channels.get("5"), store.channels.get("6")];
  assert.ok(may(store, general, "view") && may(store, general, "send"));
  assert.ok(!may(store, general, "manageMessages"));
  assert.ok(!may(store, hidden, "view"));
  assert.ok(may(store, hidden, "manageMessages", "2"), "the owner may everything");
});

test("typing ends with the message that was typed", () => {
  store.apply("TYPING_START", { channel_id: "5", guild_id: "9", user_id: "2" });
  assert.equal(store.typing.get("5").size, 1);
  post(YOU);
  assert.equal(store.typing.get("5").size, 0);
});

test("a second READY, after a restart, resets the state", () => {
  post(YOU);
  store.apply("READY", { user: ME, guilds: [], private_channels: [] });
  assert.equal(store.guilds.size + store.channels.size + store.logs.size + store.unread.size, 0);
});
