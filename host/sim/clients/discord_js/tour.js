// A tour of what a bot does to a guild besides sending messages: any error is thrown.
'use strict';

const { GuildScheduledEventEntityType, GuildScheduledEventPrivacyLevel, PermissionFlagsBits } = require('discord.js');

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

module.exports = async function tour(message) {
  const alice = message.author;
  const guild = await message.guild.fetch();
  await guild.channels.fetch();
  await guild.roles.fetch(undefined, { force: true });
  await guild.members.list({ limit: 10 });
  const erin = (await guild.members.search({ query: 'erin' })).first();
  await message.client.users.fetch(alice.id, { force: true });
  if ((await guild.members.fetch({ query: 'ali', limit: 5 })).size !== 1) throw new Error('no alice');

  await message.channel.messages.fetch({ limit: 5 });
  await message.channel.messages.fetch({ message: message.id, force: true });
  await message.channel.sendTyping();
  await message.pin();
  if ((await message.channel.messages.fetchPins()).items.length !== 1) throw new Error('no pin');
  await message.unpin();
  const reaction = await message.react('🎈');
  await reaction.users.fetch();
  await reaction.users.remove();

  const role = await guild.roles.create({ name: 'tourist', permissions: PermissionFlagsBits.ViewChannel });
  await role.edit({ name: 'traveller', colors: { primaryColor: 0x3366ff } });
  await erin.roles.add(role);
  await erin.setNickname('Erin the Guest');
  await erin.timeout(60_000);
  await erin.roles.remove(role);
  await role.delete();

  const channel = await guild.channels.create({ name: 'tour', topic: 'A walk' });
  await channel.setTopic('A longer walk');
  await channel.permissionOverwrites.create(erin, { SendMessages: false });
  await channel.permissionOverwrites.delete(erin);
  const start = await channel.send('start');
  const thread = await start.startThread({ name: 'aside' });
  await thread.send('inside');
  await thread.setArchived(true);
  await guild.channels.fetchActiveThreads();
  const webhook = await channel.createWebhook({ name: 'hook' });
  const hooked = await webhook.send({ content: 'from outside', username: 'somebody' });
  await webhook.editMessage(hooked.id, 'from far outside');
  await channel.fetchWebhooks();
  await webhook.delete();
  const invite = await channel.createInvite({ maxAge: 60 });
  await message.client.fetchInvite(invite.code);
  await invite.delete();
  await channel.bulkDelete([await channel.send('one'), await channel.send('two')]);
  await channel.delete();

  const emoji = await guild.emojis.create({ name: 'pixel', attachment: PIXEL });
  await guild.emojis.fetch();
  await emoji.delete();
  const begin = Date.now() + 3_600_000;
  const event = await guild.scheduledEvents.create({
    name: 'walk', scheduledStartTime: begin, scheduledEndTime: begin + 3_600_000,
    entityMetadata: { location: 'outside' }, entityType: GuildScheduledEventEntityType.External,
    privacyLevel: GuildScheduledEventPrivacyLevel.GuildOnly,
  });
  await guild.scheduledEvents.fetch();
  await event.delete();
  const template = await guild.createTemplate('Ports', 'By the sea');
  if ((await message.client.fetchGuildTemplate(template.code)).name !== 'Ports') throw new Error('no template');
  await template.edit({ name: 'Harbours' });
  await template.sync();
  if ((await guild.fetchTemplates()).size !== 1) throw new Error('no templates');
  await template.delete();
  const options = [{ title: 'The sea', emoji: '⛵', roles: [guild.roles.highest.id] }, { title: 'A lake' }];
  await guild.editOnboarding({ prompts: [{ title: 'What do you sail?', options, required: true }] });
  if ((await guild.fetchOnboarding()).prompts.first().options.size !== 2) throw new Error('no onboarding');
  await guild.bans.create(erin, { reason: 'the tour' });
  if ((await guild.bans.fetch()).size !== 1) throw new Error('no ban');
  await guild.bans.remove(erin.id);
  if ((await guild.fetchAuditLogs({ limit: 3 })).entries.size === 0) throw new Error('no audit log');
  await alice.send('home again');
  await message.reply('toured');
};
