"""A tour of what a bot does to a guild besides sending messages: any error is raised."""

import base64
import datetime

import discord

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def tour(bot, message):
    alice, guild = message.author, await bot.fetch_guild(message.guild.id)
    await guild.fetch_channels()
    await guild.fetch_roles()
    members = [member async for member in guild.fetch_members(limit=10)]
    erin = next(member for member in members if member.name == "erin")
    assert (await bot.fetch_user(alice.id)).name == "alice"
    assert (await guild.query_members("ali", limit=5))[0].id == alice.id

    said = [one async for one in message.channel.history(limit=5)]
    await message.channel.fetch_message(said[0].id)
    async with message.channel.typing():
        await message.pin()
    assert [pin async for pin in message.channel.pins()][0].id == message.id
    await message.unpin()
    await message.add_reaction("🎈")
    await message.remove_reaction("🎈", bot.user)

    role = await guild.create_role(name="tourist", permissions=discord.Permissions(1 << 10))
    await role.edit(name="traveller", colour=discord.Colour(0x3366FF))
    await erin.add_roles(role)
    await erin.edit(nick="Erin the Guest")
    await erin.timeout(datetime.timedelta(minutes=1))
    await erin.remove_roles(role)
    await role.delete()

    channel = await guild.create_text_channel("tour", topic="A walk")
    await channel.edit(topic="A longer walk")
    await channel.set_permissions(erin, send_messages=False)
    await channel.set_permissions(erin, overwrite=None)
    start = await channel.send("start")
    thread = await start.create_thread(name="aside")
    await thread.send("inside")
    await thread.edit(archived=True)
    await guild.active_threads()
    webhook = await channel.create_webhook(name="hook")
    hooked = await webhook.send("from outside", username="somebody", wait=True)
    await hooked.edit(content="from far outside")
    await channel.webhooks()
    await webhook.delete()
    invite = await channel.create_invite(max_age=60)
    await bot.fetch_invite(invite.code)
    await invite.delete()
    await channel.delete_messages([await channel.send("one"), await channel.send("two")])
    await channel.delete()

    emoji = await guild.create_custom_emoji(name="pixel", image=PIXEL)
    await guild.fetch_emojis()
    await emoji.delete()
    begin = discord.utils.utcnow() + datetime.timedelta(hours=1)
    event = await guild.create_scheduled_event(
        name="walk", start_time=begin, end_time=begin + datetime.timedelta(hours=1), location="outside",
        entity_type=discord.EntityType.external, privacy_level=discord.PrivacyLevel.guild_only)
    await guild.fetch_scheduled_events()
    await event.delete()
    template = await guild.create_template(name="Ports", description="By the sea")
    assert (await bot.fetch_template(template.code)).name == "Ports"
    template = await (await template.edit(name="Harbours")).sync()
    assert [one.code for one in await guild.templates()] == [template.code]
    await template.delete()
    options = [discord.OnboardingPromptOption(title="The sea", emoji="⛵", channels=[message.channel]),
               discord.OnboardingPromptOption(title="A lake")]
    await guild.edit_onboarding(prompts=[discord.OnboardingPrompt(
        type=discord.OnboardingPromptType.multiple_choice, title="What do you sail?", options=options)])
    assert len((await guild.onboarding()).prompts[0].options) == 2
    await guild.ban(erin, reason="the tour")
    assert len([ban async for ban in guild.bans()]) == 1
    await guild.unban(erin)
    assert [entry async for entry in guild.audit_logs(limit=3)]
    await alice.send("home again")
    await message.reply("toured")
