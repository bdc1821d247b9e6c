// System messages in a channel: joins, pins, boosts, threads. Text only.

import { STARTER } from "../state/messages.js";

/** Message types that people or bots write; all others are by Discord itself. */
const WRITTEN = new Set([0, 19, 20, 23]);

export const isSystem = (message) => !WRITTEN.has(message.type) && message.type !== STARTER;

const ICONS = { 1: "people", 2: "people", 4: "edit", 6: "pin", 7: "right", 18: "thread" };

/** `{ icon, before, after }`: the name is in between. */
export function systemText(message) {
  const text = message.content;
  const words = {
    1: `added ${message.mentions?.[0]?.username ?? "somebody"} to the group.`,
    2: `removed ${message.mentions?.[0]?.username ?? "somebody"} from the group.`,
    3: "started a call.",
    4: `changed the channel name: ${text}`,
    5: "changed the channel icon.",
    6: "pinned a message to this channel.",
    7: "joined the server.",
    8: `boosted the server${text ? ` ${text} times` : ""}!`,
    9: "boosted the server! It has reached level 1.",
    10: "boosted the server! It has reached level 2.",
    11: "boosted the server! It has reached level 3.",
    12: `has added ${text} to this channel. Its most important updates will show up here.`,
    18: `started a thread: ${text}`,
    22: "Wondering who to invite? Start by inviting anyone who can help you build the server.",
    24: "AutoMod has blocked a message.",
    25: "bought a subscription.",
    27: `started ${text}.`,
    28: `ended ${text}.`,
    31: `changed the stage topic: ${text}`,
    46: "A poll has closed.",
  };
  return { icon: ICONS[message.type] ?? (message.type >= 8 && message.type <= 11 ? "check" : "right"), words: words[message.type] ?? text };
}
