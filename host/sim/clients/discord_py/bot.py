"""The bot under test in discord.py: it does what every client here does, in the style of this library.

Three variables lead it to the simulator: DISCORD_API, DISCORD_GATEWAY, DISCORD_TOKEN.
Anything it writes to stderr is a warning, which the driver treats as a failure.
"""

import io
import logging
import os
import sys

import discord
import yarl
from discord import app_commands

from tour import tour

discord.http.Route.BASE = os.environ["DISCORD_API"] + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["DISCORD_GATEWAY"])
# It warns about libraries that voice needs; the bot only writes.
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)

NAMES = ["Anna", "Bert", "Bob"]


class Menu(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Press", custom_id="press", style=discord.ButtonStyle.primary)
    async def press(self, interaction, _button):
        await interaction.response.edit_message(content="pressed")

    @discord.ui.select(
        custom_id="pick",
        options=[discord.SelectOption(label="One", value="1"), discord.SelectOption(label="Two", value="2")],
    )
    async def pick(self, interaction, select):
        await interaction.response.send_message(f"picked {select.values[0]}", ephemeral=True)


class Form(discord.ui.Modal, title="Form"):
    text = discord.ui.TextInput(label="Text", custom_id="text")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"got {self.text.value}")


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents.all())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        await self.tree.sync()

    async def on_message(self, message):
        if message.author.bot:
            return
        if message.content == "!ping":
            await message.reply("pong")
        elif message.content == "!embed":
            embed = discord.Embed(title="Title", description="Text", colour=0x3366FF)
            await message.channel.send(embed=embed.add_field(name="a", value="b"))
        elif message.content == "!edit":
            draft = await message.reply("draft")
            await draft.edit(content="final")
            await message.add_reaction("👍")
        elif message.content == "!tour":
            await tour(self, message)
        elif message.content == "!menu":
            await message.channel.send("menu", view=Menu())
        elif message.content == "!file":
            text = (await message.attachments[0].read()).decode().upper()
            await message.channel.send(file=discord.File(io.BytesIO(text.encode()), "out.txt"))


bot = Bot()


@bot.tree.command(description="Greets somebody")
@app_commands.describe(name="Whom")
async def greet(interaction: discord.Interaction, name: str):
    await interaction.response.send_message(f"hello {name}")


@greet.autocomplete("name")
async def names(_interaction, current: str):
    return [app_commands.Choice(name=name, value=name) for name in NAMES if name.startswith(current)]


@bot.tree.command(description="Answers later")
async def later(interaction: discord.Interaction):
    await interaction.response.defer()
    await interaction.edit_original_response(content="at last")
    await interaction.followup.send("and more", ephemeral=True)


@bot.tree.command(description="Opens a form")
async def form(interaction: discord.Interaction):
    await interaction.response.send_modal(Form())


bot.run(os.environ["DISCORD_TOKEN"], log_handler=None)
