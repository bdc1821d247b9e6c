// What a person may do in a channel, by Discord's rules. The server checks too; this only decides what is offered.

const BIT = {
  kick: 1n << 1n, administrator: 1n << 3n, reactions: 1n << 6n, view: 1n << 10n, send: 1n << 11n,
  manageMessages: 1n << 13n, attach: 1n << 15n, everyone: 1n << 17n, threads: 1n << 38n, pin: 1n << 51n,
};
const ALL = (1n << 53n) - 1n;
const DIRECT_MESSAGES = ALL & ~BIT.manageMessages;

/** The permission bits of `userId` in a channel. */
export function bitsIn(store, channel, userId = store.me.id) {
  if (!channel.guild_id) return DIRECT_MESSAGES;
  const guild = store.guilds.get(channel.guild_id);
  const member = guild?.members.get(userId);
  if (!guild || guild.owner_id === userId) return ALL;
  const roles = new Set([guild.id, ...(member?.roles ?? [])]);
  let bits = 0n;
  for (const id of roles) bits |= BigInt(guild.roles.get(id)?.permissions ?? 0);
  if (bits & BIT.administrator) return ALL;
  const parent = store.channels.get(channel.parent_id);
  const overwrites = (channel.type >= 10 && channel.type <= 12 ? parent : channel)?.permission_overwrites ?? [];
  const change = (list) => {
    const of = (key) => list.reduce((sum, one) => sum | BigInt(one[key]), 0n);
    bits = (bits & ~of("deny")) | of("allow");
  };
  change(overwrites.filter((one) => one.id === guild.id));
  change(overwrites.filter((one) => one.type === 0 && one.id !== guild.id && roles.has(one.id)));
  change(overwrites.filter((one) => one.type === 1 && one.id === userId));
  return bits;
}

/** `may(store, channel, "send")`. */
export function may(store, channel, what, userId) {
  return Boolean(bitsIn(store, channel, userId) & BIT[what]);
}
