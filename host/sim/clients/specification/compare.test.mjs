import assert from "node:assert/strict";
import { test } from "node:test";

import * as compare from "./compare.mjs";
import { operations } from "./operations.mjs";

const specified = operations();
const differences = (schema, value) => compare.differences(schema, value).map(({ difference }) => difference);
const answer = (method, path, status) => specified.find(method, path).value.answers.get(status);
const user = { id: "1", username: "a", avatar: null, discriminator: "0", public_flags: 0, flags: 0, global_name: null, primary_guild: null };

test("what is as specified has no difference", () => {
  assert.deepEqual(differences(answer("GET", "/users/1", "200"), user), []);
});

test("missing, unknown and wrong fields are named by the type that has them", () => {
  const { flags, ...without } = user;
  const member = { nick: 7, user: { ...without, badge: 1 }, roles: [5] };
  const found = differences(answer("GET", "/guilds/1/members/1", "200"), member);
  for (const difference of [
    "UserResponse.flags is missing",
    "UserResponse.badge is unknown",
    "GuildMemberResponse.nick is not of type string",
    "GuildMemberResponse.banner is missing",
    "GuildMemberResponse.roles[] is not of type string",
  ]) {
    assert.ok(found.includes(difference), `${difference}: ${found.join(", ")}`);
  }
});

test("where in the value a difference was found is told apart from its place in the types", () => {
  const request = specified.find("POST", "/channels/1/messages").value.request;
  const body = { content: "x", tint: 1, embeds: [{}, { shade: 1, author: { name: "x", shade: 1 } }] };
  const found = compare.differences(request, body).map(({ path, what }) => `${path} ${what}`);
  assert.deepEqual(found.sort(), ["embeds.1.author.shade is unknown", "embeds.1.shade is unknown", "tint is unknown"]);
});

test("of a union the member counts that the value says it is", () => {
  const request = specified.find("POST", "/channels/1/messages").value.request;
  const button = { type: 2, style: 5, label: "x", url: `https://example.org/${"x".repeat(512)}` };
  const body = { components: [{ type: 1, components: [button] }] };
  assert.deepEqual(differences(request, body), ["ButtonComponentForMessageRequest.url is over 512"]);
});

test("moments are written with an offset", () => {
  const request = specified.find("POST", "/channels/1/messages").value.request;
  const at = (timestamp) => differences(request, { embeds: [{ timestamp }] });
  assert.deepEqual(at("2026-11-22T16:24:06.123000+00:00"), []);
  assert.deepEqual(at("yesterday"), ["RichEmbed.timestamp is not a valid datetime"]);
});

test("@me goes before an id", () => {
  assert.equal(specified.find("GET", "/users/%40me").template, "/users/@me");
  assert.equal(specified.find("GET", "/users/5").template, "/users/{user_id}");
});
