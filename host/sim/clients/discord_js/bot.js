// The bot under test in discord.js: it does what every client here does, in the style of this library.
//
// Two variables lead it to the simulator: DISCORD_API and DISCORD_TOKEN; it requests the gateway's address. Anything it
// writes to stderr is a warning, which the driver treats as a failure.
'use strict';

const {
  ActionRowBuilder, ButtonBuilder, ButtonStyle, Client, EmbedBuilder, Events, GatewayIntentBits, MessageFlags,
  ModalBuilder, Options, SlashCommandBuilder, StringSelectMenuBuilder, TextInputBuilder, TextInputStyle,
} = require('discord.js');

const tour = require('./tour.js');

const NAMES = ['Anna', 'Bert', 'Bob'];
const intents = Object.values(GatewayIntentBits).filter((bit) => typeof bit === 'number');
const client = new Client({ intents, rest: { api: `${process.env.DISCORD_API}/api` }, makeCache: Options.cacheEverything() });

for (const sign of [Events.Warn, Events.Error, Events.ShardError]) {
  client.on(sign, (what) => console.error(sign, what));
}

const row = (...components) => new ActionRowBuilder().addComponents(...components);

client.once(Events.ClientReady, () =>
  client.application.commands.set([
    new SlashCommandBuilder().setName('greet').setDescription('Greets somebody').addStringOption((option) =>
      option.setName('name').setDescription('Whom').setRequired(true).setAutocomplete(true)),
    new SlashCommandBuilder().setName('later').setDescription('Answers later'),
    new SlashCommandBuilder().setName('form').setDescription('Opens a form'),
  ]));

const onMessage = {
  '!ping': (message) => message.reply('pong'),
  '!embed': (message) => message.channel.send({
    embeds: [new EmbedBuilder().setTitle('Title').setDescription('Text').setColor(0x3366ff).addFields({ name: 'a', value: 'b' })],
  }),
  '!edit': async (message) => {
    const draft = await message.reply('draft');
    await draft.edit('final');
    await message.react('👍');
  },
  '!tour': tour,
  '!menu': (message) => message.channel.send({
    content: 'menu',
    components: [
      row(new ButtonBuilder().setLabel('Press').setCustomId('press').setStyle(ButtonStyle.Primary)),
      row(new StringSelectMenuBuilder().setCustomId('pick').addOptions({ label: 'One', value: '1' }, { label: 'Two', value: '2' })),
    ],
  }),
  '!file': async (message) => {
    const text = await (await fetch(message.attachments.first().url)).text();
    await message.channel.send({ files: [{ attachment: Buffer.from(text.toUpperCase()), name: 'out.txt' }] });
  },
};

client.on(Events.MessageCreate, async (message) => {
  if (!message.author.bot) await onMessage[message.content]?.(message);
});

const onCommand = {
  greet: (interaction) => interaction.reply(`hello ${interaction.options.getString('name')}`),
  later: async (interaction) => {
    await interaction.deferReply();
    await interaction.editReply('at last');
    await interaction.followUp({ content: 'and more', flags: MessageFlags.Ephemeral });
  },
  form: (interaction) => interaction.showModal(new ModalBuilder().setCustomId('form').setTitle('Form').addComponents(
    row(new TextInputBuilder().setCustomId('text').setLabel('Text').setStyle(TextInputStyle.Short)))),
};

client.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isAutocomplete()) {
    const fits = NAMES.filter((name) => name.startsWith(interaction.options.getFocused()));
    await interaction.respond(fits.map((name) => ({ name, value: name })));
  } else if (interaction.isChatInputCommand()) {
    await onCommand[interaction.commandName](interaction);
  } else if (interaction.isButton()) {
    await interaction.update('pressed');
  } else if (interaction.isStringSelectMenu()) {
    await interaction.reply({ content: `picked ${interaction.values[0]}`, flags: MessageFlags.Ephemeral });
  } else if (interaction.isModalSubmit()) {
    await interaction.reply(`got ${interaction.fields.getTextInputValue('text')}`);
  }
});

client.login(process.env.DISCORD_TOKEN);
